/** The transaction's view of accounts and slots: loaded from the host when first met, changed here, undone by the journal. */
import { codeOf, EMPTY_HASH } from './code';
import { fail, fatal } from './failure';
import { isPrecompile } from './forks';
import { hostAccount, hostSlot } from './host';
import { keepNumber, keepWord, Undo } from './journal';
import { newRecord } from './pool';
import { Account, AccountFlag, Slot, SlotFlag, Transient } from './records';
import { Status } from './status';
import { chainOf, hashWord, insert, resetTable, TABLE_SIZE } from './table';
import { add, copy, eq, fitsU64, isZero, loadBigEndian, low64, storeBigEndian, sub } from './u256';

const accounts: usize = memory.data(TABLE_SIZE, 8);
const slots: usize = memory.data(TABLE_SIZE, 8);
const transients: usize = memory.data(TABLE_SIZE, 8);
const answer: usize = memory.data(96, 8);
const wireAddress: usize = memory.data(32, 8);
const wireKey: usize = memory.data(32, 8);
const masked: usize = memory.data(32, 8);

/** The account looked up last; each links to the one before (`Account.Older`). */
export let newestAccount: usize = 0;
/** Gas to be refunded so far (EIP-3529). A frame that fails sets it back. */
export let refund: i64 = 0;

export function resetState(): void {
  resetTable(accounts);
  resetTable(slots);
  resetTable(transients);
  newestAccount = 0;
  refund = 0;
}

export function setRefund(gas: i64): void {
  refund = gas;
}

/** The account at the low 160 bits of a word. Never 0; after a fatal failure a record of no account. */
export function accountAt(word: usize): usize {
  copy(masked, word);
  store<u64>(masked, load<u64>(masked, 16) & 0xffffffff, 16);
  store<u64>(masked, 0, 24);
  const hash = hashWord(masked);
  let account = chainOf(accounts, hash);
  while (account && !eq(account + Account.Address, masked)) account = <usize>load<u32>(account);
  return account ? account : loadAccount(hash);
}

export function isEmpty(account: usize): bool {
  return load<u64>(account, Account.Nonce) == 0 && isZero(account + Account.Balance) && !hasCode(account);
}

export function hasCode(account: usize): bool {
  return !eq(account + Account.CodeHash, EMPTY_HASH);
}

/** The record of an account's code. 0 only after a fatal failure. */
export function codeOfAccount(account: usize): usize {
  const known = <usize>load<u32>(account, Account.Code);
  if (known) return known;
  const code = codeOf(account + Account.CodeHash);
  store<u32>(account, <u32>code, Account.Code);
  return code;
}

export function hasFlag(account: usize, flag: u32): bool {
  return (load<u32>(account, Account.Flags) & flag) != 0;
}

export function setFlag(account: usize, flag: u32): void {
  const flags = load<u32>(account, Account.Flags);
  if (flags & flag) return;
  keepNumber(Undo.AccountFlags, account, flags);
  store<u32>(account, flags | flag, Account.Flags);
}

/** Makes an account warm; says whether it was cold (EIP-2929). */
export function warmAccount(account: usize): bool {
  if (hasFlag(account, AccountFlag.Warm)) return false;
  setFlag(account, AccountFlag.Warm);
  return true;
}

/** Marks an account to be removed at the end if it is empty then (EIP-161). */
export function touch(account: usize): void {
  setFlag(account, AccountFlag.Touched);
}

export function setNonce(account: usize, nonce: u64): void {
  keepNumber(Undo.Nonce, account, load<u64>(account, Account.Nonce));
  store<u64>(account, nonce, Account.Nonce);
}

export function setCode(account: usize, hash: usize, code: usize): void {
  keepWord(Undo.CodeHash, account, account + Account.CodeHash);
  keepNumber(Undo.Code, account, load<u32>(account, Account.Code));
  copy(account + Account.CodeHash, hash);
  store<u32>(account, <u32>code, Account.Code);
}

export function addBalance(account: usize, amount: usize): void {
  touch(account);
  if (isZero(amount)) return;
  keepWord(Undo.Balance, account, account + Account.Balance);
  add(account + Account.Balance, account + Account.Balance, amount);
}

/** The caller has made sure that there is enough. */
export function subBalance(account: usize, amount: usize): void {
  touch(account);
  if (isZero(amount)) return;
  keepWord(Undo.Balance, account, account + Account.Balance);
  sub(account + Account.Balance, account + Account.Balance, amount);
}

/** The slot of an account. Never 0; after a fatal failure a record of no slot. */
export function slotAt(account: usize, key: usize): usize {
  const hash = hashWord(key) ^ (<u32>account * 0x9e3779b1);
  let slot = chainOf(slots, hash);
  while (slot && !(load<u32>(slot, Slot.Account) == <u32>account && eq(slot + Slot.Key, key))) slot = <usize>load<u32>(slot);
  return slot ? slot : loadSlot(account, key, hash);
}

/** Makes a slot warm; says whether it was cold (EIP-2929). */
export function warmSlot(slot: usize): bool {
  if (load<u32>(slot, Slot.Flags) & SlotFlag.Warm) return false;
  keepNumber(Undo.SlotFlags, slot, load<u32>(slot, Slot.Flags));
  store<u32>(slot, SlotFlag.Warm, Slot.Flags);
  return true;
}

export function setSlot(slot: usize, value: usize): void {
  keepWord(Undo.SlotValue, slot, slot + Slot.Value);
  copy(slot + Slot.Value, value);
}

/** Transient storage (EIP-1153). Never 0. */
export function transientAt(account: usize, key: usize): usize {
  const hash = hashWord(key) ^ (<u32>account * 0x9e3779b1);
  let record = chainOf(transients, hash);
  while (record && !(load<u32>(record, Transient.Account) == <u32>account && eq(record + Transient.Key, key))) {
    record = <usize>load<u32>(record);
  }
  if (record) return record;
  const made = newRecord(Transient.Size);
  store<u32>(made, <u32>account, Transient.Account);
  copy(made + Transient.Key, key);
  insert(transients, made, hash);
  return made;
}

export function setTransient(record: usize, value: usize): void {
  keepWord(Undo.TransientValue, record, record + Transient.Value);
  copy(record + Transient.Value, value);
}

/** Writes a word's low 160 bits as 20 big-endian bytes. */
export function storeAddress(destination: usize, word: usize): void {
  store<u32>(destination, bswap<u32>(load<u32>(word, 16)));
  store<u64>(destination, bswap<u64>(load<u64>(word, 8)), 4);
  store<u64>(destination, bswap<u64>(load<u64>(word)), 12);
}

/** Reads 20 big-endian bytes into a word. */
export function loadAddress(word: usize, source: usize): void {
  const low = bswap<u64>(load<u64>(source, 12));
  const middle = bswap<u64>(load<u64>(source, 4));
  const high = <u64>bswap<u32>(load<u32>(source));
  store<u64>(word, low);
  store<u64>(word, middle, 8);
  store<u64>(word, high, 16);
  store<u64>(word, 0, 24);
}

function loadAccount(hash: u32): usize {
  const account = newRecord(Account.Size);
  copy(account + Account.Address, masked);
  copy(account + Account.CodeHash, EMPTY_HASH);
  if (!fatal) {
    storeAddress(wireAddress, masked);
    const found = hostAccount(wireAddress, answer);
    if (found < 0) fail(Status.HostFailure);
    if (found > 0) takeAnswer(account);
  }
  copy(account + Account.OriginalBalance, account + Account.Balance);
  store<u64>(account, load<u64>(account, Account.Nonce), Account.OriginalNonce);
  copy(account + Account.OriginalCodeHash, account + Account.CodeHash);
  if (isPrecompileAddress()) store<u32>(account, load<u32>(account, Account.Flags) | AccountFlag.Warm, Account.Flags);
  store<u32>(account, <u32>newestAccount, Account.Older);
  newestAccount = account;
  insert(accounts, account, hash);
  return account;
}

/** Precompiles are warm from the start (EIP-2929). */
function isPrecompileAddress(): bool {
  return fitsU64(masked) && low64(masked) <= 0x100 && isPrecompile(<u32>low64(masked));
}

function takeAnswer(account: usize): void {
  store<u64>(account, load<u64>(answer), Account.Nonce);
  const hasStorage = load<u64>(answer, 8) != 0;
  store<u32>(account, AccountFlag.Existed | (hasStorage ? AccountFlag.HasStorage : 0), Account.Flags);
  copy(account + Account.Balance, answer + 16);
  copy(account + Account.CodeHash, answer + 48);
}

function loadSlot(account: usize, key: usize, hash: u32): usize {
  const slot = newRecord(Slot.Size);
  store<u32>(slot, <u32>account, Slot.Account);
  copy(slot + Slot.Key, key);
  if (!fatal && hasFlag(account, AccountFlag.HasStorage)) readSlot(account, slot);
  store<u32>(slot, load<u32>(account, Account.Slots), Slot.Older);
  store<u32>(account, <u32>slot, Account.Slots);
  insert(slots, slot, hash);
  return slot;
}

function readSlot(account: usize, slot: usize): void {
  storeAddress(wireAddress, account + Account.Address);
  storeBigEndian(wireKey, slot + Slot.Key);
  if (hostSlot(wireAddress, wireKey, answer) < 0) fail(Status.HostFailure);
  loadBigEndian(slot + Slot.Value, answer);
  copy(slot + Slot.Original, slot + Slot.Value);
}
