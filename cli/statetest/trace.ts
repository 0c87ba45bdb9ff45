/** Trace lines as geth's `evm --json` prints them (EIP-3155). */
import { eip3155, type TracedStep, type Watcher } from '../../vm/embed/index.ts';
import type { Input } from '../command.ts';

/** What `createVm` is to be given: nothing unless a trace was asked for. */
export function tracerOf(input: Input, tell: (step: TracedStep) => void): Watcher {
  return input.has('json') ? eip3155(tell, { withMemory: input.has('memory') }) : {};
}

export function stepLine(step: TracedStep): string {
  const { pc, op, opName, gas, gasCost, depth, refund, memorySize, stack, memory, error } = step;
  return JSON.stringify({
    pc,
    op,
    gas: hex(gas),
    gasCost: hex(gasCost),
    ...(memory && { memory: `0x${Buffer.from(memory).toString('hex')}` }),
    memSize: memorySize,
    stack: stack.map(hex),
    depth,
    refund: Number(refund),
    opName,
    ...(error && { error }),
  });
}

/** A quantity as geth prints it. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
