import type { NodeConfig } from '../../runtime/config.ts';
import type { Containers, Ports } from '../../runtime/ports/index.ts';
import { quietNetwork } from '../support/network.ts';

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
  images: nobody,
  pin: nobody,
  removeImage: nobody,
  space: nobody,
  place: nobody,
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
    network: quietNetwork,
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

/**
 * A firmware that is none: it counts its boots in the store, says hello to its peers and draws once every 100 ms, and
 * answers JSON-RPC with the method's name.
 */
export const stubFirmware = `var classpad = { boot({ store, clock, network, display, device, log }, config) {
  const boots = (store.get('boots') || [0])[0] + 1;
  store.write([['boots', new Uint8Array([boots])]]);
  log.write('info', 'boot ' + boots);
  let ticks = 0;
  let heard = 0;
  network.receive(() => { heard += 1; store.write([['heard', new Uint8Array([clock.nowMs() & 255])]]); });
  network.serve([{ path: '/', app: 'stub', revision: boots, containerId: 'none', port: 80 }]);
  const tick = () => {
    ticks += 1;
    for (const peer of network.peers()) network.send(peer, new Uint8Array([ticks]));
    display.draw({ x: ticks % 320, y: 0, width: 1, height: 1, pixels: new Uint16Array([0xffff]) });
    clock.after(100, tick);
  };
  clock.after(100, tick);
  return {
    rpc: async (request) => {
      const { id, method } = JSON.parse(request);
      if (method === 'stub_crash') clock.after(0, () => { throw new Error('on demand'); });
      return JSON.stringify({ jsonrpc: '2.0', id, result: method === 'eth_blockNumber' ? '0x' : method });
    },
    session: (send) => ({ receive: (text) => { send('heard ' + text); clock.after(10, () => send('later')); }, close: () => log.write('info', 'session closed') }),
    status: () => ({
      name: device.name, address: device.address, state: 'healthy', peers: network.peers(), releases: [], steps: [],
      head: { number: ticks, hash: '0x0' + heard, stateRoot: '0x', timestamp: 0 }, screen: ['boot ' + boots],
    }),
    stop() {},
  };
} };`;
