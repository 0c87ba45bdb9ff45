import type { NodeConfig } from '../../runtime/config.ts';
import type { Containers, Ports } from '../../runtime/ports/index.ts';

/** What a node is told in tests that do not look at it. */
export const someConfig: NodeConfig = {
  genesis: {
    chainId: 4400,
    timestamp: 1_767_225_600,
    gasLimit: 60_000_000,
    baseFee: 0,
    sequencer: '0x0000000000000000000000000000000000000001',
    alloc: {},
  },
  fleet: '0x0000000000000000000000000000000000000002',
  consensus: 'solo',
  blockIntervalMs: 200,
  reconcileIntervalMs: 5000,
  version: '0.0.0',
};

const nobody = () => Promise.reject(new Error('not in this test'));

export const noContainers: Containers = {
  describe: nobody,
  list: nobody,
  hasImage: nobody,
  pull: nobody,
  create: nobody,
  start: nobody,
  stop: nobody,
  remove: nobody,
  logs: nobody,
  watch: () => () => {},
};

/** Ports that answer the simplest thing; a test replaces the ones it looks at. */
export function stubPorts(own: Partial<Ports> = {}): Ports {
  const stored = new Map<string, Uint8Array>();
  return {
    vm: {
      fork: 'Osaka',
      execute: () => ({ kind: 'refused', reason: 'NonceTooLow' }),
      keccak256: (data) => Uint8Array.of(data.length),
      sha256: (data) => data,
      recover: () => undefined,
    },
    store: {
      get: (key) => stored.get(key),
      keys: (prefix, limit) => [...stored.keys()].filter((key) => key.startsWith(prefix)).slice(0, limit),
      write(entries) {
        for (const [key, value] of entries) {
          if (value) stored.set(key, value);
          else stored.delete(key);
        }
      },
    },
    clock: { nowMs: () => 1000, after: () => () => {} },
    containers: noContainers,
    network: { peers: () => [], send: () => {}, receive: () => {}, serve: () => {} },
    display: { draw: () => {} },
    device: {
      name: 'pad-01',
      address: '0x00000000000000000000000000000000000000aa',
      sign: () => ({ yParity: 1, r: 2n ** 255n, s: 7n }),
      batteryPercent: () => undefined,
      memory: () => undefined,
    },
    log: { write: () => {} },
    ...own,
  };
}
