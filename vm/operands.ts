/**
 * The stack as decoding sees it within a block: for each position, where its value is. That may be another position's slot in memory,
 * after a DUP or SWAP, or a constant. A slot that nothing refers to is free to take a result.
 */
import { emit, emitNumber, emitWord } from './emitter';
import { Do } from './program';
import { fitsU64 } from './u256';

/** The position of the first word pushed in the block; what lay on the stack before has lower ones. */
const ENTRY: i32 = 1024;
/** Blocks stay within this many words of their begin. */
export const REACH: i32 = 900;

/** Where a position's value is: a slot's position, or, below 0, the complement of a constant's number. */
const where: usize = memory.data(8192, 8);
/** How many positions have their value in a slot. */
const uses: usize = memory.data(8192, 8);
/** As many as a block has opcodes. */
const constants: usize = memory.data(8192, 8);

let height: i32 = ENTRY;
/** Positions below this have their values in their own slots, and nowhere else. */
let low: i32 = ENTRY;
let highest: i32 = ENTRY;
let constantCount: i32 = 0;

export function resetOperands(): void {
  forget();
  height = ENTRY;
  low = ENTRY;
  highest = ENTRY;
  constantCount = 0;
}

/** Words on the stack more than when the block began. */
export function growth(): i32 {
  return height - ENTRY;
}

/** Bytes from the stack pointer to the top of the stack. */
export function topOffset(): i32 {
  return offsetOf(height - 1);
}

/** Bytes from the stack pointer to a slot. */
export function offsetOf(slot: i32): i32 {
  return (ENTRY - 1 - slot) << 5;
}

export function isConstant(place: i32): bool {
  return place < 0;
}

/** Address of a constant's value while its block is decoded. */
export function constantAt(place: i32): usize {
  return constants + ((<usize>~place) << 5);
}

/** A new constant, to be filled at `constantAt`. */
export function newConstant(): i32 {
  return ~constantCount++;
}

export function push(place: i32): void {
  setWhere(height, place);
  use(place);
  height++;
  highest = max(highest, height);
}

/** Takes the top off. Its value stays until `release`. */
export function pop(): i32 {
  reachDown(height - 1);
  height--;
  return whereIs(height);
}

/** Says that a popped value is not needed any more. */
export function release(place: i32): void {
  if (place >= 0) setUses(place, usesOf(place) - 1);
}

export function isUnused(place: i32): bool {
  return place >= 0 && usesOf(place) == 0;
}

export function duplicate(depth: i32): void {
  reachDown(height - depth);
  push(whereIs(height - depth));
}

export function exchange(depth: i32): void {
  reachDown(height - 1 - depth);
  const top = whereIs(height - 1);
  setWhere(height - 1, whereIs(height - 1 - depth));
  setWhere(height - 1 - depth, top);
}

/** Pushes a result yet to be computed, and says into which slot. The operands have been released. */
export function pushResult(): i32 {
  const slot = freeSlot(height);
  push(slot);
  return slot;
}

/** The slot of a popped value. A constant is written into one first; `above` is how many popped values are not yet released. */
export function inSlot(place: i32, above: i32): i32 {
  if (place >= 0) return place;
  const slot = freeSlot(height + above - 1);
  emitConstant(slot, place);
  use(slot);
  highest = max(highest, slot + 1);
  return slot;
}

/** Whether a popped value outlives `settle` where it is: no position on the stack claims its slot. */
export function staysClear(place: i32): bool {
  return place >= height;
}

/** Whether all values are in their own slots. */
export function isSettled(): bool {
  for (let position = low; position < height; position++) {
    if (whereIs(position) != position) return false;
  }
  return true;
}

/** Emits what brings all values into their own slots. */
export function settle(): void {
  while (settleFree()) breakCycle();
  forget();
  low = height;
  highest = height;
}

/** Moves what can be moved. Whether some values are still elsewhere: they stand in each other's slots. */
function settleFree(): bool {
  let isPending = true;
  let moved = true;
  while (moved && isPending) {
    moved = false;
    isPending = false;
    for (let position = low; position < height; position++) {
      const place = whereIs(position);
      if (place == position) continue;
      if (usesOf(position)) {
        isPending = true;
        continue;
      }
      if (place < 0) emitConstant(position, place);
      else emit(Do.Move, offsetOf(position), offsetOf(place), 0);
      release(place);
      setWhere(position, position);
      use(position);
      moved = true;
    }
  }
  return isPending;
}

/** Exchanges two slots, one of whose values then is in its own. */
function breakCycle(): void {
  let position = low;
  while (whereIs(position) < 0 || whereIs(position) == position) position++;
  const other = whereIs(position);
  emit(Do.Swap, 0, offsetOf(position), offsetOf(other));
  for (let index = low; index < height; index++) {
    const place = whereIs(index);
    if (place == position) setWhere(index, other);
    else if (place == other) setWhere(index, position);
  }
  const count = usesOf(position);
  setUses(position, usesOf(other));
  setUses(other, count);
}

/** A slot that nothing refers to, at best this one. Up to it there is always one more slot than values. */
function freeSlot(best: i32): i32 {
  let slot = best;
  while (slot > low && usesOf(slot)) slot--;
  return slot;
}

function emitConstant(slot: i32, place: i32): void {
  const word = constantAt(place);
  if (fitsU64(word) && load<u64>(word) >> 32 == 0) {
    emitNumber(Do.ConstN, offsetOf(slot), load<u32>(word));
  } else {
    emit(Do.Const, offsetOf(slot), 0, 0);
    emitWord(word);
  }
}

function reachDown(position: i32): void {
  while (low > position) {
    low--;
    setWhere(low, low);
    setUses(low, usesOf(low) + 1);
  }
}

/** Clears the counts of all slots in use. */
function forget(): void {
  const to = max(highest, height) + 1;
  if (to > low) memory.fill(uses + ((<usize>low) << 2), 0, (<usize>(to - low)) << 2);
}

/** Says that a value is needed once more. */
export function use(place: i32): void {
  if (place >= 0) setUses(place, usesOf(place) + 1);
}

function whereIs(position: i32): i32 {
  return load<i32>(where + ((<usize>position) << 2));
}

function setWhere(position: i32, place: i32): void {
  store<i32>(where + ((<usize>position) << 2), place);
}

function usesOf(slot: i32): i32 {
  return load<i32>(uses + ((<usize>slot) << 2));
}

function setUses(slot: i32, count: i32): void {
  store<i32>(uses + ((<usize>slot) << 2), count);
}
