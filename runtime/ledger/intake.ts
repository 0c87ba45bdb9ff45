import { bytesToHex } from '../bytes.ts';
import type { Logger, Store, Vm, Word } from '../ports/index.ts';
import type { StoreEntry } from '../state/state.ts';
import { MAX_TRANSACTION_BYTES, Pool, type PoolRules } from './pool.ts';
import { decodeTransaction, type Transaction, TransactionRefused } from './transaction.ts';

const PREFIX = 'pool/';
/** More than the pool holds. */
const MAX_STORED = 10_000;

/** Whose transaction it is: only for our own clients' does this node answer after a restart. */
export type Origin = 'our client' | 'another node';

/**
 * The door through which transactions enter the pool. One of our own clients is acknowledged when it is on the disk; it stays
 * there until a block holds it or its nonce is used, so that neither a restart nor a lost message loses it. What an
 * acknowledgement does not promise: that nothing replaces it (same nonce, 10 % more of both fees), and that in a full pool
 * nothing that is worth more takes its place.
 */
export class Intake {
  readonly pool: Pool;
  private readonly vm: Vm;
  private readonly store: Store;
  private readonly log: Logger;
  private readonly arrived: (transaction: Transaction) => void;
  private readonly stored = new Set<Word>();

  /** `arrived` hears of each transaction that is new in the pool. */
  constructor(rules: PoolRules, vm: Vm, store: Store, log: Logger, arrived: (transaction: Transaction) => void = () => {}) {
    this.pool = new Pool(rules);
    this.vm = vm;
    this.store = store;
    this.log = log;
    this.arrived = arrived;
  }

  /** Takes up what was acknowledged before the restart, and forgets what has since become useless. Can be done again. */
  restore(): void {
    const useless: StoreEntry[] = [];
    for (const key of this.store.keys(PREFIX, MAX_STORED)) {
      const hash = key.slice(PREFIX.length) as Word;
      if (this.stored.has(hash)) continue;
      try {
        if (!this.pool.has(hash)) this.pool.add(this.readStored(key));
        this.stored.add(hash);
      } catch (error) {
        // Where the state cannot be read for now, nothing is known against the transaction.
        if (!(error instanceof TransactionRefused)) continue;
        this.log.write('info', `a transaction kept from before the restart is dropped: ${error.message}`);
        useless.push([key, undefined]);
      }
    }
    if (useless.length > 0) this.store.write(useless);
  }

  /** Throws {@link TransactionRefused}; then nothing has changed. */
  take(raw: Uint8Array, origin: Origin): Transaction {
    const { transaction, gone } = this.admit(raw);
    try {
      this.keep(origin === 'our client' ? transaction : undefined, gone);
    } catch (error) {
      throw this.undo(transaction, gone, error);
    }
    this.arrived(transaction);
    return transaction;
  }

  /**
   * As {@link take} for a client of ours, but what many send at once is written at once: `stored` resolves when it is on the disk,
   * and rejects with a {@link TransactionRefused} if it cannot be written; then it is not in the pool any more.
   */
  takeSoon(raw: Uint8Array): { readonly transaction: Transaction; readonly stored: Promise<void> } {
    if (!this.store.writeSoon) return { transaction: this.take(raw, 'our client'), stored: Promise.resolve() };
    const { transaction, gone } = this.admit(raw);
    const entries = this.entriesOf(transaction, gone);
    this.note(transaction, gone);
    const stored = this.store.writeSoon(entries).catch((error) => {
      this.stored.delete(transaction.hash);
      throw this.undo(transaction, gone, error);
    });
    this.arrived(transaction);
    return { transaction, stored };
  }

  /** Takes a transaction out that can never run. */
  drop(transaction: Transaction): void {
    this.pool.remove(transaction);
    this.keep(undefined, [transaction]);
  }

  /** What the block with these transactions writes besides its own. */
  entriesAfter(transactions: readonly Transaction[]): StoreEntry[] {
    return transactions.filter(({ hash }) => this.stored.has(hash)).map(({ hash }) => [PREFIX + hash, undefined]);
  }

  /** Forgets, after a block, its transactions and those that wait for a nonce it used. Never throws: the block stands. */
  settle(transactions: readonly Transaction[]): void {
    for (const { hash } of transactions) this.stored.delete(hash);
    for (const stale of this.pool.settle(transactions.map(({ sender }) => sender))) {
      try {
        this.keep(undefined, [stale]);
      } catch (error) {
        this.log.write('warn', `transaction ${stale.hash} is out of the pool but not off the disk: ${(error as Error).message}`);
      }
    }
  }

  private readStored(key: string): Transaction {
    const raw = this.store.get(key)!;
    if (PREFIX + bytesToHex(this.vm.keccak256(raw)) !== key) throw new TransactionRefused('the disk has changed it');
    return decodeTransaction(raw, this.vm);
  }

  private admit(raw: Uint8Array): { readonly transaction: Transaction; readonly gone: readonly Transaction[] } {
    if (raw.length > MAX_TRANSACTION_BYTES) {
      throw new TransactionRefused(`oversized data: transaction size ${raw.length}, limit ${MAX_TRANSACTION_BYTES}`);
    }
    if (this.pool.has(bytesToHex(this.vm.keccak256(raw)))) throw new TransactionRefused('already known');
    const transaction = decodeTransaction(raw, this.vm);
    return { transaction, gone: this.pool.add(transaction) };
  }

  private undo(transaction: Transaction, gone: readonly Transaction[], error: unknown): TransactionRefused {
    this.pool.remove(transaction);
    for (const each of gone) this.putBack(each);
    return new TransactionRefused(`the transaction could not be stored: ${(error as Error).message}`);
  }

  private putBack(transaction: Transaction): void {
    try {
      this.pool.add(transaction);
    } catch (error) {
      // A block may have used its nonce meanwhile.
      if (!(error instanceof TransactionRefused)) throw error;
    }
  }

  private keep(arrived: Transaction | undefined, gone: readonly Transaction[]): void {
    const entries = this.entriesOf(arrived, gone);
    if (entries.length > 0) this.store.write(entries);
    this.note(arrived, gone);
  }

  private entriesOf(arrived: Transaction | undefined, gone: readonly Transaction[]): StoreEntry[] {
    const forgotten = gone.filter(({ hash }) => this.stored.has(hash));
    return [
      ...(arrived ? [[PREFIX + arrived.hash, arrived.raw] as const] : []),
      ...forgotten.map(({ hash }): StoreEntry => [PREFIX + hash, undefined]),
    ];
  }

  private note(arrived: Transaction | undefined, gone: readonly Transaction[]): void {
    for (const { hash } of gone) this.stored.delete(hash);
    if (arrived) this.stored.add(arrived.hash);
  }
}
