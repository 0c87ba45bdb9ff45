/** What calls and creations pay, from the frame that makes them. */
import { Frame } from './frame';
import { rangeCost, reachRange } from './memory';
import { warmAccount } from './state';
import { fitsU64 } from './u256';

const WARM_ACCESS: u64 = 100;
const COLD_ACCESS: u64 = 2600;

/** Pays for and reaches both ranges of a call, input and output, given by four words. False if that fails. */
export function chargeRanges(frame: usize, ranges: usize): bool {
  const input = rangeCost(frame, ranges, ranges + 32);
  const output = rangeCost(frame, ranges + 64, ranges + 96);
  if (!charge(frame, max(input, output))) return false;
  return reachRange(frame, ranges, ranges + 32) && reachRange(frame, ranges + 64, ranges + 96);
}

/** Takes gas from a frame. False if it has too little. */
export function charge(frame: usize, cost: u64): bool {
  const gas = load<u64>(frame, Frame.Gas);
  if (cost > gas) return false;
  store<u64>(frame, gas - cost, Frame.Gas);
  return true;
}

/** Gas for touching an account, which is warm from then on (EIP-2929). */
export function accessCost(account: usize): u64 {
  return warmAccount(account) ? COLD_ACCESS : WARM_ACCESS;
}

/** All but one 64th of what is left, or less if less was asked for (EIP-150). */
export function gasForCall(frame: usize, asked: usize): u64 {
  const left = load<u64>(frame, Frame.Gas);
  const most = left - (left >> 6);
  const gas = fitsU64(asked) ? min(load<u64>(asked), most) : most;
  store<u64>(frame, left - gas, Frame.Gas);
  return gas;
}
