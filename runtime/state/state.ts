import { bytesToHex, EMPTY, hexToBytes, ZERO_WORD } from '../bytes.ts';
import type { AccountDiff, Address, StateView, Store, Vm, Word } from '../ports/index.ts';
import {
  decodeAccount,
  decodeSlotValue,
  EMPTY_CODE_HASH,
  encodeAccount,
  encodeSlotValue,
  type StoredAccount,
} from './account.ts';
import { EMPTY_ROOT, openTrie, type Trie, type TrieNodes } from './trie.ts';
import { TrieError } from './trie-node.ts';

/** What a {@link Store} writes at once. */
export type StoreEntry = readonly [key: string, value: Uint8Array | undefined];

/** Where a state finds its pieces. */
export interface StateStore extends Pick<Store, 'get'> {
  /** Hears the key of each piece that is not there, or is not what it was. */
  lacks?(key: string): void;
}

/** All accounts at one moment: Ethereum's secure Merkle-Patricia trie. A value: applying a diff gives another. */
export interface State {
  readonly root: Word;
  account(address: Address): StoredAccount | undefined;
  /** 32 zero bytes where nothing is stored. */
  slot(address: Address, slot: Word): Word;
  code(codeHash: Word): Uint8Array;
  /** At most one diff per account. The entries are to be written before the new state is read. */
  apply(diff: readonly AccountDiff[]): { readonly state: State; readonly entries: readonly StoreEntry[] };
  prove(address: Address, slots: readonly Word[]): StateProof;
  /** The same state; with nothing of it in memory if that had become much. Only for a state that is in the store. */
  trimmed(): State;
}

/** What `eth_getProof` answers: nodes from the state root to the account, and from its storage root to each slot. */
export interface StateProof {
  readonly account: StoredAccount;
  readonly nodes: readonly Uint8Array[];
  readonly slots: readonly { readonly slot: Word; readonly value: Word; readonly nodes: readonly Uint8Array[] }[];
}

const ABSENT: StoredAccount = { nonce: 0n, balance: 0n, storageRoot: EMPTY_ROOT, codeHash: EMPTY_CODE_HASH };
export const CODE_PREFIX = 'code/';
export const NODE_PREFIX = 'node/';
const MAX_NODES_IN_MEMORY = 8192;
const MAX_STORAGES_IN_MEMORY = 256;
const MAX_CODES_IN_MEMORY = 64;
/** More than a full pool has senders, of each of which the nonce is asked again and again. */
const MAX_ACCOUNTS_IN_MEMORY = 8192;
const MAX_SLOTS_IN_MEMORY = 4096;
const MAX_KEYS_IN_MEMORY = 1024;

/** The state with this root, read from the store as it is needed. */
export function openState(root: Word, store: StateStore, keccak256: Vm['keccak256']): State {
  return new TrieState(root, new Shared(store, keccak256));
}

/** The state as the VM reads it. */
export function viewOf(state: State, blockHash: StateView['blockHash']): StateView {
  return {
    account(address) {
      const account = state.account(address);
      if (!account) return undefined;
      const { nonce, balance, codeHash, storageRoot } = account;
      return { nonce, balance, codeHash, hasStorage: storageRoot !== EMPTY_ROOT };
    },
    slot: (address, slot) => state.slot(address, slot),
    code: (codeHash) => state.code(codeHash),
    blockHash,
  };
}

/** What the states of one ledger have in common: the store, and what of it is in memory. */
class Shared implements TrieNodes {
  readonly store: StateStore;
  readonly keccak256: Vm['keccak256'];
  nodesInMemory = 0;
  private readonly codes = new Map<Word, Uint8Array>();
  private readonly keys = new Map<Address | Word, Uint8Array>();

  constructor(store: StateStore, keccak256: Vm['keccak256']) {
    this.store = store;
    this.keccak256 = keccak256;
  }

  load(hash: Word): Uint8Array | undefined {
    this.nodesInMemory++;
    return this.sound(hash, NODE_PREFIX);
  }

  code(codeHash: Word): Uint8Array {
    const known = this.codes.get(codeHash);
    if (known) return known;
    const code = this.sound(codeHash, CODE_PREFIX);
    if (!code) throw new TrieError(`the state is incomplete: code ${codeHash} is not in the store`);
    return this.keepCode(codeHash, code);
  }

  /** What a disk has changed is as good as lost: it must not be taken for something else. */
  private sound(hash: Word, prefix: string): Uint8Array | undefined {
    const bytes = this.store.get(prefix + hash);
    if (bytes && bytesToHex(this.keccak256(bytes)) === hash) return bytes;
    this.store.lacks?.(prefix + hash);
    if (bytes) throw new TrieError(`the store is damaged: ${hash} is not what it was`);
    return undefined;
  }

  keepCode(codeHash: Word, code: Uint8Array): Uint8Array {
    if (this.codes.size >= MAX_CODES_IN_MEMORY) this.codes.clear();
    this.codes.set(codeHash, code);
    return code;
  }

  /** The way of an account or a slot through its trie. */
  hashKey(key: Address | Word): Uint8Array {
    const known = this.keys.get(key);
    if (known) return known;
    if (this.keys.size >= MAX_KEYS_IN_MEMORY) this.keys.clear();
    const hash = this.keccak256(hexToBytes(key));
    this.keys.set(key, hash);
    return hash;
  }
}

/** What was asked of a state: the pool, the VM and the device ask for the same few again and again. */
class Asked {
  readonly accounts = new Map<Address, StoredAccount | undefined>();
  readonly slots = new Map<Address, Map<Word, Word>>();
  private slotCount = 0;

  keepAccount(address: Address, account: StoredAccount | undefined): void {
    if (this.accounts.size >= MAX_ACCOUNTS_IN_MEMORY) this.accounts.clear();
    this.accounts.set(address, account);
  }

  keepSlot(address: Address, slot: Word, value: Word): void {
    if (this.slotCount >= MAX_SLOTS_IN_MEMORY) {
      this.slots.clear();
      this.slotCount = 0;
    }
    const slots = this.slots.get(address) ?? new Map<Word, Word>();
    this.slots.set(address, slots.set(slot, value));
    this.slotCount++;
  }
}

class TrieState implements State {
  readonly root: Word;
  private readonly shared: Shared;
  private readonly accounts: Trie;
  private readonly storages: Map<Address, Trie>;
  private asked: Asked;

  constructor(
    root: Word,
    shared: Shared,
    accounts: Trie = openTrie(root, shared),
    storages = new Map<Address, Trie>(),
    asked = new Asked(),
  ) {
    this.root = root;
    this.shared = shared;
    this.accounts = accounts;
    this.storages = storages;
    this.asked = asked;
  }

  account(address: Address): StoredAccount | undefined {
    const { accounts } = this.asked;
    const known = accounts.get(address);
    if (known || accounts.has(address)) return known;
    const bytes = this.accounts.get(this.shared.hashKey(address));
    const account = bytes && decodeAccount(bytes);
    this.asked.keepAccount(address, account);
    return account;
  }

  slot(address: Address, slot: Word): Word {
    const known = this.asked.slots.get(address)?.get(slot);
    if (known !== undefined) return known;
    const storageRoot = this.account(address)?.storageRoot ?? EMPTY_ROOT;
    const value = storageRoot === EMPTY_ROOT ? ZERO_WORD : this.readSlot(this.storage(address, storageRoot), slot);
    this.asked.keepSlot(address, slot, value);
    return value;
  }

  code(codeHash: Word): Uint8Array {
    return codeHash === EMPTY_CODE_HASH ? EMPTY : this.shared.code(codeHash);
  }

  apply(diff: readonly AccountDiff[]): { state: State; entries: StoreEntry[] } {
    if (diff.length === 0) return { state: this, entries: [] };
    const entries: StoreEntry[] = [];
    const keep = (hash: Word, node: Uint8Array) => {
      this.shared.nodesInMemory++;
      entries.push([NODE_PREFIX + hash, node]);
    };
    const storages = new Map(this.storages);
    const changed = new Map<Address, StoredAccount | undefined>();
    let accounts = this.accounts;
    for (const change of diff) {
      const account = this.changeAccount(change, storages, keep);
      changed.set(change.address, account);
      accounts = accounts.with(this.shared.hashKey(change.address), account && encodeAccount(account));
      if (change.account && change.code) {
        entries.push([CODE_PREFIX + change.account.codeHash, this.shared.keepCode(change.account.codeHash, change.code)]);
      }
    }
    return { state: new TrieState(accounts.commit(keep), this.shared, accounts, storages, this.handOn(diff, changed)), entries };
  }

  /** The next state goes on with what was asked of this one, which begins anew: there is one newest state at a time. */
  private handOn(diff: readonly AccountDiff[], changed: ReadonlyMap<Address, StoredAccount | undefined>): Asked {
    const { asked } = this;
    this.asked = new Asked();
    for (const { address, account, cleared, slots } of diff) {
      if (asked.accounts.has(address)) asked.accounts.set(address, changed.get(address));
      if (cleared || account === null) asked.slots.delete(address);
      const known = asked.slots.get(address);
      if (known) for (const [slot, value] of slots) if (known.has(slot)) known.set(slot, value);
    }
    return asked;
  }

  prove(address: Address, slots: readonly Word[]): StateProof {
    const account = this.account(address) ?? ABSENT;
    const storage = this.storage(address, account.storageRoot);
    return {
      account,
      nodes: this.accounts.prove(this.shared.hashKey(address)),
      slots: slots.map((slot) => ({
        slot,
        value: this.readSlot(storage, slot),
        nodes: storage.prove(this.shared.hashKey(slot)),
      })),
    };
  }

  trimmed(): State {
    const isMuch = this.shared.nodesInMemory > MAX_NODES_IN_MEMORY || this.storages.size > MAX_STORAGES_IN_MEMORY;
    return isMuch ? openState(this.root, this.shared.store, this.shared.keccak256) : this;
  }

  /** Puts the account's new storage into `storages` and answers the account; `undefined`: it is gone. */
  private changeAccount(change: AccountDiff, storages: Map<Address, Trie>, keep: (hash: Word, node: Uint8Array) => void) {
    if (!change.account) {
      storages.delete(change.address);
      return undefined;
    }
    const before = change.cleared ? EMPTY_ROOT : (this.account(change.address)?.storageRoot ?? EMPTY_ROOT);
    if (change.slots.length === 0) {
      if (change.cleared) storages.delete(change.address);
      return { ...change.account, storageRoot: before };
    }
    let storage = change.cleared ? openTrie(EMPTY_ROOT, this.shared) : this.storage(change.address, before);
    for (const [slot, value] of change.slots) storage = storage.with(this.shared.hashKey(slot), encodeSlotValue(value));
    storages.set(change.address, storage);
    return { ...change.account, storageRoot: storage.commit(keep) };
  }

  private storage(address: Address, storageRoot: Word): Trie {
    const known = this.storages.get(address);
    if (known) return known;
    const opened = openTrie(storageRoot, this.shared);
    this.storages.set(address, opened);
    return opened;
  }

  private readSlot(storage: Trie, slot: Word): Word {
    const bytes = storage.get(this.shared.hashKey(slot));
    return bytes ? decodeSlotValue(bytes) : ZERO_WORD;
  }
}
