import type { Transaction } from '../ledger/transaction.ts';
import type { Address, Ports } from '../ports/index.ts';
import { BlockMaker } from './block-maker.ts';
import type { Application, Consensus } from './consensus.ts';
import { Exchange } from './exchange.ts';

export type SoloPorts = Pick<Ports, 'vm' | 'store' | 'clock' | 'network' | 'device' | 'log'>;

export interface SoloSettings {
  /** Whose signature makes a block. */
  readonly sequencer: Address;
  readonly blockIntervalMs: number;
  /** Empty blocks after the last one with work. */
  readonly trailingBlocks: number;
  /** As {@link NodeConfig.trustClock}. */
  readonly trustClock: boolean;
}

/**
 * One sequencer: the device with that address makes and signs the blocks, all others check and follow. Everyone executes
 * every block; what a node believes is what it has computed. If the sequencer is away the ledger stands still and waits.
 */
export function createSolo(application: Application, ports: SoloPorts, settings: SoloSettings): Consensus {
  const sequencer = settings.sequencer.toLowerCase() as Address;
  const isSequencer = ports.device.address === sequencer;
  const exchange = new Exchange(application, ports, sequencer);
  const maker = isSequencer ? new BlockMaker(application, ports, exchange, settings) : undefined;
  exchange.onWork = () => maker?.schedule();
  return {
    start() {
      exchange.start();
      maker?.start();
    },
    transactionAdded(transaction: Transaction) {
      if (maker) maker.schedule();
      else exchange.forward([transaction.raw]);
    },
    import: (block) => exchange.import(block),
    isAlone: isSequencer,
    // Who makes the blocks goes on with its own.
    fault: () => (maker ? maker.clockFault() : exchange.parted),
    remark: () => exchange.parted ?? maker?.waiting(),
    stop() {
      maker?.stop();
      exchange.stop();
    },
  };
}
