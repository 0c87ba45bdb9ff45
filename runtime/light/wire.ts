import { concat, utf8Encode } from '../bytes.ts';

/*
 * Protocol Buffers, as much as hashes and votes of CometBFT need: fields are written in the order of their numbers, and what
 * is zero or empty is left out. https://protobuf.dev/programming-guides/encoding/
 */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

/** An unsigned varint; a negative number as its two's complement in 64 bits. */
export function varint(value: bigint | number): Uint8Array {
  let left = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(left)]);
}

/** A message from its fields. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return concat(...fields);
}

/** int64, uint64, int32, uint32 or an enumeration. */
export function number(field: number, value: bigint | number): Uint8Array {
  return BigInt(value) === 0n ? NOTHING : concat(key(field, VARINT), varint(value));
}

/** Little-endian. */
export function sfixed64(field: number, value: bigint | number): Uint8Array {
  if (BigInt(value) === 0n) return NOTHING;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return concat(key(field, FIXED64), bytes);
}

export function bytes(field: number, value: Uint8Array): Uint8Array {
  return value.length === 0 ? NOTHING : embedded(field, value);
}

export function text(field: number, value: string): Uint8Array {
  return bytes(field, utf8Encode(value));
}

/** A message in a message; also an empty one is written. */
export function embedded(field: number, value: Uint8Array): Uint8Array {
  return concat(key(field, BYTES), varint(value.length), value);
}

/** Behind its length. */
export function delimited(value: Uint8Array): Uint8Array {
  return concat(varint(value.length), value);
}

const NOTHING = new Uint8Array(0);

function key(field: number, type: number): Uint8Array {
  return varint((field << 3) | type);
}
