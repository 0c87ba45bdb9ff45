import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** A PNG file of RGB565 pixels, 8 bits a channel. */
export function pngOf565(pixels: Uint16Array, width: number, height: number): Uint8Array {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = pixels[y * width + x]!;
      const at = y * (1 + width * 3) + 1 + x * 3;
      rows[at] = Math.round(((pixel >> 11) * 255) / 31);
      rows[at + 1] = Math.round((((pixel >> 5) & 63) * 255) / 63);
      rows[at + 2] = Math.round(((pixel & 31) * 255) / 31);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // bits a channel, RGB
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** The same picture, packed as small as deflate can: browsers are in a hurry. */
export function packed(png: Buffer): Buffer {
  const parts: Buffer[] = [png.subarray(0, 8)];
  const pixels: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const end = at + 12 + png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') pixels.push(png.subarray(at + 8, end - 4));
    if (type === 'IEND') parts.push(chunk('IDAT', deflateSync(inflateSync(Buffer.concat(pixels)), { level: 9, memLevel: 9 })));
    if (type !== 'IDAT') parts.push(png.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
