import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import packagedVariant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten';
import type { EntryName, HostReply } from './wire.ts';

/** How much a firmware may use before it is stopped. */
export interface Limits {
  readonly memoryBytes: number;
  readonly stackBytes: number;
  /** Steps of one entry from the host, in units of about ten thousand loops or calls; a host call counts as 1/100. */
  readonly budget: number;
}

/** A board like ours gives the firmware 64 MiB; the budget is a few seconds of QuickJS on a desktop. */
export const defaultLimits: Limits = { memoryBytes: 64 * 1024 * 1024, stackBytes: 256 * 1024, budget: 5000 };

export type HostCall = (text: string, bytes: Uint8Array | undefined) => HostReply | Uint8Array;
export type HostCalls = { readonly [method: string]: HostCall };

/** One QuickJS with a wasm instance of its own. When it breaks a limit or throws, it is stopped for good and says why. */
export interface Machine {
  /** Enters the firmware, then runs its promise jobs. `undefined` once it has stopped. */
  enter(name: EntryName, text: string, bytes?: Uint8Array): string | Uint8Array | undefined;
  /** Evaluates a script. */
  evaluate(source: string, file: string): void;
  /** One sentence, once stopped. */
  readonly fault: string | undefined;
  /** Size of its linear memory, which grows in steps and never shrinks. */
  memoryHeldBytes(): number;
  /** Lets go of everything; nothing runs any more. */
  close(): void;
}

const TEXT_LIMIT = 16 * 1024 * 1024;
const HOST_CALL_COST = 0.01;

// The package's types describe its CommonJS face; Node loads the other one, whose default export is the variant.
const variant = packagedVariant as unknown as QuickJSSyncVariant;
interface LinearMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: {
    compile(bytes: Uint8Array): Promise<WebAssembly.Module>;
    Memory: new (options: { initial: number; maximum: number }) => LinearMemory;
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
  const path = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
  compiled ??= compileWasm(path);
  return compiled;
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

  constructor(limitBytes: number) {
    super({ initial: FIRST_PAGES, maximum: Math.max(FIRST_PAGES, Math.floor(limitBytes / PAGE_BYTES)) });
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

/** Boots an empty QuickJS that can call the given host functions; `onFault` hears once when it is stopped. */
export async function createMachine(
  calls: HostCalls,
  limits: Limits,
  onFault: (sentence: string) => void,
  pulse: () => void = () => {},
): Promise<Machine> {
  const wasmModule = await quickJsModule();
  const wasmMemory = new BoundedMemory(limits.memoryBytes);
  const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmModule, wasmMemory }));
  const runtime = quickJs.newRuntime({ maxStackSizeBytes: limits.stackBytes });
  return new QuickJsMachine(runtime, wasmMemory, calls, limits, onFault, pulse);
}

class QuickJsMachine implements Machine {
  fault: string | undefined;
  private readonly context: QuickJSContext;
  private readonly runtime: QuickJSRuntime;
  private readonly memory: BoundedMemory;
  private readonly limits: Limits;
  private readonly onFault: (sentence: string) => void;
  private readonly pulse: () => void;
  private entry: QuickJSHandle | undefined;
  private depth = 0;
  private spent = 0;
  /** What it gave the host since it was entered: the host keeps it until it is done. */
  private handedBytes = 0;
  private closed = false;

  constructor(
    runtime: QuickJSRuntime,
    memory: BoundedMemory,
    calls: HostCalls,
    limits: Limits,
    onFault: (sentence: string) => void,
    pulse: () => void,
  ) {
    this.runtime = runtime;
    this.memory = memory;
    this.limits = limits;
    this.onFault = onFault;
    this.pulse = pulse;
    this.context = runtime.newContext();
    runtime.setInterruptHandler(() => {
      pulse();
      return ++this.spent > limits.budget;
    });
    this.provideHost(calls);
  }

  evaluate(source: string, file: string): void {
    this.run(() => {
      this.context.unwrapResult(this.context.evalCode(source, file, { type: 'global' })).dispose();
    });
  }

  enter(name: EntryName, text: string, bytes?: Uint8Array): string | Uint8Array | undefined {
    return this.run(() => {
      this.entry ??= this.context.getProp(this.context.global, 'enter');
      const args = [this.context.newString(name), this.context.newString(text)];
      if (bytes) args.push(this.context.newArrayBuffer(exactBuffer(bytes)));
      const result = this.context.callFunction(this.entry, this.context.undefined, args);
      for (const arg of args) arg.dispose();
      return this.context.unwrapResult(result).consume((handle) => this.read(handle));
    });
  }

  memoryHeldBytes(): number {
    return this.fault === undefined && !this.closed ? this.memory.buffer.byteLength : 0;
  }

  close(): void {
    // The wasm instance is dropped as a whole: nothing in it needs to be freed piece by piece.
    this.closed = true;
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
      this.stop(error);
      return undefined;
    } finally {
      this.depth -= 1;
    }
  }

  private runJobs(): void {
    while (!this.closed && this.runtime.hasPendingJob()) {
      const result = this.runtime.executePendingJobs(64);
      if (result.error) throw this.context.unwrapResult({ error: result.error });
      result.dispose();
      if (this.isOverLimit()) return;
    }
  }

  private stop(error: unknown): void {
    this.fault = `the firmware was stopped: ${this.reasonOf(error)}`;
    this.onFault(this.fault);
  }

  private isOverLimit(): boolean {
    return this.memory.exhausted || this.spent > this.limits.budget || this.handedBytes > this.limits.memoryBytes;
  }

  private reasonOf(error: unknown): string {
    const { memoryBytes, stackBytes, budget } = this.limits;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const mebibytes = Math.round(memoryBytes / 1024 / 1024);
    if (this.memory.exhausted) return `it needed more than its ${mebibytes} MiB of memory`;
    if (this.handedBytes > memoryBytes) return `it gave away more at once than its ${mebibytes} MiB of memory hold`;
    if (this.spent > budget) return 'it ran on without coming to an end';
    if (/stack/i.test(message)) return `it called itself deeper than its ${stackBytes / 1024} KiB of stack hold`;
    return `an error of its own, ${message}`;
  }

  private provideHost(calls: HostCalls): void {
    const host = this.context.newFunction('host', (method, text, bytes) => {
      this.spent += HOST_CALL_COST;
      this.pulse();
      if (this.isOverLimit()) throw new Error('interrupted');
      const name = this.context.getString(method!);
      const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
      if (!call) throw new Error(`the host knows no call "${name.slice(0, 40)}"`);
      const given = [this.readText(text), this.readBytes(bytes)] as const;
      this.handedBytes += given[0].length + (given[1]?.length ?? 0);
      return this.write(call(...given));
    });
    this.context.setProp(this.context.global, 'host', host);
    host.dispose();
  }

  private readText(handle: QuickJSHandle | undefined): string {
    const text = handle === undefined ? '' : this.context.getString(handle);
    if (text.length > TEXT_LIMIT) throw new Error(`a text of ${text.length} characters, more than ${TEXT_LIMIT}, for the host`);
    return text;
  }

  private readBytes(handle: QuickJSHandle | undefined): Uint8Array | undefined {
    if (handle === undefined || this.context.typeof(handle) !== 'object') return undefined;
    return this.context.getArrayBuffer(handle).consume((lifetime) => lifetime.value.slice());
  }

  private read(handle: QuickJSHandle): string | Uint8Array | undefined {
    switch (this.context.typeof(handle)) {
      case 'string':
        return this.context.getString(handle);
      case 'object':
        return this.readBytes(handle);
      default:
        return undefined;
    }
  }

  private write(reply: HostReply | Uint8Array): QuickJSHandle {
    if (reply === undefined) return this.context.undefined;
    if (typeof reply === 'string') return this.context.newString(reply);
    if (reply instanceof Uint8Array) return this.context.newArrayBuffer(exactBuffer(reply));
    if (reply instanceof ArrayBuffer) return this.context.newArrayBuffer(reply);
    const [text, bytes] = reply as readonly [string, ArrayBuffer];
    const pair = this.context.newArray();
    this.context.newString(text).consume((item) => this.context.setProp(pair, 0, item));
    this.context.newArrayBuffer(bytes).consume((item) => this.context.setProp(pair, 1, item));
    return pair;
  }
}

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}
