/** What RLP encodes: bytes, or a list of such (Yellow Paper, appendix B). */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** Measures, then writes once. */
export function encodeRlp(item: RlpItem): Uint8Array {
  const out = new Uint8Array(sizeOf(item));
  write(out, 0, item);
  return out;
}

function sizeOf(item: RlpItem): number {
  if (item instanceof Uint8Array) return item.length === 1 && item[0]! < 0x80 ? 1 : headSize(item.length) + item.length;
  const length = payloadSize(item);
  return headSize(length) + length;
}

function payloadSize(list: readonly RlpItem[]): number {
  let size = 0;
  for (const item of list) size += sizeOf(item);
  return size;
}

function headSize(length: number): number {
  return length < 56 ? 1 : 1 + byteLength(length);
}

function byteLength(value: number): number {
  return value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4;
}

/** Answers where the next item goes. */
function write(out: Uint8Array, at: number, item: RlpItem): number {
  if (item instanceof Uint8Array) return writeBytes(out, at, item);
  let next = writeHead(out, at, 0xc0, payloadSize(item));
  for (const part of item) next = write(out, next, part);
  return next;
}

function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  if (bytes.length === 1 && bytes[0]! < 0x80) {
    out[at] = bytes[0]!;
    return at + 1;
  }
  const start = writeHead(out, at, 0x80, bytes.length);
  out.set(bytes, start);
  return start + bytes.length;
}

function writeHead(out: Uint8Array, at: number, base: number, length: number): number {
  if (length < 56) {
    out[at] = base + length;
    return at + 1;
  }
  const bytes = byteLength(length);
  out[at] = base + 55 + bytes;
  for (let i = 0; i < bytes; i++) out[at + 1 + i] = length >>> (8 * (bytes - 1 - i));
  return at + 1 + bytes;
}
