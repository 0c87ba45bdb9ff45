/**
 * Recovery of the signer from an ECDSA signature over secp256k1 (SEC 1, 4.1.6).
 * u1·G + u2·R is one walk over 130 bits: both scalars are halved by the curve's endomorphism (Gallant, Lambert, Vanstone),
 * their digits are in signed windows, and the odd multiples of R and G are affine. Everything here is public, so nothing is
 * constant in time.
 */

import { mulWide } from '../limbs';
import { addmod, isZero, loadBigEndian, lt, mulmod, setU64, storeBigEndian, sub } from '../u256';
import { keccak256 } from './keccak256';
import { inverseModulo } from './modular-inverse';
import {
  copyField,
  curveField,
  ELEMENT,
  fieldFromWord,
  isOddField,
  isZeroField,
  mulField,
  normalizeField,
  relaxField,
  scaleField,
  setOneField,
  squareField,
  subField,
  wordFromField,
} from './secp256k1-field';

/** A table entry: x, y, and the x of the endomorphism's image, β·x. */
const ENTRY: usize = 3 * ELEMENT;
/** Window widths in bits; a table holds the 2^(width − 2) odd multiples. */
const WINDOW_R: i32 = 5;
const WINDOW_G: i32 = 8;
/** Digits of a 128-bit scalar in signed windows, with room for the last carry. */
const DIGITS: usize = 136;
const HIGHEST_DIGIT: i32 = 129;

const fieldModulus = memory.data<u64>([0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff]);
const order = memory.data<u64>([0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff]);
const generatorX = memory.data<u32>([
  0x2f81798, 0x0a056c5, 0x28d959f, 0x36cb738, 0x3029bfc, 0x3a1c2c1, 0x206295c, 0x2eeb156, 0x27ef9dc, 0x01e6f99,
]);
const generatorY = memory.data<u32>([
  0x310d4b8, 0x1f423fe, 0x14199c4, 0x1229a15, 0x0fd17b4, 0x384422a, 0x24fbfc0, 0x3119576, 0x27726a3, 0x0120eb6,
]);

// The endomorphism: λ·(x, y) = (β·x, y). A scalar is k1 + k2·λ with halves below 2^128, by rounding k·g1 and k·g2.
const beta = memory.data<u32>([
  0x19501ee, 0x25b0a1c, 0x0995c13, 0x1d44bd6, 0x19cf049, 0x30d0d3a, 0x24479ea, 0x01c41b9, 0x22b657c, 0x01eba5a,
]);
const lambda = memory.data<u64>([0xdf02967c1b23bd72, 0x122e22ea20816678, 0xa5261c028812645a, 0x5363ad4cc05c30e0]);
const g1 = memory.data<u64>([0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd]);
const g2 = memory.data<u64>([0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828]);
const minusB1 = memory.data<u64>([0x6f547fa90abfe4c3, 0xe4437ed6010e8828, 0, 0]);
const minusB2 = memory.data<u64>([0xd765cda83db1562c, 0x8a280ac50774346d, 0xfffffffffffffffe, 0xffffffffffffffff]);

const tableG = memory.data(64 * 120, 8);
const tableR = memory.data(8 * 120, 8);
let tableGBuilt: bool = false;

/** Signed digits of the halves of u1, then of u2. */
const digits = memory.data(4 * 136, 8);

// The sum, in Jacobian coordinates.
const sumX = memory.data(40, 8);
const sumY = memory.data(40, 8);
const sumZ = memory.data(40, 8);
let sumIsInfinity: bool = true;

const t0 = memory.data(40, 8);
const t1 = memory.data(40, 8);
const t2 = memory.data(40, 8);
const t3 = memory.data(40, 8);
/** In an addition, the difference of the x coordinates: the sum's Z grows by it. */
const difference = memory.data(40, 8);
const pointX = memory.data(40, 8);
const pointY = memory.data(40, 8);
/** While a table is built: twice its point, on the isomorphic curve. */
const twiceX = memory.data(40, 8);
const twiceY = memory.data(40, 8);
/** Z, then 1 / Z. */
const scaleZ = memory.data(40, 8);

const inverse = memory.data(32, 8);
const u1 = memory.data(32, 8);
const u2 = memory.data(32, 8);
const k1 = memory.data(32, 8);
const k2 = memory.data(32, 8);
const wide = memory.data(64, 8);
const publicKey = memory.data(64, 8);

/**
 * Writes the signer's 20-byte address to `out` and answers true, or answers false where no key can have made the signature.
 * `hash` is 32 big-endian bytes; `r` and `s` are words; `yParity` is 0 or 1.
 */
export function recoverAddress(out: usize, hash: usize, yParity: u64, r: usize, s: usize): bool {
  if (yParity > 1 || !isScalar(r) || !isScalar(s)) return false;
  if (!liftX(r, yParity == 1)) return false;
  inverseModulo(inverse, r, order);
  loadBigEndian(u1, hash);
  mulmod(u1, u1, inverse, order);
  if (!isZero(u1)) sub(u1, order, u1);
  mulmod(u2, s, inverse, order);
  combine();
  if (sumIsInfinity) return false;
  writePublicKey();
  keccak256(publicKey, publicKey, 64);
  memory.copy(out, publicKey + 12, 20);
  return true;
}

/** Whether 0 < a < n. */
function isScalar(a: usize): bool {
  return !isZero(a) && lt(a, order);
}

/** The point with this x and parity of y, in pointX and pointY; false where the curve has none. */
function liftX(x: usize, odd: bool): bool {
  fieldFromWord(pointX, x);
  curveField(t0, pointX);
  squareRoot(pointY, t0);
  squareField(t1, pointY);
  subField(t1, t1, t0, 2);
  if (!isZeroField(t1)) return false;
  normalizeField(pointY);
  if (isOddField(pointY) != odd) negateField(pointY, pointY);
  return true;
}

/** out = a^((p + 1) / 4): the exponent is 223 ones, a zero, 22 ones, 00001100. */
function squareRoot(out: usize, a: usize): void {
  const x2 = sumX;
  const x22 = sumY;
  const x = sumZ;
  const y = t1;
  raise(x2, a, 1, a);
  raise(x, x2, 1, a);
  raise(y, x, 3, x);
  raise(y, y, 3, x);
  copyField(difference, x);
  raise(x, y, 2, x2);
  raise(x22, x, 11, x);
  raise(x, x22, 22, x22);
  copyField(y, x);
  raise(x, x, 44, x);
  copyField(t2, x);
  raise(x, x, 88, x);
  raise(x, x, 44, y);
  raise(x, x, 3, difference);
  raise(x, x, 23, x22);
  raise(x, x, 6, x2);
  squareField(x, x);
  squareField(out, x);
}

/** out = a^(2^times) · factor. `out` may alias either. */
function raise(out: usize, a: usize, times: i32, factor: usize): void {
  copyField(t3, factor);
  squareField(out, a);
  for (let i = 1; i < times; i++) squareField(out, out);
  mulField(out, out, t3);
}

/** The sum = u1·G + u2·R. */
function combine(): void {
  if (!tableGBuilt) {
    buildTable(tableG, 1 << (WINDOW_G - 2), generatorX, generatorY);
    tableGBuilt = true;
  }
  buildTable(tableR, 1 << (WINDOW_R - 2), pointX, pointY);
  split(u1, digits, WINDOW_G);
  split(u2, digits + 2 * DIGITS, WINDOW_R);
  sumIsInfinity = true;
  for (let i = HIGHEST_DIGIT; i >= 0; i--) {
    double();
    const at = digits + usize(i);
    addMultiple(tableG, load<i8>(at), false);
    addMultiple(tableG, load<i8>(at + DIGITS), true);
    addMultiple(tableR, load<i8>(at + 2 * DIGITS), false);
    addMultiple(tableR, load<i8>(at + 3 * DIGITS), true);
  }
}

/** Adds an odd multiple from the table, or of its image under the endomorphism. 0 adds nothing. */
function addMultiple(table: usize, digit: i32, image: bool): void {
  if (digit == 0) return;
  const entry = table + usize((digit < 0 ? -digit : digit) >> 1) * ENTRY;
  const x = image ? entry + 2 * ELEMENT : entry;
  if (digit > 0) return addPoint(x, entry + ELEMENT);
  negateField(pointY, entry + ELEMENT);
  addPoint(x, pointY);
}

/**
 * Fills a table with (x, y), 3·(x, y), 5·(x, y), … The additions run on the isomorphic curve on which 2·(x, y) is affine; each
 * leaves the factor by which Z grew, so that one inversion and a walk back make all affine.
 */
function buildTable(table: usize, count: i32, x: usize, y: usize): void {
  setSum(x, y);
  double();
  copyField(twiceX, sumX);
  copyField(twiceY, sumY);
  copyField(scaleZ, sumZ);
  squareField(t0, scaleZ);
  mulField(t1, x, t0);
  mulField(t0, t0, scaleZ);
  mulField(t2, y, t0);
  setSum(t1, t2);
  let entry = table;
  for (let i = 0; i < count; i++) {
    if (i > 0) {
      addPoint(twiceX, twiceY);
      copyField(entry + 2 * ELEMENT, difference);
    }
    copyField(entry, sumX);
    copyField(entry + ELEMENT, sumY);
    entry += ENTRY;
  }
  mulField(scaleZ, scaleZ, sumZ);
  inverseField(scaleZ);
  makeAffine(table, count);
}

/** Walks back from the last entry, whose 1/Z is in scaleZ. */
function makeAffine(table: usize, count: i32): void {
  for (let i = count - 1; i >= 0; i--) {
    const entry = table + usize(i) * ENTRY;
    copyField(t3, entry + 2 * ELEMENT);
    squareField(t0, scaleZ);
    mulField(t1, t0, scaleZ);
    mulField(entry, entry, t0);
    mulField(entry + ELEMENT, entry + ELEMENT, t1);
    mulField(entry + 2 * ELEMENT, entry, beta);
    mulField(scaleZ, scaleZ, t3);
  }
}

/** Writes the signed digits of both halves of k to `to`. */
function split(k: usize, to: usize, window: i32): void {
  roundedProduct(k1, k, g1);
  roundedProduct(k2, k, g2);
  mulmod(k1, k1, minusB1, order);
  mulmod(k2, k2, minusB2, order);
  addmod(k2, k1, k2, order);
  mulmod(k1, k2, lambda, order);
  if (lt(k, k1)) {
    sub(k1, k1, k);
    sub(k1, order, k1);
  } else {
    sub(k1, k, k1);
  }
  writeDigits(k1, to, window);
  writeDigits(k2, to + DIGITS, window);
}

/** out = a · b / 2^384, rounded to the nearest. */
function roundedProduct(out: usize, a: usize, b: usize): void {
  mulWide(wide, a, b);
  const low = load<u64>(wide, 48);
  const rounded = low + (load<u64>(wide, 40) >> 63);
  setU64(out, rounded);
  store<u64>(out, load<u64>(wide, 56) + u64(rounded < low), 8);
}

/** Signed digits in windows (wNAF) of a scalar that is below 2^128 or whose negative is. */
function writeDigits(k: usize, to: usize, window: i32): void {
  const negative = (load<u64>(k, 16) | load<u64>(k, 24)) != 0;
  if (negative) sub(k, order, k);
  memory.fill(to, 0, DIGITS);
  let carry: u32 = 0;
  let i: i32 = 0;
  while (i <= HIGHEST_DIGIT) {
    if (bitsAt(k, i, 1) == carry) {
      i++;
      continue;
    }
    let digit = i32(bitsAt(k, i, window) + carry);
    carry = u32(digit >> (window - 1)) & 1;
    digit -= i32(carry) << window;
    store<i8>(to + usize(i), i8(negative ? -digit : digit));
    i += window;
  }
}

/** `count` bits of the word from bit `from` on; those beyond bit 192 are not needed. */
function bitsAt(word: usize, from: i32, count: i32): u32 {
  const at = word + usize((from >> 5) << 2);
  return u32(load<u64>(at) >> u64(from & 31)) & ((1 << count) - 1);
}

/** The sum = (x, y). */
function setSum(x: usize, y: usize): void {
  copyField(sumX, x);
  copyField(sumY, y);
  setOneField(sumZ);
  sumIsInfinity = false;
}

/** The sum doubles. Magnitudes: X and Y 1, Z at most 2. */
function double(): void {
  if (sumIsInfinity) return;
  squareField(t0, sumX);
  squareField(t1, sumY);
  mulField(t2, sumX, t1);
  scaleField(t2, t2, 4);
  squareField(t1, t1);
  scaleField(t0, t0, 3);
  mulField(sumZ, sumY, sumZ);
  scaleField(sumZ, sumZ, 2);
  squareField(sumX, t0);
  scaleField(t3, t2, 2);
  subField(sumX, sumX, t3, 8);
  relaxField(sumX);
  subField(t2, t2, sumX, 1);
  mulField(sumY, t0, t2);
  scaleField(t1, t1, 8);
  subField(sumY, sumY, t1, 8);
  relaxField(sumY);
}

/** The sum grows by the affine point (x, y), whose magnitudes are at most 2. */
function addPoint(x: usize, y: usize): void {
  if (sumIsInfinity) return setSum(x, y);
  squareField(t0, sumZ);
  mulField(t1, x, t0);
  mulField(t0, t0, sumZ);
  mulField(t2, y, t0);
  subField(difference, t1, sumX, 1);
  subField(t2, t2, sumY, 1);
  if (isZeroField(difference)) return addSameX();
  squareField(t0, difference);
  mulField(t1, sumX, t0);
  mulField(t0, t0, difference);
  mulField(sumZ, sumZ, difference);
  squareField(sumX, t2);
  subField(sumX, sumX, t0, 1);
  scaleField(t3, t1, 2);
  subField(sumX, sumX, t3, 2);
  relaxField(sumX);
  subField(t1, t1, sumX, 1);
  mulField(t1, t1, t2);
  mulField(t0, t0, sumY);
  subField(sumY, t1, t0, 1);
  relaxField(sumY);
}

/** The point has the sum's x: it is the sum (the difference of y, in t2, is 0) or its negative. */
function addSameX(): void {
  if (isZeroField(t2)) double();
  else sumIsInfinity = true;
}

/** out = −a, for magnitude 1. */
function negateField(out: usize, a: usize): void {
  memory.fill(t3, 0, ELEMENT);
  subField(out, t3, a, 1);
  normalizeField(out);
}

/** a = 1 / a (mod p), by way of a word. */
function inverseField(a: usize): void {
  normalizeField(a);
  wordFromField(wide, a);
  inverseModulo(wide, wide, fieldModulus);
  fieldFromWord(a, wide);
}

/** The sum's affine coordinates as 64 big-endian bytes. */
function writePublicKey(): void {
  copyField(scaleZ, sumZ);
  inverseField(scaleZ);
  squareField(t0, scaleZ);
  mulField(t1, sumX, t0);
  mulField(t0, t0, scaleZ);
  mulField(t2, sumY, t0);
  writeCoordinate(publicKey, t1);
  writeCoordinate(publicKey + 32, t2);
}

function writeCoordinate(to: usize, coordinate: usize): void {
  normalizeField(coordinate);
  wordFromField(to, coordinate);
  storeBigEndian(to, to);
}
