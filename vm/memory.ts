/** A frame's memory: what it costs to reach further (YP appendix H.1), and room for it. */
import { capacity, give, take } from './arena';
import { fail } from './failure';
import { Frame } from './frame';
import { Status } from './status';
import { fitsU64, isZero } from './u256';

/** More gas than there is: no range that far can be paid. */
export const UNPAYABLE: u64 = u64.MAX_VALUE;
/** Ranges that end beyond this are never paid for. */
const FURTHEST: u64 = 1 << 30;

/** Gas to make memory reach the end of a range given by two words. */
export function rangeCost(frame: usize, offset: usize, size: usize): u64 {
  if (isZero(size)) return 0;
  if (!fitsU64(offset) || !fitsU64(size)) return UNPAYABLE;
  const from = load<u64>(offset);
  const length = load<u64>(size);
  if (from > FURTHEST || length > FURTHEST) return UNPAYABLE;
  return reachCost(frame, from + length);
}

/** Gas to make memory reach `end` bytes. */
export function reachCost(frame: usize, end: u64): u64 {
  const size = <u64>load<u32>(frame, Frame.MemorySize);
  if (end <= size) return 0;
  if (end > FURTHEST) return UNPAYABLE;
  return wordsCost((end + 31) >> 5) - wordsCost(size >> 5);
}

/** Makes memory reach the end of a range that has been paid for. False after a fatal failure. */
export function reachRange(frame: usize, offset: usize, size: usize): bool {
  return isZero(size) || reach(frame, load<u32>(offset) + load<u32>(size));
}

/** Makes memory reach `end` bytes, rounded up to words; new bytes are zero. False after a fatal failure. */
export function reach(frame: usize, end: u32): bool {
  const size = load<u32>(frame, Frame.MemorySize);
  if (end <= size) return true;
  const wanted = (end + 31) & ~31;
  const at = load<u32>(frame, Frame.Memory);
  if (wanted > load<u32>(frame, Frame.MemoryEnd) - at && !move(frame, wanted)) return false;
  memory.fill(<usize>load<u32>(frame, Frame.Memory) + <usize>size, 0, <usize>(wanted - size));
  store<u32>(frame, wanted, Frame.MemorySize);
  return true;
}

function wordsCost(words: u64): u64 {
  return words * 3 + ((words * words) >> 9);
}

/** Moves the frame's memory into a larger chunk of its own. */
function move(frame: usize, wanted: u32): bool {
  let chunk = take(<usize>wanted * 2);
  if (!chunk) chunk = take(<usize>wanted);
  if (!chunk) {
    fail(Status.MemoryLimit);
    return false;
  }
  memory.copy(chunk, <usize>load<u32>(frame, Frame.Memory), <usize>load<u32>(frame, Frame.MemorySize));
  give(<usize>load<u32>(frame, Frame.MemoryChunk));
  store<u32>(frame, <u32>chunk, Frame.MemoryChunk);
  store<u32>(frame, <u32>chunk, Frame.Memory);
  store<u32>(frame, <u32>(chunk + capacity(chunk)), Frame.MemoryEnd);
  return true;
}
