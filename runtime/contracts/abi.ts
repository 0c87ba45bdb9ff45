import { bytesToBigint, bytesToHex, concat, hexToBytes, utf8Decode, utf8Encode } from '../bytes.ts';
import type { Address, Hex, Word } from '../ports/index.ts';

/*
 * Solidity's ABI, as much of it as the Fleet uses: small enough for the emulator's interpreter, strict about lengths.
 * https://docs.soliditylang.org/en/latest/abi-spec.html
 */

/** How one type is written and read. `read` begins where the value (or its tail) begins and throws {@link AbiError}. */
export interface Codec<T> {
  /** As it stands in a signature: `uint64`, `(bytes32,bool)[]`. */
  readonly name: string;
  /** Its head holds an offset to a tail. */
  readonly isDynamic: boolean;
  /** Words the head takes. */
  readonly headWords: number;
  write(value: T): Uint8Array;
  read(data: Uint8Array, at: number): T;
}

export type ValueOf<C> = C extends Codec<infer T> ? T : never;

const WORD = 32;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** An unsigned integer that is never beyond 2^53 where we read it: revisions, seconds, counts. */
export function whole(bits: 8 | 32 | 64 | 256): Codec<number> {
  return word(
    `uint${bits}`,
    (value) => padStart(hexToBytes(evenHex(value))),
    (bytes) => {
      const value = bytesToBigint(bytes);
      if (value > SAFE) throw new AbiError(`${value} is larger than any number expected here`);
      return Number(value);
    },
  );
}

export const flag: Codec<boolean> = word(
  'bool',
  (value) => padStart(Uint8Array.of(value ? 1 : 0)),
  (bytes) => bytes[31] !== 0,
);

export const address: Codec<Address> = word(
  'address',
  (value) => padStart(hexToBytes(value)),
  (bytes) => bytesToHex(bytes.subarray(12)),
);

export const bytes32: Codec<Word> = word('bytes32', hexToBytes, bytesToHex);

/** A short text, left-aligned in a bytes32 and padded with zero bytes: the name of an app. */
export const label: Codec<string> = word(
  'bytes32',
  // An empty name is a word, too.
  (value) => (value === '' ? new Uint8Array(WORD) : padEnd(utf8Encode(value))),
  (bytes) => {
    const end = bytes.indexOf(0);
    return utf8Decode(end < 0 ? bytes : bytes.subarray(0, end));
  },
);

/** A view into what was read, not a copy. */
export const bytes: Codec<Uint8Array> = {
  name: 'bytes',
  isDynamic: true,
  headWords: 1,
  write: (value) => concat(writeNumber(value.length), padEnd(value)),
  read(data, at) {
    const length = readNumber(data, at);
    return slice(data, at + WORD, length);
  },
};

export const text: Codec<string> = {
  ...bytes,
  name: 'string',
  write: (value) => bytes.write(utf8Encode(value)),
  read: (data, at) => utf8Decode(bytes.read(data, at)),
};

export function list<T>(item: Codec<T>): Codec<T[]> {
  return {
    name: `${item.name}[]`,
    isDynamic: true,
    headWords: 1,
    write: (values) => concat(writeNumber(values.length), writeParts(values.map((value) => [item, value]))),
    read(data, at) {
      const length = readNumber(data, at);
      if (length * WORD * item.headWords > data.length - at)
        throw new AbiError(`a list of ${length} does not fit in ${data.length} bytes`);
      const codecs = Array.from({ length }, () => item);
      return readParts(codecs, data, at + WORD) as T[];
    },
  };
}

type Fields<S> = { readonly [K in keyof S]: ValueOf<S[K]> };

/** Fields in the order in which they are written here. */
export function tuple<S extends { readonly [K in keyof S]: Codec<ValueOf<S[K]>> }>(shape: S): Codec<Fields<S>> {
  const names = Object.keys(shape) as (keyof S & string)[];
  const codecs = names.map((name) => shape[name] as Codec<unknown>);
  const isDynamic = codecs.some((codec) => codec.isDynamic);
  return {
    name: `(${codecs.map((codec) => codec.name).join(',')})`,
    isDynamic,
    headWords: isDynamic ? 1 : headWords(codecs),
    write: (value) => writeParts(names.map((name) => [shape[name] as Codec<unknown>, value[name]])),
    read(data, at) {
      const values = readParts(codecs, data, at);
      return Object.fromEntries(names.map((name, index) => [name, values[index]])) as Fields<S>;
    },
  };
}

/** Heads first, then the tails they point to, counted from the first head. */
function writeParts(parts: readonly (readonly [Codec<unknown>, unknown])[]): Uint8Array {
  const written = parts.map(([codec, value]) => codec.write(value));
  let tailAt = parts.reduce((sum, [codec]) => sum + (codec.isDynamic ? 1 : codec.headWords), 0) * WORD;
  const heads: Uint8Array[] = [];
  const tails: Uint8Array[] = [];
  for (const [index, [codec]] of parts.entries()) {
    const value = written[index]!;
    heads.push(codec.isDynamic ? writeNumber(tailAt) : value);
    if (!codec.isDynamic) continue;
    tailAt += value.length;
    tails.push(value);
  }
  return concat(...heads, ...tails);
}

function readParts(codecs: readonly Codec<unknown>[], data: Uint8Array, start: number): unknown[] {
  let head = start;
  return codecs.map((codec) => {
    const at = codec.isDynamic ? start + readNumber(data, head) : head;
    head += codec.isDynamic ? WORD : codec.headWords * WORD;
    return codec.read(data, at);
  });
}

function headWords(codecs: readonly Codec<unknown>[]): number {
  return codecs.reduce((sum, codec) => sum + codec.headWords, 0);
}

function word<T>(name: string, write: (value: T) => Uint8Array, read: (word: Uint8Array) => T): Codec<T> {
  return { name, isDynamic: false, headWords: 1, write, read: (data, at) => read(slice(data, at, WORD)) };
}

function slice(data: Uint8Array, at: number, length: number): Uint8Array {
  if (at + length > data.length) throw new AbiError(`${length} bytes at ${at} are beyond the end of ${data.length}`);
  return data.subarray(at, at + length);
}

/** A length or an offset: never more than the data can have. */
function readNumber(data: Uint8Array, at: number): number {
  const value = bytesToBigint(slice(data, at, WORD));
  if (value > BigInt(data.length)) throw new AbiError(`a length or offset of ${value} is beyond the end of ${data.length} bytes`);
  return Number(value);
}

function writeNumber(value: number): Uint8Array {
  return padStart(hexToBytes(evenHex(value)));
}

function evenHex(value: number): Hex {
  const digits = value.toString(16);
  return `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`;
}

function padStart(value: Uint8Array): Uint8Array {
  const padded = new Uint8Array(WORD);
  padded.set(value, WORD - value.length);
  return padded;
}

/** To whole words. */
function padEnd(value: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(value.length / WORD) * WORD);
  padded.set(value);
  return padded;
}

/** Bytes that are not what the ABI says they should be. */
export class AbiError extends Error {
  override readonly name = 'AbiError';
}
