/** Entry of a worker: the shells of some devices, on a thread that can be ended. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createVm } from '../../vm/embed/index.ts';
import { deviceOf } from '../identity.ts';
import type { Scripts } from '../quickjs/device.ts';
import { shareQuickJs } from '../quickjs/machine.ts';
import { memoryStore } from '../store.ts';
import type { Moment, Output, ShellDoor } from './exchange.ts';
import { rememberingVm } from './remembering-vm.ts';
import { createShell } from './shell.ts';
import {
  type Entry,
  Flag,
  type FromThread,
  type MomentChange,
  type Opening,
  type ThreadData,
  type ToThread,
} from './thread-wire.ts';

interface Tenant {
  readonly shell: ShellDoor;
  /** What it was told last. */
  moment: Pick<Moment, 'peers' | 'sisters'>;
}

const { flags, answers, quickJs, vm: vmModule } = workerData as ThreadData;
const signals = new Int32Array(flags);
const port = answers as MessagePort;
const main = parentPort!;

shareQuickJs(quickJs as WebAssembly.Module);
const vm = rememberingVm(createVm({ fork: 'Osaka', wasm: vmModule as never }));
const scriptsByNumber = new Map<number, Scripts>();
const tenants = new Map<number, Tenant>();

const handlers: { readonly [K in ToThread['do']]: (message: Extract<ToThread, { do: K }>) => void } = {
  scripts: ({ number, scripts }) => void scriptsByNumber.set(number, scripts),
  open: (opening) => void tenants.set(opening.shell, { shell: shellOf(opening), moment: { peers: [], sisters: [] } }),
  enter: ({ batch, entries }) => {
    void Promise.all(entries.map(enter)).then((outputs) => main.postMessage({ batch, outputs } satisfies FromThread));
  },
  status: ({ shell, moment }) => {
    const tenant = tenants.get(shell);
    const status = tenant?.shell.status(momentOf(tenant, moment));
    port.postMessage({ status, heldBytes: tenant?.shell.memoryHeldBytes() ?? 0 });
    Atomics.store(signals, Flag.answered, 1);
    Atomics.notify(signals, Flag.answered);
  },
  trap: ({ shell, trap }) => tenants.get(shell)?.shell.setTrap(trap),
  stored: ({ shell, entries, capacityBytes }) => tenants.get(shell)?.shell.setStored(entries, capacityBytes),
  close: ({ shell }) => {
    tenants.get(shell)?.shell.close();
    tenants.delete(shell);
  },
};

function shellOf({ shell, scripts, config, identity, limits, stored, capacityBytes }: Opening): ShellDoor {
  const store = memoryStore(capacityBytes);
  store.put(stored);
  return createShell({
    scripts: scriptsByNumber.get(scripts)!,
    config,
    vm,
    store,
    device: deviceOf(identity),
    ...(limits && { limits }),
    pulse: () => {
      Atomics.store(signals, Flag.atWork, shell);
      Atomics.add(signals, Flag.pulse, 1);
    },
  });
}

function enter({ shell, input, moment }: Entry): Promise<Output> | Output {
  const tenant = tenants.get(shell);
  return tenant ? tenant.shell.enter(input, momentOf(tenant, moment)) : { effects: [] };
}

function momentOf(tenant: Tenant, change: MomentChange): Moment {
  const moment = { ...tenant.moment, ...change };
  tenant.moment = { peers: moment.peers, sisters: moment.sisters };
  return moment;
}

main.on('message', (message: ToThread) => (handlers[message.do] as (message: ToThread) => void)(message));
