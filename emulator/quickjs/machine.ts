import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createInterpreter, type Host, type Image, type Interpreter, type Memory, ThrownInside } from './interpreter.ts';
import type { EntryName, HostMethod, HostReply } from './wire.ts';

/** How much a firmware may use before it is stopped. */
export interface Limits {
  readonly memoryBytes: number;
  readonly stackBytes: number;
  /** Steps of one entry from the host, in units of about ten thousand loops or calls; a host call counts as 1/100. */
  readonly budget: number;
}

/** A board like ours gives the firmware 64 MiB; the budget is a few seconds of QuickJS on a desktop. */
export const defaultLimits: Limits = { memoryBytes: 64 * 1024 * 1024, stackBytes: 256 * 1024, budget: 5000 };

export type HostCall = (text: string, bytes: Uint8Array | undefined) => HostReply;
export type HostCalls = { readonly [K in HostMethod]: HostCall };

export interface Script {
  readonly source: string;
  readonly file: string;
}

/** One QuickJS with a wasm instance of its own. When it breaks a limit or throws, it is stopped for good and says why. */
export interface Machine {
  /** Enters the firmware, then runs its promise jobs. */
  enter(name: EntryName, text: string, bytes?: Uint8Array): void;
  /** Likewise, for what it answers; `undefined` once it has stopped. */
  ask(name: EntryName, text: string): string | undefined;
  askForBytes(name: EntryName, text: string): Uint8Array | undefined;
  evaluate(script: Script): void;
  /** One sentence, once stopped. */
  readonly fault: string | undefined;
  /** Size of its linear memory, which grows in steps and never shrinks. */
  memoryHeldBytes(): number;
  /** Lets go of everything; nothing runs any more. */
  close(): void;
}

const TEXT_LIMIT = 16 * 1024 * 1024;
const HOST_CALL_COST = 0.01;
const JOBS_AT_ONCE = 64;

const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: {
    compile(bytes: Uint8Array): Promise<WebAssembly.Module>;
    Memory: new (options: { initial: number; maximum: number }) => Memory;
  };
};
const PAGE_BYTES = 65_536;
/** What QuickJS's module asks for at least: 16 MiB, of which only the touched part costs anything. */
const FIRST_PAGES = 256;
let compiled: Promise<WebAssembly.Module> | undefined;

/** In a worker: the module that the main thread has compiled already. */
export function shareQuickJs(module: WebAssembly.Module): void {
  compiled = Promise.resolve(module);
}

/** QuickJS's wasm, compiled once for all devices. */
export function quickJsModule(): Promise<WebAssembly.Module> {
  compiled ??= compileWasm(quickJsFile());
  return compiled;
}

/** As the build has made it fast; if that is not there, as its package ships it, which does the same. */
function quickJsFile(): string {
  const places = ['./quickjs.wasm', '../quickjs.wasm', '../../build/quickjs.wasm'];
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
  return found ?? createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
}

export function compileWasm(file: string): Promise<WebAssembly.Module> {
  return wasm.compile(readFileSync(file));
}

/**
 * Linear memory that cannot outgrow the limit, and remembers whether it was asked to.
 * QuickJS's own limit does not serve here: under Emscripten it counts eight bytes for every allocation.
 */
class BoundedMemory extends wasm.Memory {
  exhausted = false;

  constructor(limitBytes: number, pages: number) {
    super({ initial: pages, maximum: Math.max(pages, Math.floor(limitBytes / PAGE_BYTES)) });
  }

  override grow(pages: number): number {
    try {
      const before = super.grow(pages);
      this.exhausted = false;
      return before;
    } catch (error) {
      this.exhausted = true;
      throw error;
    }
  }
}

/** A machine right after its first scripts, for those that begin with the same. */
interface Begun {
  readonly scripts: readonly Script[];
  readonly limits: Limits;
  readonly image: Image;
}

/** A fleet runs one firmware, or two while it is updated. */
const BEGUN_LIMIT = 2;
let begun: Begun[] = [];

/**
 * Boots a QuickJS that can call the given host functions and has evaluated the scripts; `onFault` hears once when it is stopped.
 * The first of its kind evaluates them, the others begin with a copy of its memory, if it has asked nothing of the host until then.
 */
export async function createMachine(
  calls: HostCalls,
  limits: Limits,
  scripts: readonly Script[],
  onFault: (sentence: string) => void,
  pulse: () => void = () => {},
): Promise<Machine> {
  const known = begun.find((each) => isSame(each, scripts, limits));
  const memory = new BoundedMemory(limits.memoryBytes, known?.image.pages ?? FIRST_PAGES);
  const machine = new QuickJsMachine(memory, calls, limits, onFault, pulse);
  const from = known?.image ?? { stackBytes: limits.stackBytes };
  machine.interpreter = await createInterpreter(await quickJsModule(), memory, machine, Object.keys(calls) as HostMethod[], from);
  if (known) return machine;
  for (const script of scripts) machine.evaluate(script);
  const image = machine.untouchedImage();
  if (image) begun = [{ scripts, limits, image }, ...begun].slice(0, BEGUN_LIMIT);
  return machine;
}

function isSame(begun: Begun, scripts: readonly Script[], limits: Limits): boolean {
  return (
    begun.scripts.length === scripts.length &&
    begun.scripts.every(({ source, file }, index) => source === scripts[index]!.source && file === scripts[index]!.file) &&
    begun.limits.memoryBytes === limits.memoryBytes &&
    begun.limits.stackBytes === limits.stackBytes &&
    begun.limits.budget === limits.budget
  );
}

class QuickJsMachine implements Machine, Host {
  fault: string | undefined;
  interpreter!: Interpreter;
  private readonly memory: BoundedMemory;
  private readonly calls: HostCalls;
  private readonly limits: Limits;
  private readonly onFault: (sentence: string) => void;
  private readonly pulse: () => void;
  private depth = 0;
  private spent = 0;
  /** What it gave the host since it was entered: the host keeps it until it is done. */
  private handedBytes = 0;
  private hasCalled = false;
  private closed = false;

  constructor(memory: BoundedMemory, calls: HostCalls, limits: Limits, onFault: (sentence: string) => void, pulse: () => void) {
    this.memory = memory;
    this.calls = calls;
    this.limits = limits;
    this.onFault = onFault;
    this.pulse = pulse;
  }

  evaluate({ source, file }: Script): void {
    this.run(() => this.interpreter.evaluate(source, file));
  }

  enter(name: EntryName, text: string, bytes?: Uint8Array): void {
    this.run(() => this.interpreter.call(name, text, bytes));
  }

  ask(name: EntryName, text: string): string | undefined {
    return this.run(() => this.interpreter.callForText(name, text));
  }

  askForBytes(name: EntryName, text: string): Uint8Array | undefined {
    return this.run(() => this.interpreter.callForBytes(name, text));
  }

  /** Its memory, while what it holds follows from the scripts alone. */
  untouchedImage(): Image | undefined {
    return this.hasCalled || this.closed || this.fault !== undefined ? undefined : this.interpreter.image();
  }

  memoryHeldBytes(): number {
    return this.fault === undefined && !this.closed ? this.memory.buffer.byteLength : 0;
  }

  close(): void {
    // The wasm instance is dropped as a whole: nothing in it needs to be freed piece by piece.
    this.closed = true;
  }

  mustStop(): boolean {
    this.pulse();
    return ++this.spent > this.limits.budget;
  }

  work(): void {
    this.spent += HOST_CALL_COST;
    this.pulse();
    if (this.isOverLimit()) throw new Error('interrupted');
  }

  keccak256(data: Uint8Array): Uint8Array {
    this.hasCalled = true;
    return this.calls['vm.keccak256']('', data) as Uint8Array;
  }

  call(name: HostMethod, text: string, bytes: Uint8Array | undefined): HostReply {
    this.hasCalled = true;
    this.work();
    if (text.length > TEXT_LIMIT) throw new Error(`a text of ${text.length} characters, more than ${TEXT_LIMIT}, for the host`);
    this.handedBytes += text.length + (bytes?.length ?? 0);
    return this.calls[name](text, bytes);
  }

  /** Runs one step inside; at the outermost level also the promise jobs that follow from it. */
  private run<T>(step: () => T): T | undefined {
    if (this.fault !== undefined || this.closed) return undefined;
    if (this.depth === 0) {
      this.spent = 0;
      this.handedBytes = 0;
      // Whoever looks for the one that fell silent must find this one, whatever it does first.
      this.pulse();
    }
    this.depth += 1;
    try {
      const answer = step();
      if (this.depth === 1) this.runJobs();
      // The firmware may have caught what interrupted it; it is not to be trusted any more.
      if (this.isOverLimit()) throw new Error('over its limit');
      return answer;
    } catch (error) {
      // Inside a host call the firmware itself is the caller and hears of it; outside, nobody is left to.
      if (this.depth > 1) throw error;
      this.stop(error as Error);
      return undefined;
    } finally {
      this.depth -= 1;
    }
  }

  private runJobs(): void {
    while (!this.closed && this.interpreter.hasJobs()) {
      this.interpreter.runJobs(JOBS_AT_ONCE);
      if (this.isOverLimit()) return;
    }
  }

  private stop(error: Error): void {
    this.fault = `the firmware was stopped: ${this.reasonOf(error)}`;
    this.onFault(this.fault);
  }

  private isOverLimit(): boolean {
    return this.memory.exhausted || this.spent > this.limits.budget || this.handedBytes > this.limits.memoryBytes;
  }

  private reasonOf({ name, message }: Error): string {
    const { memoryBytes, stackBytes, budget } = this.limits;
    const mebibytes = Math.round(memoryBytes / 1024 / 1024);
    if (this.memory.exhausted) return `it needed more than its ${mebibytes} MiB of memory`;
    if (this.handedBytes > memoryBytes) return `it gave away more at once than its ${mebibytes} MiB of memory hold`;
    if (this.spent > budget) return 'it ran on without coming to an end';
    if (/stack/i.test(message)) return `it called itself deeper than its ${stackBytes / 1024} KiB of stack hold`;
    return `an error of its own, ${name === ThrownInside.name ? message : `${name}: ${message}`}`;
  }
}
