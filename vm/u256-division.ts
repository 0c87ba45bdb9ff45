/**
 * Division of 256-bit words, and the remainder of wider values (for ADDMOD and MULMOD).
 * Knuth, The Art of Computer Programming 4.3.1, algorithm D, in base 2^32: WASM divides 64 by 64 bits at most.
 * A word is 32 bytes in linear memory: four little-endian u64 limbs, least significant first.
 */

/** The widest dividend: 512 bits in 32-bit limbs. */
const WIDEST: i32 = 16;

/** Normalised dividend, one limb more than the widest; it becomes the remainder. */
const dividend = memory.data((WIDEST + 2) * 4, 8);
/** Normalised divisor. */
const divisor = memory.data(32, 8);
const quotient = memory.data(WIDEST * 4, 8);
const left = memory.data(32, 8);
const right = memory.data(32, 8);

/** out = a / b, rounded down; 0 where b is 0. `out` may alias either operand. */
export function div(out: usize, a: usize, b: usize): void {
  if (fitsLimb(a) && fitsLimb(b)) {
    const by = load<u64>(b);
    return storeLimb(out, by == 0 ? 0 : load<u64>(a) / by);
  }
  if (isZeroWord(b)) return storeLimb(out, 0);
  divide(a, 8, b);
  copyWord(out, quotient);
}

/** out = a mod b; 0 where b is 0. `out` may alias either operand. */
export function mod(out: usize, a: usize, b: usize): void {
  if (fitsLimb(a) && fitsLimb(b)) {
    const by = load<u64>(b);
    return storeLimb(out, by == 0 ? 0 : load<u64>(a) % by);
  }
  remainder(out, a, 8, b);
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

/** out = value mod modulus, `value` having `length` 32-bit limbs, at most 16; 0 where the modulus is 0. */
export function remainder(out: usize, value: usize, length: i32, modulus: usize): void {
  if (isZeroWord(modulus)) return storeLimb(out, 0);
  divide(value, length, modulus);
  copyWord(out, dividend);
}

/** Leaves value / by in `quotient` and value mod by in `dividend`. `by` is not 0; `length` is 8 to 16. */
function divide(value: usize, length: i32, by: usize): void {
  const significant = countLimbs(value, length);
  const size = countLimbs(by, 8);
  memory.fill(quotient, 0, length << 2);
  if (significant < size) {
    copyWord(dividend, value);
    return;
  }
  if (size == 1) return divideShort(value, significant, load<u32>(by));
  const shift = clz<u32>(limb(by, size - 1));
  shiftLeft(divisor, by, size, shift);
  const top = shiftLeft(dividend, value, significant, shift);
  setLimb(dividend, significant, top);
  for (let place = significant - size; place >= 0; place--) {
    setLimb(quotient, place, quotientLimb(place, size));
  }
  shiftRemainder(size, shift);
}

/** Division by a single limb. */
function divideShort(value: usize, length: i32, by: u64): void {
  let rest: u64 = 0;
  for (let i = length - 1; i >= 0; i--) {
    const part = (rest << 32) | u64(limb(value, i));
    const digit = part / by;
    setLimb(quotient, i, u32(digit));
    rest = part - digit * by;
  }
  storeLimb(dividend, rest);
}

/** Steps D3 to D6: one digit of the quotient, taking digit · divisor off the dividend. */
function quotientLimb(place: i32, size: i32): u32 {
  const head = u64(limb(divisor, size - 1));
  const top = (u64(limb(dividend, place + size)) << 32) | u64(limb(dividend, place + size - 1));
  let digit = top / head;
  let rest = top - digit * head;
  const next = u64(limb(divisor, size - 2));
  const below = u64(limb(dividend, place + size - 2));
  while (digit > 0xffffffff || digit * next > ((rest << 32) | below)) {
    digit--;
    rest += head;
    if (rest > 0xffffffff) break;
  }
  if (subtractProduct(place, size, digit)) {
    addBack(place, size);
    digit--;
  }
  return u32(digit);
}

/** Takes digit · divisor off the dividend at `place`; true when that went below zero. */
function subtractProduct(place: i32, size: i32, digit: u64): bool {
  let at = dividend + (usize(place) << 2);
  let carry: u64 = 0;
  for (let i = 0; i < size; i++) {
    carry += digit * u64(limb(divisor, i));
    const before = load<u32>(at);
    const after = before - u32(carry);
    store<u32>(at, after);
    carry = (carry >> 32) + u64(after > before);
    at += 4;
  }
  const before = u64(load<u32>(at));
  store<u32>(at, u32(before - carry));
  return before < carry;
}

/** Step D6, taken about twice in 2^32: the digit was one too large. */
function addBack(place: i32, size: i32): void {
  let at = dividend + (usize(place) << 2);
  let carry: u64 = 0;
  for (let i = 0; i < size; i++) {
    carry += u64(load<u32>(at)) + u64(limb(divisor, i));
    store<u32>(at, u32(carry));
    carry >>= 32;
    at += 4;
  }
  store<u32>(at, u32(u64(load<u32>(at)) + carry));
}

/** Writes from << shift (0 to 31) and answers the limb shifted out. */
function shiftLeft(to: usize, from: usize, length: i32, shift: u32): u32 {
  let carry: u64 = 0;
  for (let i = 0; i < length; i++) {
    carry |= u64(limb(from, i)) << shift;
    setLimb(to, i, u32(carry));
    carry >>= 32;
  }
  return u32(carry);
}

/** Undoes the normalisation of the remainder and clears what lies above it. */
function shiftRemainder(size: i32, shift: u32): void {
  for (let i = 0; i < size; i++) {
    const above = i + 1 < size ? u64(limb(dividend, i + 1)) << 32 : 0;
    setLimb(dividend, i, u32((above | u64(limb(dividend, i))) >> shift));
  }
  for (let i = size; i < 8; i++) setLimb(dividend, i, 0);
}

/** Limbs up to the highest that is not 0. */
function countLimbs(value: usize, length: i32): i32 {
  while (length > 0 && limb(value, length - 1) == 0) length--;
  return length;
}

function limb(value: usize, index: i32): u32 {
  return load<u32>(value + (usize(index) << 2));
}

function setLimb(value: usize, index: i32, digit: u32): void {
  store<u32>(value + (usize(index) << 2), digit);
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
