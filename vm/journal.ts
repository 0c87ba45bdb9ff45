/** The journal stores how to undo, newest first: `const mark = checkpoint(); … revert(mark);` */
import { capacity, enlarge, give } from './arena';
import { fail } from './failure';
import { Account, AccountFlag, Slot, Transient } from './records';
import { Status } from './status';
import { copy } from './u256';

export const enum Undo {
  Balance,
  Nonce,
  CodeHash,
  Code,
  AccountFlags,
  SlotValue,
  SlotFlags,
  TransientValue,
}

/** An entry: kind u32, record u32, old value (32 bytes). */
const ENTRY: usize = 40;
const FIRST_SIZE: usize = 4096 - 16;
/** Above this many bytes the journal is given back between transactions. */
const KEPT_SIZE: usize = 65536;

let entries: usize = 0;
let used: usize = 0;
let room: usize = 0;

/** Where the journal stands; for `revert`. */
export function checkpoint(): usize {
  return used;
}

/** Keeps a word as it was. */
export function keepWord(kind: u32, record: usize, value: usize): void {
  const entry = append(kind, record);
  if (entry) copy(entry + 8, value);
}

/** Keeps a number as it was. */
export function keepNumber(kind: u32, record: usize, value: u64): void {
  const entry = append(kind, record);
  if (entry) store<u64>(entry, value, 8);
}

/** Undoes everything since `mark`. */
export function revert(mark: usize): void {
  while (used > mark) {
    used -= ENTRY;
    undo(entries + used);
  }
}

export function resetJournal(): void {
  used = 0;
  if (room <= KEPT_SIZE) return;
  give(entries);
  entries = 0;
  room = 0;
}

function append(kind: u32, record: usize): usize {
  if (used + ENTRY > room && !makeRoom()) return 0;
  const entry = entries + used;
  used += ENTRY;
  store<u32>(entry, kind);
  store<u32>(entry, <u32>record, 4);
  return entry;
}

function makeRoom(): bool {
  const larger = enlarge(entries, used, max(room * 2, FIRST_SIZE));
  if (!larger) {
    fail(Status.MemoryLimit);
    return false;
  }
  entries = larger;
  room = capacity(larger);
  return true;
}

function undo(entry: usize): void {
  const record = <usize>load<u32>(entry, 4);
  switch (load<u32>(entry)) {
    case Undo.Balance:
      copy(record + Account.Balance, entry + 8);
      break;
    case Undo.Nonce:
      store<u64>(record, load<u64>(entry, 8), Account.Nonce);
      break;
    case Undo.CodeHash:
      copy(record + Account.CodeHash, entry + 8);
      break;
    case Undo.Code:
      store<u32>(record, load<u32>(entry, 8), Account.Code);
      break;
    case Undo.AccountFlags:
      undoFlags(record, load<u32>(entry, 8));
      break;
    case Undo.SlotValue:
      copy(record + Slot.Value, entry + 8);
      break;
    case Undo.SlotFlags:
      store<u32>(record, load<u32>(entry, 8), Slot.Flags);
      break;
    default:
      copy(record + Transient.Value, entry + 8);
  }
}

/** A touch of 0x03 outlives a revert: mainnet's history has one (EIP-161, block 2675119). */
function undoFlags(account: usize, flags: u32): void {
  if (isRipemd(account)) flags |= load<u32>(account, Account.Flags) & AccountFlag.Touched;
  store<u32>(account, flags, Account.Flags);
}

function isRipemd(account: usize): bool {
  return (
    load<u64>(account, Account.Address) == 3 &&
    (load<u64>(account, Account.Address + 8) | load<u64>(account, Account.Address + 16)) == 0
  );
}
