/** What goes between the world and the shell around one device's firmware. Everything here can be copied to another thread. */
import type { Containers, Exchange, InputEvent, LogLevel, Rectangle, Route, Sister } from '../../runtime/ports/index.ts';

/** One thing that happens to a device. */
export type Input =
  | { readonly do: 'boot' }
  | { readonly do: 'timer' | 'changed'; readonly id: number }
  | { readonly do: 'message'; readonly peer: string; readonly bytes: Uint8Array }
  | { readonly do: 'settled'; readonly id: number; readonly value?: unknown; readonly error?: EngineFailure }
  | { readonly do: 'rpc' | 'wellKnown' | 'session.receive'; readonly id: number; readonly text: string }
  | { readonly do: 'session.open' | 'session.close'; readonly id: number }
  | { readonly do: 'exchange'; readonly exchange: Exchange }
  | { readonly do: 'hand'; readonly event: InputEvent }
  | { readonly do: 'stop' };

export interface EngineFailure {
  readonly message: string;
  readonly code?: string;
}

/** What the device can see of the world while it deals with an input. */
export interface Moment {
  readonly nowMs: number;
  readonly peers: readonly string[];
  readonly sisters: readonly Sister[];
  readonly batteryPercent: number | undefined;
  readonly memory: { readonly usedBytes: number; readonly totalBytes: number } | undefined;
}

export type StoreEntry = readonly [key: string, value: Uint8Array | undefined];
/** What a device asks of its container engine; each is answered later. */
export type ContainerVerb = Exclude<keyof Containers, 'watch'>;

/** What the device does to the world, in the order in which it did it. */
export type Effect =
  | readonly ['after', id: number, delayMs: number]
  | readonly ['cancel', id: number]
  | readonly ['send', peer: string, message: Uint8Array]
  | readonly ['serve', routes: readonly Route[]]
  | readonly ['drained', id: number, containerId: string]
  | readonly ['draw', rectangle: Rectangle]
  | readonly ['log', level: LogLevel, message: string]
  | readonly ['container', id: number, verb: ContainerVerb, args: readonly unknown[]]
  | readonly ['watch', id: number]
  | readonly ['unwatch', id: number]
  | readonly ['answer', id: number, text: string]
  | readonly ['session', id: number, text: string]
  | readonly ['write', entries: readonly StoreEntry[]]
  | readonly ['executed', status: string, gasUsed: string]
  | readonly ['refused', reason: string]
  | readonly ['booted']
  | readonly ['failed', sentence: string];

/** How a device ended while it dealt with an input. */
export type End =
  | { readonly by: 'fault'; readonly sentence: string }
  | { readonly by: 'power' }
  /** Another device on the same thread had to be stopped. */
  | { readonly by: 'neighbour' };

export interface Output {
  readonly effects: readonly Effect[];
  readonly end?: End;
}

/** A store that fails on purpose: at the write with this number from now on, the power goes. */
export interface WriteTrap {
  /** 1 is the next write. */
  readonly write: number;
  /** What of its entries is kept: nothing, the first half, all, or any of them, one in a piece, as the number has it. */
  readonly keep: 'none' | 'half' | 'all' | { readonly shredded: number };
}

/** The world's end of a shell. */
export interface ShellDoor {
  /** Inputs are dealt with in the order in which they come; nothing that follows from one is left for later. */
  enter(input: Input, moment: Moment): Promise<Output>;
  /** The node's status as JSON; `undefined` if it is down. */
  status(moment: Moment): string | undefined;
  memoryHeldBytes(): number;
  setTrap(trap: WriteTrap | undefined): void;
  /** Something befell the store from outside: its new contents under a key, or how much it can hold. */
  setStored(entries: readonly StoreEntry[], capacityBytes: number): void;
  /** Nothing runs any more. */
  close(): void;
}
