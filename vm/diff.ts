/** What the transaction changed, in the form the host reads. */
import { newBytes } from './pool';
import { bytesOf, sizeOf } from './program';
import { Account, AccountFlag, Slot } from './records';
import { codeOfAccount, hasCode, hasFlag, isEmpty, newestAccount, storeAddress } from './state';
import { copy, eq, storeBigEndian } from './u256';

/** A row; its slots follow, each a key and a value of 32 big-endian bytes. */
export const enum DiffRow {
  /** 20 bytes big-endian, then the flags. */
  Address = 0,
  Flags = 20,
  Nonce = 24,
  /** A word. */
  Balance = 32,
  CodeHash = 64,
  /** The new code. */
  Code = 96,
  CodeSize = 100,
  Slots = 104,
  Size = 112,
}

export const enum DiffFlag {
  /** The account is gone, with its storage. */
  Gone = 1,
  /** The code is new. */
  Code = 2,
}

const SLOT: usize = 64;

export let diffAt: usize = 0;
export let diffRows: u32 = 0;

/** Gathers the diff. Its rows stand at `diffAt` until the next transaction. */
export function writeDiff(): void {
  diffRows = 0;
  diffAt = newBytes(measure());
  if (!diffAt) return;
  let at = diffAt;
  for (let account = newestAccount; account; account = <usize>load<u32>(account, Account.Older)) {
    if (!isChanged(account)) continue;
    at = writeAccount(at, account);
    diffRows++;
  }
}

function measure(): usize {
  let size: usize = 0;
  for (let account = newestAccount; account; account = <usize>load<u32>(account, Account.Older)) {
    if (isChanged(account)) size += <usize>DiffRow.Size + <usize>changedSlots(account) * SLOT;
  }
  return size;
}

/** An account that was destroyed, or touched and is empty (EIP-161), is not there afterwards. */
function isGone(account: usize): bool {
  return hasFlag(account, AccountFlag.Destroyed) || (hasFlag(account, AccountFlag.Touched) && isEmpty(account));
}

function isChanged(account: usize): bool {
  if (isGone(account)) return hasFlag(account, AccountFlag.Existed);
  return (
    load<u64>(account, Account.Nonce) != load<u64>(account, Account.OriginalNonce) ||
    !eq(account + Account.Balance, account + Account.OriginalBalance) ||
    hasNewCode(account) ||
    changedSlots(account) != 0
  );
}

function hasNewCode(account: usize): bool {
  return !eq(account + Account.CodeHash, account + Account.OriginalCodeHash);
}

function changedSlots(account: usize): u32 {
  let count: u32 = 0;
  for (let slot = <usize>load<u32>(account, Account.Slots); slot; slot = <usize>load<u32>(slot, Slot.Older)) {
    count += u32(!eq(slot + Slot.Value, slot + Slot.Original));
  }
  return count;
}

function writeAccount(at: usize, account: usize): usize {
  memory.fill(at, 0, DiffRow.Size);
  storeAddress(at + DiffRow.Address, account + Account.Address);
  if (isGone(account)) {
    store<u32>(at, DiffFlag.Gone, DiffRow.Flags);
    return at + DiffRow.Size;
  }
  store<u64>(at, load<u64>(account, Account.Nonce), DiffRow.Nonce);
  copy(at + DiffRow.Balance, account + Account.Balance);
  copy(at + DiffRow.CodeHash, account + Account.CodeHash);
  if (hasNewCode(account) && hasCode(account)) writeCode(at, account);
  return writeSlots(at, account);
}

function writeCode(at: usize, account: usize): void {
  const code = codeOfAccount(account);
  if (!code) return;
  store<u32>(at, DiffFlag.Code, DiffRow.Flags);
  store<u32>(at, <u32>bytesOf(code), DiffRow.Code);
  store<u32>(at, sizeOf(code), DiffRow.CodeSize);
}

function writeSlots(row: usize, account: usize): usize {
  let at = row + DiffRow.Size;
  let count: u32 = 0;
  for (let slot = <usize>load<u32>(account, Account.Slots); slot; slot = <usize>load<u32>(slot, Slot.Older)) {
    if (eq(slot + Slot.Value, slot + Slot.Original)) continue;
    storeBigEndian(at, slot + Slot.Key);
    storeBigEndian(at + 32, slot + Slot.Value);
    at += SLOT;
    count++;
  }
  store<u32>(row, count, DiffRow.Slots);
  return at;
}
