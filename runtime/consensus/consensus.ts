import type { Header } from '../ledger/header.ts';
import type { Receipt } from '../ledger/receipt.ts';
import type { Transaction } from '../ledger/transaction.ts';
import type { Address, Word } from '../ports/index.ts';
import type { Pieces } from '../state/pieces.ts';
import type { State, StoreEntry } from '../state/state.ts';

/**
 * Puts transactions in an order that all nodes agree on: propose, verify, finalize. It decides who makes the next block and
 * when; what the block then holds follows from the {@link Application}, the same on every node.
 */
export interface Consensus {
  /** Takes part from now on. */
  start(): void;
  /** A transaction of this node's own clients is in the pool. */
  transactionAdded(transaction: Transaction): void;
  /**
   * Where validators decide and this node is none: told, before {@link import}, what an engine says of the votes for the last of
   * these blocks, which bear all before it. Throws {@link BlockRefused}.
   */
  vouch?(blocks: readonly WireBlock[], votes: unknown): void;
  /**
   * Appends the next block, which came by another way than the network: from a stick. It counts by its seal and by its
   * execution, as any other. Throws {@link BlockRefused}.
   */
  import(block: WireBlock): void;
  /** Whether this node needs nobody else to go on. */
  readonly isAlone: boolean;
  /** Why this node cannot follow the others any further, in a sentence. */
  fault(): string | undefined;
  /** What a client of this node should know of the ledger just now, in a sentence: why no block is made, or that it has parted. */
  remark(): string | undefined;
  stop(): void;
}

/** What a proposer adds to the block before; all else follows from state and transactions. */
export interface Inputs {
  /** Seconds since 1970, not before the parent's. */
  readonly timestamp: number;
  /** Who receives the priority fees. */
  readonly coinbase: Address;
}

/** A block executed on top of the head and not yet appended. Nothing of it is stored. */
export interface Candidate {
  /** With empty `extraData`. */
  readonly header: Header;
  readonly transactions: readonly Transaction[];
  readonly receipts: readonly Receipt[];
  readonly state: State;
  readonly entries: readonly StoreEntry[];
}

/** What came of transactions that others had decided on. */
export interface Decision {
  readonly candidate: Candidate;
  /** One for each transaction, in order: in the block, or why not. */
  readonly outcomes: readonly { readonly gasUsed: bigint; readonly refused?: string }[];
  /** Transactions that were decided on and yet are invalid here: nothing can come of them. */
  readonly useless: readonly Transaction[];
}

/** A block as nodes hand it to each other. */
export interface WireBlock {
  readonly header: Header;
  readonly transactions: readonly Uint8Array[];
}

/** The ledger as its consensus sees it. */
export interface Application {
  head(): { readonly header: Header; readonly hash: Word };
  /** Of a finished block, also of one that the disk has changed otherwise. */
  headerAt(number: number): { readonly header: Header; readonly hash: Word } | undefined;
  /** Hash of the first block: the name of the ledger among nodes. */
  readonly genesisHash: Word;
  /** Whether the pool holds a transaction that the next block could take. */
  hasWork(): boolean;
  /** Whether the last `blocks` blocks, as far as there are any, are empty. Throws where the disk has changed one of them. */
  isQuietFor(blocks: number): boolean;
  /** The next block from the pool's transactions, best first. */
  propose(inputs: Inputs): Candidate;
  /** Executes another's block on the head and compares. Throws {@link BlockRefused}. The seal is the consensus' own matter. */
  verify(block: WireBlock): Candidate;
  /** The pool's transactions for the next block, best first, without executing them. */
  select(maxBytes: number): readonly Uint8Array[];
  /** Why these transactions are no block, as far as it shows without executing them; `undefined` if they may be one. */
  objection(transactions: readonly Uint8Array[]): string | undefined;
  /** Executes on the head what was decided on; what is invalid here is left out. */
  decide(inputs: Inputs, transactions: readonly Uint8Array[]): Decision;
  /** Takes transactions out of the pool that can never run. */
  drop(transactions: readonly Transaction[]): void;
  /** Appends the block in one atomic write, with what the consensus keeps, and tells everyone. `seal` becomes its `extraData`. */
  finalize(candidate: Candidate, seal: Uint8Array, entries?: readonly StoreEntry[]): void;
  /** A finished block, for nodes that lack it. */
  blockAt(number: number): WireBlock | undefined;
  /** Takes another node's transaction into the pool. Answers whether it was new. Throws `TransactionRefused`. */
  take(raw: Uint8Array): boolean;
  /** Whether the pool has the transaction, and whether it could run now, after those before it. */
  standing(raw: Uint8Array): 'unknown' | 'ready' | 'waiting';
  /** Transactions of the pool that could run now, at most `limit`. The same bytes, the same object. */
  executable(limit: number): readonly Uint8Array[];
  /** Transactions of the pool, for nodes that may lack them, at most `limit`. */
  pending(limit: number): readonly Transaction[];
  /** The highest block that was ever here, as far as the store shows; above the head if the disk has changed what came after. */
  newestMade(): number;
  /** Looks at one more finished block and some of the state, all of it in turn. Answers the number of one that the disk has changed, if any is known. */
  scrub(): number | undefined;
  isDamaged(number: number): boolean;
  /** Puts a finished block in order, if it is one that the disk has changed. The consensus has checked its seal. */
  remake(block: WireBlock): void;
  /** What the disk has lost or changed of the state. */
  readonly pieces: Pieces;
  /** All pieces that were found lacking are there again: what could not be done without them can be tried. */
  mended(): void;
}

/** A block that does not follow from the one before. */
export class BlockRefused extends Error {
  override readonly name = 'BlockRefused';
  constructor(number: number, why: string) {
    super(`block ${number} is refused: ${why}`);
  }
}
