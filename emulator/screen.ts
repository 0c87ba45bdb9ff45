import type { Display, Rectangle } from '../runtime/ports/index.ts';

export const SCREEN_WIDTH = 320;
export const SCREEN_HEIGHT = 528;

/** What the LCD of one board shows now. */
export interface Screen extends Display {
  /** The whole picture, row by row, RGB565. */
  readonly pixels: Uint16Array;
  /** Black, as without power. */
  clear(): void;
}

/** A framebuffer that tells of each change. Throws a sentence for a rectangle that does not lie on the screen. */
export function framebuffer(changed: (rectangle: Rectangle) => void): Screen {
  const pixels = new Uint16Array(SCREEN_WIDTH * SCREEN_HEIGHT);
  return {
    pixels,
    draw(rectangle) {
      checkRectangle(rectangle);
      const { x, y, width, height } = rectangle;
      for (let row = 0; row < height; row += 1) {
        pixels.set(rectangle.pixels.subarray(row * width, (row + 1) * width), (y + row) * SCREEN_WIDTH + x);
      }
      changed(rectangle);
    },
    clear() {
      pixels.fill(0);
      changed({ x: 0, y: 0, width: SCREEN_WIDTH, height: SCREEN_HEIGHT, pixels: pixels.slice() });
    },
  };
}

function checkRectangle({ x, y, width, height, pixels }: Rectangle): void {
  const isWhole = [x, y, width, height].every((value) => Number.isInteger(value) && value >= 0);
  if (isWhole && x + width <= SCREEN_WIDTH && y + height <= SCREEN_HEIGHT && pixels.length === width * height) return;
  throw new Error(
    `a rectangle of ${width} × ${height} pixels at ${x}, ${y} with ${pixels.length} values does not lie on the ` +
      `${SCREEN_WIDTH} × ${SCREEN_HEIGHT} screen`,
  );
}
