/** What RLP encodes: bytes, or a list of such (Yellow Paper, appendix B). */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** Filled from its end: there a list's length is known when its head is due. Kept, as most items are small. */
let scratch = new Uint8Array(4096);
/** The longest head of an item. */
const HEAD_BYTES = 5;
/** So long may be what has a head of one byte. */
const LONGEST_SHORT = 55;

/** Writes once, from the end. */
export function encodeRlp(item: RlpItem): Uint8Array {
  const size = write(item, 0);
  // Only now: writing may have put another buffer there.
  return scratch.slice(scratch.length - size);
}

/** Puts the item before the `size` bytes that are written; answers how many there are then. */
function write(item: RlpItem, size: number): number {
  if (item instanceof Uint8Array) return writeBytes(item, size);
  let now = size;
  for (let i = item.length - 1; i >= 0; i--) {
    const part = item[i]!;
    now = part instanceof Uint8Array ? writeBytes(part, now) : write(part, now);
  }
  if (now + HEAD_BYTES > scratch.length) reserve(now + HEAD_BYTES);
  return writeHead(0xc0, now - size, now);
}

function writeBytes(bytes: Uint8Array, size: number): number {
  const { length } = bytes;
  if (size + length + HEAD_BYTES > scratch.length) reserve(size + length + HEAD_BYTES);
  const start = scratch.length - size - length;
  if (length > 0) scratch.set(bytes, start);
  if (length === 1 && scratch[start]! < 0x80) return size + 1;
  if (length > LONGEST_SHORT) return writeHead(0x80, length, size + length);
  scratch[start - 1] = 0x80 + length;
  return size + length + 1;
}

function writeHead(base: number, length: number, size: number): number {
  let at = scratch.length - size - 1;
  if (length <= LONGEST_SHORT) {
    scratch[at] = base + length;
    return size + 1;
  }
  let rest = length;
  for (; rest > 0; rest >>>= 8) scratch[at--] = rest;
  const digits = scratch.length - size - 1 - at;
  scratch[at] = base + 55 + digits;
  return size + 1 + digits;
}

function reserve(size: number): void {
  const larger = new Uint8Array(2 * size);
  larger.set(scratch, larger.length - scratch.length);
  scratch = larger;
}
