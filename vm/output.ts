/** Return data: what the last call gave back. One buffer serves all frames, as only the running one can look at it. */
import { capacity, give, take } from './arena';
import { fail } from './failure';
import { Status } from './status';

const KEPT_SIZE: usize = 65536;

let buffer: usize = 0;
export let returnDataSize: u32 = 0;
/** What the running frame returns or reverts with, in its memory. */
export let outputAt: usize = 0;
export let outputSize: u32 = 0;

export function returnData(): usize {
  return buffer;
}

export function clearReturnData(): void {
  returnDataSize = 0;
}

/** Copies bytes to be the return data. */
export function setReturnData(at: usize, size: u32): void {
  returnDataSize = 0;
  if (!size || (!fits(size) && !enlargeTo(size))) return;
  memory.copy(buffer, at, <usize>size);
  returnDataSize = size;
}

export function setOutput(at: usize, size: u32): void {
  outputAt = at;
  outputSize = size;
}

export function resetReturnData(): void {
  returnDataSize = 0;
  outputSize = 0;
  if (!buffer || capacity(buffer) <= KEPT_SIZE) return;
  give(buffer);
  buffer = 0;
}

function fits(size: u32): bool {
  return buffer != 0 && <usize>size <= capacity(buffer);
}

function enlargeTo(size: u32): bool {
  give(buffer);
  buffer = take(max(<usize>size, 1000));
  if (!buffer) fail(Status.MemoryLimit);
  return buffer != 0;
}
