/** One instruction about to be executed, as EIP-3155 describes it. Stack and memory are read only when asked for, and only during the call. */
import type { Address, Hex } from '../../runtime/ports/index.ts';
import type { FrameCalls } from './host.ts';
import type { VmExports } from './wasm.ts';
import type { Wire } from './wire.ts';

/** Offsets of `Frame` in vm/frame.ts. */
const AT = { depth: 4, sp: 16, base: 20, memory: 24, memorySize: 28, gas: 48 } as const;
const WORD = 32;
const SELFDESTRUCT = 0xff;

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
  /** Gas left in this frame now: before the instruction, or after it when asked from `onEnter` of what it calls. */
  gasNow(): bigint;
  /** The stack, its top last. */
  stack(): bigint[];
  memory(): Uint8Array;
}

/** A call or creation as it begins, before anything of it is checked. The transaction's own is the first. */
export interface Entered {
  /** Its opcode: CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE or CREATE2; CALL or CREATE for the transaction's own. */
  readonly opcode: number;
  readonly from: Address;
  /** Whose code runs; for a creation the new account, or the zero address if none came to be. */
  readonly to: Address;
  readonly value: bigint;
  /** With the stipend. */
  readonly gas: bigint;
  /** Call data or init code. Read only when asked for, and only during the call. */
  input(): Uint8Array;
}

/** How the call or creation that began last has ended. */
export interface Left {
  /** Name of a status: `Return`, `Revert`, `OutOfGas`, … */
  readonly status: string;
  readonly gasLeft: bigint;
  /** Returned or reverted bytes; for a creation the code. Read only when asked for, and only during the call. */
  output(): Uint8Array;
}

/** What watches a transaction from inside. */
export interface Watcher {
  onEnter?(entered: Entered): void;
  onStep?(step: Step): void;
  onLeave?(left: Left): void;
  /** SELFDESTRUCT: `value` goes from the account that ends, or empties itself, to `to`. */
  onSelfDestruct?(moved: Pick<Entered, 'from' | 'to' | 'value'>): void;
}

/** Tells a watcher of calls, reading linear memory. */
export function watchFrames(wire: Wire, statuses: ReadonlyMap<number, string>, watcher: Watcher): FrameCalls {
  const addressAt = (at: number): Address => `0x${wire.word(at).toString(16).padStart(40, '0')}` as Hex;
  return {
    enter(opcode, from, to, value, input, size, gas) {
      if (opcode === SELFDESTRUCT) {
        watcher.onSelfDestruct?.({ from: addressAt(from), to: addressAt(to), value: wire.word(value) });
        return;
      }
      watcher.onEnter?.({
        opcode,
        from: addressAt(from),
        to: addressAt(to),
        value: wire.word(value),
        gas: BigInt.asUintN(64, gas),
        input: () => wire.copy(input, size),
      });
    },
    leave(status, gasLeft, output, size) {
      const name = statuses.get(status) ?? 'Unknown';
      const hasOutput = name === 'Return' || name === 'Revert';
      watcher.onLeave?.({
        status: name,
        gasLeft: BigInt.asUintN(64, gasLeft),
        output: () => (hasOutput ? wire.copy(output, size) : new Uint8Array()),
      });
    },
  };
}

export function readStep(wire: Wire, exports: VmExports, pc: number, opcode: number, frame: number): Step {
  return {
    pc,
    opcode,
    gas: wire.u64(frame + AT.gas),
    depth: wire.u32(frame + AT.depth) + 1,
    refund: exports.refundSoFar(),
    memorySize: wire.u32(frame + AT.memorySize),
    gasNow: () => wire.u64(frame + AT.gas),
    stack: () => readStack(wire, wire.u32(frame + AT.sp), wire.u32(frame + AT.base)),
    memory: () => wire.copy(wire.u32(frame + AT.memory), wire.u32(frame + AT.memorySize)),
  };
}

function readStack(wire: Wire, top: number, base: number): bigint[] {
  const words: bigint[] = [];
  for (let at = base - WORD; at >= top; at -= WORD) words.push(wire.word(at));
  return words;
}
