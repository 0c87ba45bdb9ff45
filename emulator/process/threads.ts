import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { NodeConfig } from '../../runtime/config.ts';
import type { Identity } from '../identity.ts';
import type { Scripts } from '../quickjs/device.ts';
import { compileWasm, type Limits, quickJsModule } from '../quickjs/machine.ts';
import type { MemoryStore } from '../store.ts';
import { DeviceThread } from './device-thread.ts';
import type { Input, Moment, Output, ShellDoor, StoreEntry, WriteTrap } from './exchange.ts';
import type { MomentChange, ThreadKit } from './thread-wire.ts';

export type { ThreadKit } from './thread-wire.ts';

export interface ThreadOptions {
  readonly scripts: Scripts;
  readonly config: NodeConfig;
  readonly identity: Identity;
  readonly store: MemoryStore;
  readonly limits?: Limits;
}

/** Where shells of devices get their threads. */
export interface Threads {
  shell(options: ThreadOptions): ShellDoor;
}

/** Compiles what threads share, once; throws a sentence if the build folder does not hold it. */
export async function readThreadKit(buildFolder: string): Promise<ThreadKit> {
  const script = `${buildFolder}/device-thread.js`;
  try {
    const vm = await compileWasm(`${buildFolder}/vm.wasm`);
    readFileSync(script);
    return { script, vm, quickJs: await quickJsModule() };
  } catch {
    throw new Error(`${script} or vm.wasm is missing; "npm run build" makes them`);
  }
}

/** A fleet of up to so many devices has a thread for each; a larger one shares as many threads as there are processors. */
const OWN_THREADS = 8;

/** Threads for a world of so many devices. Each starts when it gets its first device. */
export function createThreads(kit: ThreadKit, devices: number): Threads {
  const most = devices <= OWN_THREADS ? devices : Math.max(2, availableParallelism());
  const devicesPerThread = Math.ceil(devices / most);
  let threads: DeviceThread[] = [];
  let apart: DeviceThread[] = [];
  return {
    shell(options) {
      threads = threads.filter((thread) => !thread.isEnded);
      apart = apart.filter((thread) => !thread.isEnded);
      // Whose firmware is not the fleet's shares with nobody, as long as there are not too many such.
      if (options.scripts.addition !== undefined && devicesPerThread > 1 && apart.length < OWN_THREADS) {
        const own = new DeviceThread(kit, 1);
        apart.push(own);
        return new ThreadDoor(own, options);
      }
      const emptiest = threads.reduce<DeviceThread | undefined>(
        (best, thread) => (best === undefined || thread.tenants < best.tenants ? thread : best),
        undefined,
      );
      if (emptiest && (emptiest.tenants === 0 || threads.length >= most)) return new ThreadDoor(emptiest, options);
      const thread = new DeviceThread(kit, devicesPerThread);
      threads.push(thread);
      return new ThreadDoor(thread, options);
    },
  };
}

/** A shell on a thread. */
class ThreadDoor implements ShellDoor {
  private readonly thread: DeviceThread;
  private readonly shell: number;
  private told: Pick<Moment, 'peers' | 'sisters'> | undefined;
  private last: { status: string | undefined; heldBytes: number } = { status: undefined, heldBytes: 0 };

  constructor(thread: DeviceThread, { scripts, config, identity, store, limits }: ThreadOptions) {
    this.thread = thread;
    this.shell = thread.open({
      scripts: thread.numberOf(scripts),
      config,
      identity,
      limits,
      stored: store.entries(),
      capacityBytes: store.capacityBytes,
    });
  }

  enter(input: Input, moment: Moment): Promise<Output> {
    return this.thread.enter({ shell: this.shell, input, moment: this.changeOf(moment) });
  }

  status(moment: Moment): string | undefined {
    this.last = this.thread.status(this.shell, () => this.changeOf(moment)) ?? this.last;
    return this.last.status;
  }

  memoryHeldBytes(): number {
    return this.last.heldBytes;
  }

  setTrap(trap: WriteTrap | undefined): void {
    this.thread.post({ do: 'trap', shell: this.shell, trap });
  }

  setStored(entries: readonly StoreEntry[], capacityBytes: number): void {
    this.thread.post({ do: 'stored', shell: this.shell, entries, capacityBytes });
  }

  close(): void {
    this.last = { status: undefined, heldBytes: 0 };
    this.thread.close(this.shell);
  }

  /** Lists of a hundred names are not copied with every input: the network gives the same list while it is the same. */
  private changeOf({ peers, sisters, ...rest }: Moment): MomentChange {
    const { told } = this;
    this.told = { peers, sisters };
    return { ...rest, ...(told?.peers !== peers && { peers }), ...(told?.sisters !== sisters && { sisters }) };
  }
}
