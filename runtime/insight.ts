import type { NodeConfig } from './config.ts';
import type { Fleet } from './contracts/fleet.ts';
import type { BallotEntry, Insight, LogEntry, ReleaseEntry } from './display/index.ts';
import type { NodeStatus } from './node.ts';
import type { Device, LogLevel } from './ports/index.ts';
import type { Wanted } from './reconcile/wanted.ts';

const LINES_LIMIT = 100;
const LINE_CHARACTERS_LIMIT = 500;
/** Revisions of one app that the LCD lists. */
const REVISIONS_LIMIT = 8;

/** The last lines of the log, for the LCD. Debug lines are not kept. */
export class LogTail {
  private readonly entries: LogEntry[] = [];
  private count = 0;

  add(atMs: number, level: LogLevel, message: string): void {
    if (level === 'debug') return;
    this.entries.push({ id: this.count++, atMs, level, message: message.slice(0, LINE_CHARACTERS_LIMIT) });
    if (this.entries.length > LINES_LIMIT) this.entries.shift();
  }

  newestFirst(): readonly LogEntry[] {
    return this.entries.toReversed();
  }
}

export interface InsightOptions {
  readonly config: NodeConfig;
  readonly device: Pick<Device, 'address'>;
  readonly fleet: Fleet;
  readonly tail: LogTail;
  readonly status: () => Pick<NodeStatus, 'head' | 'peers' | 'releases'>;
  readonly wanted: () => Wanted | undefined;
  /** By this device's clock, when the health window of an app has surely ended. */
  readonly overAtMs: (app: string) => number;
}

/** What the LCD's pages show, read from the ledger when one of them is open, and again only after another block. */
export function createInsight(options: InsightOptions): Insight {
  const { config, device, fleet, tail, status, wanted } = options;
  let readAt = '';
  let releases: readonly ReleaseEntry[] = [];

  function readReleases(): readonly ReleaseEntry[] {
    const { head } = status();
    if (head.hash !== readAt) {
      releases = releasesOf(fleet, wanted());
      readAt = head.hash;
    }
    const running = new Set(status().releases.map(({ app, revision }) => `${app} ${revision}`));
    return releases.map((entry) => ({ ...entry, isRunning: running.has(`${entry.app} ${entry.revision}`) }));
  }

  return {
    chainId: config.genesis.chainId,
    makesBlocks: config.genesis.sequencer === device.address,
    releases: readReleases,
    ballot: () => ballotOf(readReleases(), options),
    log: () => tail.newestFirst(),
    peers: () => status().peers,
    about: () => [
      ['firmware', config.version],
      ['consensus', config.consensus],
      ['ledger', `${config.genesis.chainId}`],
      ['sequencer', shortened(config.genesis.sequencer)],
      ['Fleet', shortened(config.fleet)],
      ['head', `${status().head.number}`],
      ['block', shortened(status().head.hash)],
      ['state', shortened(status().head.stateRoot)],
      ['looks every', `${config.reconcileIntervalMs / 1000} s`],
      ['licence', 'Apache-2.0'],
    ],
  };
}

/** The latest revisions of the apps that concern this device, newest first. */
function releasesOf(fleet: Fleet, wanted: Wanted | undefined): readonly ReleaseEntry[] {
  const out: ReleaseEntry[] = [];
  for (const [app, latest] of wanted?.latest ?? []) {
    for (let revision = latest; revision > Math.max(0, latest - REVISIONS_LIMIT); revision--) {
      out.push({ ...fleet.release(app, revision), app, isRunning: false });
    }
  }
  return out.sort((a, b) => b.proposedAt - a.proposedAt || b.revision - a.revision);
}

function ballotOf(releases: readonly ReleaseEntry[], options: InsightOptions): BallotEntry | undefined {
  const release = releases.find(({ phase }) => phase === 'rolling out') ?? releases.find(({ startedAt }) => startedAt > 0);
  if (!release) return undefined;
  const { app, revision, phase } = release;
  const { voters, needed } = options.fleet.jury(app, revision);
  const own = options.status().releases.find((one) => one.app === app && one.revision === revision);
  const isOpen = phase === 'rolling out';
  return {
    release,
    voters,
    needed,
    mine: own?.vote,
    reason: own?.reason,
    endsAtMs: isOpen ? options.overAtMs(app) : undefined,
  };
}

const shortened = (hex: string): string => `${hex.slice(0, 8)}…${hex.slice(-6)}`;
