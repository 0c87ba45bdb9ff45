/**
 * The word operations of vm/u256 that the interpreter's loop takes in whole, where a call would cost as much as the work.
 * vm/inline.mjs makes the compiler do so; elsewhere vm/u256 keeps the module small.
 */

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

/** out = a + b (mod 2^256). */
export function add(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const r0 = a0 + load<u64>(b);
  const s1 = a1 + load<u64>(b, 8);
  const s2 = a2 + load<u64>(b, 16);
  const carry0 = u64(r0 < a0);
  const r1 = s1 + carry0;
  const carry1 = u64(s1 < a1) | u64(r1 < carry0);
  const r2 = s2 + carry1;
  const carry2 = u64(s2 < a2) | u64(r2 < carry1);
  const r3 = load<u64>(a, 24) + load<u64>(b, 24) + carry2;
  store<u64>(out, r0);
  store<u64>(out, r1, 8);
  store<u64>(out, r2, 16);
  store<u64>(out, r3, 24);
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

/** Unsigned a < b: whether a − b borrows. No branches, for which limb decides is hard to foresee. */
export function lt(a: usize, b: usize): bool {
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const b3 = load<u64>(b, 24);
  const below0 = u32(load<u64>(a) < load<u64>(b));
  const below1 = u32(a1 < b1) | (u32(a1 == b1) & below0);
  const below2 = u32(a2 < b2) | (u32(a2 == b2) & below1);
  return (u32(a3 < b3) | (u32(a3 == b3) & below2)) != 0;
}

export function eq(a: usize, b: usize): bool {
  const low = (load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8));
  const high = (load<u64>(a, 16) ^ load<u64>(b, 16)) | (load<u64>(a, 24) ^ load<u64>(b, 24));
  return (low | high) == 0;
}

export function isZero(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** Whether a < 2^32. */
export function fitsU32(a: usize): bool {
  return ((load<u64>(a) >> 32) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** out = the 32 big-endian bytes at `source`. */
export function loadBigEndian(out: usize, source: usize): void {
  const a0 = bswap<u64>(load<u64>(source, 24));
  const a1 = bswap<u64>(load<u64>(source, 16));
  const a2 = bswap<u64>(load<u64>(source, 8));
  const a3 = bswap<u64>(load<u64>(source));
  store<u64>(out, a0);
  store<u64>(out, a1, 8);
  store<u64>(out, a2, 16);
  store<u64>(out, a3, 24);
}
