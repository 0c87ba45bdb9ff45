import type { NodeConfig } from '../../runtime/config.ts';
import type { Identity } from '../identity.ts';
import type { Scripts } from '../quickjs/device.ts';
import type { Limits } from '../quickjs/machine.ts';
import type { Input, Moment, StoreEntry, WriteTrap } from './exchange.ts';

/** What a thread is given when it starts. */
export interface ThreadData {
  readonly scripts: Scripts;
  readonly config: NodeConfig;
  readonly identity: Identity;
  readonly limits: Limits | undefined;
  readonly stored: readonly StoreEntry[];
  readonly capacityBytes: number;
  /** Shared memory, two words: see {@link Flag}. */
  readonly flags: SharedArrayBuffer;
  /** A MessagePort for what the world waits for. */
  readonly answers: unknown;
  /** Compiled modules of QuickJS and the VM. */
  readonly quickJs: unknown;
  readonly vm: unknown;
}

export const Flag = { pulse: 0, answered: 1 } as const;

export type ToThread =
  | { readonly do: 'enter'; readonly input: Input; readonly moment: Moment }
  | { readonly do: 'status'; readonly moment: Moment }
  | { readonly do: 'trap'; readonly trap: WriteTrap | undefined }
  | { readonly do: 'stored'; readonly entries: readonly StoreEntry[]; readonly capacityBytes: number };
