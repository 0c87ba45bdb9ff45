/** One instruction about to be executed, as EIP-3155 describes it. Stack and memory are read only when asked for, and only during the call. */
import type { VmExports } from './wasm.ts';
import type { Wire } from './wire.ts';

/** Offsets of `Frame` in vm/frame.ts. */
const AT = { depth: 4, sp: 16, base: 20, memory: 24, memorySize: 28, gas: 48 } as const;
const WORD = 32;

export interface Step {
  readonly pc: number;
  readonly opcode: number;
  /** Gas left before the instruction. */
  readonly gas: bigint;
  /** 1 in the first frame. */
  readonly depth: number;
  /** Refund counter. */
  readonly refund: bigint;
  readonly memorySize: number;
  /** The stack, its top last. */
  stack(): bigint[];
  memory(): Uint8Array;
}

export function readStep(wire: Wire, exports: VmExports, pc: number, opcode: number, frame: number): Step {
  return {
    pc,
    opcode,
    gas: wire.u64(frame + AT.gas),
    depth: wire.u32(frame + AT.depth) + 1,
    refund: exports.refundSoFar(),
    memorySize: wire.u32(frame + AT.memorySize),
    stack: () => readStack(wire, wire.u32(frame + AT.sp), wire.u32(frame + AT.base)),
    memory: () => wire.copy(wire.u32(frame + AT.memory), wire.u32(frame + AT.memorySize)),
  };
}

function readStack(wire: Wire, top: number, base: number): bigint[] {
  const words: bigint[] = [];
  for (let at = base - WORD; at >= top; at -= WORD) words.push(wire.word(at));
  return words;
}
