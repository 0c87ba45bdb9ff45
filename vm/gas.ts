/**
 * Gas in slices. The interpreter holds a slice of the frame's gas; the rest waits here. When a slice is used up at the begin of a block,
 * the interpreter leaves and is entered anew, so that the engine can replace the compiled function by a better one meanwhile.
 * Where an instruction's answer is gas left, a negative number is a failing status with its sign turned.
 */
import { UNPAYABLE } from './memory';

const SLICE: u64 = 100_000;
export const OUT_OF_GAS: i64 = -32;

/** The running frame's gas beyond the slice. */
export let reserve: u64 = 0;

/** Takes a slice of at least `need`, if there is as much, and leaves the rest. */
export function takeSlice(total: u64, need: u64): i64 {
  const slice = min<u64>(total, SLICE + need);
  reserve = total - slice;
  return <i64>slice;
}

/** `gas` less `cost`, drawing on the reserve if need be. */
export function spend(gas: i64, cost: u64): i64 {
  if (cost <= <u64>gas) return gas - <i64>cost;
  const total = reserve + <u64>gas;
  if (cost > total || cost == UNPAYABLE) return OUT_OF_GAS;
  return takeSlice(total - cost, 0);
}

/** All the gas of the running frame. */
export function totalGas(gas: i64): u64 {
  return reserve + <u64>gas;
}
