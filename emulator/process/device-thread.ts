import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Scripts } from '../quickjs/device.ts';
import type { Output } from './exchange.ts';
import {
  type Entry,
  FLAG_BYTES,
  Flag,
  type FromThread,
  type MomentChange,
  type Opening,
  type StatusAnswer,
  type ThreadData,
  type ThreadKit,
  type ToThread,
} from './thread-wire.ts';

/** A thread that shows no sign of life for so long while it should work is ended; a slow machine still shows some. */
const SILENCE_MS = 20_000;
const LOOK_MS = 1000;
/** How long the world waits for a status; a thread that is busy for longer shows its last one. */
const STATUS_MS = 2000;
const HEAP_MIB = 192;
const HEAP_MIB_PER_DEVICE = 16;

const NO_POWER = 'its power is out';

interface Waiting {
  readonly shell: number;
  readonly resolve: (output: Output) => void;
}

/** A worker with the shells of some devices. What is entered in one turn goes there, and comes back, in one message. */
export class DeviceThread {
  private readonly worker: Worker;
  private readonly signals: Int32Array;
  private readonly answers: MessagePort;
  private readonly shells = new Set<number>();
  private readonly scripts = new Map<Scripts, number>();
  private readonly watch: NodeJS.Timeout;
  /** What is under way, by the number of its message. */
  private readonly batches = new Map<number, Waiting[]>();
  private nextBatch = 1;
  private outgoing: { readonly entry: Entry; readonly resolve: (output: Output) => void }[] = [];
  private nextShell = 1;
  private pulses = 0;
  private heardAtMs = performance.now();
  /** What became of those that it was not the fault of. */
  private ended: Output | undefined;
  private readonly silenceMs: number;

  constructor(kit: ThreadKit, devices: number) {
    const flags = new SharedArrayBuffer(FLAG_BYTES);
    const { port1, port2 } = new MessageChannel();
    this.signals = new Int32Array(flags);
    this.answers = port1;
    this.silenceMs = kit.silenceMs ?? SILENCE_MS;
    const workerData: ThreadData = { flags, answers: port2, quickJs: kit.quickJs, vm: kit.vm };
    this.worker = new Worker(kit.script, {
      workerData,
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB + HEAP_MIB_PER_DEVICE * devices },
    });
    this.worker.on('message', (answer: FromThread) => this.heard(answer));
    this.worker.on('error', (error) => this.die(`its thread broke: ${(error as Error).message}`));
    this.worker.on('exit', () => this.die('its thread ended'));
    this.watch = setInterval(() => this.look(), LOOK_MS);
    this.watch.unref();
    this.worker.unref();
  }

  get isEnded(): boolean {
    return this.ended !== undefined;
  }

  get tenants(): number {
    return this.shells.size;
  }

  /** The number under which the thread knows these scripts. */
  numberOf(scripts: Scripts): number {
    const known = this.scripts.get(scripts);
    if (known !== undefined) return known;
    const number = this.scripts.size;
    this.scripts.set(scripts, number);
    this.post({ do: 'scripts', number, scripts });
    return number;
  }

  open(opening: Omit<Opening, 'shell'>): number {
    const shell = this.nextShell++;
    this.shells.add(shell);
    this.post({ do: 'open', shell, ...opening });
    return shell;
  }

  enter(entry: Entry): Promise<Output> {
    if (!this.shells.has(entry.shell)) return Promise.resolve(this.ended ?? deadOutput(NO_POWER));
    if (this.outgoing.length === 0) queueMicrotask(() => this.flush());
    return new Promise((resolve) => this.outgoing.push({ entry, resolve }));
  }

  /** Waits for the thread, unless it is at work: then `undefined`. */
  status(shell: number, moment: () => MomentChange): StatusAnswer | undefined {
    if (this.batches.size > 0 || this.outgoing.length > 0 || !this.shells.has(shell)) return undefined;
    Atomics.store(this.signals, Flag.answered, 0);
    this.post({ do: 'status', shell, moment: moment() });
    if (Atomics.wait(this.signals, Flag.answered, 0, STATUS_MS) === 'timed-out') return undefined;
    let last: StatusAnswer | undefined;
    for (let answer = receiveMessageOnPort(this.answers); answer; answer = receiveMessageOnPort(this.answers)) {
      last = answer.message as StatusAnswer;
    }
    return last;
  }

  post(message: ToThread): void {
    this.flush();
    this.worker.postMessage(message);
  }

  /** Nothing of this shell runs any more. A thread without shells ends, whatever it is doing. */
  close(shell: number): void {
    if (!this.shells.delete(shell)) return;
    for (const waiting of this.underWay()) if (waiting.shell === shell) waiting.resolve(deadOutput(NO_POWER));
    if (this.shells.size === 0) this.die(NO_POWER);
    else this.post({ do: 'close', shell });
  }

  private flush(): void {
    if (this.outgoing.length === 0 || this.isEnded) return;
    const batch = this.outgoing;
    this.outgoing = [];
    if (this.batches.size === 0) this.heardAtMs = performance.now();
    const number = this.nextBatch++;
    this.batches.set(
      number,
      batch.map(({ entry, resolve }) => ({ shell: entry.shell, resolve })),
    );
    this.worker.ref();
    this.worker.postMessage({ do: 'enter', batch: number, entries: batch.map(({ entry }) => entry) } satisfies ToThread);
  }

  private heard({ batch, outputs }: FromThread): void {
    this.heardAtMs = performance.now();
    for (const [index, { resolve }] of (this.batches.get(batch) ?? []).entries()) resolve(outputs[index]!);
    this.batches.delete(batch);
    // A thread with nothing to do keeps nobody's process alive.
    if (this.batches.size === 0) this.worker.unref();
  }

  private underWay(): Waiting[] {
    const outgoing = this.outgoing.map(({ entry, resolve }) => ({ shell: entry.shell, resolve }));
    return [...[...this.batches.values()].flat(), ...outgoing];
  }

  private look(): void {
    const pulses = Atomics.load(this.signals, Flag.pulse);
    if (pulses !== this.pulses || this.batches.size === 0) this.heardAtMs = performance.now();
    this.pulses = pulses;
    if (performance.now() - this.heardAtMs > this.silenceMs) this.die('it ran on without coming to an end');
  }

  /** All its devices are down: the one that was at work by its own fault, the others because they were beside it. */
  private die(why: string): void {
    if (this.isEnded) return;
    this.ended = this.shells.size <= 1 ? deadOutput(why) : { effects: [], end: { by: 'neighbour' } };
    clearInterval(this.watch);
    this.answers.close();
    void this.worker.terminate();
    const atWork = Atomics.load(this.signals, Flag.atWork);
    const all = this.underWay();
    this.batches.clear();
    this.outgoing = [];
    this.shells.clear();
    for (const { shell, resolve } of all) resolve(shell === atWork ? deadOutput(why) : this.ended);
  }
}

function deadOutput(sentence: string): Output {
  return { effects: [], end: { by: 'fault', sentence: `the firmware was stopped: ${sentence}` } };
}
