import type { Phase } from '../contracts/interface.ts';
import type { LogLevel } from '../ports/index.ts';

/** A revision of an app as the ledger has it, and whether this device runs it. */
export interface ReleaseEntry {
  readonly app: string;
  readonly revision: number;
  readonly phase: Phase;
  readonly approvals: number;
  readonly healthyVotes: number;
  readonly unhealthyVotes: number;
  /** Seconds of block time; 0: not yet. */
  readonly proposedAt: number;
  readonly startedAt: number;
  readonly decidedAt: number;
  readonly proposer: string;
  /** What an operator's approval names. */
  readonly releaseHash: string;
  readonly isRunning: boolean;
}

/** The vote that is open, or the last one that was. */
export interface BallotEntry {
  readonly release: ReleaseEntry;
  readonly voters: number;
  /** Healthy votes that keep it. */
  readonly needed: number;
  readonly mine: 'healthy' | 'unhealthy' | undefined;
  readonly reason: string | undefined;
  /** By this device's clock, while it is open. */
  readonly endsAtMs: number | undefined;
}

export interface LogEntry {
  /** Counts up with every line. */
  readonly id: number;
  readonly atMs: number;
  readonly level: LogLevel;
  readonly message: string;
}

/** What the pages show beyond the node's status. Each is asked only while its page is open. */
export interface Insight {
  /** Newest first. */
  releases(): readonly ReleaseEntry[];
  ballot(): BallotEntry | undefined;
  /** Newest first. */
  log(): readonly LogEntry[];
  peers(): readonly string[];
  /** Facts that do not change while the node runs, in the order in which they are shown. */
  about(): readonly (readonly [label: string, value: string])[];
  readonly chainId: number;
  /** Whether this device is the one that makes the blocks. */
  readonly makesBlocks: boolean;
}

/** What the owner of the device has set on it. */
export interface Settings {
  /** Hours that the clock is ahead of UTC. */
  readonly clockOffsetHours: number;
  readonly log: 'all' | 'warnings';
}

export const DEFAULT_SETTINGS: Settings = { clockOffsetHours: 0, log: 'all' };

/** The pages that a hand can open; `home` is whatever fits the node's state. */
export type PageName =
  | 'home'
  | 'menu'
  | 'releases'
  | 'release'
  | 'votes'
  | 'network'
  | 'keys'
  | 'log'
  | 'entry'
  | 'settings'
  | 'about';

/** A page with what it shows. `cursor` is the row that is chosen; pages without rows to choose have none. */
export type Page =
  | { readonly page: 'menu'; readonly cursor: number; readonly values: { readonly [K in PageName]?: string } }
  | { readonly page: 'releases'; readonly cursor: number; readonly entries: readonly ReleaseEntry[] }
  | { readonly page: 'release'; readonly entry: ReleaseEntry | undefined }
  | { readonly page: 'votes'; readonly ballot: BallotEntry | undefined }
  | { readonly page: 'network'; readonly cursor: number; readonly names: readonly string[]; readonly makesBlocks: boolean }
  | { readonly page: 'keys'; readonly chainId: number }
  | { readonly page: 'log'; readonly cursor: number; readonly entries: readonly LogEntry[] }
  | { readonly page: 'entry'; readonly entry: LogEntry | undefined }
  | { readonly page: 'settings'; readonly cursor: number; readonly settings: Settings }
  | { readonly page: 'about'; readonly facts: readonly (readonly [label: string, value: string])[] };
