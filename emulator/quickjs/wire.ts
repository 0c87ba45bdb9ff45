/** What crosses between the device's QuickJS and its host: names and shapes, for both ends. */
import type { NodeConfig } from '../../runtime/config.ts';
import type { Address, ForkName, Hex } from '../../runtime/ports/index.ts';

/** What the host answers to a call from inside: nothing, a text, bytes, or a packed value with payloads. */
export type HostReply = undefined | string | Uint8Array | readonly [text: string, bytes: Uint8Array];
/** The same as it arrives inside. */
export type Reply = undefined | string | ArrayBuffer | readonly [text: string, bytes: ArrayBuffer];
export type HostFunctions = { readonly [K in HostMethod]: (text?: string, bytes?: ArrayBuffer) => Reply } & {
  /** Memory that the host sees too: room for bytes, and at {@link ROOM_LENGTH_AT}, in four bytes, how many there are. */
  readonly room: ArrayBuffer;
  /** The hash of the bytes in the room takes their place. */
  readonly 'room.keccak256': () => void;
  readonly 'room.hex': () => string;
  /** The bytes are in the room afterwards. Throws for what are no hexadecimal digits, or too many. */
  readonly 'room.bytes': (digits: string) => void;
};
export const ROOM_LENGTH_AT = 65_536;
export type RoomMethod = 'room.keccak256' | 'room.hex' | 'room.bytes';

export type HostMethod =
  | 'vm.execute'
  | 'vm.trace'
  | 'vm.keccak256'
  | 'vm.sha256'
  | 'vm.recover'
  | 'store.get'
  | 'store.keys'
  | 'store.write'
  | 'clock.now'
  | 'clock.after'
  | 'clock.cancel'
  | 'network.peers'
  | 'network.sisters'
  | 'network.send'
  | 'network.serve'
  | 'display.draw'
  | 'device.sign'
  | 'device.battery'
  | 'device.memory'
  | 'log.write'
  | 'session.send'
  | 'node.booted'
  | 'node.failed'
  | 'node.answer'
  | 'network.drained'
  | 'containers.describe'
  | 'containers.list'
  | 'containers.hasImage'
  | 'containers.pull'
  | 'containers.images'
  | 'containers.pin'
  | 'containers.removeImage'
  | 'containers.space'
  | 'containers.place'
  | 'device.unseal'
  | 'containers.create'
  | 'containers.start'
  | 'containers.stop'
  | 'containers.remove'
  | 'containers.logs'
  | 'containers.watch'
  | 'containers.unwatch';

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
export type Enter = { readonly [K in EntryName]: (text: string, bytes?: ArrayBuffer) => unknown };

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
