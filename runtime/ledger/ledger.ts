import type { Address, Log, Word } from '../ports/index.ts';

/** The head of the chain, as the rest of the node needs it. */
export interface Head {
  readonly number: number;
  readonly hash: Word;
  readonly stateRoot: Word;
  /** Seconds since 1970, by the ledger. */
  readonly timestamp: number;
}

export interface CallRequest {
  readonly from?: Address;
  readonly to: Address;
  readonly data: Uint8Array;
}

export type CallResult =
  | { readonly ok: true; readonly output: Uint8Array; readonly gasUsed: bigint }
  | { readonly ok: false; readonly output: Uint8Array; readonly status: string };

/** A block just appended, with what its contracts logged. */
export interface AppendedBlock {
  readonly head: Head;
  readonly logs: readonly Log[];
}

/** One node's copy of the ledger: everything below the reconciler. */
export interface Ledger {
  readonly chainId: number;
  head(): Head;
  /** Next nonce of an account, pending transactions counted. */
  nextNonce(address: Address): bigint;
  /** Takes a signed transaction into the pool and passes it on. Answers its hash; throws `TransactionRefused`. */
  submit(raw: Uint8Array): Word;
  /** Runs a call on the head's state and keeps nothing. */
  call(request: CallRequest): CallResult;
  /** Whether there is code at the address. */
  hasCode(address: Address): boolean;
  /** Calls back after each appended block, in order. Answers how to stop. */
  onBlock(handler: (block: AppendedBlock) => void): () => void;
  /** One JSON-RPC request or batch, as text, answered as text. Never rejects. */
  rpc(request: string): Promise<string>;
  stop(): void;
}
