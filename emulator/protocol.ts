/**
 * What the emulator's server and the page say to each other, over one WebSocket at `/live`.
 *
 * To the page, text: a {@link Message} as JSON. A {@link Setup} comes first, then the whole state, then what changed, at most
 * ten times a second and at least once a second: after three silent seconds the page says that it lost the emulator.
 * To the page, binary: LCD rectangles, little-endian: u16 device index, u16 x, y, width, height, then the pixels as RGB565, row
 * by row. They come for the devices that the page has asked for by `screens`, the whole picture first.
 * From the page, text: a {@link Request}, answered by an {@link Answer} of the same number.
 */
import type { Looks } from './boards/looks.ts';

export type { Box, Looks, Part } from './boards/looks.ts';

export type ViewState = 'healthy' | 'changing' | 'failed' | 'offline';

/** What changes at most with who is in the world. It comes again, and then the whole state, when a board came or went. */
export interface Setup {
  readonly version: string;
  /** Virtual or real, in words: `virtual containers` or `Docker Engine 20.10.24`. */
  readonly containers: string;
  readonly seed: string;
  readonly chainId: number;
  readonly fleet: string;
  readonly operators: readonly { readonly name: string; readonly address: string }[];
  readonly sites: readonly { readonly name: string; readonly from: number; readonly to: number }[];
  /** Of a board that has no other. */
  readonly looks: Looks;
  /** Every board there is. */
  readonly boards: readonly Looks[];
  readonly faults: readonly FaultView[];
  /** Of the Fleet contract, to sign calls and to read refusals. */
  readonly abi: readonly unknown[];
  /** Compose files that one can begin with. */
  readonly examples: readonly { readonly name: string; readonly yaml: string }[];
}

/** A fault that can be made. */
export interface FaultView {
  readonly name: string;
  readonly title: string;
  readonly on: string;
  readonly mendedBy?: string;
  readonly amount?: { readonly unit: string; readonly fallback: number; readonly least: number; readonly most: number };
}

/** How a cable is, from a device to the rail of its site. */
export type CableState = 'linked' | 'cut' | 'worn';

/** How long a message takes one way, on the mean, in milliseconds; 0 where no two devices are. */
export interface DelaysView {
  /** Between two devices of a site. */
  readonly sites: readonly number[];
  /** Between the devices on both sides of a trunk, behind each site but the last. */
  readonly trunks: readonly number[];
}

export interface DeviceView {
  readonly name: string;
  readonly address: string;
  readonly state: ViewState;
  /** One or two words next to the mark: `healthy`, `rolling back`, `unhealthy`, `cut off`. */
  readonly stateText: string;
  readonly sequencer: boolean;
  /** Name of its looks; absent: {@link Setup.looks}. */
  readonly looks?: string;
  /** The ledger does not count it among the fleet's. */
  readonly isStranger?: true;
  readonly head: number;
  readonly peers: number;
  /** Running release, such as `hello r1`; empty when none. */
  readonly release: string;
  readonly revision: number;
  /** Its vote on the release shown in {@link Snapshot.release}: `healthy` or `unhealthy`, once given. */
  readonly vote?: string;
  readonly steps: readonly string[];
  /** Where a browser reaches this device's proxy. */
  readonly proxyUrl: string;
  /** What the LCD shows, as text. */
  readonly screen: readonly string[];
  /** What it ran so far: one entry whenever revision or state changed, oldest first, the last 100. */
  readonly trace: readonly TracePoint[];
  readonly powered: boolean;
  readonly cable: CableState;
  /** Devices of one number reach each other. */
  readonly group: number;
  /** Of its firmware, in bytes. */
  readonly memoryBytes: number;
  /** Percent; absent on mains. */
  readonly battery?: number;
  /** How far its clock is ahead of the world's. */
  readonly skewMs: number;
}

/** From this block on, a device ran this revision in this state. Several in one block are in order. */
export interface TracePoint {
  readonly block: number;
  /** 0: none. */
  readonly revision: number;
  readonly state: ViewState;
}

/** One event or transaction of the ledger, newest last. */
export interface LedgerRow {
  readonly block: number;
  readonly index: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Name of a device or operator where known, else a shortened address. */
  readonly who: string;
  /** Name of the event: `Proposed`, `Attested`, … */
  readonly what: string;
  /** One sentence. */
  readonly text: string;
  readonly state: ViewState | 'neutral';
  readonly gas: number;
  /** The transaction it came from, decoded by the contract's ABI. */
  readonly call?: CallView;
}

export interface CallView {
  readonly hash: string;
  readonly from: string;
  readonly name: string;
  readonly args: readonly (readonly [name: string, value: string])[];
  readonly succeeded: boolean;
}

/** Where time stands. */
export interface ClockView {
  readonly elapsedMs: number;
  readonly paused: boolean;
  readonly speed: number | 'max';
  readonly pauseAt?: string;
  readonly pausedBecause?: string;
  /** Why the world can go no further. */
  readonly crashed?: string;
}

/** A revision as the ledger has it. */
export interface RevisionView {
  readonly app: string;
  readonly revision: number;
  /** `proposed`, `rolling out`, `active`, `rolled back` or `superseded`. */
  readonly phase: string;
  /** Names of the operators who signed. */
  readonly signed: readonly string[];
  readonly needed: number;
  readonly block: number;
  /** What differs from the revision before it, in the order of the manifest. */
  readonly changes: readonly ChangeView[];
}

/** A line of a manifest that differs. */
export interface ChangeView {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** One second of the world. */
export interface Sample {
  /** Seconds since the world began. */
  readonly at: number;
  /** Mean seconds between the blocks of this second; 0: none. */
  readonly blockTime: number;
  readonly gas: number;
  /** MiB, all firmwares together. */
  readonly memory: number;
  readonly requests: number;
  /** Milliseconds, mean; 0: no request. */
  readonly latency: number;
}

export interface Snapshot {
  readonly clock: ClockView;
  readonly head: { readonly number: number; readonly hash: string; readonly timestamp: number };
  /** The one sentence on what is changing. */
  readonly verdict: { readonly state: ViewState; readonly sentence: string; readonly detail: string };
  readonly release: {
    readonly app: string;
    readonly revision: number;
    /** The revision that a rollback returns to, where there is one. */
    readonly previous?: number;
    readonly phase: string;
    readonly healthyVotes: number;
    readonly unhealthyVotes: number;
    readonly quorum: number;
    readonly voters: number;
  } | null;
  /** Newest first, the last 12. */
  readonly revisions: readonly RevisionView[];
  /** Of the trunk behind each site but the last. */
  readonly trunks: readonly CableState[];
  readonly delays: DelaysView;
  /** Faults made from here that are not mended yet, in words. */
  readonly broken: readonly BrokenView[];
  readonly devices: readonly DeviceView[];
  /** The last 200. */
  readonly ledger: readonly LedgerRow[];
  /** The last 600. */
  readonly samples: readonly Sample[];
}

export interface BrokenView {
  readonly id: number;
  readonly title: string;
  readonly devices: readonly string[];
}

/** What changed: whole fields, devices by index, and rows and samples to be added. `fresh`: everything, from the beginning. */
export interface Change extends Partial<Omit<Snapshot, 'devices' | 'ledger' | 'samples'>> {
  readonly fresh?: true;
  readonly devices?: readonly (readonly [index: number, view: DeviceView])[];
  readonly rows?: readonly LedgerRow[];
  readonly samples?: readonly Sample[];
}

/** What is told of the one device that the page watches. */
export interface Detail {
  readonly device: string;
  readonly containers: readonly ContainerView[];
  /** The last 40, oldest first. */
  readonly log: readonly LogLine[];
  /** The last 20, oldest first. */
  readonly requests: readonly RequestLine[];
  readonly requestCount: number;
}

export interface ContainerView {
  readonly name: string;
  readonly state: ViewState;
  /** Such as `running`, `exited 137`, `unhealthy`. */
  readonly stateText: string;
  readonly image: string;
  readonly restarts: number;
}

export interface LogLine {
  readonly id: number;
  /** Milliseconds of the world. */
  readonly at: number;
  readonly level: string;
  readonly text: string;
}

export interface RequestLine {
  readonly id: number;
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly tookMs: number;
  readonly release: string;
}

export type Message =
  | { readonly kind: 'setup'; readonly setup: Setup }
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'detail'; readonly detail: Detail }
  | Answer;

export interface Answer {
  readonly kind: 'answer';
  readonly id: number;
  readonly ok: boolean;
  /** What was done, or why not, in a sentence. */
  readonly said: string;
  readonly value?: unknown;
}

/** What the page asks for. */
export type Command =
  | { readonly do: 'run' | 'pause' | 'step' | 'save' | 'steps' }
  /** A saved world, as its file has it, takes the place of this one. */
  | { readonly do: 'load'; readonly world: string }
  | { readonly do: 'back'; readonly block: number }
  | { readonly do: 'speed'; readonly speed: number | 'max' }
  | { readonly do: 'pause at'; readonly condition: string }
  | { readonly do: 'restart'; readonly seed: string; readonly devices?: number }
  /** A board comes, at the end of its site, and the operators enrol it. */
  | { readonly do: 'add'; readonly site?: string; readonly looks?: string }
  /** It is taken away for good, and the operators revoke it. */
  | { readonly do: 'remove'; readonly device: string }
  | { readonly do: 'enrol'; readonly device: string }
  | { readonly do: 'fault'; readonly fault: string; readonly devices: readonly string[]; readonly amount?: number }
  | { readonly do: 'mend'; readonly id: number | 'all' }
  | { readonly do: 'cable'; readonly device: string; readonly cut: boolean }
  | { readonly do: 'trunk'; readonly site: number; readonly cut: boolean }
  | { readonly do: 'touch'; readonly device: string; readonly phase: 'down' | 'up'; readonly x: number; readonly y: number }
  | { readonly do: 'key'; readonly device: string; readonly key: string }
  | { readonly do: 'screens'; readonly devices: readonly number[] }
  | { readonly do: 'watch'; readonly device: string }
  /** Compose YAML as the bytes that go onto the ledger. */
  | { readonly do: 'manifest'; readonly yaml: string };

export interface Request {
  readonly id: number;
  readonly command: Command;
}
