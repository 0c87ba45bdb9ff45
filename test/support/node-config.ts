import type { NodeConfig } from '../../runtime/config.ts';
import type { Address } from '../../runtime/ports/index.ts';
import { FLEET } from './fake-ledger.ts';

/** What a device by itself is told: it makes the blocks of a ledger that begins at that time. */
export function soleConfig(sequencer: Address, startMs: number): NodeConfig {
  return {
    genesis: { chainId: 4400, timestamp: startMs / 1000, gasLimit: 60_000_000, baseFee: 0, sequencer, alloc: {} },
    fleet: FLEET,
    consensus: 'solo',
    blockIntervalMs: 200,
    reconcileIntervalMs: 5000,
    version: '0.1.0',
  };
}
