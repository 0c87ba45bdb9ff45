/** SELFDESTRUCT. */
import { tracing } from '../decode';
import { fatal } from '../failure';
import { Rule, rule } from '../forks';
import { Frame, FrameFlag } from '../frame';
import { OUT_OF_GAS, spend } from '../gas';
import { hostEnter } from '../host';
import { Op } from '../opcodes';
import { Account, AccountFlag } from '../records';
import { accountAt, addBalance, hasFlag, isEmpty, refund, setFlag, setRefund, subBalance, touch, warmAccount } from '../state';
import { Status } from '../status';
import { copy, isZero } from '../u256';

const COLD_ACCESS: u64 = 2600;
const NEW_ACCOUNT: u64 = 25000;

const moved: usize = memory.data(32, 8);

/** Moves the balance to the address on the stack; the account goes if the fork says so (EIP-6780). Returns the gas left. */
export function selfDestruct(frame: usize, sp: usize, gas: i64): i64 {
  if (load<u32>(frame, Frame.Flags) & FrameFlag.Static) return -(<i64>Status.StaticViolation);
  const account = <usize>load<u32>(frame, Frame.Account);
  const heir = accountAt(sp);
  let cost: u64 = warmAccount(heir) ? COLD_ACCESS : 0;
  if (!isZero(account + Account.Balance) && isEmpty(heir)) cost += NEW_ACCOUNT;
  const left = spend(gas, cost);
  if (left < 0 || fatal) return left < 0 ? left : OUT_OF_GAS;
  const goes = !rule(Rule.DestroysOnlyNew) || hasFlag(account, AccountFlag.Created);
  copy(moved, account + Account.Balance);
  // It begins and does not end: nothing runs there.
  if (tracing) hostEnter(Op.SELFDESTRUCT, account + Account.Address, heir + Account.Address, moved, 0, 0, 0);
  if (heir != account || goes) subBalance(account, moved);
  if (heir != account) addBalance(heir, moved);
  touch(account);
  if (goes && !hasFlag(account, AccountFlag.Destroyed)) {
    setFlag(account, AccountFlag.Destroyed);
    setRefund(refund + <i64>rule(Rule.SelfDestructRefund));
  }
  return left;
}
