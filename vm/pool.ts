/** Records that live until the transaction ends: bump allocation in chunks, all given back at once. */
import { capacity, give, take } from './arena';
import { fail } from './failure';
import { Status } from './status';

const POOL_CHUNK: usize = 32 * 1024 - 64;
const LINK: usize = 16;
/** Stands in for a record where memory is at its limit: the transaction has failed by then and only runs out. */
const SINK_SIZE: usize = 512;
const sink: usize = memory.data(512, 16);

let first: usize = 0;
let chunk: usize = 0;
let top: usize = 0;
let end: usize = 0;

/** `size` zeroed bytes (at most 512), 16-byte aligned. Never 0. */
export function newRecord(size: usize): usize {
  if (size > end - top && !addChunk(size)) return clearedSink();
  const at = top;
  top += (size + 15) & ~15;
  memory.fill(at, 0, size);
  return at;
}

/** `size` bytes of any number, not zeroed; 0 if memory is at its limit. */
export function newBytes(size: usize): usize {
  if (size > end - top && !addChunk(size)) return 0;
  const at = top;
  top += (size + 15) & ~15;
  return at;
}

/** Gives back everything but the first chunk. */
export function resetPool(): void {
  while (chunk != first) {
    const below = <usize>load<u32>(chunk);
    give(chunk);
    chunk = below;
  }
  if (!first) return;
  top = first + LINK;
  end = first + capacity(first);
}

function addChunk(size: usize): bool {
  if (size > 1 << 30) return failed();
  const added = take(max(size + LINK + 16, POOL_CHUNK));
  if (!added) return failed();
  store<u32>(added, <u32>chunk);
  if (!first) first = added;
  chunk = added;
  top = added + LINK;
  end = added + capacity(added);
  return true;
}

function failed(): bool {
  fail(Status.MemoryLimit);
  return false;
}

function clearedSink(): usize {
  memory.fill(sink, 0, SINK_SIZE);
  return sink;
}
