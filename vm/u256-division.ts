/**
 * Division of 256-bit words, and the remainder of sums and products of such (ADDMOD, MULMOD).
 * Schoolbook division in base 2^64 (Knuth 4.3.1 D); each digit comes from the divisor's two highest limbs and their reciprocal
 * (Möller, Granlund 2011). Programs divide by the same number again and again: what is derived from a divisor is kept.
 * A word is 32 bytes in linear memory: four little-endian u64 limbs, least significant first.
 */
import { mulHigh, mulWide, reciprocalOf, reciprocalOfLimb } from './limbs';

/** The dividend, of 512 bits at most, shifted like the divisor, so one limb more; it becomes the remainder. */
export const dividend = memory.data(72, 8);
const quotient = memory.data(40, 8);
const left = memory.data(32, 8);
const right = memory.data(32, 8);

/** The divisor as it was given, and shifted up until the highest bit of its highest limb is set. */
const given = memory.data(32, 8);
const divisor = memory.data(32, 8);
let limbs: i32 = 0;
let shift: u64 = 0;
let reciprocal: u64 = 0;

/** out = a / b, rounded down; 0 where b is 0. `out` may alias either operand. */
export function div(out: usize, a: usize, b: usize): void {
  if (fitsLimb(a) && fitsLimb(b)) {
    const by = load<u64>(b);
    return storeLimb(out, by == 0 ? 0 : load<u64>(a) / by);
  }
  if (isZeroWord(b)) return storeLimb(out, 0);
  prepare(b);
  shiftIn(a);
  storeLimb(quotient, 0);
  divide(4, true);
  copyWord(out, quotient);
}

/** out = a mod b; 0 where b is 0. `out` may alias either operand. */
export function mod(out: usize, a: usize, b: usize): void {
  if (fitsLimb(a) && fitsLimb(b)) {
    const by = load<u64>(b);
    return storeLimb(out, by == 0 ? 0 : load<u64>(a) % by);
  }
  if (isZeroWord(b)) return storeLimb(out, 0);
  prepare(b);
  shiftIn(a);
  divide(4, false);
  shiftOut(out);
}

/** out = a / b of two's complement numbers, rounded towards 0; 0 where b is 0. `out` may alias either operand. */
export function sdiv(out: usize, a: usize, b: usize): void {
  const negative = isNegative(a) != isNegative(b);
  absolute(left, a);
  absolute(right, b);
  div(out, left, right);
  if (negative) negate(out, out);
}

/** out = a mod b of two's complement numbers, with the sign of a; 0 where b is 0. `out` may alias either operand. */
export function smod(out: usize, a: usize, b: usize): void {
  const negative = isNegative(a);
  absolute(left, a);
  absolute(right, b);
  mod(out, left, right);
  if (negative) negate(out, out);
}

/** out = (a · b) mod m of the full product; 0 where m is 0. `out` may alias any operand. */
export function mulmod(out: usize, a: usize, b: usize, m: usize): void {
  if (isZeroWord(m)) return storeLimb(out, 0);
  if (isNearPower(m)) {
    mulWide(dividend, a, b);
    return fold(out, 0 - load<u64>(m));
  }
  prepare(m);
  // The product has to be shifted like the modulus: a factor is sooner shifted than the product, if it has room.
  const isShifted = shift == 0 || clz<u64>(load<u64>(b, 24)) >= shift;
  mulWide(dividend, a, isShifted ? shiftedFactor(b) : b);
  store<u64>(dividend, 0, 64);
  if (!isShifted) shiftWide();
  reduce(out);
}

/** out = dividend mod modulus. The dividend's lower eight limbs are set; the modulus is not 0. */
export function reduceDividend(out: usize, modulus: usize): void {
  if (isNearPower(modulus)) return fold(out, 0 - load<u64>(modulus));
  prepare(modulus);
  store<u64>(dividend, 0, 64);
  if (shift != 0) shiftWide();
  reduce(out);
}

/** out = the shifted dividend of nine limbs mod the divisor, shifted back. */
function reduce(out: usize): void {
  if (limbs == 4) reduceByFour();
  else divide(8, false);
  shiftOut(out);
}

/** Whether the word is 2^256 less 1 to 2^64 − 1. */
function isNearPower(word: usize): bool {
  return load<u64>(word) != 0 && (load<u64>(word, 8) & load<u64>(word, 16) & load<u64>(word, 24)) == u64.MAX_VALUE;
}

function shiftedFactor(b: usize): usize {
  if (shift == 0) return b;
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const back = 64 - shift;
  store<u64>(left, b0 << shift);
  store<u64>(left, (b1 << shift) | (b0 >> back), 8);
  store<u64>(left, (b2 << shift) | (b1 >> back), 16);
  store<u64>(left, (load<u64>(b, 24) << shift) | (b2 >> back), 24);
  return left;
}

/**
 * out = dividend mod (2^256 − complement): what stands above 2^256 counts `complement` times. The fields of many curves are made so
 * (SEC 2, 2.1). The complement is not 0.
 */
function fold(out: usize, complement: u64): void {
  const h0 = load<u64>(dividend, 32);
  const p0 = h0 * complement;
  let r0 = load<u64>(dividend) + p0;
  const c0 = mulHigh(h0, complement) + u64(r0 < p0);
  const h1 = load<u64>(dividend, 40);
  const p1 = h1 * complement + c0;
  let r1 = load<u64>(dividend, 8) + p1;
  const c1 = mulHigh(h1, complement) + u64(p1 < c0) + u64(r1 < p1);
  const h2 = load<u64>(dividend, 48);
  const p2 = h2 * complement + c1;
  let r2 = load<u64>(dividend, 16) + p2;
  const c2 = mulHigh(h2, complement) + u64(p2 < c1) + u64(r2 < p2);
  const h3 = load<u64>(dividend, 56);
  const p3 = h3 * complement + c2;
  let r3 = load<u64>(dividend, 24) + p3;
  const above = mulHigh(h3, complement) + u64(p3 < c2) + u64(r3 < p3);

  const again = above * complement;
  r0 += again;
  const c4 = mulHigh(above, complement) + u64(r0 < again);
  r1 += c4;
  const c5 = u64(r1 < c4);
  r2 += c5;
  const c6 = u64(r2 < c5);
  r3 += c6;
  // At most once more: what went over 2^256, or a remainder that is not below the modulus. Both count as the complement.
  const isAbove = (r1 & r2 & r3) == u64.MAX_VALUE && r0 >= 0 - complement;
  if (r3 < c6 || isAbove) {
    r0 += complement;
    const c7 = u64(r0 < complement);
    r1 += c7;
    const c8 = u64(r1 < c7);
    r2 += c8;
    r3 += u64(r2 < c8);
  }
  store<u64>(out, r0);
  store<u64>(out, r1, 8);
  store<u64>(out, r2, 16);
  store<u64>(out, r3, 24);
}

/** Derives from a divisor what division needs, unless it is the last one. It is not 0. */
function prepare(by: usize): void {
  const b0 = load<u64>(by);
  const b1 = load<u64>(by, 8);
  const b2 = load<u64>(by, 16);
  const b3 = load<u64>(by, 24);
  const same = (b0 ^ load<u64>(given)) | (b1 ^ load<u64>(given, 8)) | (b2 ^ load<u64>(given, 16)) | (b3 ^ load<u64>(given, 24));
  if (same == 0) return;
  copyWord(given, by);
  limbs = b3 != 0 ? 4 : b2 != 0 ? 3 : b1 != 0 ? 2 : 1;
  shift = clz<u64>(load<u64>(given + (usize(limbs - 1) << 3)));
  const back = 63 - shift;
  store<u64>(divisor, b0 << shift);
  store<u64>(divisor, (b1 << shift) | ((b0 >> 1) >> back), 8);
  store<u64>(divisor, (b2 << shift) | ((b1 >> 1) >> back), 16);
  store<u64>(divisor, (b3 << shift) | ((b2 >> 1) >> back), 24);
  reciprocal = limbs == 1 ? reciprocalOfLimb(load<u64>(divisor)) : reciprocalOf(divisor, limbs);
}

/** dividend = a << shift, of five limbs. */
function shiftIn(a: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const back = 63 - shift;
  store<u64>(dividend, a0 << shift);
  store<u64>(dividend, (a1 << shift) | ((a0 >> 1) >> back), 8);
  store<u64>(dividend, (a2 << shift) | ((a1 >> 1) >> back), 16);
  store<u64>(dividend, (a3 << shift) | ((a2 >> 1) >> back), 24);
  store<u64>(dividend, (a3 >> 1) >> back, 32);
}

/** dividend <<= shift, of nine limbs. */
function shiftWide(): void {
  const back = 64 - shift;
  for (let at = dividend + 64; at > dividend; at -= 8) {
    store<u64>(at, (load<u64>(at) << shift) | (load<u64>(at - 8) >> back));
  }
  store<u64>(dividend, load<u64>(dividend) << shift);
}

/** out = the remainder, shifted back. */
function shiftOut(out: usize): void {
  const r0 = load<u64>(dividend);
  const r1 = limbs > 1 ? load<u64>(dividend, 8) : 0;
  const r2 = limbs > 2 ? load<u64>(dividend, 16) : 0;
  const r3 = limbs > 3 ? load<u64>(dividend, 24) : 0;
  const back = 63 - shift;
  store<u64>(out, (r0 >> shift) | ((r1 << 1) << back));
  store<u64>(out, (r1 >> shift) | ((r2 << 1) << back), 8);
  store<u64>(out, (r2 >> shift) | ((r3 << 1) << back), 16);
  store<u64>(out, r3 >> shift, 24);
}

/** Divides the dividend, whose limb `top` is its highest and below the divisor's. */
function divide(top: i32, wanted: bool): void {
  let place = top - limbs;
  const head = load<u64>(divisor + (usize(limbs - 1) << 3));
  // Leading digits that are 0 anyway.
  while (place >= 0 && load<u64>(dividend + (usize(place + limbs) << 3)) == 0) {
    if (load<u64>(dividend + (usize(place + limbs - 1) << 3)) >= head) break;
    place--;
  }
  for (; place >= 0; place--) {
    const at = dividend + (usize(place) << 3);
    const digit = limbs == 1 ? shortDigit(at) : longDigit(at);
    if (wanted) store<u64>(quotient + (usize(place) << 3), digit);
  }
}

/**
 * The dividend of nine limbs becomes the remainder by a divisor of four: what `longDigit` does digit by digit, with the upper limbs
 * in locals from one to the next. Large moduli are what programs multiply by.
 */
function reduceByFour(): void {
  const d0 = load<u64>(divisor);
  const d1 = load<u64>(divisor, 8);
  const d2 = load<u64>(divisor, 16);
  const d3 = load<u64>(divisor, 24);
  const inverse = reciprocal;
  let at: usize = dividend + 32;
  let t3 = load<u64>(at, 32);
  let t2 = load<u64>(at, 24);
  let t1 = load<u64>(at, 16);
  let t0 = load<u64>(at, 8);
  // Digits that are 0: those of a sum, or the first of most products.
  while (t3 == 0 && t2 < d3 && at >= dividend) {
    t3 = t2;
    t2 = t1;
    t1 = t0;
    t0 = load<u64>(at);
    at -= 8;
  }
  for (; at >= dividend; at -= 8) {
    if (t3 == d3 && t2 == d2) {
      storeUpper(at, t0, t1, t2, t3);
      largestDigit(at);
      t0 = load<u64>(at);
      t1 = load<u64>(at, 8);
      t2 = load<u64>(at, 16);
      t3 = load<u64>(at, 24);
      continue;
    }
    const next = load<u64>(at);
    const low = inverse * t3 + t2;
    let digit = mulHigh(inverse, t3) + t3 + u64(low < t2);
    const product = d2 * digit;
    let r1 = t2 - digit * d3 - mulHigh(d2, digit) - u64(t1 < product) - d3;
    let r0 = t1 - product;
    r1 -= u64(r0 < d2);
    r0 -= d2;
    digit++;
    if (r1 >= low) {
      digit--;
      r0 += d2;
      r1 += d3 + u64(r0 < d2);
    }
    if (r1 > d3 || (r1 == d3 && r0 >= d2)) {
      digit++;
      r1 -= d3 + u64(r0 < d2);
      r0 -= d2;
    }
    const low0 = digit * d0;
    const borrow0 = mulHigh(digit, d0) + u64(next < low0);
    const low1 = digit * d1;
    const rest1 = t0 - low1;
    const borrow1 = mulHigh(digit, d1) + u64(t0 < low1) + u64(rest1 < borrow0);
    const borrow2 = u64(r0 < borrow1);
    t0 = next - low0;
    t1 = rest1 - borrow0;
    t2 = r0 - borrow1;
    t3 = r1 - borrow2;
    if (r1 >= borrow2) continue;
    storeUpper(at - 8, t0, t1, t2, t3);
    addBack(at);
    t0 = load<u64>(at);
    t1 = load<u64>(at, 8);
    t2 = load<u64>(at, 16);
    t3 = load<u64>(at, 24);
  }
  storeUpper(dividend - 8, t0, t1, t2, t3);
}

/** The four limbs above the one at `at`. */
function storeUpper(at: usize, t0: u64, t1: u64, t2: u64, t3: u64): void {
  store<u64>(at, t0, 8);
  store<u64>(at, t1, 16);
  store<u64>(at, t2, 24);
  store<u64>(at, t3, 32);
}

/** One digit by a divisor of one limb. */
function shortDigit(at: usize): u64 {
  const by = load<u64>(divisor);
  const high = load<u64>(at, 8);
  const low = load<u64>(at);
  const estimate = reciprocal * high + low;
  let digit = mulHigh(reciprocal, high) + high + u64(estimate < low) + 1;
  let rest = low - digit * by;
  if (rest > estimate) {
    digit--;
    rest += by;
  }
  if (rest >= by) {
    digit++;
    rest -= by;
  }
  store<u64>(at, rest);
  store<u64>(at, 0, 8);
  return digit;
}

/** One digit by a divisor of two limbs or more: three limbs by two, then the product with the lower limbs taken off. */
function longDigit(at: usize): u64 {
  const top = at + (usize(limbs) << 3);
  const highest = divisor + (usize(limbs) << 3);
  const d1 = load<u64>(highest - 8);
  const d0 = load<u64>(highest - 16);
  const v2 = load<u64>(top);
  const v1 = load<u64>(top - 8);
  const v0 = load<u64>(top - 16);
  if (v2 == d1 && v1 == d0) return largestDigit(at);
  const low = reciprocal * v2 + v1;
  let digit = mulHigh(reciprocal, v2) + v2 + u64(low < v1);
  const product = d0 * digit;
  let r1 = v1 - digit * d1 - mulHigh(d0, digit) - u64(v0 < product) - d1;
  let r0 = v0 - product;
  r1 -= u64(r0 < d0);
  r0 -= d0;
  digit++;
  if (r1 >= low) {
    digit--;
    r0 += d0;
    r1 += d1 + u64(r0 < d0);
  }
  if (r1 > d1 || (r1 == d1 && r0 >= d0)) {
    digit++;
    r1 -= d1 + u64(r0 < d0);
    r0 -= d0;
  }
  const borrow = limbs == 2 ? 0 : subtractLower(at, digit);
  const borrow1 = u64(r0 < borrow);
  store<u64>(top - 16, r0 - borrow);
  store<u64>(top - 8, r1 - borrow1);
  store<u64>(top, 0);
  if (r1 >= borrow1) return digit;
  addBack(at);
  return digit - 1;
}

/** Takes digit · the divisor's limbs below the highest two off; answers the borrow. There are one or two. */
function subtractLower(at: usize, digit: u64): u64 {
  const d = load<u64>(divisor);
  const low = digit * d;
  const before = load<u64>(at);
  store<u64>(at, before - low);
  const borrow = mulHigh(digit, d) + u64(before < low);
  if (limbs == 3) return borrow;
  const next = load<u64>(divisor, 8);
  const lowNext = digit * next;
  const beforeNext = load<u64>(at, 8);
  const rest = beforeNext - lowNext;
  store<u64>(at, rest - borrow, 8);
  return mulHigh(digit, next) + u64(beforeNext < lowNext) + u64(rest < borrow);
}

/** The one digit that the reciprocal cannot give: 2^64 − 1. Taking it off is taking 2^64 off and adding one back. */
function largestDigit(at: usize): u64 {
  let borrow: u64 = 0;
  for (let i = 0; i < limbs; i++) {
    const place = at + (usize(i + 1) << 3);
    const limb = load<u64>(divisor + (usize(i) << 3));
    const before = load<u64>(place);
    const difference = before - limb;
    store<u64>(place, difference - borrow);
    borrow = u64(before < limb) | u64(difference < borrow);
  }
  addBack(at);
  return u64.MAX_VALUE;
}

/** dividend += divisor at `at`; the limb above is not needed any more. */
function addBack(at: usize): void {
  let carry: u64 = 0;
  for (let i = 0; i < limbs; i++) {
    const place = at + (usize(i) << 3);
    const limb = load<u64>(divisor + (usize(i) << 3));
    const sum = load<u64>(place) + limb;
    const total = sum + carry;
    carry = u64(sum < limb) | u64(total < carry);
    store<u64>(place, total);
  }
}

function fitsLimb(a: usize): bool {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

function isZeroWord(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

function isNegative(a: usize): bool {
  return load<i64>(a, 24) < 0;
}

function absolute(out: usize, a: usize): void {
  if (isNegative(a)) negate(out, a);
  else copyWord(out, a);
}

/** out = −a (mod 2^256): the complement plus one, the carry running as long as limbs are 0. */
function negate(out: usize, a: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  store<u64>(out, 0 - a0);
  store<u64>(out, ~a1 + u64(a0 == 0), 8);
  store<u64>(out, ~a2 + u64((a0 | a1) == 0), 16);
  store<u64>(out, ~a3 + u64((a0 | a1 | a2) == 0), 24);
}

function storeLimb(out: usize, value: u64): void {
  store<u64>(out, value);
  store<u64>(out, 0, 8);
  store<u64>(out, 0, 16);
  store<u64>(out, 0, 24);
}

function copyWord(to: usize, from: usize): void {
  const a0 = load<u64>(from);
  const a1 = load<u64>(from, 8);
  const a2 = load<u64>(from, 16);
  const a3 = load<u64>(from, 24);
  store<u64>(to, a0);
  store<u64>(to, a1, 8);
  store<u64>(to, a2, 16);
  store<u64>(to, a3, 24);
}
