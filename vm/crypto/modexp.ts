/**
 * base^exponent mod modulus for numbers of any length (EIP-198).
 * Squarings and products with fixed windows of the exponent, each reduced by division; modulo a multiple of the modulus whose
 * highest bit is set, so that nothing has to be shifted until the end.
 */
import { alloc, mark, release } from '../arena';
import {
  copyLimbs,
  divideLimbs,
  limbAt,
  multiplyLimbs,
  reciprocalOf,
  setLimb,
  shiftLeftLimbs,
  shiftRightLimbs,
  significantLimbs,
} from '../limbs';

/** Bits of the exponent taken at once when it is long; shorter ones go bit by bit. */
const WINDOW: i32 = 4;
const LONG_BITS: i32 = 80;

/** The divisor: the modulus shifted up until its highest bit is the top one of two limbs or more. */
let divisor: usize = 0;
let limbs: i32 = 0;
let reciprocal: u64 = 0;
/** A product, with one limb above it. */
let product: usize = 0;
let productLimbs: i32 = 0;

/**
 * Writes `modulusLength` big-endian bytes to `out`. All operands are big-endian bytes; a modulus of 0 gives 0, a modulus of 1
 * too, 0^0 is 1. False where memory gave out.
 */
export function modexp(
  out: usize,
  base: usize,
  baseLength: u32,
  exponent: usize,
  exponentLength: u32,
  modulus: usize,
  modulusLength: u32,
): bool {
  memory.fill(out, 0, modulusLength);
  const before = mark();
  const done = raise(out, base, baseLength, exponent, exponentLength, modulus, modulusLength);
  release(before);
  return done;
}

function raise(
  out: usize,
  base: usize,
  baseLength: u32,
  exponent: usize,
  exponentLength: u32,
  modulus: usize,
  modulusLength: u32,
): bool {
  const places = limbsOf(modulusLength);
  const value = alloc((places + 2) << 3);
  if (!value) return false;
  fromBigEndian(value, modulus, modulusLength);
  const size = significantLimbs(value, places);
  if (size == 0) return true;
  const shift = normalize(value, size);
  if (!divisor || !prepare(baseLength)) return false;
  fromBigEndian(product, base, baseLength);
  clearAbove(limbsOf(baseLength));
  reduce(max(i32(limbsOf(baseLength)), limbs) + 1);
  const result = power(exponent, exponentLength);
  if (!result) return false;
  undoShift(result, shift);
  toBigEndian(out, modulusLength, result);
  return true;
}

/** Makes the divisor from the modulus; answers by how many bits it was shifted. */
function normalize(modulus: usize, size: i32): u64 {
  limbs = max(size, 2);
  divisor = alloc(usize(limbs) << 3);
  if (!divisor) return 0;
  memory.fill(divisor, 0, usize(limbs) << 3);
  const bits = u64(clz<u64>(limbAt(modulus, size - 1)));
  shiftLeftLimbs(divisor + (usize(limbs - size) << 3), modulus, size, bits);
  reciprocal = reciprocalOf(divisor, limbs);
  return (u64(limbs - size) << 6) + bits;
}

/** Room for the base, a product, and a limb above. */
function prepare(baseLength: u32): bool {
  productLimbs = max(i32(limbsOf(baseLength)), 2 * limbs) + 2;
  product = alloc(usize(productLimbs) << 3);
  return product != 0;
}

function clearAbove(used: usize): void {
  memory.fill(product + (used << 3), 0, (usize(productLimbs) - used) << 3);
}

/** product mod divisor, the product having `length` limbs of which the highest is 0. */
function reduce(length: i32): void {
  divideLimbs(0, product, length, divisor, limbs, reciprocal);
}

/** What is in `product` to the power of the exponent; 0 where memory gave out. */
function power(exponent: usize, length: u32): usize {
  while (length > 0 && load<u8>(exponent) == 0) {
    exponent++;
    length--;
  }
  const window = i32(min<u32>(length, 1 << 20)) * 8 > LONG_BITS ? WINDOW : 1;
  const bytes = usize(limbs) << 3;
  const table = alloc(bytes << usize(window));
  const result = alloc(bytes);
  if (!table || !result) return 0;
  fillTable(table, 1 << window);
  memory.copy(result, table, bytes);
  let started = false;
  for (let at = exponent; at < exponent + length; at++) {
    const byte = u32(load<u8>(at));
    for (let bit = 8 - window; bit >= 0; bit -= window) {
      if (started) for (let i = 0; i < window; i++) multiply(result, result);
      const digit = (byte >> bit) & ((1 << window) - 1);
      if (digit == 0) continue;
      if (started) multiply(result, table + usize(digit) * bytes);
      else memory.copy(result, table + usize(digit) * bytes, bytes);
      started = true;
    }
  }
  return result;
}

/** The powers 0 to `count` − 1 of what is in `product`. */
function fillTable(table: usize, count: i32): void {
  const bytes = usize(limbs) << 3;
  const first = table + bytes;
  memory.copy(first, product, bytes);
  for (let i = 2; i < count; i++) {
    const entry = table + usize(i) * bytes;
    memory.copy(entry, entry - bytes, bytes);
    multiply(entry, first);
  }
  clearAbove(0);
  setLimb(product, 0, 1);
  reduce(limbs + 1);
  memory.copy(table, product, bytes);
}

/** a = a · b mod divisor. */
function multiply(a: usize, b: usize): void {
  multiplyLimbs(product, a, limbs, b, limbs);
  setLimb(product, 2 * limbs, 0);
  reduce(2 * limbs + 1);
  copyLimbs(a, product, limbs);
}

/** From a remainder of the divisor to one of the modulus: (a << shift) mod divisor is (a mod modulus) << shift. */
function undoShift(a: usize, shift: u64): void {
  const places = i32(shift >> 6);
  const bits = shift & 63;
  const at = product + (usize(places) << 3);
  clearAbove(0);
  setLimb(at, limbs, shiftLeftLimbs(at, a, limbs, bits));
  setLimb(at, limbs + 1, 0);
  reduce(limbs + places + 1);
  shiftRightLimbs(product, limbs, bits);
  memory.copy(a, product + (usize(places) << 3), usize(limbs - places) << 3);
  memory.fill(a + (usize(limbs - places) << 3), 0, usize(places) << 3);
}

function limbsOf(bytes: u32): usize {
  return (usize(bytes) + 7) >> 3;
}

function fromBigEndian(to: usize, from: usize, length: u32): void {
  if (length == 0) return;
  setLimb(to, i32(limbsOf(length)) - 1, 0);
  for (let i: usize = 0; i < usize(length); i++) store<u8>(to + i, load<u8>(from + usize(length) - 1 - i));
}

function toBigEndian(to: usize, length: u32, from: usize): void {
  const available = usize(limbs) << 3;
  for (let i: usize = 0; i < usize(length); i++) {
    store<u8>(to + usize(length) - 1 - i, i < available ? load<u8>(from + i) : 0);
  }
}
