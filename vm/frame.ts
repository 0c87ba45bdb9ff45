/**
 * A frame: one call or creation in progress, as data. Its stack begins where its caller's ends, as does its memory, as long as
 * there is room in the chunk; else it gets a chunk of its own. The stack grows downwards.
 */
import { capacity, give, take } from './arena';

export const enum Frame {
  /** The calling frame, 0 for the first. */
  Parent = 0,
  Depth = 4,
  Code = 8,
  /** Next instruction or, when a block is to be entered, its header. */
  Ip = 12,
  /** Top of the stack. */
  Sp = 16,
  /** Top of the empty stack. */
  Base = 20,
  Memory = 24,
  MemorySize = 28,
  /** End of the chunk that memory stands in. */
  MemoryEnd = 32,
  /** Chunk taken by this frame for its memory, or 0. */
  MemoryChunk = 36,
  /** Begin of the chunk that the stack stands in. */
  StackLow = 40,
  /** Chunk taken by this frame for its stack, or 0. */
  StackChunk = 44,
  /** Gas left, as u64. */
  Gas = 48,
  Input = 56,
  InputSize = 60,
  /** Where in the caller's memory the output goes. */
  OutputOffset = 64,
  OutputSize = 68,
  Flags = 72,
  /** The account whose storage and address it uses. */
  Account = 76,
  /** Where journal and logs stood. */
  Journal = 80,
  Logs = 84,
  Refund = 88,
  Caller = 96,
  Value = 128,
  Size = 160,
}

export const enum FrameFlag {
  /** Must not change state (EIP-214). */
  Static = 1,
  /** Runs init code. */
  Create = 2,
}

const WORD: usize = 32;
const STACK_LIMIT: usize = 1024;
/** Bytes a frame's stack may need. */
const STACK_SIZE: usize = STACK_LIMIT * WORD;
const STACK_CHUNK: usize = 2 * STACK_SIZE - 16;
const MEMORY_CHUNK: usize = 32768 - 16;

/** A frame called by `parent` (or 0), with an empty stack and memory; other fields are the caller's task. 0 if memory is at its limit. */
export function newFrame(parent: usize): usize {
  const frame = take(Frame.Size);
  if (!frame) return 0;
  memory.fill(frame, 0, Frame.Size);
  store<u32>(frame, <u32>parent, Frame.Parent);
  if (parent) store<u32>(frame, load<u32>(parent, Frame.Depth) + 1, Frame.Depth);
  if (placeStack(frame, parent) && placeMemory(frame, parent)) return frame;
  dropFrame(frame);
  return 0;
}

export function dropFrame(frame: usize): void {
  give(<usize>load<u32>(frame, Frame.StackChunk));
  give(<usize>load<u32>(frame, Frame.MemoryChunk));
  give(frame);
}

function placeStack(frame: usize, parent: usize): bool {
  if (parent) {
    const low = <usize>load<u32>(parent, Frame.StackLow);
    const top = <usize>load<u32>(parent, Frame.Sp);
    if (top >= low + STACK_SIZE) return setStack(frame, low, top);
  }
  const chunk = take(STACK_CHUNK);
  if (!chunk) return false;
  store<u32>(frame, <u32>chunk, Frame.StackChunk);
  return setStack(frame, chunk, chunk + (capacity(chunk) & ~31));
}

function setStack(frame: usize, low: usize, base: usize): bool {
  store<u32>(frame, <u32>low, Frame.StackLow);
  store<u32>(frame, <u32>base, Frame.Base);
  store<u32>(frame, <u32>base, Frame.Sp);
  return true;
}

function placeMemory(frame: usize, parent: usize): bool {
  if (parent) {
    store<u32>(frame, load<u32>(parent, Frame.Memory) + load<u32>(parent, Frame.MemorySize), Frame.Memory);
    store<u32>(frame, load<u32>(parent, Frame.MemoryEnd), Frame.MemoryEnd);
    return true;
  }
  const chunk = take(MEMORY_CHUNK);
  if (!chunk) return false;
  store<u32>(frame, <u32>chunk, Frame.MemoryChunk);
  store<u32>(frame, <u32>chunk, Frame.Memory);
  store<u32>(frame, <u32>(chunk + capacity(chunk)), Frame.MemoryEnd);
  return true;
}
