import type { Vm, Word } from '../ports/index.ts';
import type { State } from '../state/state.ts';
import type { Chain, HashedHeader } from './chain.ts';
import type { Pool } from './pool.ts';

/** The ledger as its JSON-RPC sees it. */
export interface Core {
  readonly chainId: bigint;
  /** Version of the firmware. */
  readonly version: string;
  readonly vm: Vm;
  readonly chain: Chain;
  readonly pool: Pool;
  /** The state after the block. */
  stateAt(block: HashedHeader): State;
  /** Takes a client's transaction; it is on the disk when this answers its hash. Throws `TransactionRefused`. */
  submit(raw: Uint8Array): Word;
}
