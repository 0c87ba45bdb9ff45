import type { Address } from './hex.ts';

/** A validator of the engine that orders: its ed25519 key and its voting power. Power 0: it is none any more. */
export interface ValidatorPower {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly power: number;
}

/** What more than two thirds of some validators have signed. */
export interface SignedHeight {
  readonly height: number;
  /** What the ledger was before this height's own block: the hash of its head. */
  readonly appHash: Uint8Array;
  /** All who could vote. Whether they are the right ones is for the ledger to say. */
  readonly validators: readonly ValidatorPower[];
}

/** Checks votes without an engine. */
export interface Votes {
  /**
   * Whether the votes hold that an engine tells of a height: its header, its commit and its validators, as JSON.
   * @param chain The ledger's name among engines. Throws a sentence.
   */
  check(told: unknown, chain: string): SignedHeight;
}

/** What the engine says of a block that is proposed or decided. */
export interface OrderedBlock {
  /** The engine's own count of blocks; the ledger's blocks have numbers of their own. */
  readonly height: number;
  /** Seconds since 1970, by the vote of the validators. */
  readonly timeSeconds: number;
  /** The proposer's address among the validators: the first 20 bytes of sha256 of its key. */
  readonly proposer: Address;
  readonly transactions: readonly Uint8Array[];
  /** Validators that were caught: they signed two things that exclude each other. */
  readonly caught?: readonly { readonly validator: Address; readonly height: number }[];
}

/** A state of the ledger that another device may begin with. */
export interface Snapshot {
  readonly height: number;
  readonly format: number;
  readonly chunks: number;
  readonly hash: Uint8Array;
  readonly metadata: Uint8Array;
}

/** What became of one transaction. The engine hashes `code` and `gasUsed`; `log` is for people. */
export interface TransactionOutcome {
  /** 0: it is in the block. */
  readonly code: number;
  readonly gasUsed: bigint;
  readonly log: string;
}

export interface FinalizedBlock {
  readonly outcomes: readonly TransactionOutcome[];
  readonly validators: readonly ValidatorPower[];
  readonly appHash: Uint8Array;
}

export type SnapshotVerdict = 'accept' | 'abort' | 'reject' | 'rejectFormat';
/** `retry` asks for the chunk again, from another than the sender. */
export type ChunkVerdict = 'accept' | 'abort' | 'retry' | 'rejectSnapshot';

/**
 * The verbs of ABCI 2.0: what an engine of consensus asks of the ledger. Messages in, answers out; the same history gives the
 * same answers on every device. Nothing is written before `commit`. A verb that throws stops the engine, not the device.
 */
export interface Abci {
  info(): { readonly height: number; readonly appHash: Uint8Array };
  /** Answers the hash of the first block. May come again as long as nothing is committed. */
  initChain(genesis: { readonly chainId: string; readonly validators: readonly ValidatorPower[] }): FinalizedBlock;
  /** Whether the engine may keep and pass on the transaction. `again`: it has it and asks after a block. */
  checkTransaction(raw: Uint8Array, again: boolean): TransactionOutcome;
  /** What goes into the block that this device is to propose, best first. */
  prepareProposal(block: OrderedBlock, maxBytes: number): readonly Uint8Array[];
  /** Why the proposal of another must not be decided; `undefined` if it may. */
  processProposal(block: OrderedBlock): string | undefined;
  /** Executes a decided block and keeps the outcome in memory. */
  finalizeBlock(block: OrderedBlock): FinalizedBlock;
  /** Writes the block that was finalized last. Answers the lowest height that the engine need still hold; 0: all. */
  commit(): number;
  query(path: string, data: Uint8Array): { readonly code: number; readonly value: Uint8Array; readonly log: string };
  listSnapshots(): readonly Snapshot[];
  /** `appHash` is what the validators agreed on for this height. */
  offerSnapshot(snapshot: Snapshot, appHash: Uint8Array): SnapshotVerdict;
  /** No bytes where the chunk is not there any more. */
  loadChunk(height: number, format: number, chunk: number): Uint8Array;
  applyChunk(index: number, chunk: Uint8Array): ChunkVerdict;
}

/** An engine of consensus outside the firmware. Only the adapter of that consensus knows it. */
export interface Ordering {
  /** From now on the engine's questions are answered by these verbs. */
  serve(abci: Abci): void;
  /** Hands a transaction to the engine, which passes it on to all. Fire and forget: may be lost. Never waits. */
  broadcast(raw: Uint8Array): void;
}
