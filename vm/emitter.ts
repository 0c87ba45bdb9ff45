/** Writes a program's instructions into a draft that grows as needed; positions are offsets from its begin. */
import { capacity, enlarge, give, take } from './arena';
import { Header, Instruction } from './program';
import { copy } from './u256';

/** Most bytes that one block becomes. */
const BLOCK_ROOM: usize = 32 * 1024;
const FIRST_ROOM: usize = 64 * 1024 - 16;
/** The first block stands here, so that 0 means "no JUMPDEST" in the jump table. */
export const START: usize = 8;

let draft: usize = 0;
let used: usize = 0;
let room: usize = 0;
/** The newest static jump; each holds, in place of its target, where the one before stands. */
let newestJump: u32 = 0;

/** Begins a draft. False if there is no memory. */
export function beginDraft(): bool {
  draft = take(FIRST_ROOM);
  room = draft ? capacity(draft) : 0;
  used = START;
  newestJump = 0;
  return draft != 0;
}

/** Where the next instruction will stand. */
export function position(): usize {
  return used;
}

/** Forgets all instructions from a position on. */
export function rewind(to: usize): void {
  used = to;
}

/** Makes sure that a whole block fits. False if there is no memory. */
export function makeRoom(): bool {
  if (room - used >= BLOCK_ROOM) return true;
  const larger = enlarge(draft, used, room * 2);
  if (!larger) return false;
  draft = larger;
  room = capacity(larger);
  return true;
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

/** What follows a static jump; the target is resolved at the end. `unless` is 1 to jump if the condition does not hold. */
export function emitTarget(pc: u32, unless: u32): void {
  store<u32>(draft + used, newestJump);
  store<u32>(draft + used, (unless << 31) | pc, 4);
  newestJump = <u32>used;
  used += 8;
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

/** The finished program in a chunk of its own, its static jumps resolved by the jump table; 0 if there is no memory. */
export function finishDraft(jumps: usize, size: u32): usize {
  const program = take(used);
  if (program) {
    memory.copy(program, draft, used);
    resolveJumps(program, jumps, size);
  }
  dropDraft();
  return program;
}

export function dropDraft(): void {
  give(draft);
  draft = 0;
}

function resolveJumps(program: usize, jumps: usize, size: u32): void {
  let at = newestJump;
  while (at) {
    const jump = program + <usize>at;
    at = load<u32>(jump);
    const word = load<u32>(jump, 4);
    const pc = word & 0x7fffffff;
    const target = pc < size ? load<u32>(jumps + ((<usize>pc) << 2)) : 0;
    store<u32>(jump, target ? <u32>program + target : 0);
    store<u32>(jump, word >> 31, 4);
  }
}
