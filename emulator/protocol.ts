/**
 * What the emulator's server tells the page, over one WebSocket at `/live`.
 * Text messages are a {@link Snapshot} as JSON, sent when something changed, at most 20 times a second and at least once
 * a second: after three silent seconds the page says that it lost the emulator.
 * Binary messages are LCD rectangles: u8 device index, u8 zero, then little-endian u16 x, y, width, height, then the
 * pixels as little-endian RGB565, row by row. On connect the page gets a snapshot and one full screen per device.
 */
export type ViewState = 'healthy' | 'changing' | 'failed' | 'offline';

export interface DeviceView {
  readonly name: string;
  readonly address: string;
  readonly state: ViewState;
  /** One or two words next to the mark: `healthy`, `rolling back`, `unhealthy`, `cut off`. */
  readonly stateText: string;
  readonly sequencer: boolean;
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
}

export interface Snapshot {
  readonly version: string;
  /** Virtual or real, in words: `virtual containers` or `Docker Engine 20.10.24`. */
  readonly containers: string;
  readonly elapsedMs: number;
  readonly head: { readonly number: number; readonly hash: string; readonly timestamp: number };
  /** The one sentence on what is changing. */
  readonly verdict: { readonly state: ViewState; readonly sentence: string; readonly detail: string };
  readonly release?: {
    readonly app: string;
    readonly revision: number;
    /** The revision that a rollback returns to, where there is one. */
    readonly previous?: number;
    /** `proposed`, `rolling out`, `active`, `rolled back` or `superseded`. */
    readonly phase: string;
    readonly healthyVotes: number;
    readonly unhealthyVotes: number;
    readonly quorum: number;
    readonly voters: number;
  };
  readonly devices: readonly DeviceView[];
  /** The last 200. */
  readonly ledger: readonly LedgerRow[];
}
