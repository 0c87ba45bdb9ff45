/** Entry of a worker: the shell of one device, on a thread that can be ended. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createVm } from '../../vm/embed/index.ts';
import { deviceOf } from '../identity.ts';
import { shareQuickJs } from '../quickjs/machine.ts';
import { memoryStore } from '../store.ts';
import { createShell } from './shell.ts';
import { Flag, type ThreadData, type ToThread } from './thread-wire.ts';

const { scripts, config, identity, limits, stored, capacityBytes, flags, answers, quickJs, vm } = workerData as ThreadData;
const signals = new Int32Array(flags);
const port = answers as MessagePort;
const main = parentPort!;

shareQuickJs(quickJs as WebAssembly.Module);
const store = memoryStore(capacityBytes);
store.put(stored);
const shell = createShell({
  scripts,
  config,
  vm: createVm({ fork: 'Osaka', wasm: vm as never }),
  store,
  device: deviceOf(identity),
  ...(limits && { limits }),
  pulse: () => void Atomics.add(signals, Flag.pulse, 1),
});

const handlers: { readonly [K in ToThread['do']]: (message: Extract<ToThread, { do: K }>) => void } = {
  enter: ({ input, moment }) => {
    void shell.enter(input, moment).then((output) => main.postMessage(output));
  },
  status: ({ moment }) => {
    port.postMessage({ status: shell.status(moment), heldBytes: shell.memoryHeldBytes() });
    Atomics.store(signals, Flag.answered, 1);
    Atomics.notify(signals, Flag.answered);
  },
  trap: ({ trap }) => shell.setTrap(trap),
  stored: ({ entries, capacityBytes: bytes }) => shell.setStored(entries, bytes),
};

main.on('message', (message: ToThread) => (handlers[message.do] as (message: ToThread) => void)(message));
