/** Shifts by a number that decoding knows. */
import { setU64 } from '../u256';

/** out = x · 2^bits (mod 2^256), for 0 to 256 bits. */
export function shiftLeft(out: usize, x: usize, bits: u32): void {
  if (bits > 255) return setU64(out, 0);
  const skipped: usize = (<usize>bits >> 6) << 3;
  const left = <u64>(bits & 63);
  const right = 63 - left;
  // From the top down, for `out` may be `x`; `>> 1 >> 63 − n` is `>> 64 − n` that also serves n = 0.
  for (let at: usize = 24; at > skipped; at -= 8) {
    store<u64>(out + at, (load<u64>(x + at - skipped) << left) | ((load<u64>(x + at - skipped - 8) >> 1) >> right));
  }
  store<u64>(out + skipped, load<u64>(x) << left);
  for (let at: usize = 0; at < skipped; at += 8) store<u64>(out + at, 0);
}

/** out = x / 2^bits, rounded down, for 0 to 256 bits. */
export function shiftRight(out: usize, x: usize, bits: u32): void {
  if (bits > 255) return setU64(out, 0);
  const skipped: usize = (<usize>bits >> 6) << 3;
  const right = <u64>(bits & 63);
  const left = 63 - right;
  const last: usize = 24 - skipped;
  for (let at: usize = 0; at < last; at += 8) {
    store<u64>(out + at, (load<u64>(x + at + skipped) >> right) | ((load<u64>(x + at + skipped + 8) << 1) << left));
  }
  store<u64>(out + last, load<u64>(x, 24) >> right);
  for (let at: usize = last + 8; at < 32; at += 8) store<u64>(out + at, 0);
}
