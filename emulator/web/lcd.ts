import { LCD_HEIGHT, LCD_WIDTH, type LcdRectangle, rgbaOf } from './rectangle.ts';

interface Lcd {
  readonly image: ImageData;
  readonly words: Uint32Array;
  readonly canvases: Set<CanvasRenderingContext2D>;
  /** What is not painted yet: left, top, right, bottom. */
  dirty: [number, number, number, number] | undefined;
  isKnown: boolean;
}

/** The ground of an LCD. */
const BLACK = 0xff100c08;

/** The pictures of all devices, painted once per animation frame and only where they changed. */
export class Lcds {
  private readonly lcds = new Map<number, Lcd>();
  private readonly colours = Uint32Array.from({ length: 65536 }, (_, pixel) => rgbaOf(pixel));
  private isAsked = false;

  draw({ device, x, y, width, height, pixels }: LcdRectangle): void {
    const lcd = this.lcdOf(device);
    for (let row = 0, at = 0; row < height; row++) {
      const line = (y + row) * LCD_WIDTH + x;
      for (let column = 0; column < width; column++, at++) lcd.words[line + column] = this.colours[pixels[at]!]!;
    }
    const [left, top, right, bottom] = lcd.dirty ?? [x, y, 0, 0];
    lcd.isKnown = true;
    lcd.dirty = [Math.min(left, x), Math.min(top, y), Math.max(right, x + width), Math.max(bottom, y + height)];
    this.ask();
  }

  /** Nothing of any is known any more. */
  forget(): void {
    for (const lcd of this.lcds.values()) {
      lcd.words.fill(BLACK);
      lcd.isKnown = false;
      lcd.dirty = [0, 0, LCD_WIDTH, LCD_HEIGHT];
    }
    this.ask();
  }

  /** Keeps a canvas up to date; answers how to stop. */
  attach(device: number, canvas: HTMLCanvasElement): () => void {
    const context = canvas.getContext('2d', { alpha: false })!;
    const lcd = this.lcdOf(device);
    lcd.canvases.add(context);
    context.putImageData(lcd.image, 0, 0);
    return () => lcd.canvases.delete(context);
  }

  /** Whether anything of it has arrived. */
  isKnown(device: number): boolean {
    return this.lcds.get(device)?.isKnown === true;
  }

  private ask(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      for (const lcd of this.lcds.values()) paint(lcd);
    });
  }

  private lcdOf(device: number): Lcd {
    const found = this.lcds.get(device);
    if (found) return found;
    const image = new ImageData(LCD_WIDTH, LCD_HEIGHT);
    const words = new Uint32Array(image.data.buffer).fill(BLACK);
    const lcd: Lcd = { image, words, canvases: new Set(), dirty: undefined, isKnown: false };
    this.lcds.set(device, lcd);
    return lcd;
  }
}

function paint(lcd: Lcd): void {
  if (!lcd.dirty) return;
  const [left, top, right, bottom] = lcd.dirty;
  for (const context of lcd.canvases) context.putImageData(lcd.image, 0, 0, left, top, right - left, bottom - top);
  lcd.dirty = undefined;
}
