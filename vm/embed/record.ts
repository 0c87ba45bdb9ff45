/** Collects what happens inside a transaction as plain data, bounded, so that it can cross to a firmware in one piece. */
import type { Address, FrameLog, FrameRecord, Recording, RecordOptions, StepRecord, Word } from '../../runtime/ports/index.ts';
import { Enough } from './host.ts';
import { eip3155, errorOf, type TracedStep } from './steps.ts';
import type { Entered, Left, Step, Watcher } from './trace.ts';

/** What one step takes up besides its stack and memory, in words. */
const STEP_WORDS = 4;
const FRAME_WORDS = 8;
const WORD = 32;
const CALLCODE = 0xf2;
const DELEGATECALL = 0xf4;
const SELFDESTRUCT = 0xff;
const LOG0 = 0xa0;
const MAX_LOG_BYTES = 2n ** 24n;
const NOTHING = new Uint8Array(0);

/** A watcher, and what it has seen. What goes beyond the bounds ends the execution, and `isCut` says so. */
export function recorder(options: RecordOptions): { readonly watcher: Watcher; readonly seen: () => Recording } {
  const recording = new Recorder(options);
  const tell = (step: TracedStep) => recording.step(step);
  const told = options.steps ? eip3155(tell, { withMemory: options.memory }) : {};
  const watcher: Watcher = {
    onEnter(entered) {
      told.onEnter?.(entered);
      recording.enter(entered);
    },
    onLeave(left) {
      told.onLeave?.(left);
      recording.leave(left);
    },
    ...(options.logs && { onSelfDestruct: (moved) => recording.selfDestruct(moved) }),
    ...((told.onStep || options.logs) && {
      onStep(step) {
        if (options.logs) recording.look(step);
        // Reading a step is what costs: nothing is read that is not kept.
        if (told.onStep && recording.wantsSteps) told.onStep(step);
      },
    }),
  };
  return { watcher, seen: () => recording.seen() };
}

/** A call in progress. */
interface Open {
  /** Among the frames; −1: left out. */
  readonly index: number;
  /** Whose storage it uses, and in whose name it logs. */
  readonly owner: Address;
  readonly logs: FrameLog[];
  calls: number;
  /** Of an instruction that has not yet succeeded. */
  pending: FrameLog | undefined;
}

class Recorder {
  private readonly options: RecordOptions;
  private readonly steps: StepRecord[] = [];
  private readonly frames: FrameRecord[] = [];
  private readonly open: Open[] = [];
  private wordsLeft: number;
  private isCut = false;

  constructor(options: RecordOptions) {
    this.options = options;
    this.wordsLeft = options.maxWords;
  }

  get wantsSteps(): boolean {
    return this.options.stepsMustFit === true || this.steps.length < this.options.maxSteps;
  }

  seen(): Recording {
    return { steps: this.steps, frames: this.frames, isCut: this.isCut };
  }

  step(step: TracedStep): void {
    if (this.steps.length >= this.options.maxSteps) {
      if (this.options.stepsMustFit) this.cut();
      return;
    }
    const stack = this.options.stack ? step.stack.length : 0;
    this.take(STEP_WORDS + stack + (step.memory?.length ?? 0) / WORD);
    this.steps.push(stepOf(step, this.open.at(-1)!.index, this.options.stack));
  }

  enter(entered: Entered): void {
    const { opcode, from, to, value, gas } = entered;
    const caller = this.open.at(-1);
    if (caller) caller.calls++;
    const owner = opcode === DELEGATECALL || opcode === CALLCODE ? (caller?.owner ?? from) : to;
    const frame = { opcode, from, to, value, gas, depth: this.open.length, gasLeft: 0n, output: NOTHING };
    const index = this.options.topOnly && caller ? -1 : this.keep({ ...frame, input: entered.input() });
    this.open.push({ index, owner, logs: [], calls: 0, pending: undefined });
  }

  leave(left: Left): void {
    const { index, logs, pending } = this.open.pop()!;
    const frame = this.frames[index];
    if (!frame) return;
    const output = left.output();
    this.take(output.length / WORD);
    const error = errorOf(left.status);
    if (pending && !error) logs.push(pending);
    this.frames[index] = { ...frame, gasLeft: left.gasLeft, output, ...(error && { error }), ...(logs.length > 0 && { logs }) };
  }

  selfDestruct({ from, to, value }: Pick<Entered, 'from' | 'to' | 'value'>): void {
    const caller = this.open.at(-1);
    if (caller) caller.calls++;
    if (this.options.topOnly) return;
    const frame = { opcode: SELFDESTRUCT, from, to, value, gas: 0n, gasLeft: 0n, input: NOTHING, output: NOTHING };
    this.keep({ ...frame, depth: this.open.length });
  }

  /** Notes what an instruction is about to log; the next of its frame shows that it succeeded. */
  look(step: Step): void {
    const frame = this.open.at(-1)!;
    if (frame.pending) frame.logs.push(frame.pending);
    frame.pending = undefined;
    const topicCount = step.opcode - LOG0;
    if (topicCount < 0 || topicCount > 4 || frame.index < 0) return;
    const stack = step.stack();
    const [offset = 0n, size = 0n] = [stack.at(-1), stack.at(-2)];
    // More than this nobody can pay for, and it fails.
    if (stack.length < 2 + topicCount || size > MAX_LOG_BYTES || (size > 0n && offset > MAX_LOG_BYTES)) return;
    this.take(FRAME_WORDS + Number(size) / WORD);
    const data = new Uint8Array(Number(size));
    data.set(step.memory().subarray(Number(offset), Number(offset + size)));
    const topics = Array.from({ length: topicCount }, (_, i) => wordOf(stack.at(-3 - i)!));
    frame.pending = { address: frame.owner, topics, data, position: frame.calls };
  }

  private keep(frame: FrameRecord): number {
    this.take(FRAME_WORDS + frame.input.length / WORD);
    return this.frames.push(frame) - 1;
  }

  private take(words: number): void {
    this.wordsLeft -= words;
    if (this.wordsLeft < 0) this.cut();
  }

  private cut(): never {
    this.isCut = true;
    throw new Enough('the recording is full');
  }
}

function wordOf(value: bigint): Word {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

function stepOf(step: TracedStep, frame: number, withStack: boolean): StepRecord {
  const { pc, opName, gas, gasCost, depth, refund, stack, memory, error } = step;
  return {
    pc,
    opName,
    gas: Number(gas),
    gasCost: Number(gasCost),
    depth,
    refund: Number(refund),
    frame,
    ...(withStack && { stack: stack.map((word) => `0x${word.toString(16)}` as const) }),
    ...(memory && { memory }),
    ...(error !== undefined && { error }),
  };
}
