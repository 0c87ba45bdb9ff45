/** SLOAD, SSTORE, TLOAD, TSTORE. */
import { fatal } from '../failure';
import { Rule, rule } from '../forks';
import { Frame, FrameFlag } from '../frame';
import { OUT_OF_GAS, spend, totalGas } from '../gas';
import { Slot, Transient } from '../records';
import { refund, setRefund, setSlot, setTransient, slotAt, transientAt, warmSlot } from '../state';
import { Status } from '../status';
import { copy, eq, isZero } from '../u256';

const WARM_READ: u64 = 100;
const COLD_SLOT: u64 = 2100;
/** SSTORE with no more gas than this fails (EIP-2200). */
const SENTRY: u64 = 2300;
const SET: u64 = 20000;
/** Changing a slot that is not zero: 5000 less the cold read that EIP-2929 counts apart. */
const RESET: u64 = 2900;

/** out = the slot's value. Returns the gas left. */
export function sload(frame: usize, out: usize, key: usize, gas: i64): i64 {
  const slot = slotAt(<usize>load<u32>(frame, Frame.Account), key);
  copy(out, slot + Slot.Value);
  return payCold(gas, warmSlot(slot) ? COLD_SLOT : WARM_READ);
}

/** Stores the second word under the first (EIP-2200, EIP-2929, EIP-3529). Returns the gas left. */
export function sstore(frame: usize, sp: usize, gas: i64): i64 {
  if (load<u32>(frame, Frame.Flags) & FrameFlag.Static) return -(<i64>Status.StaticViolation);
  if (totalGas(gas) <= SENTRY) return OUT_OF_GAS;
  const slot = slotAt(<usize>load<u32>(frame, Frame.Account), sp);
  const cold = warmSlot(slot) ? COLD_SLOT : 0;
  const value = sp + 32;
  const left = payCold(gas, cold + changeCost(slot, value));
  if (left < 0 || eq(slot + Slot.Value, value)) return left;
  setRefund(refund + changeRefund(slot, value));
  setSlot(slot, value);
  return left;
}

/** out = the transient slot's value (EIP-1153). */
export function tload(frame: usize, out: usize, key: usize): void {
  copy(out, transientAt(<usize>load<u32>(frame, Frame.Account), key) + Transient.Value);
}

/** Returns the gas left. */
export function tstore(frame: usize, sp: usize, gas: i64): i64 {
  if (load<u32>(frame, Frame.Flags) & FrameFlag.Static) return -(<i64>Status.StaticViolation);
  setTransient(transientAt(<usize>load<u32>(frame, Frame.Account), sp), sp + 32);
  return gas;
}

function changeCost(slot: usize, value: usize): u64 {
  if (eq(slot + Slot.Value, value) || !eq(slot + Slot.Value, slot + Slot.Original)) return WARM_READ;
  return isZero(slot + Slot.Original) ? SET : RESET;
}

/** What a change adds to the refund; it may take back what an earlier change added. */
function changeRefund(slot: usize, value: usize): i64 {
  const original = slot + Slot.Original;
  const clears = <i64>rule(Rule.ClearRefund);
  if (eq(slot + Slot.Value, original)) return !isZero(original) && isZero(value) ? clears : 0;
  let change: i64 = 0;
  if (!isZero(original)) {
    if (isZero(slot + Slot.Value)) change -= clears;
    else if (isZero(value)) change += clears;
  }
  if (eq(original, value)) change += isZero(original) ? SET - WARM_READ : RESET - WARM_READ;
  return change;
}

function payCold(gas: i64, cost: u64): i64 {
  return fatal ? OUT_OF_GAS : spend(gas, cost);
}
