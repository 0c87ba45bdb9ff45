/**
 * Linear memory: chunks of power-of-two size with free lists, and a scratch stack on top of them.
 * Nothing here traps: where the limit is reached, an address of 0 comes back.
 */

const SMALLEST_CLASS: u32 = 10;
const CLASSES: u32 = 31;
/** Bytes before a chunk's payload; the size class is kept there. */
const HEADER: usize = 16;
const PAGE_BITS: u32 = 16;
/** 1 MiB. */
const SMALL_PAGES: i32 = 16;

const freeLists: usize = memory.data(128, 8);

let heapTop: usize = 0;
/** Linear memory never grows beyond this many bytes. */
export let memoryLimit: usize = 1 << 30;

/** Takes a chunk of at least `bytes`, 16-byte aligned, not zeroed; 0 if the limit is reached. */
export function take(bytes: usize): usize {
  if (bytes > memoryLimit) return 0;
  const sizeClass = classOf(bytes + HEADER);
  const list = freeLists + ((<usize>sizeClass) << 2);
  const free = <usize>load<u32>(list);
  if (free) {
    store<u32>(list, load<u32>(free));
    return free;
  }
  return extend(sizeClass);
}

/** Takes a zeroed chunk; 0 if the limit is reached. */
export function takeZeroed(bytes: usize): usize {
  const at = take(bytes);
  if (at) memory.fill(at, 0, bytes);
  return at;
}

/** Gives a chunk back. `at` is what `take` returned; 0 is allowed. */
export function give(at: usize): void {
  if (!at) return;
  const list = freeLists + ((<usize>load<u32>(at - HEADER)) << 2);
  store<u32>(at, load<u32>(list));
  store<u32>(list, <u32>at);
}

/** Usable bytes of a chunk. */
export function capacity(at: usize): usize {
  return ((<usize>1) << (<usize>load<u32>(at - HEADER))) - HEADER;
}

/** A chunk of at least `bytes` that begins with the `used` bytes of `at`, which is given back; 0 (and `at` kept) at the limit. */
export function enlarge(at: usize, used: usize, bytes: usize): usize {
  const larger = take(bytes);
  if (!larger) return 0;
  if (at) {
    memory.copy(larger, at, used);
    give(at);
  }
  return larger;
}

export function setMemoryLimit(bytes: usize): void {
  memoryLimit = bytes;
}

function classOf(bytes: usize): u32 {
  const bits = 32 - clz<u32>(<u32>bytes - 1);
  return max<u32>(bits, SMALLEST_CLASS);
}

function extend(sizeClass: u32): usize {
  if (!heapTop) heapTop = (__heap_base + 15) & ~15;
  if (sizeClass >= CLASSES) return 0;
  const end = <u64>heapTop + ((<u64>1) << (<u64>sizeClass));
  if (end > <u64>memoryLimit) return 0;
  const pages = <i32>((end + 0xffff) >> PAGE_BITS);
  const missing = pages - memory.size();
  if (missing > 0 && !growBy(missing)) return 0;
  const at = heapTop + HEADER;
  store<u32>(heapTop, sizeClass);
  heapTop = <usize>end;
  return at;
}

/** Growth is dear to the host, whatever its size: from 1 MiB on, memory grows by a quarter at least. */
function growBy(pages: i32): bool {
  const size = memory.size();
  const more = size >= SMALL_PAGES ? min<i32>(size >> 2, <i32>(memoryLimit >> PAGE_BITS) - size) : 0;
  if (more > pages && memory.grow(more) >= 0) return true;
  return memory.grow(pages) >= 0;
}

// ---- Scratch: what a computation needs while it runs. A list of chunks, each linked to the one below. ----

const SCRATCH_CHUNK: usize = 16 * 1024 - 64;
/** Bytes at the start of a scratch chunk that hold the link. */
const LINK: usize = 16;

let scratch: usize = 0;
let scratchTop: usize = 0;
let scratchEnd: usize = 0;

/** `bytes` of scratch memory, 16-byte aligned, not zeroed, valid until released; 0 if the limit is reached. */
export function alloc(bytes: usize): usize {
  if (bytes > memoryLimit) return 0;
  const size = (bytes + 15) & ~15;
  if (scratch == 0 || size > scratchEnd - scratchTop) {
    const chunk = take(max(size + LINK, SCRATCH_CHUNK));
    if (!chunk) return 0;
    store<u32>(chunk, <u32>scratch);
    scratch = chunk;
    scratchTop = chunk + LINK;
    scratchEnd = chunk + capacity(chunk);
  }
  const at = scratchTop;
  scratchTop += size;
  return at;
}

/** Where scratch memory stands now; for `release`. */
export function mark(): usize {
  return scratchTop;
}

/** Gives back all scratch memory allocated since `to` was marked. */
export function release(to: usize): void {
  while (scratch && (to < scratch + LINK || to > scratchEnd)) {
    const below = <usize>load<u32>(scratch);
    give(scratch);
    scratch = below;
    scratchEnd = below ? below + capacity(below) : 0;
  }
  scratchTop = scratch ? to : 0;
}
