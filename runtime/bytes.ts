import type { Hex, Word } from './ports/index.ts';

/*
 * Bytes, hexadecimal, quantities and text. No TextEncoder, no Buffer: this also runs inside the emulator's small interpreter.
 */

/** ECMAScript 2026's own ways, where the engine has them. */
interface HexMethods {
  fromHex?(digits: string): Uint8Array;
  readonly prototype: { toHex?(this: Uint8Array): string };
}
const { fromHex, prototype } = Uint8Array as unknown as HexMethods;
const { toHex } = prototype;

const HEX_OF: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const CODE_OF: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const HEX_PATTERN = /^0x[0-9a-fA-F]*$/;
const QUANTITY_PATTERN = /^0x(?:0|[1-9a-fA-F][0-9a-fA-F]*)$/;
const NO_DIGIT = 0xff;
/** So many bytes are a number that JavaScript holds exactly. */
const SAFE_BYTES = 6;
/** Bytes whose digits are put together with `+`, and pieces of longer ones. */
const HEX_PIECE = 1024;
const MAX_SMALL = 0xffff_ffffn;
const DIGIT_OF = digitTable();
const REPLACEMENT = 0xfffd;
/** First byte of a UTF-8 sequence, by the number of bytes that follow it. */
const LEAD_MARK = [0, 0xc0, 0xe0, 0xf0];

/** No bytes. */
export const EMPTY = new Uint8Array(0);
/** 32 zero bytes. */
export const ZERO_WORD: Word = `0x${'00'.repeat(32)}`;

/** Whether the value is `0x` and whole bytes in either case, `length` of them if given. */
export function isHex(value: unknown, length?: number): value is Hex {
  if (typeof value !== 'string') return false;
  if (length !== undefined && value.length !== 2 + 2 * length) return false;
  return value.length % 2 === 0 && HEX_PATTERN.test(value);
}

/** Lower-case, `0x`-prefixed. */
export function bytesToHex(bytes: Uint8Array): Hex {
  if (toHex) return `0x${toHex.call(bytes)}`;
  if (bytes.length > HEX_PIECE) return longHex(bytes);
  let hex = '0x';
  for (let i = 0; i < bytes.length; i++) hex += HEX_OF[bytes[i]!]!;
  return hex as Hex;
}

/** Engines remember each `+` until the text is read, in many times its room: long ones are made of flat pieces. */
function longHex(bytes: Uint8Array): Hex {
  const pieces = ['0x'];
  for (let from = 0; from < bytes.length; from += HEX_PIECE) pieces.push(digitsOf(bytes.subarray(from, from + HEX_PIECE)));
  return pieces.join('') as Hex;
}

function digitsOf(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (const byte of bytes) codes.push(CODE_OF[byte >> 4]!, CODE_OF[byte & 15]!);
  return String.fromCharCode(...codes);
}

/** Throws {@link BytesError} unless the text is `0x` and an even number of hexadecimal digits. */
export function hexToBytes(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !hex.startsWith('0x')) throw new BytesError(`"${shorten(hex)}" is not 0x and whole bytes`);
  const bytes = fromHex ? nativeBytes(hex) : tableBytes(hex);
  if (!bytes) throw new BytesError(`"${shorten(hex)}" is not hexadecimal`);
  return bytes;
}

function nativeBytes(hex: string): Uint8Array | undefined {
  try {
    return fromHex!.call(Uint8Array, hex.slice(2));
  } catch {
    return undefined;
  }
}

function tableBytes(hex: string): Uint8Array | undefined {
  const bytes = new Uint8Array(hex.length / 2 - 1);
  let seen = 0;
  for (let i = 0, at = 2; i < bytes.length; i++, at += 2) {
    const high = DIGIT_OF[hex.charCodeAt(at)] ?? NO_DIGIT;
    const low = DIGIT_OF[hex.charCodeAt(at + 1)] ?? NO_DIGIT;
    seen |= high | low;
    bytes[i] = (high << 4) | low;
  }
  return seen > 15 ? undefined : bytes;
}

/** One array with the parts in order. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  if (a === b) return true;
  const [one, other] = [viewOf(a), viewOf(b)];
  let at = 0;
  for (; at + 4 <= a.length; at += 4) if (one.getUint32(at) !== other.getUint32(at)) return false;
  for (; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Big-endian; no bytes are 0. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  return BigInt(bytes.length <= SAFE_BYTES ? bytesToNumber(bytes) : bytesToHex(bytes));
}

/** Big-endian, of at most six bytes. */
export function bytesToNumber(bytes: Uint8Array): number {
  let number = 0;
  for (let i = 0; i < bytes.length; i++) number = number * 256 + bytes[i]!;
  return number;
}

/** Big-endian. Without a length as short as possible (0 is no bytes), with one padded; throws if it does not fit. */
export function bigintToBytes(value: bigint, length?: number): Uint8Array {
  if (value < 0n) throw new BytesError(`${value} is negative`);
  if (length === undefined && value <= MAX_SMALL) return numberToBytes(Number(value));
  const digits = value === 0n ? '' : value.toString(16);
  if (length === undefined) return hexToBytes(`0x${digits.length % 2 === 0 ? '' : '0'}${digits}`);
  if (digits.length > 2 * length) throw new BytesError(`${value} does not fit in ${length} bytes`);
  return hexToBytes(`0x${digits.padStart(2 * length, '0')}`);
}

/** Big-endian, as short as possible; 0 is no bytes. Of a whole number below 2^32. */
function numberToBytes(value: number): Uint8Array {
  const length = value === 0 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4;
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>>= 8) bytes[i] = rest;
  return bytes;
}

/** 32 bytes, big-endian. Throws if it does not fit. */
export function bigintToWord(value: bigint): Word {
  if (value < 0n || value >> 256n !== 0n) throw new BytesError(`${value} does not fit in 32 bytes`);
  return `0x${value.toString(16).padStart(64, '0')}`;
}

/** As JSON-RPC writes numbers: `0x0`, `0x1f`. */
export function encodeQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** Strict: no leading zeros, at most `maxBytes` bytes. Throws {@link BytesError}. */
export function decodeQuantity(text: string, maxBytes = 32): bigint {
  if (text.length > 2 + 2 * maxBytes || !QUANTITY_PATTERN.test(text)) {
    throw new BytesError(`"${shorten(text)}" is not a quantity of at most ${maxBytes} bytes, such as 0x0 or 0x1f`);
  }
  return BigInt(text);
}

/** UTF-8; a lone surrogate becomes U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  const bytes = new Uint8Array(3 * text.length);
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      bytes[end++] = unit;
      continue;
    }
    const point = codePointAt(text, i);
    if (point > 0xffff) i++;
    end = putCodePoint(bytes, end, point);
  }
  return bytes.slice(0, end);
}

/** Malformed sequences become U+FFFD, as the WHATWG decoder has it; a byte order mark is kept. */
export function utf8Decode(bytes: Uint8Array): string {
  const parts: string[] = [];
  let units: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const [point, length] = lead < 0x80 ? [lead, 1] : takeCodePoint(bytes, at);
    at += length;
    units.push(point);
    if (units.length < 1024) continue;
    parts.push(String.fromCodePoint(...units));
    units = [];
  }
  parts.push(String.fromCodePoint(...units));
  return parts.join('');
}

function codePointAt(text: string, index: number): number {
  const point = text.codePointAt(index)!;
  return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}

function putCodePoint(bytes: Uint8Array, at: number, point: number): number {
  const tails = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  bytes[at] = LEAD_MARK[tails]! | (point >> (6 * tails));
  for (let i = 1; i <= tails; i++) bytes[at + i] = 0x80 | ((point >> (6 * (tails - i))) & 0x3f);
  return at + 1 + tails;
}

/** The code point that begins at `at` and its length; for a malformed one U+FFFD and the length of its longest valid beginning. */
function takeCodePoint(bytes: Uint8Array, at: number): [point: number, length: number] {
  const lead = bytes[at]!;
  const tails = lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
  if (tails === 0) return [REPLACEMENT, 1];
  let point = lead & (0x3f >> tails);
  for (let i = 1; i <= tails; i++) {
    const tail = bytes[at + i] ?? 0;
    if (tail >> 6 !== 2 || (i === 1 && !mayFollow(lead, tail))) return [REPLACEMENT, i];
    point = (point << 6) | (tail & 0x3f);
  }
  return [point, tails + 1];
}

/** Shuts out overlong forms, surrogates and what lies beyond U+10FFFF (Unicode, table 3-7). */
function mayFollow(lead: number, tail: number): boolean {
  if (lead === 0xe0) return tail >= 0xa0;
  if (lead === 0xed) return tail < 0xa0;
  if (lead === 0xf0) return tail >= 0x90;
  if (lead === 0xf4) return tail < 0x90;
  return true;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function digitTable(): Uint8Array {
  const table = new Uint8Array(128).fill(NO_DIGIT);
  for (let digit = 0; digit < 16; digit++) {
    const text = digit.toString(16);
    table[text.charCodeAt(0)] = digit;
    table[text.toUpperCase().charCodeAt(0)] = digit;
  }
  return table;
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** Text or a number that does not have the form it should have. */
export class BytesError extends Error {
  override readonly name = 'BytesError';
}
