/**
 * Turns code into a program, block by block, when a block is first reached: it adds up the block's gas and stack needs, and follows
 * where on the stack every value is, so that only what computes becomes an instruction. Who runs a block has gas for it, so that no
 * code costs more time to decode than its gas is worth.
 */
import { give, takeZeroed } from './arena';
import {
  beginDraft,
  countProgram,
  dropChunks,
  emit,
  emitKnownTarget,
  emitLong,
  emitStub,
  join,
  place,
  reserveHeader,
  writeHeader,
} from './emitter';
import { fail } from './failure';
import { Op } from './opcodes';
import { growth, REACH, resetOperands, settle, topOffset } from './operands';
import { bytesOf, Code, Do, marksOf, sizeOf } from './program';
import { Shape, shapeOf } from './shapes';
import { Status } from './status';
import { gasOf, isDefined, wordsIn, wordsOut } from './traits';
import { forgetCondition, translate } from './translate';

/** A block is cut after this many opcodes. */
const LONGEST_BLOCK: i32 = 200;
/** More words than a stack holds: no block that needs or adds so many can run. */
const TOO_MANY: i32 = 1025;
/** No pc: nothing follows. */
const NOWHERE: u32 = 0xffffffff;

/** Programs are decoded with a call of the host before every instruction. */
export let tracing: bool = false;

let header: usize = 0;
let gas: u32 = 0;
let height: i32 = 0;
let needs: i32 = 0;
let grows: i32 = 0;
let length: i32 = 0;

export function switchTracing(on: bool): void {
  tracing = on;
}

/** The block of the JUMPDEST at a pc within the code, decoded if need be; 0 if there is none, or after a fatal failure. */
export function blockAt(code: usize, pc: u32): usize {
  if (load<u8>(bytesOf(code) + <usize>pc) != Op.JUMPDEST) return 0;
  if (!load<u32>(code, Code.IsMarked)) mark(code);
  const marks = load<u8>(marksOf(code) + <usize>(pc >> 3));
  return (<u32>marks >> (pc & 7)) & 1 ? decodeBlock(code, pc, 0) : 0;
}

/**
 * The block that begins at a pc, decoded if need be; beyond the code there is one that stops. `stub` stands where it is awaited, or
 * is 0. 0 only after a fatal failure.
 */
export function decodeBlock(code: usize, pc: u32, stub: usize): usize {
  const isTarget = load<u8>(bytesOf(code) + <usize>pc) == Op.JUMPDEST;
  if (isTarget && !prepareJumps(code)) return failed();
  const known = isTarget ? knownBlock(code, pc) : 0;
  if (known) {
    if (stub) join(stub, known);
    return known;
  }
  beginDraft();
  const next = tracing ? emitTraced(code, pc) : emitBlock(code, pc);
  if (next != NOWHERE) emitStub(next);
  const block = place(code, stub);
  if (!block) return failed();
  if (isTarget) store<u32>(<usize>load<u32>(code, Code.Jumps) + ((<usize>pc) << 2), <u32>block);
  return block;
}

/** Gives a code's program back. No frame may run it. */
export function dropProgram(code: usize): void {
  store<u32>(code, 0, Code.Program);
  give(<usize>load<u32>(code, Code.Jumps));
  store<u32>(code, 0, Code.Jumps);
  dropChunks(code);
}

/** Emits one block. Returns the pc at which the next one begins. */
function emitBlock(code: usize, pc: u32): u32 {
  const bytes = bytesOf(code);
  const end = bytes + <usize>sizeOf(code);
  let at = bytes + <usize>pc;
  beginBlock();
  while (at < end && load<u8>(at) == Op.JUMPDEST && length < LONGEST_BLOCK) {
    count(Op.JUMPDEST);
    at++;
  }
  while (at < end) {
    const opcode = <i32>load<u8>(at);
    if (opcode == Op.JUMPDEST && length > 0) return goOn(code, <u32>(at - bytes));
    if (length >= LONGEST_BLOCK || abs(growth()) > REACH) return fallThrough(<u32>(at - bytes));
    count(opcode);
    translate(opcode, at, <u32>(at - bytes));
    at += 1 + pushSize(opcode);
    if (isEnd(opcode)) return endBlock(NOWHERE);
    if (isBreak(opcode)) return endBlock(<u32>(at - bytes));
  }
  emit(Do.Stop, 0, 0, 0);
  return endBlock(NOWHERE);
}

/** Emits a block that calls the host, and one for the instruction. Returns the pc of the next one. */
function emitTraced(code: usize, pc: u32): u32 {
  const at = bytesOf(code) + <usize>pc;
  const opcode = pc < sizeOf(code) ? <i32>load<u8>(at) : Op.STOP;
  beginBlock();
  emit(Do.Trace, 0, opcode, 0);
  emitLong(<u64>pc);
  endBlock(NOWHERE);
  beginBlock();
  count(opcode);
  if (opcode != Op.JUMPDEST) translate(opcode, at, pc);
  const next = pc + 1 + <u32>pushSize(opcode);
  if (isEnd(opcode)) return endBlock(NOWHERE);
  return isBreak(opcode) ? endBlock(next) : fallThrough(next);
}

function beginBlock(): void {
  header = reserveHeader();
  resetOperands();
  forgetCondition();
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

function endBlock(next: u32): u32 {
  writeHeader(header, gas, <u32>min(needs, TOO_MANY), <u32>min(grows, TOO_MANY));
  return next;
}

function fallThrough(next: u32): u32 {
  settle();
  emit(Do.Enter, topOffset(), 0, 0);
  return endBlock(next);
}

/** Goes on at a JUMPDEST: where it is decoded already, by a jump. */
function goOn(code: usize, pc: u32): u32 {
  const known = load<u32>(code, Code.Jumps) ? knownBlock(code, pc) : 0;
  if (!known) return fallThrough(pc);
  settle();
  emit(Do.JumpTo, topOffset(), 0, 0);
  emitKnownTarget(known);
  return endBlock(NOWHERE);
}

/** Makes the table of blocks of JUMPDESTs, if there is none. False if there is no memory. */
function prepareJumps(code: usize): bool {
  if (load<u32>(code, Code.Jumps)) return true;
  const bytes = (<usize>sizeOf(code)) << 2;
  const jumps = takeZeroed(bytes);
  if (!jumps) return false;
  store<u32>(code, <u32>jumps, Code.Jumps);
  countProgram(code, bytes);
  return true;
}

function knownBlock(code: usize, pc: u32): usize {
  return <usize>load<u32>(<usize>load<u32>(code, Code.Jumps) + ((<usize>pc) << 2));
}

/** Marks the bytes of a code that are JUMPDESTs and no data of a PUSH. */
function mark(code: usize): void {
  const bytes = bytesOf(code);
  const marks = marksOf(code);
  const size = <usize>sizeOf(code);
  memory.fill(marks, 0, (size + 7) >> 3);
  for (let pc: usize = 0; pc < size; pc++) {
    const opcode = <i32>load<u8>(bytes + pc);
    if (opcode == Op.JUMPDEST) {
      const at = marks + (pc >> 3);
      const bit = (<u32>1) << (<u32>pc & 7);
      store<u8>(at, <u8>(<u32>load<u8>(at) | bit));
    } else {
      pc += pushSize(opcode);
    }
  }
  store<u32>(code, 1, Code.IsMarked);
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

function failed(): usize {
  fail(Status.MemoryLimit);
  return 0;
}
