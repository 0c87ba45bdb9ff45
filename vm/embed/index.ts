/** The VM for those who embed it: `const vm = createVm({ fork: 'Osaka' })`. Synchronous; runs in Node, browsers, workers, Deno and Bun. */
import type {
  Address,
  BlockContext,
  Executed,
  ExecuteOptions,
  ForkName,
  Message,
  RecordOptions,
  Refused,
  StateView,
  Vm,
} from '../../runtime/ports/index.ts';
import { Enough, Host } from './host.ts';
import { flagsOf, roomFor, writeBlock, writeMessage } from './message.ts';
import { type Names, readOutcome, refused } from './outcome.ts';
import { recorder } from './record.ts';
import { readStep, type Watcher, watchFrames } from './trace.ts';
import { instantiate, moduleOf, namesOf, type VmExports, type WasmModule } from './wasm.ts';
import { Wire } from './wire.ts';

export type {
  AccessListEntry,
  Account,
  AccountDiff,
  Address,
  Authorization,
  BlockContext,
  Executed,
  ExecuteOptions,
  ForkName,
  FrameLog,
  FrameRecord,
  Hex,
  Log,
  Message,
  Recording,
  RecordOptions,
  Refused,
  StateView,
  StepRecord,
  Vm,
  Word,
} from '../../runtime/ports/index.ts';
export { eip3155, errorOf, type TracedStep } from './steps.ts';
export type { Entered, Left, Step, Watcher } from './trace.ts';
export { readWasm, setDefaultWasm } from './wasm.ts';
export { blockContext, type MemoryState, memoryState, message } from './world.ts';

/** With a watcher's functions it tells of every call and instruction (EIP-3155); without them it runs at full speed. */
export interface VmOptions extends Watcher {
  readonly fork: ForkName;
  /** The bytes of `vm.wasm`, or the compiled module. Absent: the bundled one, or the one in the build folder. */
  readonly wasm?: Uint8Array | ArrayBuffer | WasmModule;
  /** Linear memory never grows beyond this; 1 GiB if absent. */
  readonly memoryLimitBytes?: number;
}

/** After a transaction that made linear memory larger than this, the VM starts anew with a small one. */
const KEPT_BYTES = 64 * 1024 * 1024;
const MAX_U64 = (1n << 64n) - 1n;
const MAX_WORD = (1n << 256n) - 1n;

/** A VM with the rules of one fork: a record of functions, each of which may be handed on by itself. */
export function createVm(options: VmOptions): Vm {
  const vm = new WasmVm(options);
  return {
    fork: vm.fork,
    execute: (...given) => vm.execute(...given),
    trace: (...given) => vm.trace(...given),
    keccak256: (data) => vm.keccak256(data),
    sha256: (data) => vm.sha256(data),
    recover: (...given) => vm.recover(...given),
  };
}

class WasmVm implements Vm {
  readonly fork: ForkName;
  readonly #options: VmOptions;
  readonly #module: WasmModule;
  readonly #host = new Host();
  #exports!: VmExports;
  #wire!: Wire;
  #names!: Names;
  /** The block that stands in linear memory. */
  #block: BlockContext | undefined;
  #isRunning = false;

  constructor(options: VmOptions) {
    this.fork = options.fork;
    this.#options = options;
    this.#module = moduleOf(options.wasm);
    this.#start();
  }

  /** A fresh instance with a small memory. */
  #start(): void {
    const exports = instantiate(this.#module, this.#host.imports());
    const fork = [...namesOf(exports, 'Fork')].find(([, name]) => name === this.fork);
    if (!fork) throw unknownFork(this.fork);
    exports.setFork(fork[0]);
    if (this.#options.memoryLimitBytes) exports.setMemoryLimit(this.#options.memoryLimitBytes);
    this.#exports = exports;
    this.#block = undefined;
    const wire = new Wire(exports.memory);
    this.#wire = wire;
    this.#host.wire = this.#wire;
    this.#names = { status: namesOf(exports, 'Status'), refusal: namesOf(exports, 'Refusal') };
    const { onStep, onEnter, onLeave } = this.#options;
    if (!onStep && !onEnter && !onLeave) return;
    exports.setTracing(1);
    this.#host.trace = (pc, opcode, frame) => onStep?.(readStep(wire, exports, pc, opcode, frame));
    this.#host.frames = watchFrames(wire, this.#names.status, this.#options);
  }

  execute(block: BlockContext, message: Message, state: StateView, options?: ExecuteOptions): Executed | Refused {
    const tooLarge = beyondWords(message);
    if (tooLarge) return refused(tooLarge);
    if (this.#isRunning) throw reentered();
    this.#isRunning = true;
    this.#host.state = state;
    this.#host.thrown = undefined;
    this.#host.interrupt = options?.interrupt;
    let isDone = false;
    try {
      const outcome = this.#run(block, message, options?.simulate ?? false);
      isDone = true;
      return outcome;
    } finally {
      this.#isRunning = false;
      this.#host.state = undefined;
      this.#host.interrupt = undefined;
      // Linear memory cannot shrink, and may hold remains of a transaction without outcome: then a new instance takes over.
      if (!isDone || this.#exports.memory.buffer.byteLength > KEPT_BYTES) this.#start();
    }
  }

  trace(block: BlockContext, message: Message, state: StateView, record: RecordOptions) {
    const { watcher, seen } = recorder(record);
    try {
      const outcome = new WasmVm({ ...this.#options, ...watcher, wasm: this.#module }).execute(block, message, state, record);
      return { outcome, recording: seen() };
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
      return { outcome: refused('TraceTooLong'), recording: seen() };
    }
  }

  #run(block: BlockContext, message: Message, simulate: boolean): Executed | Refused {
    const context = this.#exports.contextAddress();
    const room = this.#exports.begin(roomFor(message));
    if (!room) throw outOfMemory();
    if (block !== this.#block) writeBlock(this.#wire, context, block);
    this.#block = block;
    writeMessage(this.#wire, context, room, message, flagsOf(block, simulate));
    const fatal = this.#exports.transact();
    if (this.#host.thrown) throw this.#host.thrown.error;
    if (fatal) throw outOfMemory();
    return readOutcome(this.#wire, this.#exports.resultAddress(), message, this.#names);
  }

  keccak256(data: Uint8Array): Uint8Array {
    return this.#hash(this.#exports.keccak256, data);
  }

  sha256(data: Uint8Array): Uint8Array {
    return this.#hash(this.#exports.sha256, data);
  }

  recover(hash: Uint8Array, yParity: number, r: bigint, s: bigint): Address | undefined {
    if ((yParity !== 0 && yParity !== 1) || r > MAX_WORD || s > MAX_WORD || hash.length !== 32) return undefined;
    const mark = this.#exports.mark();
    const at = this.#exports.alloc(128);
    if (!at) throw outOfMemory();
    this.#wire.bytes.set(hash, at);
    this.#wire.setWord(at + 32, r);
    this.#wire.setWord(at + 64, s);
    const found = this.#exports.recoverAddress(at + 96, at, BigInt(yParity), at + 32, at + 64);
    const address = found ? this.#wire.address(at + 96) : undefined;
    this.#exports.release(mark);
    return address;
  }

  #hash(hash: VmExports['keccak256'], data: Uint8Array): Uint8Array {
    const mark = this.#exports.mark();
    const at = this.#exports.alloc(data.length + 32);
    if (!at) throw outOfMemory();
    this.#wire.bytes.set(data, at + 32);
    hash(at, at + 32, data.length);
    const hashed = this.#wire.copy(at, 32);
    this.#exports.release(mark);
    return hashed;
  }
}

/** A message with a number that no word holds is refused before the VM sees it. */
function beyondWords(message: Message): string | undefined {
  if (message.gasLimit > MAX_U64) return 'GasLimitAboveBlock';
  if (message.nonce > MAX_U64) return 'NonceAtMaximum';
  if (message.value > MAX_WORD || message.maxFeePerGas > MAX_WORD) return 'InsufficientFunds';
  if (message.maxPriorityFeePerGas > MAX_WORD) return 'PriorityFeeAboveMaxFee';
  return (message.maxFeePerBlobGas ?? 0n) > MAX_WORD ? 'InsufficientFunds' : undefined;
}

function unknownFork(fork: string): Error {
  return new Error(`the VM has no fork "${fork}"; it has Berlin, London, Paris, Shanghai, Cancun, Prague and Osaka`);
}

function outOfMemory(): Error {
  return new Error('the VM reached its memory limit: the transaction has no outcome');
}

function reentered(): Error {
  return new Error('execute was called while a transaction of the same VM was running: use one VM for each');
}
