import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Display, Rectangle } from '../../runtime/ports/index.ts';
import { HEIGHT, WIDTH } from './display.ts';

/** A framebuffer as the kernel describes it (Documentation/fb/framebuffer.rst). */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** Where the LCD's picture stands on a panel: as large as whole pixels allow, in the middle; on a smaller panel every n-th pixel. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  /** Panel pixels for one of the picture. */
  readonly zoom: number;
  /** Pixels of the picture for one of the panel. */
  readonly skip: number;
}

export interface Framebuffer extends Display {
  readonly placement: Placement;
  close(): void;
}

export function placementOn({ width, height }: Pick<Geometry, 'width' | 'height'>): Placement {
  const zoom = Math.max(1, Math.floor(Math.min(width / WIDTH, height / HEIGHT)));
  const skip = Math.max(1, Math.ceil(Math.max(WIDTH / width, HEIGHT / height)));
  const [shownWidth, shownHeight] = [Math.floor((WIDTH * zoom) / skip), Math.floor((HEIGHT * zoom) / skip)];
  return { zoom, skip, left: (width - shownWidth) >> 1, top: (height - shownHeight) >> 1 };
}

/** From `/sys/class/graphics/fb0`; `undefined` where there is none, or none that can be drawn on. */
export function readGeometry(folder: string): Geometry | undefined {
  try {
    const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim();
    const [width = 0, height = 0] = read('virtual_size').split(',').map(Number);
    const geometry = { width, height, bitsPerPixel: Number(read('bits_per_pixel')), stride: Number(read('stride')) };
    return width > 0 && height > 0 && (geometry.bitsPerPixel === 16 || geometry.bitsPerPixel === 32) ? geometry : undefined;
  } catch {
    return undefined;
  }
}

/** All of the picture is written again this often. */
const REPAINT_MS = 20_000;

/** The LCD on `/dev/fb0`, if there is one. */
export function openFramebuffer(device = '/dev/fb0', folder = '/sys/class/graphics/fb0'): Framebuffer | undefined {
  const geometry = readGeometry(folder);
  if (geometry === undefined) return undefined;
  let file: number;
  try {
    file = openSync(device, 'r+');
  } catch {
    return undefined;
  }
  const placement = placementOn(geometry);
  const panel = Buffer.alloc(geometry.stride * geometry.height);
  const put = (firstRow: number, lastRow: number) => {
    // Never one row alone: Linux 6.1 shows nothing of a write that ends where its row ends.
    const from = Math.min(firstRow, geometry.height - 2) * geometry.stride;
    const length = Math.max(lastRow + 1, firstRow + 2) * geometry.stride - from;
    writeSync(file, panel, from, Math.min(length, panel.length - from), from);
  };
  put(0, geometry.height - 1);
  // The kernel's console may set the mode, and clear the panel, after we have begun to draw.
  const timer = setInterval(() => put(0, geometry.height - 1), REPAINT_MS);
  timer.unref();
  return {
    placement,
    draw: (rectangle) => {
      let [firstRow, lastRow] = [geometry.height, -1];
      for (const { offset, bytes } of rowsOf(rectangle, geometry, placement)) {
        panel.set(bytes, offset);
        const row = Math.floor(offset / geometry.stride);
        [firstRow, lastRow] = [Math.min(firstRow, row), Math.max(lastRow, row)];
      }
      if (lastRow >= 0) put(firstRow, lastRow);
    },
    close: () => {
      clearInterval(timer);
      closeSync(file);
    },
  };
}

/** What a rectangle of the picture becomes on the panel: pieces of rows, each with its place in the framebuffer. */
export function* rowsOf(
  rectangle: Rectangle,
  geometry: Geometry,
  { left, top, zoom, skip }: Placement,
): Generator<{ readonly offset: number; readonly bytes: Uint8Array }> {
  const bytesPerPixel = geometry.bitsPerPixel / 8;
  const firstColumn = Math.max(0, -rectangle.x);
  const lastColumn = Math.min(rectangle.width, WIDTH - rectangle.x);
  for (let row = Math.max(0, -rectangle.y); row < rectangle.height && rectangle.y + row < HEIGHT; row++) {
    const y = rectangle.y + row;
    if (y % skip !== 0) continue;
    const colours: number[] = [];
    let startX = -1;
    for (let column = firstColumn; column < lastColumn; column++) {
      const x = rectangle.x + column;
      if (x % skip !== 0) continue;
      if (startX < 0) startX = x;
      const colour = rectangle.pixels[row * rectangle.width + column] ?? 0;
      for (let copy = 0; copy < zoom; copy++) colours.push(colour);
    }
    if (startX < 0) continue;
    const bytes = toBytes(colours, bytesPerPixel);
    const x = left + Math.floor((startX * zoom) / skip);
    for (let copy = 0; copy < zoom; copy++) {
      const panelY = top + Math.floor((y * zoom) / skip) + copy;
      if (panelY < geometry.height) yield { offset: panelY * geometry.stride + x * bytesPerPixel, bytes };
    }
  }
}

/** RGB565 as it is, or as XRGB8888 with the lower bits filled from the upper ones, little endian. */
function toBytes(colours: readonly number[], bytesPerPixel: number): Uint8Array {
  if (bytesPerPixel === 2) return new Uint8Array(Uint16Array.from(colours).buffer);
  return new Uint8Array(Uint32Array.from(colours, toXrgb).buffer);
}

/** `rrrrrggggggbbbbb` to `00rrggbb`. */
export function toXrgb(colour: number): number {
  const [red, green, blue] = [(colour >> 11) & 31, (colour >> 5) & 63, colour & 31];
  return (((red << 3) | (red >> 2)) << 16) | (((green << 2) | (green >> 4)) << 8) | ((blue << 3) | (blue >> 2));
}
