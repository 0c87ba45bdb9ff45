/**
 * The field of secp256k1: integers modulo p = 2^256 − 2^32 − 977.
 * An element is ten u32 limbs of 26 bits (the last: 22), least significant first, 40 bytes in linear memory. Products of
 * 26-bit limbs add up in 64 bits without carries, which WASM, having no 128-bit product, rewards. Additions leave carries
 * where they are: an element of *magnitude* m has limbs up to 2m times their size. Factors may have magnitudes whose product
 * is at most 100; products have magnitude 1. `out` may alias operands throughout.
 */

/** Bytes of an element. */
export const ELEMENT: usize = 40;
const LIMBS: usize = 10;
const MASK: u64 = 0x3ffffff;
const TOP_MASK: u64 = 0x3fffff;
/** 2^260 = 2^36 + 0x3d10 (mod p): what a limb above the tenth counts for in its own place and one higher. */
const FOLD: u64 = 0x3d10;
const FOLD_NEXT: u64 = 0x400;

const modulus = memory.data<u32>([
  0x3fffc2f, 0x3ffffbf, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x03fffff,
]);
const seven = memory.data<u32>([7, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

const scratch = memory.data(40, 8);

/** out = a · b. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one line per limb and column keeps all limbs in locals
export function mulField(out: usize, a: usize, b: usize): void {
  const a0 = u64(load<u32>(a));
  const a1 = u64(load<u32>(a, 4));
  const a2 = u64(load<u32>(a, 8));
  const a3 = u64(load<u32>(a, 12));
  const a4 = u64(load<u32>(a, 16));
  const a5 = u64(load<u32>(a, 20));
  const a6 = u64(load<u32>(a, 24));
  const a7 = u64(load<u32>(a, 28));
  const a8 = u64(load<u32>(a, 32));
  const a9 = u64(load<u32>(a, 36));
  const b0 = u64(load<u32>(b));
  const b1 = u64(load<u32>(b, 4));
  const b2 = u64(load<u32>(b, 8));
  const b3 = u64(load<u32>(b, 12));
  const b4 = u64(load<u32>(b, 16));
  const b5 = u64(load<u32>(b, 20));
  const b6 = u64(load<u32>(b, 24));
  const b7 = u64(load<u32>(b, 28));
  const b8 = u64(load<u32>(b, 32));
  const b9 = u64(load<u32>(b, 36));
  // The upper columns go through `high`, the lower through `low`; each upper limb is folded in as soon as it is known.
  let high = a0 * b9 + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1 + a9 * b0;
  const t9 = high & MASK;
  high >>= 26;
  let low = a0 * b0;
  high += a1 * b9 + a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2 + a9 * b1;
  const u0 = high & MASK;
  high >>= 26;
  low += u0 * FOLD;
  const t0 = low & MASK;
  low = (low >> 26) + u0 * FOLD_NEXT + a0 * b1 + a1 * b0;
  high += a2 * b9 + a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3 + a9 * b2;
  const u1 = high & MASK;
  high >>= 26;
  low += u1 * FOLD;
  const t1 = low & MASK;
  low = (low >> 26) + u1 * FOLD_NEXT + a0 * b2 + a1 * b1 + a2 * b0;
  high += a3 * b9 + a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4 + a9 * b3;
  const u2 = high & MASK;
  high >>= 26;
  low += u2 * FOLD;
  const t2 = low & MASK;
  low = (low >> 26) + u2 * FOLD_NEXT + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
  high += a4 * b9 + a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5 + a9 * b4;
  const u3 = high & MASK;
  high >>= 26;
  low += u3 * FOLD;
  const t3 = low & MASK;
  low = (low >> 26) + u3 * FOLD_NEXT + a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0;
  high += a5 * b9 + a6 * b8 + a7 * b7 + a8 * b6 + a9 * b5;
  const u4 = high & MASK;
  high >>= 26;
  low += u4 * FOLD;
  const t4 = low & MASK;
  low = (low >> 26) + u4 * FOLD_NEXT + a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0;
  high += a6 * b9 + a7 * b8 + a8 * b7 + a9 * b6;
  const u5 = high & MASK;
  high >>= 26;
  low += u5 * FOLD;
  const t5 = low & MASK;
  low = (low >> 26) + u5 * FOLD_NEXT + a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0;
  high += a7 * b9 + a8 * b8 + a9 * b7;
  const u6 = high & MASK;
  high >>= 26;
  low += u6 * FOLD;
  const t6 = low & MASK;
  low = (low >> 26) + u6 * FOLD_NEXT + a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0;
  high += a8 * b9 + a9 * b8;
  const u7 = high & MASK;
  high >>= 26;
  low += u7 * FOLD;
  const t7 = low & MASK;
  low = (low >> 26) + u7 * FOLD_NEXT + a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0;
  high += a9 * b9;
  const u8 = high & MASK;
  high >>= 26;
  low += u8 * FOLD;
  const t8 = low & MASK;
  low = (low >> 26) + u8 * FOLD_NEXT;
  low += t9 + high * FOLD;
  store<u32>(out, u32(low & TOP_MASK), 36);
  const over = (low >> 22) + high * (FOLD_NEXT << 4);
  low = t0 + over * (FOLD >> 4);
  store<u32>(out, u32(low & MASK));
  low = (low >> 26) + t1 + over * (FOLD_NEXT >> 4);
  store<u32>(out, u32(low & MASK), 4);
  store<u32>(out, u32((low >> 26) + t2), 8);
  store<u32>(out, u32(t3), 12);
  store<u32>(out, u32(t4), 16);
  store<u32>(out, u32(t5), 20);
  store<u32>(out, u32(t6), 24);
  store<u32>(out, u32(t7), 28);
  store<u32>(out, u32(t8), 32);
}

/** out = a². */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one line per limb and column keeps all limbs in locals
export function squareField(out: usize, a: usize): void {
  const a0 = u64(load<u32>(a));
  const a1 = u64(load<u32>(a, 4));
  const a2 = u64(load<u32>(a, 8));
  const a3 = u64(load<u32>(a, 12));
  const a4 = u64(load<u32>(a, 16));
  const a5 = u64(load<u32>(a, 20));
  const a6 = u64(load<u32>(a, 24));
  const a7 = u64(load<u32>(a, 28));
  const a8 = u64(load<u32>(a, 32));
  const a9 = u64(load<u32>(a, 36));
  // The upper columns go through `high`, the lower through `low`; each upper limb is folded in as soon as it is known.
  let high = (a0 * a9 + a1 * a8 + a2 * a7 + a3 * a6 + a4 * a5) << 1;
  const t9 = high & MASK;
  high >>= 26;
  let low = a0 * a0;
  high += ((a1 * a9 + a2 * a8 + a3 * a7 + a4 * a6) << 1) + a5 * a5;
  const u0 = high & MASK;
  high >>= 26;
  low += u0 * FOLD;
  const t0 = low & MASK;
  low = (low >> 26) + u0 * FOLD_NEXT + ((a0 * a1) << 1);
  high += (a2 * a9 + a3 * a8 + a4 * a7 + a5 * a6) << 1;
  const u1 = high & MASK;
  high >>= 26;
  low += u1 * FOLD;
  const t1 = low & MASK;
  low = (low >> 26) + u1 * FOLD_NEXT + ((a0 * a2) << 1) + a1 * a1;
  high += ((a3 * a9 + a4 * a8 + a5 * a7) << 1) + a6 * a6;
  const u2 = high & MASK;
  high >>= 26;
  low += u2 * FOLD;
  const t2 = low & MASK;
  low = (low >> 26) + u2 * FOLD_NEXT + ((a0 * a3 + a1 * a2) << 1);
  high += (a4 * a9 + a5 * a8 + a6 * a7) << 1;
  const u3 = high & MASK;
  high >>= 26;
  low += u3 * FOLD;
  const t3 = low & MASK;
  low = (low >> 26) + u3 * FOLD_NEXT + ((a0 * a4 + a1 * a3) << 1) + a2 * a2;
  high += ((a5 * a9 + a6 * a8) << 1) + a7 * a7;
  const u4 = high & MASK;
  high >>= 26;
  low += u4 * FOLD;
  const t4 = low & MASK;
  low = (low >> 26) + u4 * FOLD_NEXT + ((a0 * a5 + a1 * a4 + a2 * a3) << 1);
  high += (a6 * a9 + a7 * a8) << 1;
  const u5 = high & MASK;
  high >>= 26;
  low += u5 * FOLD;
  const t5 = low & MASK;
  low = (low >> 26) + u5 * FOLD_NEXT + ((a0 * a6 + a1 * a5 + a2 * a4) << 1) + a3 * a3;
  high += ((a7 * a9) << 1) + a8 * a8;
  const u6 = high & MASK;
  high >>= 26;
  low += u6 * FOLD;
  const t6 = low & MASK;
  low = (low >> 26) + u6 * FOLD_NEXT + ((a0 * a7 + a1 * a6 + a2 * a5 + a3 * a4) << 1);
  high += (a8 * a9) << 1;
  const u7 = high & MASK;
  high >>= 26;
  low += u7 * FOLD;
  const t7 = low & MASK;
  low = (low >> 26) + u7 * FOLD_NEXT + ((a0 * a8 + a1 * a7 + a2 * a6 + a3 * a5) << 1) + a4 * a4;
  high += a9 * a9;
  const u8 = high & MASK;
  high >>= 26;
  low += u8 * FOLD;
  const t8 = low & MASK;
  low = (low >> 26) + u8 * FOLD_NEXT;
  low += t9 + high * FOLD;
  store<u32>(out, u32(low & TOP_MASK), 36);
  const over = (low >> 22) + high * (FOLD_NEXT << 4);
  low = t0 + over * (FOLD >> 4);
  store<u32>(out, u32(low & MASK));
  low = (low >> 26) + t1 + over * (FOLD_NEXT >> 4);
  store<u32>(out, u32(low & MASK), 4);
  store<u32>(out, u32((low >> 26) + t2), 8);
  store<u32>(out, u32(t3), 12);
  store<u32>(out, u32(t4), 16);
  store<u32>(out, u32(t5), 20);
  store<u32>(out, u32(t6), 24);
  store<u32>(out, u32(t7), 28);
  store<u32>(out, u32(t8), 32);
}

/** out = a + b; magnitudes add up. */
export function addField(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < ELEMENT; i += 4) store<u32>(out + i, load<u32>(a + i) + load<u32>(b + i));
}

/** out = a − b, b of at most the given magnitude; the result's is that of a plus `magnitude` + 1. */
export function subField(out: usize, a: usize, b: usize, magnitude: u32): void {
  const multiple = 2 * (magnitude + 1);
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    store<u32>(out + i, load<u32>(a + i) + load<u32>(modulus + i) * multiple - load<u32>(b + i));
  }
}

/** out = a · factor; the magnitude grows by the factor. */
export function scaleField(out: usize, a: usize, factor: u32): void {
  for (let i: usize = 0; i < ELEMENT; i += 4) store<u32>(out + i, load<u32>(a + i) * factor);
}

export function copyField(out: usize, a: usize): void {
  memory.copy(out, a, ELEMENT);
}

/** out = 1. */
export function setOneField(out: usize): void {
  memory.fill(out, 0, ELEMENT);
  store<u32>(out, 1);
}

/** Brings the element's magnitude to 1; it may still be p or a little more. */
export function relaxField(a: usize): void {
  const top = u64(load<u32>(a, 36));
  carryFrom(a, top >> 22);
}

/** Makes the element the unique one below p. */
export function normalizeField(a: usize): void {
  relaxField(a);
  const top = load<u32>(a, 36);
  if (top >> 22 || isAboveModulus(a)) {
    carryFrom(a, u64(top >> 22) | u64(isAboveModulus(a)));
    store<u32>(a, load<u32>(a, 36) & u32(TOP_MASK), 36);
  }
}

/** Whether a is 0 (mod p). */
export function isZeroField(a: usize): bool {
  copyField(scratch, a);
  normalizeField(scratch);
  let all: u32 = 0;
  for (let i: usize = 0; i < ELEMENT; i += 4) all |= load<u32>(scratch + i);
  return all == 0;
}

/** Whether the normalised element is odd. */
export function isOddField(a: usize): bool {
  return (load<u32>(a) & 1) == 1;
}

/** out = the word, which is below p. */
export function fieldFromWord(out: usize, word: usize): void {
  for (let i: usize = 0; i < LIMBS; i++) {
    const bit = i * 26;
    const at = word + ((bit >> 5) << 2);
    // The last limb begins in the word's last eight bytes only by its lower half.
    const bits = bit < 224 ? load<u64>(at) >> u64(bit & 31) : u64(load<u32>(at)) >> u64(bit & 31);
    store<u32>(out + (i << 2), u32(bits & MASK));
  }
}

/** Writes the normalised element as a word. */
export function wordFromField(word: usize, a: usize): void {
  let bits: u64 = 0;
  let count: u64 = 0;
  let at = word;
  for (let i: usize = 0; i < LIMBS; i++) {
    bits |= u64(load<u32>(a + (i << 2))) << count;
    count += 26;
    if (count < 32) continue;
    store<u32>(at, u32(bits));
    at += 4;
    bits >>= 32;
    count -= 32;
  }
}

/** out = x³ + 7. */
export function curveField(out: usize, x: usize): void {
  const cube = scratch;
  squareField(cube, x);
  mulField(cube, cube, x);
  addField(out, cube, seven);
}

/** Adds `over` · 2^256 into the lower limbs and lets all carries run; the top limb keeps its own. */
function carryFrom(a: usize, over: u64): void {
  store<u32>(a, load<u32>(a, 36) & u32(TOP_MASK), 36);
  let carry = over * (FOLD >> 4);
  let next = over * (FOLD_NEXT >> 4);
  for (let i: usize = 0; i < ELEMENT - 4; i += 4) {
    carry += u64(load<u32>(a + i));
    store<u32>(a + i, u32(carry & MASK));
    carry = (carry >> 26) + next;
    next = 0;
  }
  store<u32>(a, u32(u64(load<u32>(a, 36)) + carry), 36);
}

/** Whether an element with 26-bit limbs is p or above: only the lowest two limbs of p are not full. */
function isAboveModulus(a: usize): bool {
  if ((u64(load<u32>(a, 36)) & TOP_MASK) != TOP_MASK) return false;
  for (let i: usize = 8; i < 36; i += 4) {
    if (u64(load<u32>(a + i)) != MASK) return false;
  }
  const low = (u64(load<u32>(a, 4)) << 26) | u64(load<u32>(a));
  return low >= ((u64(load<u32>(modulus, 4)) << 26) | u64(load<u32>(modulus)));
}
