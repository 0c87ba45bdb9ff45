/** Instructions that look at accounts, blocks and code. Each returns the gas left, or a failing status with its sign turned. */
import { Context, context, contextNumber } from '../context';
import { fail, fatal } from '../failure';
import { Frame } from '../frame';
import { OUT_OF_GAS, spend } from '../gas';
import { hostBlockHash } from '../host';
import { bytesOf, sizeOf } from '../program';
import { Account } from '../records';
import { accountAt, codeOfAccount, isEmpty, warmAccount } from '../state';
import { Status } from '../status';
import { copy, fitsU64, loadBigEndian, setU64 } from '../u256';
import { copyToMemory } from './memory';

const WARM_ACCESS: u64 = 100;
const COLD_ACCESS: u64 = 2600;
const HASHES_KEPT: u64 = 256;

const answer: usize = memory.data(32, 8);
/** The hashes that the transaction has asked for, by the low bits of the block's number, and before them the numbers, plus 1. */
const numbers: usize = memory.data(2048, 8);
const hashes: usize = memory.data(8192, 8);
let hasHashes: bool = false;

export function balance(sp: usize, gas: i64): i64 {
  const account = accountAt(sp);
  copy(sp, account + Account.Balance);
  return payAccess(account, gas);
}

export function codeSizeOf(sp: usize, gas: i64): i64 {
  const account = accountAt(sp);
  const code = codeOfAccount(account);
  setU64(sp, code ? sizeOf(code) : 0);
  return payAccess(account, gas);
}

/** EIP-1052: zero for an account that does not exist. */
export function codeHashOf(sp: usize, gas: i64): i64 {
  const account = accountAt(sp);
  if (isEmpty(account)) setU64(sp, 0);
  else loadBigEndian(sp, account + Account.CodeHash);
  return payAccess(account, gas);
}

export function copyCodeOf(frame: usize, sp: usize, gas: i64): i64 {
  const account = accountAt(sp);
  const left = payAccess(account, gas);
  if (left < 0) return left;
  const code = codeOfAccount(account);
  return code ? copyToMemory(frame, sp + 32, bytesOf(code), sizeOf(code), left) : OUT_OF_GAS;
}

/** out = the word of call data from an offset on, zeros beyond its end. */
export function loadCallData(frame: usize, out: usize, place: usize): void {
  const size = load<u32>(frame, Frame.InputSize);
  const offset = load<u64>(place);
  if (!fitsU64(place) || offset >= size) return setU64(out, 0);
  const at = <usize>load<u32>(frame, Frame.Input) + <usize>offset;
  if (offset + 32 <= size) return loadBigEndian(out, at);
  memory.fill(answer, 0, 32);
  memory.copy(answer, at, <usize>(size - offset));
  loadBigEndian(out, answer);
}

/** Zero but for the 256 blocks before this one. */
export function blockHash(sp: usize, gas: i64): i64 {
  const number = load<u64>(sp);
  const current = load<u64>(context, Context.Number);
  if (!fitsU64(sp) || number >= current || current - number > HASHES_KEPT) {
    setU64(sp, 0);
    return gas;
  }
  const index = <usize>(number % HASHES_KEPT);
  const known = hashes + (index << 5);
  if (load<u64>(numbers + (index << 3)) != number + 1) {
    if (hostBlockHash(number, known) < 0) {
      fail(Status.HostFailure);
      return OUT_OF_GAS;
    }
    store<u64>(numbers + (index << 3), number + 1);
    hasHashes = true;
  }
  loadBigEndian(sp, known);
  return gas;
}

/** Between transactions. */
export function forgetHashes(): void {
  if (hasHashes) memory.fill(numbers, 0, (<usize>HASHES_KEPT) << 3);
  hasHashes = false;
}

/** EIP-4844: zero beyond the transaction's blobs. */
export function blobHash(sp: usize): void {
  const index = load<u64>(sp);
  if (!fitsU64(sp) || index >= <u64>contextNumber(Context.BlobCount)) setU64(sp, 0);
  else copy(sp, <usize>contextNumber(Context.BlobHashes) + ((<usize>index) << 5));
}

function payAccess(account: usize, gas: i64): i64 {
  const cost = warmAccount(account) ? COLD_ACCESS : WARM_ACCESS;
  return fatal ? OUT_OF_GAS : spend(gas, cost);
}
