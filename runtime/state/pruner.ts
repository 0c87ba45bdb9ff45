import { bigintToBytes, bytesToHex } from '../bytes.ts';
import type { Logger, Store, Vm, Word } from '../ports/index.ts';
import { asList, asNumber, decodeRlp, encodeRlp } from '../rlp/index.ts';
import { decodeAccount } from './account.ts';
import { HashSet } from './hash-set.ts';
import { NODE_PREFIX, type StoreEntry } from './state.ts';
import { EMPTY_ROOT } from './trie.ts';
import { decodeNode, TrieError, type TrieNode } from './trie-node.ts';

/** The states of so many blocks before the head stay. */
export const KEPT_STATES = 128;
/** Nodes that are written before it is worth looking for those that may go: some forty megabytes. */
const MIN_WRITTEN = 150_000;
/** Looked at for each node that a block writes, and in any case. */
const NODES_PER_WRITTEN = 4;
const LEAST_NODES = 256;
/** Keys of one part of the store. */
const PART_KEYS = 256;
const MOST_DIGITS = 8;
/** What has been written since the last round, and how many nodes that left. */
const PROGRESS = 'pruning';

/** A trie, or a part of one, to be looked at. */
interface Place {
  readonly hash: Word;
  readonly isStorage: boolean;
}

export interface PrunerParts {
  readonly store: Pick<Store, 'get' | 'keys'>;
  readonly keccak256: Vm['keccak256'];
  readonly log: Logger;
  /** State roots of the head and the {@link KEPT_STATES} blocks before it. */
  readonly roots: () => readonly Word[];
  /** For tests. */
  readonly minWritten?: number;
}

/**
 * Lets old states go. Now and then, when more has been written than is in use, it marks what the kept states consist of and
 * sweeps the rest of the trie's nodes: a little with each block and in the same write, so that no crash leaves half of it.
 * What is written meanwhile counts as marked. It needs no clock, and an idle ledger has no work for it.
 */
export class Pruner {
  private readonly parts: PrunerParts;
  private readonly minWritten: number;
  private written: number;
  private live: number;
  private marked: HashSet | undefined;
  private open: Place[] = [];
  /** Parts of the store that were swept; `undefined` while marking. */
  private swept: number | undefined;
  private digits = 1;

  constructor(parts: PrunerParts) {
    this.parts = parts;
    this.minWritten = parts.minWritten ?? MIN_WRITTEN;
    [this.written = 0, this.live = 0] = this.readProgress();
  }

  /** What the write of a block is to hold besides these entries of its own. */
  step(entries: readonly StoreEntry[]): readonly StoreEntry[] {
    const hashes = entries.flatMap(([key]) => (key.startsWith(NODE_PREFIX) ? [key.slice(NODE_PREFIX.length) as Word] : []));
    this.written += hashes.length;
    if (!this.marked && this.written < Math.max(this.minWritten, 2 * this.live)) return this.progress();
    try {
      return this.work(hashes);
    } catch (error) {
      // Nothing goes that might be needed: a store that cannot be read is not swept.
      this.parts.log.write('warn', `old states stay for now: ${(error as Error).message}`);
      this.reset();
      this.written = 0;
      return this.progress();
    }
  }

  /** Something else has written to the state: what was marked is not all that is in use. */
  reset(): void {
    this.marked = undefined;
    this.open = [];
    this.swept = undefined;
  }

  private work(hashes: readonly Word[]): readonly StoreEntry[] {
    const budget = Math.max(LEAST_NODES, NODES_PER_WRITTEN * hashes.length);
    this.marked ??= this.begin();
    for (const hash of hashes) this.marked.add(hash);
    if (this.swept !== undefined) return this.sweep(this.marked, budget);
    for (let left = budget; left > 0; left--) {
      const place = this.open.pop();
      if (!place) {
        this.swept = 0;
        break;
      }
      if (this.marked.add(place.hash)) this.look(place);
    }
    return this.progress();
  }

  private begin(): HashSet {
    const roots = this.parts.roots().filter((hash) => hash !== EMPTY_ROOT);
    this.open = roots.map((hash) => ({ hash, isStorage: false }));
    const likely = Math.max(this.live, 1) + this.written;
    this.digits = Math.min(MOST_DIGITS, Math.max(1, Math.ceil(Math.log(likely / PART_KEYS) / Math.log(16))));
    return new HashSet();
  }

  /** Opens what the node refers to. Throws where it is lacking or damaged: what is below it may be healed, and is still in use. */
  private look({ hash, isStorage }: Place): void {
    const { store, keccak256 } = this.parts;
    const bytes = store.get(NODE_PREFIX + hash);
    if (!bytes || bytesToHex(keccak256(bytes)) !== hash) throw new TrieError(`the state is incomplete: ${hash}`);
    const inner: TrieNode[] = [decodeNode(bytes)];
    for (let node = inner.pop(); node; node = inner.pop()) {
      if (node.kind === 'unloaded') this.open.push({ hash: bytesToHex(node.reference), isStorage });
      else if (node.kind === 'extension') inner.push(node.child);
      else if (node.kind === 'branch') for (const child of node.children) child && inner.push(child);
      else if (!isStorage) this.openStorage(node.value);
    }
  }

  private openStorage(account: Uint8Array): void {
    const { storageRoot } = decodeAccount(account);
    if (storageRoot !== EMPTY_ROOT) this.open.push({ hash: storageRoot, isStorage: true });
  }

  private sweep(marked: HashSet, budget: number): readonly StoreEntry[] {
    const gone: StoreEntry[] = [];
    const last = 16 ** this.digits;
    for (let looked = 0; looked < budget && this.swept! < last; this.swept!++) {
      const prefix = `${NODE_PREFIX}0x${this.swept!.toString(16).padStart(this.digits, '0')}`;
      const keys = this.parts.store.keys(prefix, Number.MAX_SAFE_INTEGER);
      looked += keys.length + 1;
      for (const key of keys) if (!marked.has(key.slice(NODE_PREFIX.length) as Word)) gone.push([key, undefined]);
    }
    if (this.swept === last) this.end(marked.size);
    return [...gone, ...this.progress()];
  }

  private end(live: number): void {
    this.reset();
    this.live = live;
    this.written = 0;
  }

  private progress(): readonly StoreEntry[] {
    return [[PROGRESS, encodeRlp([this.written, this.live].map((number) => bigintToBytes(BigInt(number))))]];
  }

  private readProgress(): number[] {
    const bytes = this.parts.store.get(PROGRESS);
    try {
      return bytes ? asList(decodeRlp(bytes), 'pruning', 2).map((item) => asNumber(item, 'pruning')) : [];
    } catch {
      // A disk has changed it: then the next round is a little sooner or later.
      return [];
    }
  }
}
