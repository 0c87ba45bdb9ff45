import { bytesToHex } from '../bytes.ts';
import type { Address, Executed, FrameRecord, Recording, Refused, StepRecord } from '../ports/index.ts';
import type { Json, JsonObject } from './encode.ts';

/** What each entry has besides the instruction and its cost. */
export interface Shown {
  readonly stack: boolean;
  readonly memory: boolean;
  readonly storage: boolean;
}

const DELEGATECALL = 0xf4;
const CALLCODE = 0xf2;

/** Instruction by instruction, as geth's default tracer writes it. */
export function structLogger(outcome: Executed | Refused, recording: Recording, shown: Shown): JsonObject {
  const isExecuted = outcome.kind === 'executed';
  const storages = new Map<Address, Record<string, string>>();
  const owners = ownersOf(recording.frames);
  return {
    gas: isExecuted ? Number(outcome.gasUsed) : 0,
    failed: !isExecuted || !outcome.succeeded,
    returnValue: isExecuted ? bytesToHex(outcome.output) : '0x',
    structLogs: recording.steps.map((step, index) => {
      const storage = shown.storage && storageAfter(step, recording.steps[index + 1], owners, storages);
      return { ...entryOf(step, shown), ...(storage && { storage }) };
    }),
  };
}

function entryOf(step: StepRecord, shown: Shown): JsonObject {
  const { pc, opName, gas, gasCost, depth, refund, stack = [], memory, error } = step;
  return {
    pc,
    op: opName,
    gas,
    gasCost,
    depth,
    ...(refund > 0 && { refund }),
    ...(error !== undefined && { error }),
    ...(shown.stack && { stack }),
    ...(shown.memory && memory && { memory: wordsOf(memory) }),
  };
}

function wordsOf(memory: Uint8Array): Json {
  const words: string[] = [];
  for (let at = 0; at < memory.length; at += 32) words.push(bytesToHex(memory.subarray(at, at + 32)));
  return words;
}

/** Whose storage each frame uses: code that is borrowed works on its caller's. */
function ownersOf(frames: readonly FrameRecord[]): readonly Address[] {
  const path: Address[] = [];
  return frames.map(({ opcode, from, to, depth }) => {
    const borrows = opcode === DELEGATECALL || opcode === CALLCODE;
    path[depth] = borrows ? (path[depth - 1] ?? from) : to;
    return path[depth]!;
  });
}

/** The slots of this account seen so far, at the instructions that see one. What an SLOAD found is on the stack after it. */
function storageAfter(
  step: StepRecord,
  next: StepRecord | undefined,
  owners: readonly Address[],
  storages: Map<Address, Record<string, string>>,
): Json | undefined {
  const isLoad = step.opName === 'SLOAD';
  if (step.error !== undefined || (!isLoad && step.opName !== 'SSTORE')) return undefined;
  const value = isLoad ? next?.stack?.at(-1) : step.stack?.at(-2);
  const slot = step.stack?.at(-1);
  if (slot === undefined || value === undefined) return undefined;
  const owner = owners[step.frame]!;
  const storage = { ...storages.get(owner), [word(slot)]: word(value) };
  storages.set(owner, storage);
  return storage;
}

function word(quantity: string): string {
  return `0x${quantity.slice(2).padStart(64, '0')}`;
}
