/** The inverse modulo an odd 256-bit number: the binary form of Euclid's algorithm (Knuth 4.5.2, exercise 39). */
import { add, copy, lt, setU64, sub } from '../u256';

const u = memory.data(32, 8);
const v = memory.data(32, 8);
/** What u and v are multiples of `a` by, modulo m. */
const x = memory.data(32, 8);
const y = memory.data(32, 8);

/** out = 1 / a (mod m). 0 < a < m, m odd, and no common divisor but 1. */
export function inverseModulo(out: usize, a: usize, m: usize): void {
  copy(u, a);
  copy(v, m);
  setU64(x, 1);
  setU64(y, 0);
  while (true) {
    halveWhileEven(u, x, m);
    if (isOne(u)) return copy(out, x);
    halveWhileEven(v, y, m);
    if (isOne(v)) return copy(out, y);
    if (lt(u, v)) {
      sub(v, v, u);
      subtractModulo(y, x, m);
    } else {
      sub(u, u, v);
      subtractModulo(x, y, m);
    }
  }
}

function halveWhileEven(value: usize, factor: usize, m: usize): void {
  while ((load<u8>(value) & 1) == 0) {
    halve(value, 0);
    if (load<u8>(factor) & 1) {
      add(factor, factor, m);
      // The sum is below one of its parts only if it went over 2^256.
      halve(factor, u64(lt(factor, m)) << 63);
    } else {
      halve(factor, 0);
    }
  }
}

/** value /= 2, `top` entering as its highest bit. */
function halve(value: usize, top: u64): void {
  const v0 = load<u64>(value);
  const v1 = load<u64>(value, 8);
  const v2 = load<u64>(value, 16);
  const v3 = load<u64>(value, 24);
  store<u64>(value, (v0 >> 1) | (v1 << 63));
  store<u64>(value, (v1 >> 1) | (v2 << 63), 8);
  store<u64>(value, (v2 >> 1) | (v3 << 63), 16);
  store<u64>(value, (v3 >> 1) | top, 24);
}

/** a −= b (mod m). */
function subtractModulo(a: usize, b: usize, m: usize): void {
  const below = lt(a, b);
  sub(a, a, b);
  if (below) add(a, a, m);
}

function isOne(a: usize): bool {
  return load<u64>(a) == 1 && (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}
