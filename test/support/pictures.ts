/** Pixels of what QEMU writes as a screendump (PPM, P6, 8 bits). */
export function pixelsOf(ppm: Buffer): Buffer {
  return ppm.subarray(ppm.indexOf('\n255\n') + 5);
}

export function coloursOf(ppm: Buffer): Set<number> {
  const pixels = pixelsOf(ppm);
  const colours = new Set<number>();
  for (let at = 0; at + 2 < pixels.length; at += 3) colours.add(pixels.readUIntBE(at, 3));
  return colours;
}

/** How much of two pictures of one size is different, from 0 to 1. */
export function differenceOf(one: Buffer, other: Buffer): number {
  const [left, right] = [pixelsOf(one), pixelsOf(other)];
  if (left.length !== right.length) return 1;
  let different = 0;
  for (let at = 0; at + 2 < left.length; at += 3) if (left.readUIntBE(at, 3) !== right.readUIntBE(at, 3)) different++;
  return (different * 3) / left.length;
}
