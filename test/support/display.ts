import { LCD_HEIGHT, LCD_WIDTH } from '../../runtime/display/index.ts';
import type { Display, Rectangle } from '../../runtime/ports/index.ts';

/** A display that keeps the picture and what was drawn, and refuses rectangles that a real one could not take. */
export class MemoryDisplay implements Display {
  readonly pixels = new Uint16Array(LCD_WIDTH * LCD_HEIGHT);
  drawn: Rectangle[] = [];

  draw(rectangle: Rectangle): void {
    const { x, y, width, height, pixels } = rectangle;
    if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > LCD_WIDTH || y + height > LCD_HEIGHT) {
      throw new Error(`rectangle ${x},${y} ${width}x${height} is not on a display of ${LCD_WIDTH}x${LCD_HEIGHT}`);
    }
    if (pixels.length !== width * height) throw new Error(`${pixels.length} pixels for ${width}x${height}`);
    for (let row = 0; row < height; row++) {
      this.pixels.set(pixels.subarray(row * width, (row + 1) * width), (y + row) * LCD_WIDTH + x);
    }
    this.drawn.push(rectangle);
  }

  /** What was drawn since the last call. */
  take(): Rectangle[] {
    const drawn = this.drawn;
    this.drawn = [];
    return drawn;
  }
}
