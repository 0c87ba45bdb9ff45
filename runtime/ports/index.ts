import type { Containers } from './containers.ts';
import type { Address, Hex } from './hex.ts';
import type { Ordering, Votes } from './ordering.ts';
import type { Services } from './services.ts';
import type { Updater } from './updater.ts';
import type { Vm } from './vm.ts';

export { refusal, SECRET_NAME } from './container-rules.ts';
export * from './containers.ts';
export type * from './hex.ts';
export type * from './ordering.ts';
export type * from './services.ts';
export type * from './updater.ts';
export type * from './vm.ts';

/** Durable key-value storage. Reads see the last finished write. */
export interface Store {
  get(key: string): Uint8Array | undefined;
  /** Keys that begin with `prefix`, ascending, at most `limit`. */
  keys(prefix: string, limit: number): string[];
  /** All of it or nothing, and on the disk when it returns. `undefined` deletes. */
  write(entries: StoreEntries): void;
  /**
   * As `write`, but together with what others write at about the same time, and before whatever is written later. Resolves when
   * it is on the disk. A store whose writes cost little is one without it.
   */
  writeSoon?(entries: StoreEntries): Promise<void>;
}

type StoreEntries = readonly (readonly [key: string, value: Uint8Array | undefined])[];

/** Time on this device. Never used for what the ledger decides: that is block time. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls back once after the delay; answers how to cancel. */
  after(delayMs: number, callback: () => void): () => void;
  /** Whether somebody keeps it right (NTP). Absent: nobody knows. */
  isSynchronised?(): boolean;
}

/** Where the proxy sends what arrives for an app: the first route that fits. */
export interface Route {
  /** Path prefix such as `/` or `/hello`. */
  readonly path: string;
  /** Names in the Host header, in lower case and without a port. Absent: any. */
  readonly hosts?: readonly string[];
  readonly app: string;
  readonly revision: number;
  readonly containerId: string;
  /** All that answer equally well, the container above among them: each takes its share. Absent: it is alone. */
  readonly replicas?: readonly string[];
  /** Port inside the container. */
  readonly port: number;
  readonly limits?: RouteLimits;
}

/** Bounds of one route. What is absent takes the proxy's own (`runtime/proxy/limits.ts`). */
export interface RouteLimits {
  /** Until the container takes a connection. */
  readonly connectMs?: number;
  /** Until the head of its answer. */
  readonly answerMs?: number;
  /** Longest silence within a body or an upgraded connection. */
  readonly idleMs?: number;
  /** Longest body of a request. */
  readonly bodyBytes?: number;
}

/** One request, as the proxy saw it end. */
export interface Exchange {
  readonly app: string;
  readonly revision: number;
  /** By the device's clock: when it arrived. */
  readonly atMs: number;
  /** Microseconds until the head of the answer. */
  readonly tookUs: number;
  readonly method: string;
  readonly host: string;
  /** Without its query, which may hold what nobody else should see. */
  readonly path: string;
  /** What the client was answered; 0: it went away before. */
  readonly status: number;
  /** Why the container did not answer: not reached, too late, or it broke off. */
  readonly failure?: 'connect' | 'timeout' | 'broken';
  /** Of the answer's body. */
  readonly bytes: number;
}

/** Another node of the ledger, as phones and browsers reach it. */
export interface Sister {
  readonly name: string;
  /** Of its proxy, such as `http://10.0.0.5:8080`. */
  readonly url: string;
}

/** Other nodes of the ledger, and the phones and browsers nearby. */
export interface Network {
  /** Names of the nodes reachable now. */
  peers(): readonly string[];
  /** Fire and forget: may be lost, late, repeated or reordered. */
  send(peer: string, message: Uint8Array): void;
  /** One handler; a later call replaces it. */
  receive(handler: (peer: string, message: Uint8Array) => void): void;
  /** Replaces the proxy's routes, at once and as a whole. No routes: the proxy answers 503. */
  serve(routes: readonly Route[]): void;
  /** Resolves when a container that has no route any more has no request under way either. */
  drained(containerId: string): Promise<void>;
  /** One handler for requests that ended; a later call replaces it. It must not throw. */
  observe(handler: (exchange: Exchange) => void): void;
  /** Nodes that have said where their proxies are. */
  sisters(): readonly Sister[];
}

/** A rectangle of pixels, RGB565, row by row. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint16Array;
}

/** The LCD: 320 × 528 pixels, RGB565. */
export interface Display {
  draw(rectangle: Rectangle): void;
}

/** The keys of a board: three under the LCD, and those beside it, of which a board may lack some. */
export const KEY_NAMES = ['left', 'middle', 'right', 'back', 'up', 'down'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

/** What a hand did: a finger came down on the LCD or was lifted, in pixels from its upper left corner, or a key was pressed. */
export type InputEvent =
  | { readonly kind: 'touch'; readonly phase: 'down' | 'up'; readonly x: number; readonly y: number }
  | { readonly kind: 'key'; readonly key: KeyName };

/** Touch and keys. */
export interface Input {
  /** One handler; a later call replaces it. Events come in the order in which they happened, none of them twice. */
  receive(handler: (event: InputEvent) => void): void;
}

/** Who this device is. Its key stays behind the port. */
export interface Device {
  readonly name: string;
  readonly address: Address;
  /** secp256k1 over a 32-byte hash, deterministic (RFC 6979), low s. */
  sign(hash: Uint8Array): { readonly yParity: 0 | 1; readonly r: bigint; readonly s: bigint };
  /** Compressed, 33 bytes: what secrets for this device are sealed to. Absent: it takes none. */
  readonly publicKey?: Hex;
  /** What was sealed to this device's key; rejects with a sentence for anything else. */
  unseal?(sealed: Uint8Array): Promise<Uint8Array>;
  /** Charge in percent, or `undefined` on mains. */
  batteryPercent(): number | undefined;
  /** Reported by the engine and the host, in bytes; `undefined` where unknown. */
  memory(): { readonly usedBytes: number; readonly totalBytes: number } | undefined;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One sentence per call; secrets never. */
export interface Logger {
  write(level: LogLevel, message: string): void;
}

/** Everything the firmware asks of the world. */
export interface Ports {
  readonly vm: Vm;
  readonly store: Store;
  readonly clock: Clock;
  readonly containers: Containers;
  /** Present where Docker's Swarm mode schedules the containers of a whole site. */
  readonly services?: Services;
  readonly network: Network;
  readonly display: Display;
  /** Absent: a board without touch and keys. */
  readonly input?: Input;
  readonly device: Device;
  /** Absent: a node that cannot replace its own software. */
  readonly updater?: Updater;
  readonly log: Logger;
  /** Present where an engine outside orders the transactions (`consensus: cometbft`). */
  readonly ordering?: Ordering;
  /** Present where validators are followed without being one of them (`consensus: follow`). */
  readonly votes?: Votes;
}
