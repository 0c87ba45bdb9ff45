/** LOG0 to LOG4. */
import { fatal } from '../failure';
import { Frame, FrameFlag } from '../frame';
import { OUT_OF_GAS, spend } from '../gas';
import { appendLog } from '../logs';
import { rangeCost, reachRange, UNPAYABLE } from '../memory';
import { Account } from '../records';
import { Status } from '../status';

const PER_BYTE: u64 = 8;

/** Offset, size and topics on the stack. Returns the gas left, or a failing status with its sign turned. */
export function log(frame: usize, sp: usize, topics: u32, gas: i64): i64 {
  if (load<u32>(frame, Frame.Flags) & FrameFlag.Static) return -(<i64>Status.StaticViolation);
  const cost = rangeCost(frame, sp, sp + 32);
  if (cost == UNPAYABLE) return OUT_OF_GAS;
  const left = spend(gas, cost + PER_BYTE * load<u64>(sp, 32));
  if (left < 0 || !reachRange(frame, sp, sp + 32)) return left < 0 ? left : OUT_OF_GAS;
  const size = load<u32>(sp, 32);
  const at = <usize>load<u32>(frame, Frame.Memory) + (size ? <usize>load<u32>(sp) : 0);
  appendLog(<usize>load<u32>(frame, Frame.Account) + Account.Address, sp + 64, topics, at, size);
  return fatal ? OUT_OF_GAS : left;
}
