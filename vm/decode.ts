/**
 * Turns code into a program: one pass that finds the JUMPDESTs, cuts the code into blocks, adds up each block's gas and stack needs, and
 * follows where on the stack every value is, so that only what computes becomes an instruction. What cannot be reached is left out.
 */
import { give, takeZeroed } from './arena';
import {
  beginDraft,
  dropDraft,
  emit,
  emitLong,
  emitTarget,
  finishDraft,
  makeRoom,
  position,
  reserveHeader,
  START,
  writeHeader,
} from './emitter';
import { Op } from './opcodes';
import { growth, REACH, resetOperands, settle, topOffset } from './operands';
import { Code, Do } from './program';
import { Shape, shapeOf } from './shapes';
import { gasOf, isDefined, wordsIn, wordsOut } from './traits';
import { forgetCondition, translate } from './translate';

/** A block is cut after this many opcodes. */
const LONGEST_BLOCK: i32 = 200;
/** More words than a stack holds: no block that needs or adds so many can run. */
const TOO_MANY: i32 = 1025;

let header: usize = 0;
let gas: u32 = 0;
let height: i32 = 0;
let needs: i32 = 0;
let grows: i32 = 0;
let length: i32 = 0;

/** Makes the program and jump table of a code record. False if there is no memory. */
export function decode(code: usize, bytes: usize, traced: bool): bool {
  const size = load<u32>(code, Code.Length);
  const jumps = takeZeroed(((<usize>size) << 2) + 4);
  if (!jumps || !beginDraft()) return giveUp(jumps);
  const done = traced ? emitTraced(bytes, <usize>size, jumps) : emitBlocks(bytes, <usize>size, jumps);
  if (!done) {
    dropDraft();
    return giveUp(jumps);
  }
  const programSize = position();
  const program = finishDraft(jumps, size);
  if (!program) return giveUp(jumps);
  store<u32>(code, <u32>program, Code.Program);
  store<u32>(code, <u32>jumps, Code.Jumps);
  store<u32>(code, <u32>programSize + (size << 2), Code.ProgramBytes);
  return true;
}

/** Where the first block of a program begins. */
export function firstBlock(program: usize): usize {
  return program + START;
}

function emitBlocks(bytes: usize, size: usize, jumps: usize): bool {
  const end = bytes + size;
  let at = bytes;
  if (!beginBlock()) return false;
  while (at < end) {
    const opcode = <i32>load<u8>(at);
    if (opcode == Op.JUMPDEST) {
      if (length > 0 && !fallThrough()) return false;
      const last = lastOfRun(at, end);
      if (at < last && !emitRun(at, last, bytes, jumps)) return false;
      store<u32>(jumps + ((last - bytes) << 2), <u32>header);
      count(opcode);
      at = last + 1;
      continue;
    }
    if ((length >= LONGEST_BLOCK || abs(growth()) > REACH) && !fallThrough()) return false;
    count(opcode);
    translate(opcode, at, <u32>(at - bytes));
    at += 1 + pushSize(opcode);
    if (isEnd(opcode)) {
      endBlock();
      at = nextJumpdest(at, end);
      if (at >= end) return true;
      if (!beginBlock()) return false;
    } else if (isBreak(opcode)) {
      endBlock();
      if (!beginBlock()) return false;
    }
  }
  emit(Do.Stop, 0, 0, 0);
  endBlock();
  return true;
}

/** The last of the JUMPDESTs that stand side by side. */
function lastOfRun(at: usize, end: usize): usize {
  while (at + 1 < end && load<u8>(at + 1) == Op.JUMPDEST) at++;
  return at;
}

/** For each JUMPDEST of a run but the last, a block that pays for those in between and goes on at the last. */
function emitRun(at: usize, last: usize, bytes: usize, jumps: usize): bool {
  const gasOfOne = gasOf(Op.JUMPDEST);
  for (; at < last; at++) {
    store<u32>(jumps + ((at - bytes) << 2), <u32>header);
    gas = gasOfOne * <u32>(last - at);
    emit(Do.JumpTo, 0, 0, 0);
    emitTarget(<u32>(last - bytes), 0);
    endBlock();
    if (!beginBlock()) return false;
  }
  return true;
}

/** Every instruction is a block of its own, and before it stands one that calls the host. */
function emitTraced(bytes: usize, size: usize, jumps: usize): bool {
  const end = bytes + size;
  let at = bytes;
  while (at <= end) {
    const opcode = at < end ? <i32>load<u8>(at) : Op.STOP;
    if (!beginBlock()) return false;
    if (opcode == Op.JUMPDEST) store<u32>(jumps + ((at - bytes) << 2), <u32>header);
    emit(Do.Trace, 0, opcode, 0);
    emitLong(<u64>(at - bytes));
    endBlock();
    if (!beginBlock()) return false;
    count(opcode);
    if (opcode != Op.JUMPDEST) translate(opcode, at, <u32>(at - bytes));
    at += 1 + pushSize(opcode);
    if (!isEnd(opcode) && !isBreak(opcode)) emitEnter();
    endBlock();
  }
  return true;
}

function beginBlock(): bool {
  if (!makeRoom()) return false;
  header = reserveHeader();
  resetOperands();
  forgetCondition();
  gas = 0;
  height = 0;
  needs = 0;
  grows = 0;
  length = 0;
  return true;
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
  writeHeader(header, gas, <u32>min(needs, TOO_MANY), <u32>min(grows, TOO_MANY));
}

function fallThrough(): bool {
  emitEnter();
  endBlock();
  return beginBlock();
}

function emitEnter(): void {
  settle();
  emit(Do.Enter, topOffset(), 0, 0);
}

/** After these nothing follows but at a JUMPDEST. */
function isEnd(opcode: i32): bool {
  const shape = shapeOf(opcode);
  return (
    !isDefined(opcode) ||
    shape == Shape.Ends ||
    shape == Shape.Jumps ||
    opcode == Op.RETURN ||
    opcode == Op.REVERT ||
    opcode == Op.SELFDESTRUCT
  );
}

/** These see how much gas is left, or may go elsewhere: what follows must not be paid yet. */
function isBreak(opcode: i32): bool {
  const shape = shapeOf(opcode);
  return shape == Shape.Branches || shape == Shape.Breaks || shape == Shape.Gas || shape == Shape.Asks;
}

function pushSize(opcode: i32): usize {
  return opcode >= Op.PUSH1 && opcode <= Op.PUSH32 ? <usize>(opcode - Op.PUSH0) : 0;
}

function nextJumpdest(at: usize, end: usize): usize {
  while (at < end) {
    const opcode = <i32>load<u8>(at);
    if (opcode == Op.JUMPDEST) return at;
    at += 1 + pushSize(opcode);
  }
  return end;
}

function giveUp(jumps: usize): bool {
  give(jumps);
  return false;
}
