/** A trace in the terms of EIP-3155: each instruction with what it cost, told as soon as that is known. */
import { opcodeName } from './opcode-names.ts';
import type { Entered, Left, Step, Watcher } from './trace.ts';

export interface TracedStep {
  readonly pc: number;
  readonly op: number;
  readonly opName: string;
  /** Gas left before the instruction. */
  readonly gas: bigint;
  /** With the gas a CALL passes on, without what a CREATE does, as geth counts. Of an instruction that failed: all that was left. */
  readonly gasCost: bigint;
  /** 1 in the first frame. */
  readonly depth: number;
  readonly refund: bigint;
  readonly memorySize: number;
  /** Its top last. */
  readonly stack: readonly bigint[];
  readonly memory?: Uint8Array;
  /** Why the instruction failed. */
  readonly error?: string;
}

export interface TraceOptions {
  readonly withMemory?: boolean;
}

/** One call or creation in progress, with its latest instruction. */
interface Level {
  readonly isCreation: boolean;
  /** Without code nothing runs, so nothing is told; inside the VM even empty init code ends with a STOP. */
  readonly isQuiet: boolean;
  latest: { readonly step: Step; readonly seen: Omit<TracedStep, 'gasCost'> } | undefined;
}

const CREATE = 0xf0;
const CREATE2 = 0xf5;
const DEPOSIT_PER_BYTE = 200n;

/** Status names in the words that geth uses. */
const ERRORS: Readonly<Record<string, string>> = {
  OutOfGas: 'out of gas',
  StackUnderflow: 'stack underflow',
  StackOverflow: 'stack limit reached 1024 (1023)',
  InvalidJump: 'invalid jump destination',
  InvalidOpcode: 'invalid opcode',
  StaticViolation: 'write protection',
  ReturnDataOutOfBounds: 'return data out of bounds',
  CallDepth: 'max call depth exceeded',
  InsufficientBalance: 'insufficient balance for transfer',
  NonceOverflow: 'nonce uint64 overflow',
  CreateCollision: 'contract address collision',
  InitCodeTooLarge: 'max initcode size exceeded',
  CodeTooLarge: 'max code size exceeded',
  CodeBeginsWithEf: 'invalid code: must not begin with 0xef',
  PrecompileFailure: 'precompile failed',
  Revert: 'execution reverted',
};

/** geth's sentence for a status, or `undefined` for a success. */
export function errorOf(status: string): string | undefined {
  return ERRORS[status];
}

/** A watcher for `createVm` that passes on each instruction once it is complete, in the order of execution. */
export function eip3155(tell: (step: TracedStep) => void, options: TraceOptions = {}): Watcher {
  const levels: Level[] = [];
  const settle = (cost: (step: Step) => bigint, error?: string) => {
    const level = levels.at(-1);
    if (!level?.latest) return;
    const { step, seen } = level.latest;
    level.latest = undefined;
    tell({ ...seen, gasCost: cost(step), ...(error && { error }) });
  };
  return {
    onEnter({ opcode, gas, input }: Entered) {
      const isCreation = opcode === CREATE || opcode === CREATE2;
      settle((step) => step.gas - step.gasNow() - (isCreation ? gas : 0n));
      levels.push({ isCreation, isQuiet: isCreation && input().length === 0, latest: undefined });
    },
    onStep(step) {
      settle((previous) => previous.gas - step.gas);
      const level = levels.at(-1)!;
      if (!level.isQuiet) level.latest = { step, seen: seenOf(step, options) };
    },
    onLeave(left) {
      const deposit =
        levels.at(-1)?.isCreation && left.status === 'Return' ? DEPOSIT_PER_BYTE * BigInt(left.output().length) : 0n;
      settle((step) => step.gas - left.gasLeft - deposit, failureOf(left));
      levels.pop();
    },
  };
}

/** A REVERT is an instruction that did what it should. */
function failureOf({ status }: Left): string | undefined {
  return status === 'Revert' ? undefined : errorOf(status);
}

function seenOf(step: Step, { withMemory }: TraceOptions): Omit<TracedStep, 'gasCost'> {
  const { pc, opcode, gas, depth, refund, memorySize } = step;
  const seen = { pc, op: opcode, opName: opcodeName(opcode), gas, depth, refund, memorySize, stack: step.stack() };
  return withMemory ? { ...seen, memory: step.memory() } : seen;
}
