/** What crosses between the device's QuickJS and its host: names and shapes, for both ends. Types only. */
import type { NodeConfig } from '../../runtime/config.ts';
import type { Address, ForkName, Hex } from '../../runtime/ports/index.ts';

/** What the host answers to a call from inside: nothing, a text, bytes, or a packed value with payloads. */
export type HostReply = undefined | string | ArrayBuffer | readonly [text: string, bytes: ArrayBuffer];
export type HostFunction = (method: string, text: string, bytes?: ArrayBuffer) => HostReply;

export type EntryName =
  | 'account'
  | 'slot'
  | 'code'
  | 'blockHash'
  | 'agrees'
  | 'boot'
  | 'timer'
  | 'changed'
  | 'message'
  | 'exchange'
  | 'input'
  | 'settled'
  | 'rpc'
  | 'wellKnown'
  | 'session.open'
  | 'session.receive'
  | 'session.close'
  | 'status'
  | 'stop';
export type Enter = (name: EntryName, text: string, bytes?: ArrayBuffer) => string | ArrayBuffer | undefined;

/** What a device is told when it boots. */
export interface BootFacts {
  readonly name: string;
  readonly address: Address;
  /** Absent: the device takes no secrets. */
  readonly publicKey?: Hex;
  readonly fork: ForkName;
  readonly config: NodeConfig;
}

/** How a call that answers later ended. */
export interface Settled {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code?: string; readonly message: string };
}
