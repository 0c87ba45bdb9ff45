/**
 * Numbers of any length: little-endian u64 limbs in linear memory, least significant first.
 * WASM multiplies 64 × 64 to the low 64 bits only; the high word takes four products of halves. Division goes by two limbs of
 * the divisor and their reciprocal (Möller, Granlund, Improved Division by Invariant Integers, 2011).
 */

/** The high 64 bits of a · b. */
export function mulHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const cross = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (cross >> 32);
}

/** out = a · b: `aLimbs` + `bLimbs` limbs. `out` must not overlap the operands. */
export function multiplyLimbs(out: usize, a: usize, aLimbs: i32, b: usize, bLimbs: i32): void {
  // A loop, not memory.fill: short numbers are multiplied often, and a call out of the module costs as much as they do.
  for (let i = 0; i < bLimbs; i++) setLimb(out, i, 0);
  for (let i = 0; i < aLimbs; i++) {
    const place = out + (usize(i) << 3);
    setLimb(place, bLimbs, addProduct(place, b, bLimbs, limbAt(a, i)));
  }
}

/** out = the full product of two words, 512 bits. `out` must not overlap the operands. */
export function mulWide(out: usize, a: usize, b: usize): void {
  store<u64>(out, 0);
  store<u64>(out, 0, 8);
  store<u64>(out, 0, 16);
  store<u64>(out, 0, 24);
  addRow(out, load<u64>(a), b);
  addRow(out + 8, load<u64>(a, 8), b);
  addRow(out + 16, load<u64>(a, 16), b);
  addRow(out + 24, load<u64>(a, 24), b);
}

/** The five limbs at `out`, of which the last is not looked at, += factor · b. */
function addRow(out: usize, factor: u64, b: usize): void {
  if (factor == 0) return store<u64>(out, 0, 32);
  const b0 = load<u64>(b);
  const p0 = factor * b0;
  const s0 = load<u64>(out) + p0;
  store<u64>(out, s0);
  const c0 = mulHigh(factor, b0) + u64(s0 < p0);
  const b1 = load<u64>(b, 8);
  const p1 = factor * b1 + c0;
  const s1 = load<u64>(out, 8) + p1;
  store<u64>(out, s1, 8);
  const c1 = mulHigh(factor, b1) + u64(p1 < c0) + u64(s1 < p1);
  const b2 = load<u64>(b, 16);
  const p2 = factor * b2 + c1;
  const s2 = load<u64>(out, 16) + p2;
  store<u64>(out, s2, 16);
  const c2 = mulHigh(factor, b2) + u64(p2 < c1) + u64(s2 < p2);
  const b3 = load<u64>(b, 24);
  const p3 = factor * b3 + c2;
  const s3 = load<u64>(out, 24) + p3;
  store<u64>(out, s3, 24);
  store<u64>(out, mulHigh(factor, b3) + u64(p3 < c2) + u64(s3 < p3), 32);
}

/** Limbs up to the highest that is not 0. */
export function significantLimbs(a: usize, limbs: i32): i32 {
  while (limbs > 0 && limbAt(a, limbs - 1) == 0) limbs--;
  return limbs;
}

/** to = from. */
export function copyLimbs(to: usize, from: usize, limbs: i32): void {
  for (let i = 0; i < limbs; i++) setLimb(to, i, limbAt(from, i));
}

/** out = a << shift (0 to 63); answers the bits shifted out. `out` may be `a`. */
export function shiftLeftLimbs(out: usize, a: usize, limbs: i32, shift: u64): u64 {
  const back = 63 - shift;
  let carry: u64 = 0;
  for (let i = 0; i < limbs; i++) {
    const limb = limbAt(a, i);
    setLimb(out, i, (limb << shift) | carry);
    carry = (limb >> 1) >> back;
  }
  return carry;
}

/** a >>= shift (0 to 63). */
export function shiftRightLimbs(a: usize, limbs: i32, shift: u64): void {
  const back = 63 - shift;
  let carry: u64 = 0;
  for (let i = limbs - 1; i >= 0; i--) {
    const limb = limbAt(a, i);
    setLimb(a, i, (limb >> shift) | carry);
    carry = (limb << 1) << back;
  }
}

/**
 * The reciprocal of the highest two limbs of a divisor, for `divideLimbs`. The divisor has two limbs at least, and its highest
 * bit is set.
 */
export function reciprocalOf(divisor: usize, limbs: i32): u64 {
  const high = limbAt(divisor, limbs - 1);
  const low = limbAt(divisor, limbs - 2);
  let reciprocal = reciprocalOfLimb(high);
  let rest = high * reciprocal + low;
  if (rest < low) {
    reciprocal--;
    if (rest >= high) {
      reciprocal--;
      rest -= high;
    }
    rest -= high;
  }
  const above = mulHigh(reciprocal, low);
  const below = reciprocal * low;
  rest += above;
  if (rest < above) {
    reciprocal--;
    if (rest > high || (rest == high && below >= low)) reciprocal--;
  }
  return reciprocal;
}

/**
 * value mod divisor, in place: the lower `limbs` limbs of value become the remainder, those above 0. The quotient goes to
 * `quotient` (`valueLimbs` − `limbs` limbs), unless that is 0. value / divisor must fit these: the value's upper limbs are below the
 * divisor.
 */
export function divideLimbs(quotient: usize, value: usize, valueLimbs: i32, divisor: usize, limbs: i32, reciprocal: u64): void {
  for (let place = valueLimbs - limbs - 1; place >= 0; place--) {
    const digit = divideDigit(value + (usize(place) << 3), divisor, limbs, reciprocal);
    if (quotient) setLimb(quotient, place, digit);
  }
}

export function limbAt(a: usize, index: i32): u64 {
  return load<u64>(a + (usize(index) << 3));
}

export function setLimb(a: usize, index: i32, limb: u64): void {
  store<u64>(a + (usize(index) << 3), limb);
}

/** One digit of the quotient, taking digit · divisor off the `limbs` + 1 limbs of `value`. */
function divideDigit(value: usize, divisor: usize, limbs: i32, reciprocal: u64): u64 {
  const d1 = limbAt(divisor, limbs - 1);
  const d0 = limbAt(divisor, limbs - 2);
  const v2 = limbAt(value, limbs);
  const v1 = limbAt(value, limbs - 1);
  const v0 = limbAt(value, limbs - 2);
  if (v2 == d1 && v1 == d0) {
    // The digit that the reciprocal cannot give: the largest.
    setLimb(value, limbs, v2 - subtractProduct(value, divisor, limbs, u64.MAX_VALUE));
    return u64.MAX_VALUE;
  }
  // Three limbs by two: an estimate that is right but for one step up or down.
  const low = reciprocal * v2 + v1;
  let digit = mulHigh(reciprocal, v2) + v2 + u64(low < v1) + 1;
  const product = d0 * (digit - 1);
  let r1 = v1 - (digit - 1) * d1 - mulHigh(d0, digit - 1) - u64(v0 < product) - d1;
  let r0 = v0 - product;
  r1 -= u64(r0 < d0);
  r0 -= d0;
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
  const borrow = subtractProduct(value, divisor, limbs - 2, digit);
  const borrow1 = u64(r0 < borrow);
  setLimb(value, limbs - 2, r0 - borrow);
  setLimb(value, limbs - 1, r1 - borrow1);
  setLimb(value, limbs, 0);
  if (r1 >= borrow1) return digit;
  addBack(value, divisor, limbs);
  return digit - 1;
}

/** ⌊(2^128 − 1) / d⌋ − 2^64 for d with its highest bit set, in two digits of 32 bits. */
export function reciprocalOfLimb(d: u64): u64 {
  const high = d >> 32;
  const low = d & 0xffffffff;
  // (2^128 − 1) − 2^64 · d has ~d above 64 ones.
  const first = digit32(~d, 0xffffffff, high, low);
  const rest = (~d << 32) + 0xffffffff - first * d;
  return (first << 32) | digit32(rest, 0xffffffff, high, low);
}

/** ⌊(value · 2^32 + next) / d⌋, where d has the two halves and value < d (Knuth 4.3.1, step D3). */
function digit32(value: u64, next: u64, high: u64, low: u64): u64 {
  let digit = value / high;
  let rest = value - digit * high;
  while (digit > 0xffffffff || digit * low > ((rest << 32) | next)) {
    digit--;
    rest += high;
    if (rest > 0xffffffff) break;
  }
  return digit;
}

/** value += a · factor over `limbs` limbs; answers the carry. */
function addProduct(value: usize, a: usize, limbs: i32, factor: u64): u64 {
  let carry: u64 = 0;
  const end = a + (usize(limbs) << 3);
  while (a < end) {
    const limb = load<u64>(a);
    const low = limb * factor;
    const sum = load<u64>(value) + low;
    const total = sum + carry;
    carry = mulHigh(limb, factor) + u64(sum < low) + u64(total < carry);
    store<u64>(value, total);
    value += 8;
    a += 8;
  }
  return carry;
}

/** value −= a · factor over `limbs` limbs; answers the borrow. */
function subtractProduct(value: usize, a: usize, limbs: i32, factor: u64): u64 {
  let borrow: u64 = 0;
  const end = a + (usize(limbs) << 3);
  while (a < end) {
    const limb = load<u64>(a);
    const low = limb * factor;
    const before = load<u64>(value);
    const difference = before - low;
    const total = difference - borrow;
    borrow = mulHigh(limb, factor) + u64(before < low) + u64(difference < borrow);
    store<u64>(value, total);
    value += 8;
    a += 8;
  }
  return borrow;
}

/** value += a over `limbs` limbs; the carry is dropped. */
function addBack(value: usize, a: usize, limbs: i32): void {
  let carry: u64 = 0;
  for (let i = 0; i < limbs; i++) {
    const limb = limbAt(a, i);
    const sum = limbAt(value, i) + limb;
    const total = sum + carry;
    carry = u64(sum < limb) | u64(total < carry);
    setLimb(value, i, total);
  }
}
