import { virtualNetwork } from '../../emulator/network.ts';
import { seededRandom } from '../../emulator/random.ts';
import { memoryStore } from '../../emulator/store.ts';
import type { Genesis } from '../../runtime/config.ts';
import { engineChainId } from '../../runtime/consensus/cometbft.ts';
import { createLedger } from '../../runtime/ledger/ledger.ts';
import type { Hex } from '../../runtime/ports/index.ts';
import { deviceOf } from '../runtime/ledger/support.ts';
import { config, genesis, keyOf, type Peer, vm, type World, type WorldOptions, world } from '../runtime/ledger/world.ts';
import { type FakeCometbft, type FakeOptions, fakeCometbft } from './fake-cometbft.ts';
import { driven, testClock } from './virtual-clock.ts';

export interface CometbftWorld extends World {
  readonly engine: FakeCometbft;
}

/** Keys of the engine's validators: those of the genesis have the first numbers. */
export const validatorKey = (n: number): Hex => `0x${(n + 1).toString(16).padStart(64, 'e')}`;

export const cometbftGenesis = (peers: number, trailingBlocks = 0): Genesis => ({
  ...genesis,
  sequencer: `0x${'00'.repeat(20)}`,
  validators: Array.from({ length: peers }, (_, n) => ({
    device: deviceOf(keyOf(n)).address,
    publicKey: validatorKey(n),
    power: 10,
  })),
  trailingBlocks,
});

/** Nodes whose ledger is ordered by a CometBFT in memory. */
export function cometbftWorld(options: WorldOptions & Pick<FakeOptions, 'corrupt'> = {}): CometbftWorld {
  const clock = testClock();
  const network = virtualNetwork(clock, seededRandom('none'));
  const { peers: count = 1, trailingBlocks = 0, corrupt, blockIntervalMs = config.blockIntervalMs } = options;
  const ours = {
    ...config,
    consensus: 'cometbft' as const,
    genesis: { ...cometbftGenesis(count, trailingBlocks), ...options.genesis },
  };
  const chainId = engineChainId(ours.genesis.chainId);
  const engine = fakeCometbft({ clock, chainId, intervalMs: blockIntervalMs, ...(corrupt && { corrupt }) });
  const peers = Array.from({ length: count }, (_, n): Peer => {
    const name = `node${n}`;
    const device = deviceOf(keyOf(n), name);
    const store = options.stores?.[n] ?? memoryStore();
    const logs: string[] = [];
    const log = { write: (level: string, message: string) => void logs.push(`${level}: ${message}`) };
    const open = () =>
      createLedger({ vm, store, clock, network: network.join(name), device, log, ordering: engine.join(name) }, ours);
    const peer: Peer = {
      name,
      device,
      store,
      logs,
      ledger: open(),
      restart() {
        peer.ledger.stop();
        engine.leave(name);
        peer.ledger = open();
      },
    };
    return peer;
  });
  return {
    clock,
    network,
    peers,
    engine,
    ...driven(clock),
    stop() {
      engine.stop();
      for (const peer of peers) peer.ledger.stop();
    },
  };
}

/** The same world under every consensus there is. */
export const worlds: readonly (readonly [name: string, make: (options: WorldOptions) => World])[] = [
  ['solo', (options) => world(options)],
  ['cometbft', (options) => cometbftWorld(options)],
];
