import { privateKeyToAccount } from 'viem/accounts';
import { type VirtualNetwork, virtualNetwork } from '../../../emulator/network.ts';
import { seededRandom } from '../../../emulator/random.ts';
import { memoryStore } from '../../../emulator/store.ts';
import { hexToBytes } from '../../../runtime/bytes.ts';
import type { Genesis, NodeConfig } from '../../../runtime/config.ts';
import { createLedger, type Ledger } from '../../../runtime/ledger/ledger.ts';
import type { Device, Hex, Store, Vm } from '../../../runtime/ports/index.ts';
import { createVm } from '../../../vm/embed/index.ts';
import { quietNetwork } from '../../support/network.ts';
import { type Driven, driven, type TestClock, testClock } from '../../support/virtual-clock.ts';
import { deviceOf } from './support.ts';

/** Rich from the first block on. */
export const alice = privateKeyToAccount(`0x${'a1'.repeat(32)}`);
export const bob = privateKeyToAccount(`0x${'b0'.repeat(32)}`);

export const vm: Vm = createVm({ fork: 'Osaka' });

export function keyOf(n: number): Uint8Array {
  return hexToBytes(`0x${(n + 1).toString(16).padStart(64, '0')}`);
}

export const ether = 10n ** 18n;

export const genesis: Genesis = {
  chainId: 1337,
  timestamp: 1_700_000_000,
  gasLimit: 30_000_000,
  baseFee: 1_000_000_000,
  sequencer: deviceOf(keyOf(0)).address,
  alloc: {
    [alice.address.toLowerCase() as Hex]: { balance: (1000n * ether).toString() },
    [bob.address.toLowerCase() as Hex]: { balance: (1000n * ether).toString() },
  },
};

export const config: NodeConfig = {
  genesis,
  fleet: `0x${'fe'.repeat(20)}`,
  consensus: 'solo',
  blockIntervalMs: 1000,
  reconcileIntervalMs: 60_000,
  version: '0.0.0-test',
};

export interface Peer {
  readonly name: string;
  readonly device: Device;
  readonly store: Store;
  readonly logs: string[];
  ledger: Ledger;
  /** Stops the ledger and opens it anew from its store. */
  restart(): void;
}

export interface World extends Driven {
  readonly clock: TestClock;
  readonly network: VirtualNetwork;
  readonly peers: readonly Peer[];
  stop(): void;
}

export interface WorldOptions {
  readonly peers?: number;
  readonly seed?: number;
  readonly genesis?: Partial<Genesis>;
  readonly blockIntervalMs?: number;
  readonly trailingBlocks?: number;
  readonly stores?: readonly Store[];
  readonly archive?: boolean;
  readonly unprotectedTransactions?: boolean;
}

/** Nodes of one ledger on a virtual clock and network; the first is the sequencer. */
export function world(options: WorldOptions = {}): World {
  const clock = testClock();
  const network = virtualNetwork(clock, seededRandom(`${options.seed ?? 1}`));
  const {
    blockIntervalMs = config.blockIntervalMs,
    trailingBlocks = 0,
    archive = false,
    unprotectedTransactions = false,
  } = options;
  const own = { blockIntervalMs, trailingBlocks, archive, unprotectedTransactions };
  const ours = { ...config, ...own, genesis: { ...genesis, ...options.genesis } };
  const peers = Array.from({ length: options.peers ?? 1 }, (_, n): Peer => {
    const name = `node${n}`;
    const device = deviceOf(keyOf(n), name);
    const store = options.stores?.[n] ?? memoryStore();
    const logs: string[] = [];
    const log = { write: (level: string, message: string) => void logs.push(`${level}: ${message}`) };
    const open = () => createLedger({ vm, store, clock, network: network.join(name, quietNetwork), device, log }, ours);
    const peer: Peer = {
      name,
      device,
      store,
      logs,
      ledger: open(),
      restart() {
        peer.ledger.stop();
        peer.ledger = open();
      },
    };
    return peer;
  });
  return {
    clock,
    network,
    peers,
    ...driven(clock),
    stop() {
      for (const peer of peers) peer.ledger.stop();
    },
  };
}
