/** Translates one opcode into instructions, by its shape. */
import { emit, emitLong, emitNumber, emitTarget, emitWord, position, rewind } from './emitter';
import { foldBinary, foldUnary } from './fold';
import { Op } from './opcodes';
import {
  constantAt,
  duplicate,
  exchange,
  inSlot,
  isConstant,
  isSettled,
  isUnused,
  newConstant,
  offsetOf,
  pop,
  push,
  pushResult,
  release,
  settle,
  staysClear,
  topOffset,
  use,
} from './operands';
import { Do } from './program';
import { handlerOf, Shape, shapeOf } from './shapes';
import { isDefined, wordsIn, wordsOut } from './traits';
import { fitsU64, loadBigEndianN, setU64, sub } from './u256';

/** No code is so long: a jump to there goes nowhere. */
const NOWHERE: u32 = 0x7fffffff;
/** Constant addresses from here on are left to the handlers for any address. */
const FAR: u64 = 1 << 30;

// The comparison emitted last, if nothing was emitted since: a JUMPI takes it over.
let conditionAt: usize = 0;
let conditionEnd: usize = 0;
let conditionJump: i32 = 0;
let conditionA: i32 = 0;
let conditionB: i32 = 0;
let conditionUnless: u32 = 0;
let conditionResult: i32 = 0;

const zero: usize = memory.data(32, 8);

/** Emits what the opcode at `at` does. `pc` is its place in the code. */
export function translate(opcode: i32, at: usize, pc: u32): void {
  if (!isDefined(opcode)) return emit(Do.Invalid, 0, 0, 0);
  if (opcode >= Op.PUSH0 && opcode <= Op.PUSH32) return pushBytes(at + 1, opcode - Op.PUSH0);
  if (opcode >= Op.DUP1 && opcode <= Op.DUP16) return duplicate(opcode - Op.DUP1 + 1);
  if (opcode >= Op.SWAP1 && opcode <= Op.SWAP16) return exchange(opcode - Op.SWAP1 + 1);
  const handler = handlerOf(opcode);
  switch (shapeOf(opcode)) {
    case Shape.Plain:
    case Shape.Commutes:
    case Shape.Ordered:
    case Shape.Reversed:
    case Shape.Subtracts:
    case Shape.Shifts:
      return binary(opcode, handler);
    case Shape.Unary:
      return unary(opcode, handler);
    case Shape.Ternary:
      return ternary(handler);
    case Shape.Nullary:
      return emit(handler, offsetOf(pushResult()), 0, 0);
    case Shape.Loads:
      return loads(handler);
    case Shape.Stores:
      return stores(handler);
    case Shape.Consumes:
      return consumes(handler);
    case Shape.Settled:
      return settled(opcode, handler);
    case Shape.Jumps:
      return jump();
    case Shape.Branches:
      return branch();
    default:
      return other(opcode, handler, pc);
  }
}

export function forgetCondition(): void {
  conditionEnd = 0;
}

function other(opcode: i32, handler: i32, pc: u32): void {
  switch (shapeOf(opcode)) {
    case Shape.Ends:
      return emit(handler, 0, 0, 0);
    case Shape.Breaks:
      return breaks(opcode, handler);
    case Shape.Gas: {
      settle();
      const result = offsetOf(pushResult());
      return emit(handler, topOffset(), result, 0);
    }
    case Shape.Asks:
      settle();
      return emit(handler, topOffset(), opcode, 0);
    case Shape.Pc:
      return pushNumber(pc);
    default:
      release(pop());
  }
}

function pushBytes(at: usize, size: i32): void {
  const constant = newConstant();
  loadBigEndianN(constantAt(constant), at, size);
  push(constant);
}

function pushNumber(value: u64): void {
  const constant = newConstant();
  setU64(constantAt(constant), value);
  push(constant);
}

function binary(opcode: i32, handler: i32): void {
  const a = pop();
  const b = pop();
  if (isConstant(a) && isConstant(b)) {
    const folded = newConstant();
    if (foldBinary(opcode, constantAt(folded), constantAt(a), constantAt(b))) return push(folded);
  }
  switch (shapeOf(opcode)) {
    case Shape.Commutes:
      if (isConstant(a)) return withConstant(handler + 1, b, a);
      if (isConstant(b)) return withConstant(handler + 1, a, b);
      break;
    case Shape.Ordered:
      return ordered(handler, a, b);
    case Shape.Reversed:
      return ordered(handler, b, a);
    case Shape.Subtracts:
      if (isConstant(a)) return withConstant(handler + 1, b, a);
      if (isConstant(b)) return withConstant(Do.AddC, a, negated(b));
      break;
    case Shape.Shifts:
      if (isConstant(a) && !isConstant(b)) return shiftBy(handler + 1, a, b);
      break;
  }
  plain(handler, a, b);
}

function plain(handler: i32, first: i32, second: i32): void {
  const a = inSlot(first, 2);
  const b = inSlot(second, 2);
  release(a);
  release(b);
  const start = position();
  const result = pushResult();
  emit(handler, offsetOf(result), offsetOf(a), offsetOf(b));
  const asJump = jumpOn(handler);
  if (asJump) setCondition(start, asJump, offsetOf(a), offsetOf(b), 0, result);
}

/** A comparison whose operands must not be exchanged. */
function ordered(handler: i32, a: i32, b: i32): void {
  if (isConstant(a) && !isConstant(b)) return withConstant(handler + 1, b, a);
  if (isConstant(b) && !isConstant(a)) return withConstant(handler + 2, a, b);
  plain(handler, a, b);
}

/** One operand in a slot, one constant after the instruction. */
function withConstant(handler: i32, place: i32, constant: i32): void {
  const a = inSlot(place, 2);
  release(a);
  const start = position();
  const result = pushResult();
  emit(handler, offsetOf(result), offsetOf(a), 0);
  emitWord(constantAt(constant));
  const asJump = jumpOn(handler);
  if (asJump) setCondition(start, asJump, offsetOf(a), constant, 0, result);
}

function shiftBy(handler: i32, shift: i32, place: i32): void {
  release(place);
  const word = constantAt(shift);
  const bits = fitsU64(word) ? <i32>min<u64>(load<u64>(word), 256) : 256;
  emit(handler, offsetOf(pushResult()), offsetOf(place), bits);
}

function negated(place: i32): i32 {
  const constant = newConstant();
  sub(constantAt(constant), zero, constantAt(place));
  return constant;
}

function unary(opcode: i32, handler: i32): void {
  const place = pop();
  if (isConstant(place)) {
    const folded = newConstant();
    if (foldUnary(opcode, constantAt(folded), constantAt(place))) return push(folded);
  }
  const a = inSlot(place, 1);
  release(a);
  const start = position();
  const result = pushResult();
  emit(handler, offsetOf(result), offsetOf(a), 0);
  if (opcode == Op.ISZERO) isZero(start, a, result);
}

/** ISZERO turns the comparison before it around, or is one itself. */
function isZero(start: usize, a: i32, result: i32): void {
  // The operand's slot may have become the result's: then the value of the comparison is gone, as it should be.
  if (conditionEnd == start && conditionResult == a && (a == result || isUnused(a))) {
    return setCondition(conditionAt, conditionJump, conditionA, conditionB, conditionUnless ^ 1, result);
  }
  setCondition(start, Do.NonZeroJump, offsetOf(a), 0, 1, result);
}

function setCondition(start: usize, asJump: i32, a: i32, b: i32, unless: u32, result: i32): void {
  conditionAt = start;
  conditionEnd = position();
  conditionJump = asJump;
  conditionA = a;
  conditionB = b;
  conditionUnless = unless;
  conditionResult = result;
}

/** The jump that does a comparison's work, or 0. */
function jumpOn(handler: i32): i32 {
  switch (handler) {
    case Do.Lt:
      return Do.LtJump;
    case Do.LtCR:
      return Do.LtCRJump;
    case Do.LtRC:
      return Do.LtRCJump;
    case Do.Slt:
      return Do.SltJump;
    case Do.Eq:
      return Do.EqJump;
    case Do.EqC:
      return Do.EqCJump;
    default:
      return 0;
  }
}

function ternary(handler: i32): void {
  const first = pop();
  const second = pop();
  const third = pop();
  const a = inSlot(first, 3);
  const b = inSlot(second, 3);
  const c = inSlot(third, 3);
  release(a);
  release(b);
  release(c);
  emit(handler, offsetOf(pushResult()), offsetOf(a), offsetOf(b));
  emitLong(<u64>(<u16>offsetOf(c)));
}

function loads(handler: i32): void {
  const place = pop();
  if (isNear(place)) return emitNumber(handler + 1, offsetOf(pushResult()), load<u32>(constantAt(place)));
  const a = inSlot(place, 1);
  release(a);
  emit(handler, offsetOf(pushResult()), offsetOf(a), 0);
}

function stores(handler: i32): void {
  const address = pop();
  const value = pop();
  if (isNear(address)) {
    const b = inSlot(value, 2);
    release(b);
    return emitNumber(handler + 1, offsetOf(b), load<u32>(constantAt(address)));
  }
  const a = inSlot(address, 2);
  const b = inSlot(value, 2);
  release(a);
  release(b);
  emit(handler, 0, offsetOf(a), offsetOf(b));
}

function isNear(place: i32): bool {
  return isConstant(place) && fitsU64(constantAt(place)) && load<u64>(constantAt(place)) < FAR;
}

function consumes(handler: i32): void {
  const first = pop();
  const second = pop();
  const a = inSlot(first, 2);
  const b = inSlot(second, 2);
  release(a);
  release(b);
  emit(handler, 0, offsetOf(a), offsetOf(b));
}

function settled(opcode: i32, handler: i32): void {
  settle();
  emit(handler, 0, topOffset(), 0);
  replaceTop(opcode);
}

/** As `settled`, but the block ends. */
function breaks(opcode: i32, handler: i32): void {
  settle();
  const top = topOffset();
  replaceTop(opcode);
  emit(handler, topOffset(), top, 0);
}

/** The operands are gone, and the results in their slots. */
function replaceTop(opcode: i32): void {
  for (let index = wordsIn(opcode); index > 0; index--) release(pop());
  for (let index = wordsOut(opcode); index > 0; index--) pushResult();
}

function jump(): void {
  const target = pop();
  if (isConstant(target)) {
    settle();
    emit(Do.JumpTo, topOffset(), 0, 0);
    return emitTarget(pcOf(target), 0);
  }
  const a = settleAround(target);
  emit(Do.Jump, topOffset(), offsetOf(a), 0);
}

function branch(): void {
  const target = pop();
  const condition = pop();
  if (!isConstant(target)) return branchAnywhere(target, condition);
  if (conditionEnd == position() && conditionResult == condition && !isConstant(condition)) {
    release(condition);
    if (isUnused(condition) && isSettled()) return branchOnCondition(pcOf(target));
    use(condition);
  }
  const a = settleAround(condition);
  emit(Do.NonZeroJump, topOffset(), offsetOf(a), 0);
  emitTarget(pcOf(target), 0);
}

/** The comparison before becomes a part of the jump. */
function branchOnCondition(pc: u32): void {
  rewind(conditionAt);
  const takesConstant = conditionJump == Do.LtCRJump || conditionJump == Do.LtRCJump || conditionJump == Do.EqCJump;
  emit(conditionJump, topOffset(), conditionA, takesConstant ? 0 : conditionB);
  emitTarget(pc, conditionUnless);
  if (takesConstant) emitWord(constantAt(conditionB));
}

function branchAnywhere(target: i32, condition: i32): void {
  push(condition);
  push(target);
  release(condition);
  release(target);
  settle();
  const top = topOffset();
  release(pop());
  release(pop());
  emit(Do.JumpIf, topOffset(), top, top + 32);
}

/** Settles all but a popped value, and says where that is then. */
function settleAround(popped: i32): i32 {
  if (staysClear(popped)) {
    settle();
    return popped;
  }
  push(popped);
  release(popped);
  settle();
  const slot = pop();
  release(slot);
  return slot;
}

/** Where a static jump goes. */
function pcOf(place: i32): u32 {
  const word = constantAt(place);
  return fitsU64(word) ? <u32>min<u64>(load<u64>(word), NOWHERE) : NOWHERE;
}
