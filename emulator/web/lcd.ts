import { LCD_HEIGHT, LCD_WIDTH, type LcdRectangle, rgbaOf } from './rectangle.ts';

interface Lcd {
  readonly image: ImageData;
  readonly words: Uint32Array;
  /** Its picture at true size, from which smaller ones are drawn. */
  readonly source: OffscreenCanvasRenderingContext2D;
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

  /**
   * Keeps a canvas up to date, with as many pixels as the screen gives it: a browser that makes a large canvas small leaves out
   * lines of its letters. Answers how to stop.
   */
  attach(device: number, canvas: HTMLCanvasElement): () => void {
    const context = canvas.getContext('2d', { alpha: false })!;
    const lcd = this.lcdOf(device);
    lcd.canvases.add(context);
    const fit = () => {
      const width = pixelsOf(canvas);
      if (canvas.width !== width) {
        canvas.width = width;
        canvas.height = Math.round((width * LCD_HEIGHT) / LCD_WIDTH);
      }
      show(lcd, context);
    };
    const watch = new ResizeObserver(fit);
    watch.observe(canvas);
    fit();
    return () => {
      watch.disconnect();
      lcd.canvases.delete(context);
    };
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
    const source = new OffscreenCanvas(LCD_WIDTH, LCD_HEIGHT).getContext('2d', { alpha: false })!;
    source.putImageData(image, 0, 0);
    const lcd: Lcd = { image, words, source, canvases: new Set(), dirty: undefined, isKnown: false };
    this.lcds.set(device, lcd);
    return lcd;
  }
}

function paint(lcd: Lcd): void {
  if (!lcd.dirty) return;
  const [left, top, right, bottom] = lcd.dirty;
  lcd.source.putImageData(lcd.image, 0, 0, left, top, right - left, bottom - top);
  lcd.dirty = undefined;
  for (const context of lcd.canvases) show(lcd, context);
}

function show({ source }: Lcd, context: CanvasRenderingContext2D): void {
  const { width, height } = context.canvas;
  context.imageSmoothingEnabled = width !== LCD_WIDTH;
  context.imageSmoothingQuality = 'high';
  context.drawImage(source.canvas, 0, 0, width, height);
}

/** How many pixels of the screen a canvas is wide, and never more than there are to show. */
function pixelsOf(canvas: HTMLCanvasElement): number {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  return width === 0 ? LCD_WIDTH : Math.min(LCD_WIDTH, width);
}
