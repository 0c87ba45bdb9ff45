import type { Genesis } from '../config.ts';
import type { Consensus, WireBlock } from '../consensus/consensus.ts';
import type { ObeyedOrders } from '../order.ts';
import type { Address, Containers, Device, Vm, Word } from '../ports/index.ts';
import type { Filters } from '../rpc/filters.ts';
import type { Vault } from '../secrets/vault.ts';
import type { BatchName } from '../service/spool.ts';
import type { State } from '../state/state.ts';
import type { Chain, FinishedBlock, HashedHeader } from './chain.ts';
import type { Pool } from './pool.ts';
import type { Topic } from './topic.ts';
import type { Transaction } from './transaction.ts';

/** The ledger as its JSON-RPC sees it. */
export interface Core {
  readonly chainId: bigint;
  /** Version of the firmware. */
  readonly version: string;
  /** Where the Fleet contract is, or will be once deployed. */
  readonly fleet: Address;
  /** Whose seal makes a block valid. */
  readonly sequencer: Address;
  /** Who decided at first, where validators do. */
  readonly founders: Pick<Genesis, 'validators' | 'trailingBlocks'>;
  readonly device: Pick<Device, 'name' | 'address' | 'publicKey'>;
  /** Absent: this device takes no secrets. */
  readonly vault?: Vault;
  readonly vm: Vm;
  readonly chain: Chain;
  readonly pool: Pool;
  /** Told of each block when it has been appended. */
  readonly blocks: Topic<FinishedBlock>;
  /** Told of each transaction that enters the pool. */
  readonly transactions: Topic<Transaction>;
  /** What clients poll for. */
  readonly filters: Filters;
  /** A number for a subscription or a filter; none comes twice, not after a restart either: a client may still ask for an old one. */
  nextId(): bigint;
  /** The state after the block. Throws `StateGone` if it is not kept. */
  stateAt(block: HashedHeader): State;
  /** Takes a client's transaction; it is on the disk when this answers its hash. Rejects with `TransactionRefused`. */
  submit(raw: Uint8Array): Promise<Word>;
  /** A finished block as nodes hand it to each other; none for the first, which everyone has. */
  blockAt(number: number): WireBlock | undefined;
  /** Takes blocks that came on a stick. */
  readonly carried: Pick<Consensus, 'import' | 'vouch'>;
  /** Seconds since 1970, by this node's clock: only for trying out calls. */
  nowSeconds(): number;
  /** Milliseconds since 1970, by this node's clock: for what waits or expires. */
  nowMs(): number;
  /** Calls back once after the delay; answers how to cancel. */
  after(delayMs: number, callback: () => void): () => void;
  /** Nodes of the ledger that are reachable now. */
  peerCount(): number;
  /** What a client should know of the ledger just now, in a sentence: why no block is made, or that it has parted. */
  remark(): string | undefined;
  /** What a reference of an image means on this device's engine: {@link Containers.pin}. */
  pinImage(image: string): Promise<string>;
  /** For those who may read what they print. Absent: a node without an engine. */
  readonly containers?: Pick<Containers, 'list' | 'logs'>;
  /** What operators were shown: by each order once. */
  readonly obeyed: ObeyedOrders;
  /** A part of the lines of a batch of requests: `readPart`. */
  requestLines(batch: BatchName, part: number): string[] | undefined;
  /** Lets others have a turn: long work is done in portions. */
  pause(): Promise<void>;
}
