import { bytesToBigint, bytesToHex, bytesToNumber } from '../bytes.ts';
import type { Address, Word } from '../ports/index.ts';
import type { RlpItem } from './encode.ts';

/** Deeper nesting than any format of the ledger has. */
const MAX_DEPTH = 16;

/**
 * Strict: every length in its shortest form, nothing left over, at most 16 lists deep and `maxItems` items in all.
 * Byte items are views into `bytes`. Throws {@link RlpError}.
 */
export function decodeRlp(bytes: Uint8Array, maxItems = Number.POSITIVE_INFINITY): RlpItem {
  const reader = { bytes, at: 0, itemsLeft: maxItems };
  const item = readItem(reader, bytes.length, 0);
  if (reader.at !== bytes.length) throw new RlpError(`${bytes.length - reader.at} bytes are left over after the item`);
  return item;
}

/** The item as bytes. `what` names it in the error. */
export function asBytes(item: RlpItem | undefined, what: string, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RlpError(`${what} should be bytes`);
  if (length !== undefined && item.length !== length) {
    throw new RlpError(`${what} has ${item.length} bytes; it should have ${length}`);
  }
  return item;
}

/** The item as a list, of `length` items if given. */
export function asList(item: RlpItem | undefined, what: string, length?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError(`${what} should be a list`);
  if (length !== undefined && item.length !== length) {
    throw new RlpError(`${what} has ${item.length} items; it should have ${length}`);
  }
  return item;
}

/** The item as a number of at most `maxBytes` bytes, without leading zeros. */
export function asBigint(item: RlpItem | undefined, what: string, maxBytes = 32): bigint {
  return bytesToBigint(asDigits(item, what, maxBytes));
}

function asDigits(item: RlpItem | undefined, what: string, maxBytes: number): Uint8Array {
  const bytes = asBytes(item, what);
  if (bytes.length > maxBytes) throw new RlpError(`${what} has ${bytes.length} bytes; it should have at most ${maxBytes}`);
  if (bytes[0] === 0) throw new RlpError(`${what} has leading zeros`);
  return bytes;
}

/** The item as a number of at most six bytes, which a JavaScript number holds exactly. */
export function asNumber(item: RlpItem | undefined, what: string): number {
  return bytesToNumber(asDigits(item, what, 6));
}

export function asAddress(item: RlpItem | undefined, what: string): Address {
  return bytesToHex(asBytes(item, what, 20));
}

export function asWord(item: RlpItem | undefined, what: string): Word {
  return bytesToHex(asBytes(item, what, 32));
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
  itemsLeft: number;
}

/** Reads the item at `reader.at`, which ends before `limit`, and moves on. */
function readItem(reader: Reader, limit: number, depth: number): RlpItem {
  const { bytes, at } = reader;
  if (at >= limit) throw new RlpError('there is no item');
  const first = bytes[at]!;
  if (first < 0x80) return take(reader, at, at + 1);
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  const lengthBytes = short > 55 ? short - 55 : 0;
  const start = at + 1 + lengthBytes;
  const length = lengthBytes === 0 ? short : readLength(bytes, at + 1, lengthBytes, limit);
  if (length > limit - start) throw new RlpError(`the item at ${at} ends beyond what holds it`);
  if (isList) return readList(reader, start, start + length, depth);
  if (length === 1 && lengthBytes === 0 && bytes[start]! < 0x80) {
    throw new RlpError(`the byte at ${start} needs no length of its own`);
  }
  return take(reader, start, start + length);
}

function take(reader: Reader, start: number, end: number): Uint8Array {
  if (reader.itemsLeft-- <= 0) throw new RlpError('there are too many items');
  reader.at = end;
  return reader.bytes.subarray(start, end);
}

function readList(reader: Reader, start: number, end: number, depth: number): RlpItem[] {
  if (reader.itemsLeft-- <= 0) throw new RlpError('there are too many items');
  if (depth === MAX_DEPTH) throw new RlpError(`lists are nested more than ${MAX_DEPTH} deep`);
  reader.at = start;
  const items: RlpItem[] = [];
  while (reader.at < end) items.push(readItem(reader, end, depth + 1));
  return items;
}

function readLength(bytes: Uint8Array, at: number, size: number, limit: number): number {
  if (size > limit - at) throw new RlpError(`the length at ${at} is cut off`);
  if (bytes[at] === 0) throw new RlpError(`the length at ${at} has leading zeros`);
  if (size > 4) throw new RlpError(`the item at ${at - 1} ends beyond what holds it`);
  let length = 0;
  for (let i = 0; i < size; i++) length = length * 256 + bytes[at + i]!;
  if (length < 56) throw new RlpError(`the length at ${at} has a shorter form`);
  return length;
}

/** Bytes that are not RLP, or not the RLP that was expected. */
export class RlpError extends Error {
  override readonly name = 'RlpError';
}
