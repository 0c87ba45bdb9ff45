/** Answers what the VM asks of its host (vm/host.ts) from a `StateView`. What a view throws is kept, and the VM told that it failed. */
import type { Hex, StateView } from '../../runtime/ports/index.ts';
import { runPrecompile } from './precompiles.ts';
import type { WasmImports } from './wasm.ts';
import type { Wire } from './wire.ts';

const FAILED = -1;
const INVALID_INPUT = -1;
const PRECOMPILE_FAILED = -2;

/** One instruction about to be executed. */
export type TraceCall = (pc: number, opcode: number, view: number) => void;

/** Calls and creations as they begin and end; addresses in linear memory (vm/host.ts). */
export interface FrameCalls {
  enter(kind: number, caller: number, to: number, value: number, input: number, size: number, gas: bigint): void;
  leave(status: number, gasLeft: bigint, output: number, size: number): void;
}

/** Thrown by a watcher that wants no more of this transaction. */
export class Enough extends Error {}

export class Host {
  wire!: Wire;
  state: StateView | undefined;
  trace: TraceCall | undefined;
  frames: FrameCalls | undefined;
  /** What it throws leaves the wasm at once: the instance is of no use afterwards. */
  interrupt: (() => void) | undefined;
  /** What the state threw in the running transaction. */
  thrown: { readonly error: unknown } | undefined;
  #code: Uint8Array = new Uint8Array(0);

  /** The functions that the wasm imports. */
  imports(): WasmImports {
    return {
      hostAccount: this.#guard((address: number, out: number) => this.#account(address, out)),
      hostSlot: this.#guard((address: number, key: number, out: number) => this.#slot(address, key, out)),
      hostCodeSize: this.#guard((hash: number) => this.#codeSize(hash)),
      hostCode: this.#guard((out: number) => this.#copyCode(out)),
      hostBlockHash: this.#guard((number: bigint, out: number) => this.#blockHash(number, out)),
      hostPrecompile: (number: number, input: number, length: number, out: number) =>
        this.#precompile(number, input, length, out),
      hostPause: () => {
        this.interrupt?.();
        return undefined;
      },
      hostTrace: this.#watch((pc: number, opcode: number, view: number) => this.trace?.(pc, opcode, view)),
      hostEnter: this.#watch((...call: Parameters<FrameCalls['enter']>) => this.frames?.enter(...call)),
      hostLeave: this.#watch((...end: Parameters<FrameCalls['leave']>) => this.frames?.leave(...end)),
    };
  }

  #watch<Args extends (number | bigint)[]>(see: (...args: Args) => void): (...args: Args) => undefined {
    return (...args) => {
      try {
        see(...args);
      } catch (error) {
        // It leaves the wasm at once: the instance is of no use afterwards.
        if (error instanceof Enough) throw error;
        this.thrown ??= { error };
      }
      return undefined;
    };
  }

  #guard<Args extends never[]>(answer: (...args: Args) => number): (...args: Args) => number {
    return (...args) => {
      try {
        return answer(...args);
      } catch (error) {
        this.thrown ??= { error };
        return FAILED;
      }
    };
  }

  #account(address: number, out: number): number {
    const account = this.state!.account(this.wire.address(address));
    if (!account) return 0;
    const wire = this.wire;
    wire.setU64(out, account.nonce);
    wire.setU64(out + 8, account.hasStorage ? 1n : 0n);
    wire.setWord(out + 16, account.balance);
    this.#setHash(out + 48, account.codeHash, 'code hash');
    return 1;
  }

  #slot(address: number, key: number, out: number): number {
    this.#setHash(out, this.state!.slot(this.wire.address(address), this.wire.hash(key)), 'slot value');
    return 1;
  }

  #codeSize(hash: number): number {
    const code = this.state!.code(this.wire.hash(hash));
    if (!(code instanceof Uint8Array)) throw new TypeError('the state answered a code that is not a Uint8Array');
    this.#code = code;
    return code.length;
  }

  #copyCode(out: number): number {
    this.wire.bytes.set(this.#code, out);
    this.#code = new Uint8Array(0);
    return 1;
  }

  #blockHash(number: bigint, out: number): number {
    this.#setHash(out, this.state!.blockHash(BigInt.asUintN(64, number)), 'block hash');
    return 1;
  }

  #setHash(out: number, hash: Hex, what: string): void {
    if (typeof hash !== 'string' || hash.length !== 66)
      throw new TypeError(`the state answered a ${what} that is not 32 bytes of hexadecimal`);
    this.wire.setHex(out, hash, 32);
  }

  #precompile(number: number, input: number, length: number, out: number): number {
    try {
      const output = runPrecompile(number, this.wire.copy(input, length));
      if (!output) return INVALID_INPUT;
      this.wire.bytes.set(output, out);
      return output.length;
    } catch (error) {
      this.thrown ??= { error };
      return PRECOMPILE_FAILED;
    }
  }
}
