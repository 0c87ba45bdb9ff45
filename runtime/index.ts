import type { NodeConfig } from './config.ts';
import { DeviceNode, vaultOf } from './device.ts';
import { createLedger } from './ledger/ledger.ts';
import type { Node } from './node.ts';
import type { Ports } from './ports/index.ts';
import { steadyClock } from './steady.ts';

export { EngineError } from './ports/index.ts';

/**
 * Starts a node on the given ports: its copy of the ledger from the store, then the device that follows it.
 * Throws a sentence if the store or the genesis cannot be used; after that no error of a port ends it.
 */
export function boot(given: Ports, config: NodeConfig): Node {
  const ports = { ...given, clock: steadyClock(given.clock) };
  const vault = vaultOf(ports, config);
  return new DeviceNode(ports, config, createLedger(ports, config, vault), vault);
}
