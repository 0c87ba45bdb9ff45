import type { NodeConfig } from '../../runtime/config.ts';
import type { Sister } from '../../runtime/ports/index.ts';
import type { Identity } from '../identity.ts';
import type { Scripts } from '../quickjs/device.ts';
import type { Limits } from '../quickjs/machine.ts';
import type { Input, Moment, Output, StoreEntry, WriteTrap } from './exchange.ts';

/** Code that every thread shares. */
export interface ThreadKit {
  readonly script: string;
  readonly quickJs: WebAssembly.Module;
  readonly vm: WebAssembly.Module;
  /** A thread that shows no sign of life for so long while it should work is ended; absent: 20 s. */
  readonly silenceMs?: number;
}

/** What a thread is given when it starts. */
export interface ThreadData {
  /** Shared memory: see {@link Flag}. */
  readonly flags: SharedArrayBuffer;
  /** A MessagePort for what the world waits for. */
  readonly answers: unknown;
  /** Compiled modules of QuickJS and the VM. */
  readonly quickJs: unknown;
  readonly vm: unknown;
}

/** Words of the shared memory: signs of life, whether a question was answered, which shell is at work. */
export const Flag = { pulse: 0, answered: 1, atWork: 2 } as const;
export const FLAG_BYTES = 12;

/** A {@link Moment} without what is as it was the last time that this shell was told. */
export type MomentChange = Omit<Moment, 'peers' | 'sisters'> & {
  readonly peers?: readonly string[];
  readonly sisters?: readonly Sister[];
};

export interface Entry {
  readonly shell: number;
  readonly input: Input;
  readonly moment: MomentChange;
}

/** A device's firmware for a thread: its shell has a number. */
export interface Opening {
  readonly shell: number;
  /** Number of its scripts on this thread. */
  readonly scripts: number;
  readonly config: NodeConfig;
  readonly identity: Identity;
  readonly limits: Limits | undefined;
  readonly stored: readonly StoreEntry[];
  readonly capacityBytes: number;
}

export type ToThread =
  | { readonly do: 'scripts'; readonly number: number; readonly scripts: Scripts }
  | ({ readonly do: 'open' } & Opening)
  /** Inputs of one moment, of any of its devices; their outputs come back together, in this order. */
  | { readonly do: 'enter'; readonly batch: number; readonly entries: readonly Entry[] }
  | { readonly do: 'status'; readonly shell: number; readonly moment: MomentChange }
  | { readonly do: 'trap'; readonly shell: number; readonly trap: WriteTrap | undefined }
  | { readonly do: 'stored'; readonly shell: number; readonly entries: readonly StoreEntry[]; readonly capacityBytes: number }
  | { readonly do: 'close'; readonly shell: number };

/** One output for each entry of a batch. Batches may come back in another order than they went. */
export interface FromThread {
  readonly batch: number;
  readonly outputs: readonly Output[];
}

export interface StatusAnswer {
  readonly status: string | undefined;
  readonly heldBytes: number;
}
