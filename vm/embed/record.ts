/** Collects what happens inside a transaction as plain data, bounded, so that it can cross to a firmware in one piece. */
import type { FrameRecord, Recording, RecordOptions, StepRecord } from '../../runtime/ports/index.ts';
import { eip3155, errorOf, type TracedStep } from './steps.ts';
import type { Entered, Left, Watcher } from './trace.ts';

/** What one step takes up besides its stack and memory, in words. */
const STEP_WORDS = 4;
const FRAME_WORDS = 8;
const WORD = 32;

/** A watcher, and what it has seen. What goes beyond `maxWords` is left out, and `isCut` says so. */
export function recorder(options: RecordOptions): { readonly watcher: Watcher; readonly seen: () => Recording } {
  const steps: StepRecord[] = [];
  const frames: FrameRecord[] = [];
  const open: number[] = [];
  let wordsLeft = options.maxWords;
  let isCut = false;
  const takes = (words: number): boolean => {
    wordsLeft -= words;
    if (wordsLeft < 0) isCut = true;
    return !isCut;
  };
  const tell = (step: TracedStep) => {
    if (steps.length >= options.maxSteps) return;
    const words = STEP_WORDS + (options.stack ? step.stack.length : 0) + (step.memory?.length ?? 0) / WORD;
    if (takes(words)) steps.push(stepOf(step, open.at(-1)!, options.stack));
  };
  const told = options.steps ? eip3155(tell, { withMemory: options.memory }) : {};
  const enter = (entered: Entered) => {
    const input = entered.input();
    if (!takes(FRAME_WORDS + input.length / WORD)) return -1;
    const { opcode, from, to, value, gas } = entered;
    return frames.push({ opcode, from, to, value, gas, input, depth: open.length, gasLeft: 0n, output: new Uint8Array(0) }) - 1;
  };
  const leave = (index: number, left: Left) => {
    const frame = frames[index];
    const output = left.output();
    if (!frame || !takes(output.length / WORD)) return;
    const error = errorOf(left.status);
    frames[index] = { ...frame, gasLeft: left.gasLeft, output, ...(error && { error }) };
  };
  const watcher: Watcher = {
    onEnter(entered) {
      told.onEnter?.(entered);
      open.push(enter(entered));
    },
    onLeave(left) {
      told.onLeave?.(left);
      leave(open.pop()!, left);
    },
    ...(told.onStep && {
      onStep(step) {
        // Reading a step is what costs: nothing is read that is not kept.
        if (!isCut && steps.length < options.maxSteps) told.onStep?.(step);
      },
    }),
  };
  return { watcher, seen: () => ({ steps, frames, isCut }) };
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
