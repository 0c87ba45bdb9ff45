/**
 * 256-bit words: 32 bytes in linear memory, four little-endian u64 limbs, least significant first.
 * Operands are addresses; `out` may be any operand's address. Division is in u256-division.
 */
import { mulHigh } from './limbs';
import { dividend, reduceDividend } from './u256-division';

export { mulWide } from './limbs';
export { mulmod } from './u256-division';

/** A sum of 320 bits or a product of 512. */
const wide = memory.data(64, 8);
const base = memory.data(32, 8);
const power = memory.data(32, 8);

/** out = a + b (mod 2^256). */
export function add(out: usize, a: usize, b: usize): void {
  addWithCarry(out, a, b);
}

/** out = a − b (mod 2^256). */
export function sub(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const r3 = load<u64>(a, 24) - load<u64>(b, 24);
  const borrow0 = u64(a0 < b0);
  const d1 = a1 - b1;
  const borrow1 = u64(a1 < b1) | u64(d1 < borrow0);
  const d2 = a2 - b2;
  const borrow2 = u64(a2 < b2) | u64(d2 < borrow1);
  store<u64>(out, a0 - b0);
  store<u64>(out, d1 - borrow0, 8);
  store<u64>(out, d2 - borrow1, 16);
  store<u64>(out, r3 - borrow2, 24);
}

/** out = a · b (mod 2^256). */
export function mul(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const b3 = load<u64>(b, 24);
  if ((b1 | b2 | b3) == 0) return mulByLimb(out, a0, a1, a2, a3, b0);
  if ((a1 | a2 | a3) == 0) return mulByLimb(out, b0, b1, b2, b3, a0);
  store<u64>(out, a0 * b0);
  // Column by column; `carry` takes what goes over into the next but one.
  let low = a0 * b1;
  let sum = low + mulHigh(a0, b0);
  let next = u64(sum < low);
  low = a1 * b0;
  sum += low;
  next += u64(sum < low);
  store<u64>(out, sum, 8);

  sum = next;
  let carry: u64 = 0;
  low = mulHigh(a0, b1);
  sum += low;
  carry += u64(sum < low);
  low = mulHigh(a1, b0);
  sum += low;
  carry += u64(sum < low);
  low = a0 * b2;
  sum += low;
  carry += u64(sum < low);
  low = a1 * b1;
  sum += low;
  carry += u64(sum < low);
  low = a2 * b0;
  sum += low;
  carry += u64(sum < low);
  store<u64>(out, sum, 16);

  sum = carry + mulHigh(a0, b2) + mulHigh(a1, b1) + mulHigh(a2, b0) + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
  store<u64>(out, sum, 24);
}

/** out = the limbs · factor (mod 2^256). */
function mulByLimb(out: usize, a0: u64, a1: u64, a2: u64, a3: u64, factor: u64): void {
  store<u64>(out, a0 * factor);
  let carry = mulHigh(a0, factor);
  if ((a1 | a2 | a3) == 0) {
    store<u64>(out, carry, 8);
    store<u64>(out, 0, 16);
    store<u64>(out, 0, 24);
    return;
  }
  const p1 = a1 * factor + carry;
  carry = mulHigh(a1, factor) + u64(p1 < carry);
  const p2 = a2 * factor + carry;
  carry = mulHigh(a2, factor) + u64(p2 < carry);
  store<u64>(out, p1, 8);
  store<u64>(out, p2, 16);
  store<u64>(out, a3 * factor + carry, 24);
}

/** out = a to the power b (mod 2^256), 0 to the power 0 being 1. */
export function exp(out: usize, a: usize, b: usize): void {
  const bits = bitLength(b);
  copy(base, a);
  copy(power, b);
  setU64(out, 1);
  for (let i = bits - 1; i >= 0; i--) {
    mul(out, out, out);
    const limb = load<u64>(power + ((usize(i) >> 6) << 3));
    if ((limb >> u64(i & 63)) & 1) mul(out, out, base);
  }
}

/** out = (a + b) mod m without loss of the carry; 0 where m is 0. */
export function addmod(out: usize, a: usize, b: usize, m: usize): void {
  if (lt(a, m) && lt(b, m)) {
    const carry = addWithCarry(wide, a, b);
    if (carry != 0 || !lt(wide, m)) return sub(out, wide, m);
    return copy(out, wide);
  }
  if (isZero(m)) return setU64(out, 0);
  clearUpper();
  store<u64>(dividend, addWithCarry(dividend, a, b), 32);
  reduceDividend(out, m);
}

/** Unsigned a < b. */
export function lt(a: usize, b: usize): bool {
  const a3 = load<u64>(a, 24);
  const b3 = load<u64>(b, 24);
  if (a3 != b3) return a3 < b3;
  const a2 = load<u64>(a, 16);
  const b2 = load<u64>(b, 16);
  if (a2 != b2) return a2 < b2;
  const a1 = load<u64>(a, 8);
  const b1 = load<u64>(b, 8);
  if (a1 != b1) return a1 < b1;
  return load<u64>(a) < load<u64>(b);
}

/** a < b of two's complement numbers. */
export function slt(a: usize, b: usize): bool {
  const a3 = load<i64>(a, 24);
  const b3 = load<i64>(b, 24);
  return a3 == b3 ? lt(a, b) : a3 < b3;
}

export function eq(a: usize, b: usize): bool {
  return (
    ((load<u64>(a) ^ load<u64>(b)) |
      (load<u64>(a, 8) ^ load<u64>(b, 8)) |
      (load<u64>(a, 16) ^ load<u64>(b, 16)) |
      (load<u64>(a, 24) ^ load<u64>(b, 24))) ==
    0
  );
}

export function isZero(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

export function and(out: usize, a: usize, b: usize): void {
  store<u64>(out, load<u64>(a) & load<u64>(b));
  store<u64>(out, load<u64>(a, 8) & load<u64>(b, 8), 8);
  store<u64>(out, load<u64>(a, 16) & load<u64>(b, 16), 16);
  store<u64>(out, load<u64>(a, 24) & load<u64>(b, 24), 24);
}

export function or(out: usize, a: usize, b: usize): void {
  store<u64>(out, load<u64>(a) | load<u64>(b));
  store<u64>(out, load<u64>(a, 8) | load<u64>(b, 8), 8);
  store<u64>(out, load<u64>(a, 16) | load<u64>(b, 16), 16);
  store<u64>(out, load<u64>(a, 24) | load<u64>(b, 24), 24);
}

export function xor(out: usize, a: usize, b: usize): void {
  store<u64>(out, load<u64>(a) ^ load<u64>(b));
  store<u64>(out, load<u64>(a, 8) ^ load<u64>(b, 8), 8);
  store<u64>(out, load<u64>(a, 16) ^ load<u64>(b, 16), 16);
  store<u64>(out, load<u64>(a, 24) ^ load<u64>(b, 24), 24);
}

export function not(out: usize, a: usize): void {
  store<u64>(out, ~load<u64>(a));
  store<u64>(out, ~load<u64>(a, 8), 8);
  store<u64>(out, ~load<u64>(a, 16), 16);
  store<u64>(out, ~load<u64>(a, 24), 24);
}

/** out = the byte of x at `i`, 0 being the most significant; 0 where i > 31. */
export function byte(out: usize, i: usize, x: usize): void {
  const index = load<u64>(i);
  setU64(out, fitsU64(i) && index < 32 ? load<u8>(x + 31 - usize(index)) : 0);
}

/** out = x · 2^shift (mod 2^256). */
export function shl(out: usize, shift: usize, x: usize): void {
  const count = load<u64>(shift);
  if (!fitsU64(shift) || count > 255) return setU64(out, 0);
  let x0 = load<u64>(x);
  let x1 = load<u64>(x, 8);
  let x2 = load<u64>(x, 16);
  let x3 = load<u64>(x, 24);
  if (count & 128) {
    x3 = x1;
    x2 = x0;
    x1 = 0;
    x0 = 0;
  }
  if (count & 64) {
    x3 = x2;
    x2 = x1;
    x1 = x0;
    x0 = 0;
  }
  // WASM takes shift counts mod 64: `>> 1 >> 63 − n` is `>> 64 − n` that also serves n = 0.
  const left = count & 63;
  const right = 63 - left;
  store<u64>(out, x0 << left);
  store<u64>(out, (x1 << left) | ((x0 >> 1) >> right), 8);
  store<u64>(out, (x2 << left) | ((x1 >> 1) >> right), 16);
  store<u64>(out, (x3 << left) | ((x2 >> 1) >> right), 24);
}

/** out = x / 2^shift, rounded down. */
export function shr(out: usize, shift: usize, x: usize): void {
  const count = load<u64>(shift);
  if (!fitsU64(shift) || count > 255) return setU64(out, 0);
  shiftRight(out, count, x, 0);
}

/** out = x / 2^shift of a two's complement number, rounded down. */
export function sar(out: usize, shift: usize, x: usize): void {
  const sign = load<i64>(x, 24) >> 63;
  const count = load<u64>(shift);
  if (!fitsU64(shift) || count > 255) return fill(out, sign);
  shiftRight(out, count, x, sign);
}

/** out = x with the sign bit of its byte `i`, 0 being the least significant, carried to the top. */
export function signextend(out: usize, i: usize, x: usize): void {
  const index = load<u64>(i);
  if (!fitsU64(i) || index > 30) return copy(out, x);
  const limb = usize(index) >> 3;
  const shift = 56 - ((index & 7) << 3);
  const value = (load<i64>(x + (limb << 3)) << shift) >> shift;
  copy(out, x);
  store<i64>(out + (limb << 3), value);
  const sign = value >> 63;
  for (let above = limb + 1; above < 4; above++) store<i64>(out + (above << 3), sign);
}

/** out = the number of leading zero bits, 256 for 0 (EIP-7939). */
export function clz(out: usize, x: usize): void {
  setU64(out, 256 - u64(bitLength(x)));
}

export function copy(out: usize, a: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  store<u64>(out, a0);
  store<u64>(out, a1, 8);
  store<u64>(out, a2, 16);
  store<u64>(out, a3, 24);
}

export function setU64(out: usize, value: u64): void {
  store<u64>(out, value);
  store<u64>(out, 0, 8);
  store<u64>(out, 0, 16);
  store<u64>(out, 0, 24);
}

/** Whether a < 2^64. */
export function fitsU64(a: usize): bool {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** a mod 2^64. */
export function low64(a: usize): u64 {
  return load<u64>(a);
}

/** The place of the highest bit that is set, counted from 1; 0 for 0. */
export function bitLength(a: usize): i32 {
  for (let at: usize = 24; at > 0; at -= 8) {
    const limb = load<u64>(a + at);
    if (limb != 0) return i32(at << 3) + 64 - i32(builtinClz(limb));
  }
  return 64 - i32(builtinClz(load<u64>(a)));
}

/** Bytes without leading zeros; 0 for 0. */
export function byteLength(a: usize): i32 {
  return (bitLength(a) + 7) >> 3;
}

/** out = the 32 big-endian bytes at `source`. */
export function loadBigEndian(out: usize, source: usize): void {
  const a0 = bswap(load<u64>(source, 24));
  const a1 = bswap(load<u64>(source, 16));
  const a2 = bswap(load<u64>(source, 8));
  const a3 = bswap(load<u64>(source));
  store<u64>(out, a0);
  store<u64>(out, a1, 8);
  store<u64>(out, a2, 16);
  store<u64>(out, a3, 24);
}

/** Writes the word as 32 big-endian bytes. */
export function storeBigEndian(destination: usize, word: usize): void {
  loadBigEndian(destination, word);
}

/** out = the number in `length` (0 to 32) big-endian bytes at `source`, reading nothing beyond them. */
export function loadBigEndianN(out: usize, source: usize, length: i32): void {
  setU64(wide, 0);
  const last = source + usize(length) - 1;
  for (let i: usize = 0; i < usize(length); i++) store<u8>(wide + i, load<u8>(last - i));
  copy(out, wide);
}

/** The dividend's limbs above a sum. */
function clearUpper(): void {
  store<u64>(dividend, 0, 40);
  store<u64>(dividend, 0, 48);
  store<u64>(dividend, 0, 56);
}

/** out = a + b (mod 2^256); answers the carry. */
function addWithCarry(out: usize, a: usize, b: usize): u64 {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const r0 = a0 + load<u64>(b);
  const carry0 = u64(r0 < a0);
  const s1 = a1 + load<u64>(b, 8);
  const r1 = s1 + carry0;
  const carry1 = u64(s1 < a1) | u64(r1 < carry0);
  const s2 = a2 + load<u64>(b, 16);
  const r2 = s2 + carry1;
  const carry2 = u64(s2 < a2) | u64(r2 < carry1);
  const s3 = a3 + load<u64>(b, 24);
  const r3 = s3 + carry2;
  store<u64>(out, r0);
  store<u64>(out, r1, 8);
  store<u64>(out, r2, 16);
  store<u64>(out, r3, 24);
  return u64(s3 < a3) | u64(r3 < carry2);
}

/** out = x >> count (0 to 255), `sign` (0 or −1) entering from above. */
function shiftRight(out: usize, count: u64, x: usize, sign: u64): void {
  let x0 = load<u64>(x);
  let x1 = load<u64>(x, 8);
  let x2 = load<u64>(x, 16);
  let x3 = load<u64>(x, 24);
  if (count & 128) {
    x0 = x2;
    x1 = x3;
    x2 = sign;
    x3 = sign;
  }
  if (count & 64) {
    x0 = x1;
    x1 = x2;
    x2 = x3;
    x3 = sign;
  }
  const right = count & 63;
  const left = 63 - right;
  store<u64>(out, (x0 >> right) | ((x1 << 1) << left));
  store<u64>(out, (x1 >> right) | ((x2 << 1) << left), 8);
  store<u64>(out, (x2 >> right) | ((x3 << 1) << left), 16);
  store<u64>(out, (x3 >> right) | ((sign << 1) << left), 24);
}

/** All four limbs the same: 0 or −1. */
function fill(out: usize, limb: u64): void {
  store<u64>(out, limb);
  store<u64>(out, limb, 8);
  store<u64>(out, limb, 16);
  store<u64>(out, limb, 24);
}

function builtinClz(limb: u64): u64 {
  return i64.clz(limb);
}
