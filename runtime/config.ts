import type { Address, Hex, Word } from './ports/index.ts';

/** The first block, from which everyone on a ledger starts. JSON as it stands in a file; equal bytes, equal ledger. */
export interface Genesis {
  readonly chainId: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Gas a block may use. */
  readonly gasLimit: number;
  /** Wei per gas, the same in every block. A permissioned ledger may say 0. */
  readonly baseFee: number;
  /** Whose signature makes a block of the `solo` consensus valid. With validators it signs nothing. */
  readonly sequencer: Address;
  readonly alloc: Readonly<Record<Address, GenesisAccount>>;
  /** Where the Fleet contract is, or will be. If it stands here, no device of this ledger can follow another contract by mistake. */
  readonly fleet?: Address;
  /** With the consensus `cometbft`: who decides until the Fleet contract says otherwise. */
  readonly validators?: readonly GenesisValidator[];
  /** With the consensus `cometbft`: as {@link NodeConfig.trailingBlocks}, the same for all since it decides what a block is. */
  readonly trailingBlocks?: number;
}

/** A device that decides from the first block on. */
export interface GenesisValidator {
  readonly device: Address;
  /** ed25519, 32 bytes: not the device's own key, but that of the engine of consensus beside it. */
  readonly publicKey: Word;
  /** Its voting power. */
  readonly power: number;
}

export interface GenesisAccount {
  /** Wei, decimal or 0x-hexadecimal. */
  readonly balance?: string;
  readonly nonce?: number;
  readonly code?: Hex;
  readonly storage?: Readonly<Record<Word, Word>>;
}

/** The word of a one-time token for this device: what `join` of the fleet takes. */
export interface JoinSignature {
  readonly v: number;
  readonly r: Word;
  readonly s: Word;
}

/** What one node is told when it boots. */
export interface NodeConfig {
  readonly genesis: Genesis;
  /** Where the Fleet contract is, or will be once deployed. */
  readonly fleet: Address;
  /**
   * `solo`: the device whose address is the genesis' sequencer makes blocks, the others follow and check them. `cometbft`: the
   * validators agree on them, fewer than a third of whose power may be faulty; needs `ports.ordering`. `follow`: the same ledger on a
   * device that is no validator and has no engine, and gets blocks with their votes; needs `ports.votes`.
   */
  readonly consensus: 'solo' | 'cometbft' | 'follow';
  /** Shortest time between two blocks; 0: each as soon as there is work. Without transactions no block is made. */
  readonly blockIntervalMs: number;
  /** So many empty blocks follow the last one with work, for tools that wait for confirmations; then it is quiet. None if absent. */
  readonly trailingBlocks?: number;
  /** The states of all blocks are kept, and not only those of the last 128. */
  readonly archive?: boolean;
  /** Legacy transactions without a chain id are taken: signed for any ledger, and so repeatable on each. Absent: refused. */
  readonly unprotectedTransactions?: boolean;
  /** A full comparison of wanted and found at least this often; events only make it sooner. */
  readonly reconcileIntervalMs: number;
  /** Good revisions before the current one whose images stay, beside the one to return to. Absent: 2. */
  readonly keepRevisions?: number;
  /** Traffic is logged on the ledger in batches of so many seconds, and only where there was some. Absent: 300; 0: never. */
  readonly trafficIntervalSeconds?: number;
  /** An operator vouches for this device's clock, although it is far ahead of all that was seen here before. */
  readonly trustClock?: boolean;
  /** Version of the firmware, for the LCD and `web3_clientVersion`. */
  readonly version: string;
  /** With the consensus `cometbft`: at each multiple of so many of its blocks a new device may begin with the state of this one. */
  readonly snapshotInterval?: number;
  /** With the consensus `cometbft`: so many of its newest blocks the engine keeps; the ledger's own stay all. */
  readonly retainedHeights?: number;
  /** For a device that is to enrol itself. */
  readonly join?: JoinSignature;
}
