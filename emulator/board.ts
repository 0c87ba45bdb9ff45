import type { NodeStatus, Session } from '../runtime/node.ts';
import type { Containers, Exchange, InputEvent, LogLevel, Rectangle, Route } from '../runtime/ports/index.ts';
import type { UnderWay } from '../runtime/proxy/under-way.ts';
import type { Battery } from './battery.ts';
import type { BoardClock } from './board-clock.ts';
import type { VirtualClock } from './clock.ts';
import type { VirtualContainers, VirtualRequest } from './containers.ts';
import type { Identity } from './identity.ts';
import type { VirtualNetwork } from './network.ts';
import type { ShellDoor, WriteTrap } from './process/exchange.ts';
import type { Rounds } from './rounds.ts';
import type { Screen } from './screen.ts';
import type { MemoryStore } from './store.ts';
import type { Trace } from './trace.ts';

/** The containers of one board, and the way to what listens in them. */
export interface BoardEngine {
  readonly containers: Containers;
  /** What the emulator may do to them; absent where they are real. */
  readonly virtual?: VirtualContainers;
  /** Answers at once where containers are virtual; absent where they are real. */
  readonly answer?: (containerId: string, port: number, request: VirtualRequest) => BoardAnswer | undefined;
  /** Where a port of a real container answers. Rejects if it does not run. */
  readonly reach?: (containerId: string, port: number) => Promise<{ readonly host: string; readonly port: number }>;
  powerOff?(): void;
  powerOn?(): void;
}

export interface BoardAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface BoardOptions {
  readonly identity: Identity;
  /** Name of its looks, where they are not those of all. */
  readonly looks: string | undefined;
  readonly clock: VirtualClock;
  readonly rounds: Rounds;
  readonly network: VirtualNetwork;
  readonly engine: BoardEngine;
  readonly trace: Trace;
  /** A firmware without contents yet, on this store. */
  readonly shell: (store: MemoryStore) => ShellDoor;
  /** Whether the firmware's writes reach the board's store by themselves. */
  readonly storeIsShared: boolean;
  /** Keeps what came from outside; what it answers takes it back. */
  readonly record: (input: OutsideInput) => () => void;
  readonly onDraw?: (rectangle: Rectangle) => void;
  readonly onLog?: (level: LogLevel, message: string) => void;
}

/** One emulated device: a store and containers that last, and a firmware that comes and goes. */
export interface Board {
  readonly identity: Identity;
  readonly looks: string | undefined;
  readonly engine: BoardEngine;
  readonly screen: Screen;
  readonly store: MemoryStore;
  readonly hardwareClock: BoardClock;
  readonly battery: Battery;
  /** What its proxy serves now; none while it is down. */
  readonly routes: readonly Route[];
  /** Requests that its proxy has passed on. */
  readonly underWay: UnderWay;
  /** Its proxy tells of a request that ended. */
  observed(exchange: Exchange): void;
  /** Why its firmware was stopped; `undefined` while all is well. It is rebooted after a while. */
  readonly fault: string | undefined;
  /** How often its firmware was stopped so far. */
  readonly faults: number;
  readonly running: boolean;
  readonly powered: boolean;
  /** Starts the firmware; does nothing while one runs. Why it did not come up stands in {@link Board.fault}. */
  boot(): Promise<void>;
  /** Ends the firmware without warning. Store and containers stay as they are. */
  kill(): void;
  /** Ends the firmware in good order. */
  stop(): void;
  /** Takes the power from firmware and containers. */
  cutPower(): void;
  /** Gives it back and boots. */
  restorePower(): Promise<void>;
  /** Its plug is pulled, and nobody puts it in again. */
  takeAway(): void;
  /** The power goes in the middle of a later write. */
  trapWrites(trap: WriteTrap | undefined): void;
  /** Something befell the store: tells a running firmware of its new contents under these keys. */
  storeChanged(keys: readonly string[]): void;
  status(): NodeStatus | undefined;
  /** A hand touches the LCD or presses a key. Nothing happens while no firmware runs. */
  input(event: InputEvent): void;
  /** JSON-RPC as text. Never rejects. */
  rpc(request: string): Promise<string>;
  /** What its proxy says below `/.well-known/classpad`; `undefined` where there is nothing. */
  wellKnown(target: string): Promise<string | undefined>;
  /** A client that stays connected; `ended` is called when the device goes away under it. `undefined` while it is down. */
  session(send: (text: string) => void, ended: () => void): Session | undefined;
  memoryHeldBytes(): number;
  /** How many timers, watches and requests its firmware keeps waiting. */
  readonly waiting: number;
}

/** What reaches one board from outside the world. */
export type OutsideInput =
  | { readonly do: 'rpc'; readonly text: string }
  | { readonly do: 'hand'; readonly event: InputEvent }
  | { readonly do: 'exchange'; readonly exchange: Exchange };
