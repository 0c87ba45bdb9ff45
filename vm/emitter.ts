/** Writes the instructions of a block into a draft, then puts them into the code's program. Positions are offsets from the draft's begin. */
import { capacity, give, take } from './arena';
import { Code, Do, Header, Instruction } from './program';
import { copy } from './u256';

/** More bytes than one block becomes. */
const DRAFT_ROOM: i32 = 32 * 1024;
const FIRST_CHUNK: usize = 1024 - 16;
const LARGEST_CHUNK: usize = 64 * 1024 - 16;
/** Bytes at the begin of a chunk that hold the link. */
const LINK: usize = 16;
/** Bytes of what stands where the next block is not decoded yet. */
const STUB: usize = Header.Size + Instruction.Long;

const draft: usize = memory.data(DRAFT_ROOM, 16);
let used: usize = 0;
/** Where the draft has a static jump's target, or 0; and the pc of that. */
let jumpAt: usize = 0;
let jumpPc: u32 = 0;
/** What all programs together take up. */
export let programBytes: usize = 0;

export function beginDraft(): void {
  used = 0;
  jumpAt = 0;
}

/** Where the next instruction will stand. */
export function position(): usize {
  return used;
}

/** Forgets all instructions from a position on. */
export function rewind(to: usize): void {
  used = to;
}

export function emit(handler: i32, out: i32, a: i32, b: i32): void {
  const at = draft + used;
  store<u16>(at, <u16>handler);
  store<i16>(at, <i16>out, Instruction.Out);
  store<i16>(at, <i16>a, Instruction.A);
  store<i16>(at, <i16>b, Instruction.B);
  used += Instruction.Size;
}

/** With a number in place of two operands. */
export function emitNumber(handler: i32, out: i32, number: u32): void {
  emit(handler, out, <i32>(number & 0xffff), <i32>(number >> 16));
}

/** 32 bytes after an instruction. */
export function emitWord(word: usize): void {
  copy(draft + used, word);
  used += 32;
}

/** 8 bytes after an instruction. */
export function emitLong(value: u64): void {
  store<u64>(draft + used, value);
  used += 8;
}

/** What follows a static jump, of which a draft has one at most. `unless` is 1 to jump if the condition does not hold. */
export function emitTarget(pc: u32, unless: u32): void {
  jumpAt = used;
  jumpPc = pc;
  emitLong((<u64>unless) << 32);
}

/** What follows a static jump whose block is known. */
export function emitKnownTarget(block: usize): void {
  emitLong(<u64>block);
}

/** Room for a header; `writeHeader` fills it. */
export function reserveHeader(): usize {
  const at = used;
  used += Header.Size;
  return at;
}

export function writeHeader(at: usize, gas: u32, needs: u32, grows: u32): void {
  store<u32>(draft + at, gas, Header.Gas);
  store<u16>(draft + at, <u16>(needs << 5), Header.Needs);
  store<u16>(draft + at, <u16>(grows << 5), Header.Grows);
}

/** A block that is there until the one at `pc` is decoded. */
export function emitStub(pc: u32): void {
  writeHeader(reserveHeader(), 0, 0, 0);
  emit(Do.Decode, 0, 0, 0);
  emitLong((<u64>pc) << 32);
}

/**
 * Puts the draft into the program of a code record, over `stub` (or 0) if that is the last of it: what is run one after the other
 * stands so. Returns its address; 0 if there is no memory.
 */
export function place(code: usize, stub: usize): usize {
  const top = <usize>load<u32>(code, Code.Top);
  let at = stub && stub + STUB == top ? stub : top;
  if (at + used + STUB > <usize>load<u32>(code, Code.End)) {
    at = addChunk(code);
    if (!at) return 0;
  }
  memory.copy(at, draft, used);
  store<u32>(code, <u32>(at + used), Code.Top);
  if (jumpAt) placeLink(code, at + jumpAt);
  if (stub && stub != at) join(stub, at);
  return at;
}

/** Puts what finds a jump's block where no block gets in between, at the chunk's end. */
function placeLink(code: usize, jump: usize): void {
  const at = <usize>load<u32>(code, Code.End) - STUB;
  store<u32>(code, <u32>at, Code.End);
  store<u64>(at, 0);
  store<u64>(at, Do.Link, Header.Size);
  store<u32>(at + Header.Size, <u32>jump, Instruction.C);
  store<u32>(at + Header.Size, jumpPc, Instruction.Pc);
  store<u32>(jump, <u32>at);
}

/** From now on a stub goes to this block. */
export function join(stub: usize, block: usize): void {
  store<u16>(stub + Header.Size, Do.JumpTo);
  store<u32>(stub + Header.Size, <u32>block, Instruction.C);
}

/** Gives a program back. */
export function dropChunks(code: usize): void {
  let chunk = <usize>load<u32>(code, Code.Chunk);
  while (chunk) {
    const older = <usize>load<u32>(chunk);
    give(chunk);
    chunk = older;
  }
  programBytes -= <usize>load<u32>(code, Code.ProgramBytes);
  store<u32>(code, 0, Code.ProgramBytes);
  store<u32>(code, 0, Code.Chunk);
  store<u32>(code, 0, Code.Top);
  store<u32>(code, 0, Code.End);
}

/** A new chunk with room for the draft: each twice as large as the one before. Returns where the draft goes, or 0. */
function addChunk(code: usize): usize {
  const last = <usize>load<u32>(code, Code.Chunk);
  const size = last ? min<usize>(2 * capacity(last), LARGEST_CHUNK) : FIRST_CHUNK;
  const chunk = take(max<usize>(size, used + STUB + LINK));
  if (!chunk) return 0;
  store<u32>(chunk, <u32>last);
  store<u32>(code, <u32>chunk, Code.Chunk);
  store<u32>(code, <u32>(chunk + capacity(chunk)), Code.End);
  countProgram(code, capacity(chunk));
  return chunk + LINK;
}

/** Adds to what a code's program takes up. */
export function countProgram(code: usize, bytes: usize): void {
  store<u32>(code, load<u32>(code, Code.ProgramBytes) + <u32>bytes, Code.ProgramBytes);
  programBytes += bytes;
}
