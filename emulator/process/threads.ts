import { readFileSync } from 'node:fs';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { NodeConfig } from '../../runtime/config.ts';
import type { Identity } from '../identity.ts';
import type { Scripts } from '../quickjs/device.ts';
import { compileWasm, type Limits, quickJsModule } from '../quickjs/machine.ts';
import type { MemoryStore } from '../store.ts';
import type { Input, Moment, Output, ShellDoor, StoreEntry, WriteTrap } from './exchange.ts';
import { Flag, type ThreadData, type ToThread } from './thread-wire.ts';

/** Code that every thread shares. */
export interface ThreadKit {
  readonly script: string;
  readonly quickJs: WebAssembly.Module;
  readonly vm: WebAssembly.Module;
}

export interface ThreadOptions {
  readonly scripts: Scripts;
  readonly config: NodeConfig;
  readonly identity: Identity;
  readonly store: MemoryStore;
  readonly limits?: Limits;
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

/** A thread that shows no sign of life for so long while it should work is ended; a slow machine still shows some. */
const SILENCE_MS = 20_000;
const LOOK_MS = 1000;
/** How long the world waits for a status; a device that is busy for longer shows its last one. */
const STATUS_MS = 2000;
const HEAP_MIB = 192;

/** A shell on a thread of its own. */
export function threadShell(kit: ThreadKit, options: ThreadOptions): ShellDoor {
  return new ThreadDoor(kit, options);
}

class ThreadDoor implements ShellDoor {
  private readonly worker: Worker;
  private readonly signals: Int32Array;
  private readonly answers: MessagePort;
  private readonly waiting: ((output: Output) => void)[] = [];
  private readonly watch: NodeJS.Timeout;
  private pulses = 0;
  private heardAtMs = performance.now();
  private ended: string | undefined;
  private last: { status: string | undefined; heldBytes: number } = { status: undefined, heldBytes: 0 };

  constructor(kit: ThreadKit, { scripts, config, identity, store, limits }: ThreadOptions) {
    const flags = new SharedArrayBuffer(8);
    const { port1, port2 } = new MessageChannel();
    this.signals = new Int32Array(flags);
    this.answers = port1;
    const data: ThreadData = {
      scripts,
      config,
      identity,
      limits,
      stored: store.entries(),
      capacityBytes: store.capacityBytes,
      flags,
      answers: port2,
      quickJs: kit.quickJs,
      vm: kit.vm,
    };
    this.worker = new Worker(kit.script, {
      workerData: data,
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    this.worker.on('message', (output: Output) => {
      this.heardAtMs = performance.now();
      this.waiting.shift()?.(output);
      // A thread with nothing to do keeps nobody's process alive.
      if (this.waiting.length === 0) this.worker.unref();
    });
    this.worker.on('error', (error) => this.die(`its thread broke: ${(error as Error).message}`));
    this.worker.on('exit', () => this.die('its thread ended'));
    this.watch = setInterval(() => this.look(), LOOK_MS);
    this.watch.unref();
    this.worker.unref();
  }

  enter(input: Input, moment: Moment): Promise<Output> {
    if (this.ended !== undefined) return Promise.resolve(deadOutput(this.ended));
    if (this.waiting.length === 0) this.heardAtMs = performance.now();
    this.worker.ref();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.post({ do: 'enter', input, moment });
    });
  }

  status(moment: Moment): string | undefined {
    this.ask(moment);
    return this.last.status;
  }

  memoryHeldBytes(): number {
    return this.last.heldBytes;
  }

  setTrap(trap: WriteTrap | undefined): void {
    this.post({ do: 'trap', trap });
  }

  setStored(entries: readonly StoreEntry[], capacityBytes: number): void {
    this.post({ do: 'stored', entries, capacityBytes });
  }

  close(): void {
    this.die('its power is out');
  }

  private post(message: ToThread): void {
    this.worker.postMessage(message);
  }

  /** Waits for the thread, unless it is at work: then what it said last has to do. */
  private ask(moment: Moment): void {
    if (this.ended !== undefined || this.waiting.length > 0) return;
    Atomics.store(this.signals, Flag.answered, 0);
    this.post({ do: 'status', moment });
    if (Atomics.wait(this.signals, Flag.answered, 0, STATUS_MS) === 'timed-out') return;
    for (let answer = receiveMessageOnPort(this.answers); answer; answer = receiveMessageOnPort(this.answers)) {
      this.last = answer.message as typeof this.last;
    }
  }

  private look(): void {
    const pulses = Atomics.load(this.signals, Flag.pulse);
    if (pulses !== this.pulses || this.waiting.length === 0) this.heardAtMs = performance.now();
    this.pulses = pulses;
    if (performance.now() - this.heardAtMs > SILENCE_MS) this.die('it ran on without coming to an end');
  }

  private die(why: string): void {
    if (this.ended !== undefined) return;
    this.ended = `the firmware was stopped: ${why}`;
    this.last = { status: undefined, heldBytes: 0 };
    clearInterval(this.watch);
    this.answers.close();
    void this.worker.terminate();
    for (const resolve of this.waiting.splice(0)) resolve(deadOutput(this.ended));
  }
}

function deadOutput(sentence: string): Output {
  return { effects: [], end: { by: 'fault', sentence } };
}
