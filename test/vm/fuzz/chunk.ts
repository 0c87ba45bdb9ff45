/** A piece of bytecode that can stand anywhere: offsets of jumps within it are put in when it is placed. */
export interface Chunk {
  readonly bytes: readonly number[];
  /** Places of two-byte offsets, counted from the chunk's start. */
  readonly fixups: readonly number[];
}

export function join(chunks: readonly Chunk[]): Chunk {
  const bytes: number[] = [];
  const fixups: number[] = [];
  for (const chunk of chunks) {
    const placed = place(chunk, bytes.length);
    for (const at of chunk.fixups) fixups.push(bytes.length + at);
    bytes.push(...placed);
  }
  return { bytes, fixups };
}

export function toCode(chunks: readonly Chunk[]): Uint8Array {
  return Uint8Array.from(join(chunks).bytes);
}

export function code(...bytes: readonly (number | readonly number[])[]): Chunk {
  return { bytes: bytes.flat(), fixups: [] };
}

/** PUSHn of the number, at least one byte. */
export function push(value: bigint | number): number[] {
  const digits = value.toString(16);
  const bytes = [...Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex')];
  return [0x5f + bytes.length, ...bytes];
}

/** PUSH2 of an offset from the start of the chunk that is being built at `base`. */
export function pushOffset(offset: number): Chunk {
  return { bytes: [0x61, offset >> 8, offset & 0xff], fixups: [1] };
}

function place(chunk: Chunk, base: number): number[] {
  const bytes = [...chunk.bytes];
  for (const at of chunk.fixups) {
    const offset = (bytes[at]! << 8) + bytes[at + 1]! + base;
    bytes[at] = (offset >> 8) & 0xff;
    bytes[at + 1] = offset & 0xff;
  }
  return bytes;
}
