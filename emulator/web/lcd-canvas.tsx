import { useEffect, useRef } from 'preact/hooks';
import type { Lcds } from './lcd.ts';
import { LCD_HEIGHT, LCD_WIDTH } from './rectangle.ts';

/** A canvas that shows a device's LCD; `text` says the same in words. */
export function LcdCanvas({ index, lcds, text }: { index: number; lcds: Lcds; text: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => lcds.attach(index, canvas.current!), [index, lcds]);
  return <canvas ref={canvas} class="lcd" width={LCD_WIDTH} height={LCD_HEIGHT} role="img" aria-label={text} />;
}
