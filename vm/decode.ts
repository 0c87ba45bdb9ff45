/**
 * Turns code into a program: one pass that finds the JUMPDESTs, cuts the code into blocks, adds up each block's gas and stack needs,
 * and turns pushes into ready words. What cannot be reached is left out.
 */
import { give, take, takeZeroed } from './arena';
import { Op } from './opcodes';
import { Code, Do, Header, Instruction } from './program';
import { gasOf, isDefined, wordsIn, wordsOut } from './traits';

/** Most bytes of program that a byte of code becomes: an instruction and the header after it. */
const GROWTH: usize = 16;
const TRACED_GROWTH: usize = 64;
const SLACK: usize = 128;
/** A block is cut after this many instructions, so that its sums fit the header. */
const LONGEST_BLOCK: i32 = 900;
/** More words than a stack holds: no block that needs or adds so many can run. */
const TOO_MANY: i32 = 1025;
/** The first block stands here, so that 0 means "no JUMPDEST" in the jump table. */
const START: usize = 8;

let out: usize = 0;
let header: usize = 0;
let gas: u32 = 0;
let height: i32 = 0;
let needs: i32 = 0;
let grows: i32 = 0;
let length: i32 = 0;

/** Makes the program and jump table of a code record. False if there is no memory. */
export function decode(code: usize, bytes: usize, traced: bool): bool {
  const size = <usize>load<u32>(code, Code.Length);
  const draft = take(size * (traced ? TRACED_GROWTH : GROWTH) + SLACK);
  const jumps = takeZeroed((size << 2) + 4);
  if (!draft || !jumps) return giveUp(draft, jumps);
  out = draft + START;
  if (traced) emitTraced(draft, bytes, size, jumps);
  else emitBlocks(draft, bytes, size, jumps);
  const used = out - draft;
  const program = take(used);
  if (!program) return giveUp(draft, jumps);
  memory.copy(program, draft, used);
  give(draft);
  store<u32>(code, <u32>program, Code.Program);
  store<u32>(code, <u32>jumps, Code.Jumps);
  store<u32>(code, <u32>(used + (size << 2)), Code.ProgramBytes);
  return true;
}

/** Where the first block of a program begins. */
export function firstBlock(program: usize): usize {
  return program + START;
}

function emitBlocks(draft: usize, bytes: usize, size: usize, jumps: usize): void {
  const end = bytes + size;
  let at = bytes;
  beginBlock();
  while (at < end) {
    const opcode = <i32>load<u8>(at);
    if (opcode == Op.JUMPDEST) {
      if (length > 0) fallThrough();
      store<u32>(jumps + ((at - bytes) << 2), <u32>(header - draft));
      count(opcode);
      at += 1;
      continue;
    }
    if (length >= LONGEST_BLOCK) fallThrough();
    count(opcode);
    at = emitAlone(at, opcode, bytes);
    if (isEnd(opcode)) {
      endBlock();
      at = nextJumpdest(at, end);
      if (at >= end) return;
      beginBlock();
    } else if (isBreak(opcode)) {
      endBlock();
      beginBlock();
    }
  }
  emit(Op.STOP, 0);
  endBlock();
}

/** Every instruction is a block of its own, and before it stands one that calls the host. */
function emitTraced(draft: usize, bytes: usize, size: usize, jumps: usize): void {
  const end = bytes + size;
  let at = bytes;
  while (at <= end) {
    const opcode = at < end ? <i32>load<u8>(at) : Op.STOP;
    beginBlock();
    if (opcode == Op.JUMPDEST) store<u32>(jumps + ((at - bytes) << 2), <u32>(header - draft));
    emit(Do.Trace, <u32>(at - bytes));
    store<u16>(out - Instruction.Size, <u16>opcode, Instruction.Small);
    endBlock();
    beginBlock();
    count(opcode);
    at = opcode == Op.JUMPDEST ? at + 1 : emitAlone(at, opcode, bytes);
    if (!isEnd(opcode) && !isBreak(opcode)) emit(Do.Enter, 0);
    endBlock();
  }
}

/** One instruction for one opcode. Returns where the next opcode stands. */
function emitAlone(at: usize, opcode: i32, bytes: usize): usize {
  if (!isDefined(opcode)) {
    emit(Do.Undefined, 0);
    return at + 1;
  }
  if (opcode >= Op.PUSH0 && opcode <= Op.PUSH32) {
    emitPush(at + 1, opcode - Op.PUSH0);
    return at + 1 + <usize>(opcode - Op.PUSH0);
  }
  emit(opcode, opcode == Op.PC ? <u32>(at - bytes) : 0);
  return at + 1;
}

/** Bytes beyond the code's end are zero, as the padding is. */
function emitPush(at: usize, size: i32): void {
  if (size <= 4) {
    emit(Do.PushSmall, <u32>bigEndian(at, size));
  } else if (size <= 8) {
    emit(Do.PushLong, 0);
    store<u64>(out, bigEndian(at, size));
    out += 8;
  } else {
    emit(Do.PushWord, 0);
    for (let limb = 0; limb < 4; limb++) {
      const low = size - 8 * (limb + 1);
      store<u64>(out, low >= 0 ? bigEndian(at + <usize>low, 8) : low > -8 ? bigEndian(at, low + 8) : 0);
      out += 8;
    }
  }
}

/** The number in `size` (0 to 8) big-endian bytes. */
function bigEndian(at: usize, size: i32): u64 {
  return size == 0 ? 0 : bswap<u64>(load<u64>(at)) >> <u64>(64 - 8 * size);
}

function emit(handler: i32, operand: u32): void {
  store<u16>(out, <u16>handler);
  store<u16>(out, 0, Instruction.Small);
  store<u32>(out, operand, Instruction.Operand);
  out += Instruction.Size;
}

function beginBlock(): void {
  header = out;
  out += Header.Size;
  gas = 0;
  height = 0;
  needs = 0;
  grows = 0;
  length = 0;
}

/** Adds an opcode to the block's sums. */
function count(opcode: i32): void {
  const takes = wordsIn(opcode);
  gas += gasOf(opcode);
  needs = max(needs, takes - height);
  height += wordsOut(opcode) - takes;
  grows = max(grows, height);
  length++;
}

function endBlock(): void {
  store<u32>(header, gas, Header.Gas);
  store<u16>(header, <u16>(min(needs, TOO_MANY) << 5), Header.Needs);
  store<u16>(header, <u16>(min(grows, TOO_MANY) << 5), Header.Grows);
}

function fallThrough(): void {
  emit(Do.Enter, 0);
  endBlock();
  beginBlock();
}

/** After these nothing follows but at a JUMPDEST. */
function isEnd(opcode: i32): bool {
  return (
    !isDefined(opcode) ||
    opcode == Op.STOP ||
    opcode == Op.JUMP ||
    opcode == Op.RETURN ||
    opcode == Op.REVERT ||
    opcode == Op.INVALID ||
    opcode == Op.SELFDESTRUCT
  );
}

/** These see how much gas is left, or may go elsewhere: what follows must not be paid yet. */
function isBreak(opcode: i32): bool {
  return (
    opcode == Op.JUMPI ||
    opcode == Op.GAS ||
    opcode == Op.SSTORE ||
    opcode == Op.CREATE ||
    opcode == Op.CREATE2 ||
    opcode == Op.CALL ||
    opcode == Op.CALLCODE ||
    opcode == Op.DELEGATECALL ||
    opcode == Op.STATICCALL
  );
}

function nextJumpdest(at: usize, end: usize): usize {
  while (at < end) {
    const opcode = <i32>load<u8>(at);
    if (opcode == Op.JUMPDEST) return at;
    at += opcode >= Op.PUSH1 && opcode <= Op.PUSH32 ? <usize>(opcode - Op.PUSH1 + 2) : 1;
  }
  return end;
}

function giveUp(draft: usize, jumps: usize): bool {
  give(draft);
  give(jumps);
  return false;
}
