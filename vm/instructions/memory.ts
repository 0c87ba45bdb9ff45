/** Instructions that need memory paid for first. Each returns the gas left, or a failing status with its sign turned. */
import { keccak256 } from '../crypto/keccak256';
import { Frame } from '../frame';
import { OUT_OF_GAS, spend } from '../gas';
import { rangeCost, reach, reachCost, reachRange, UNPAYABLE } from '../memory';
import { returnData, returnDataSize, setOutput } from '../output';
import { hashOfPair } from '../slot-hash';
import { Status } from '../status';
import { fitsU64, isZero, loadBigEndian, lt } from '../u256';

const COPY_PER_WORD: u64 = 3;
const HASH_PER_WORD: u64 = 6;
/** Bytes that Solidity hashes for a mapping's slot. */
const PAIR: usize = 64;

/** Makes memory hold `size` bytes at the offset in a word. */
export function reachWord(frame: usize, offset: usize, size: u64, gas: i64): i64 {
  return !fitsU64(offset) || load<u64>(offset) >> 32 ? OUT_OF_GAS : reachNumber(frame, load<u64>(offset), size, gas);
}

/** Makes memory hold `size` bytes at an offset below 2^32. */
export function reachNumber(frame: usize, offset: u64, size: u64, gas: i64): i64 {
  const end = offset + size;
  const left = spend(gas, reachCost(frame, end));
  return left < 0 || reach(frame, <u32>end) ? left : OUT_OF_GAS;
}

/** Makes memory hold the range of two words on the stack, at `perWord` gas a word of it besides. */
function reachPaid(frame: usize, offset: usize, size: usize, perWord: u64, gas: i64): i64 {
  const cost = rangeCost(frame, offset, size);
  if (cost == UNPAYABLE) return OUT_OF_GAS;
  const left = spend(gas, cost + perWord * ((load<u64>(size) + 31) >> 5));
  return left < 0 || reachRange(frame, offset, size) ? left : OUT_OF_GAS;
}

/** CALLDATACOPY and its kin: destination, offset, size on the stack; zeros beyond the source's end. */
export function copyToMemory(frame: usize, sp: usize, source: usize, sourceSize: u32, gas: i64): i64 {
  const left = reachPaid(frame, sp, sp + 64, COPY_PER_WORD, gas);
  if (left < 0 || isZero(sp + 64)) return left;
  const to = <usize>load<u32>(frame, Frame.Memory) + <usize>load<u32>(sp);
  const size = load<u32>(sp, 64);
  const offset = fitsU64(sp + 32) ? min<u64>(load<u64>(sp, 32), sourceSize) : <u64>sourceSize;
  const there = <u32>min<u64>(size, <u64>sourceSize - offset);
  memory.copy(to, source + <usize>offset, <usize>there);
  memory.fill(to + <usize>there, 0, <usize>(size - there));
  return left;
}

/** Reading beyond the return data fails (EIP-211). */
export function copyReturnData(frame: usize, sp: usize, gas: i64): i64 {
  const offset = load<u64>(sp, 32);
  const size = load<u64>(sp, 64);
  if (!fitsU64(sp + 32) || !fitsU64(sp + 64) || offset > returnDataSize || size > returnDataSize - offset) {
    return -(<i64>Status.ReturnDataOutOfBounds);
  }
  return copyToMemory(frame, sp, returnData(), returnDataSize, gas);
}

/** EIP-5656. */
export function copyWithin(frame: usize, sp: usize, gas: i64): i64 {
  const farther = lt(sp, sp + 32) ? sp + 32 : sp;
  const left = reachPaid(frame, farther, sp + 64, COPY_PER_WORD, gas);
  if (left < 0 || isZero(sp + 64)) return left;
  const at = <usize>load<u32>(frame, Frame.Memory);
  memory.copy(at + <usize>load<u32>(sp), at + <usize>load<u32>(sp, 32), <usize>load<u32>(sp, 64));
  return left;
}

/** out = the hash of a range. */
export function hashRange(frame: usize, out: usize, offset: usize, length: usize, gas: i64): i64 {
  const left = reachPaid(frame, offset, length, HASH_PER_WORD, gas);
  if (left < 0) return left;
  const size = <usize>load<u32>(length);
  const at = <usize>load<u32>(frame, Frame.Memory) + (size ? <usize>load<u32>(offset) : 0);
  if (size == PAIR) {
    loadBigEndian(out, hashOfPair(at));
    return left;
  }
  keccak256(hash, at, size);
  loadBigEndian(out, hash);
  return left;
}

const hash: usize = memory.data(32, 8);

/** RETURN and REVERT: the range is the frame's output. */
export function takeOutput(frame: usize, offset: usize, length: usize, gas: i64): i64 {
  const left = reachPaid(frame, offset, length, 0, gas);
  if (left < 0) return left;
  const size = load<u32>(length);
  setOutput(<usize>load<u32>(frame, Frame.Memory) + (size ? <usize>load<u32>(offset) : 0), size);
  return left;
}
