/** Pixels of an LCD as they arrive: which device, where, and RGB565 row by row. */
export interface LcdRectangle {
  readonly device: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint16Array;
}

export const LCD_WIDTH = 320;
export const LCD_HEIGHT = 528;
const HEADER_BYTES = 10;

/** A binary message of the stream, or `undefined` for one that does not describe a rectangle on an LCD. */
export function decodeRectangle(message: ArrayBuffer): LcdRectangle | undefined {
  if (message.byteLength < HEADER_BYTES) return undefined;
  const view = new DataView(message);
  const [x, y, width, height] = [2, 4, 6, 8].map((at) => view.getUint16(at, true)) as [number, number, number, number];
  if (x + width > LCD_WIDTH || y + height > LCD_HEIGHT) return undefined;
  if (message.byteLength !== HEADER_BYTES + width * height * 2) return undefined;
  // The pixels begin at an even byte and least byte first, as in every browser's memory: a view, not a copy.
  const pixels = new Uint16Array(message, HEADER_BYTES);
  return { device: view.getUint16(0, true), x, y, width, height, pixels };
}

/** RGB565 as the bytes of a canvas: red, green, blue, opaque, least byte first. */
export function rgbaOf(pixel: number): number {
  const red = ((pixel >> 11) * 255) / 31;
  const green = (((pixel >> 5) & 63) * 255) / 63;
  const blue = ((pixel & 31) * 255) / 31;
  return (0xff000000 | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}
