import type { Display } from '../../runtime/ports/index.ts';

export const WIDTH = 320;
export const HEIGHT = 528;

export interface HeadlessDisplay extends Display {
  /** What an LCD would show: RGB565, row by row. */
  readonly pixels: Uint16Array;
}

/** A picture in memory, for boards without an LCD. What lies outside the screen is cut off. */
export function headlessDisplay(): HeadlessDisplay {
  const pixels = new Uint16Array(WIDTH * HEIGHT);
  return {
    pixels,
    draw: ({ x, y, width, height, pixels: source }) => {
      for (let row = Math.max(0, -y); row < height && y + row < HEIGHT; row++) {
        for (let column = Math.max(0, -x); column < width && x + column < WIDTH; column++) {
          pixels[(y + row) * WIDTH + x + column] = source[row * width + column] ?? 0;
        }
      }
    },
  };
}
