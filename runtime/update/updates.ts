import type { Fleet } from '../contracts/fleet.ts';
import type { LogFields } from '../contracts/log-kinds.ts';
import type { Voter } from '../contracts/voter.ts';
import { type Payload, payloadFor, SOFTWARE_APPS, type SoftwareManifest } from '../manifest/firmware.ts';
import type { ReleaseStatus } from '../node.ts';
import type { Logger } from '../ports/index.ts';
import type { Running, SoftwareKind, Updater } from '../ports/updater.ts';
import type { Verdict } from '../reconcile/judge.ts';
import { type Decision, decide, type SoftwareRow } from './decide.ts';

/** Keeps the device's own software in step with the ledger, and votes on it. */
export interface Updates {
  /** The ledger, the software or the time has moved on. Answers whether something is undecided. */
  consider(rows: readonly SoftwareRow[], nowMs: number): boolean;
  /** How the releases of software stand here, for the status. */
  releases(rows: readonly SoftwareRow[]): ReleaseStatus[];
  /** What is being done, in words. */
  doing(): string | undefined;
}

export interface UpdatesOptions {
  readonly fleet: Pick<Fleet, 'latest' | 'release'>;
  /** Absent: a node that cannot replace its own software. */
  readonly updater: Updater | undefined;
  readonly voter: Pick<Voter, 'consider' | 'voteOf'>;
  readonly overAtMs: (app: string) => number;
  readonly log: Logger;
  /** What the ledger is to know of an update here: what is done, or why not. */
  readonly note: (app: string, revision: number, fields: LogFields) => void;
}

const KINDS: readonly SoftwareKind[] = ['firmware', 'os'];
const STATES = { healthy: 'serves', waiting: 'has started', apply: 'is being fetched and installed' } as const;
const LEFT = 'is left, for it was rolled back';
const NO_UPDATER = 'this node runs on a system that it cannot replace';

export function createUpdates({ fleet, updater, voter, overAtMs, log, note }: UpdatesOptions): Updates {
  let complaint = '';
  const noted = new Map<string, string>();

  function decisionOn(row: SoftwareRow): { decision: Decision; running?: Running } {
    const { manifest } = row;
    if (updater === undefined) return { decision: { is: 'unhealthy', reason: NO_UPDATER } };
    if (manifest === undefined) return { decision: { is: 'unhealthy', reason: row.refusal ?? 'the manifest cannot be read' } };
    const running = updater.running(manifest.kind);
    const payload = payloadFor(manifest, updater.board);
    const failure = payload && updater.failure(payload.sha256);
    return { running, decision: decide({ row, payload, running, failure, isReturn: () => isReturn(row, running) }) };
  }

  /** Whether the ledger has agreed on a manifest before: by a rollback of a later release, or by a release that repeats it. */
  function isReturn({ app, revision, phase }: SoftwareRow, running: Running): boolean {
    if (phase === 'active' && running.revision > revision) return true;
    const { manifestHash } = fleet.release(app, revision);
    for (let earlier = revision - 1; earlier >= 1; earlier--) {
      const past = fleet.release(app, earlier);
      const wasActive = past.phase === 'active' || (past.phase === 'superseded' && past.startedAt > 0);
      if (wasActive && past.manifestHash === manifestHash) return true;
    }
    return false;
  }

  /** Each turn of an update is an entry on the ledger. What an active release has come to, the entry of a start says. */
  function tell({ app, revision, phase, manifest }: SoftwareRow, decision: Decision): void {
    const state = decision.is === 'unhealthy' ? `does not run here: ${decision.reason}` : STATES[decision.is];
    const now = `${revision} ${state}`;
    if (noted.get(app) === now) return;
    noted.set(app, now);
    const isSettled = phase === 'active' && (decision.is === 'healthy' || decision.is === 'waiting');
    if (!isSettled) note(app, revision, { ...(manifest && { version: manifest.version }), state });
  }

  function act(row: SoftwareRow, decision: Decision): void {
    tell(row, decision);
    if (decision.is === 'apply') apply(row, row.manifest!, decision.payload);
    if (decision.is !== 'unhealthy' || row.phase !== 'active' || decision.reason === complaint) return;
    complaint = decision.reason;
    log.write('warn', `${row.app} revision ${row.revision} does not run here: ${complaint}`);
  }

  function apply({ app, revision }: SoftwareRow, { kind, version, signer }: SoftwareManifest, payload: Payload): void {
    updater?.apply({ kind, app, revision, version, signer, ...payload });
  }

  /** Nothing is wanted any more, and what runs came from a release that was rolled back: nothing ran before it. */
  function leave(rows: readonly SoftwareRow[]): void {
    for (const kind of KINDS) {
      const app = SOFTWARE_APPS[kind];
      const { revision = 0 } = updater?.running(kind) ?? {};
      if (revision === 0 || rows.some((row) => row.app === app) || fleet.latest(app) < revision) continue;
      if (fleet.release(app, revision).phase !== 'rolled back') continue;
      if (noted.get(app) !== LEFT) note(app, revision, { state: LEFT });
      noted.set(app, LEFT);
      updater?.goBack(kind, `revision ${revision} was rolled back`);
    }
  }

  return {
    consider(rows, nowMs) {
      leave(rows);
      for (const row of rows) {
        const { decision } = decisionOn(row);
        act(row, decision);
        if (row.phase !== 'rolling out') continue;
        const { app, revision } = row;
        voter.consider({ app, revision, verdict: verdictOf(decision), overAtMs: overAtMs(app) }, nowMs);
      }
      return rows.some((row) => row.phase === 'rolling out' || decisionOn(row).decision.is === 'apply');
    },
    releases: (rows) => rows.map((row) => statusOf(row, decisionOn(row).decision, voter.voteOf(row.app, row.revision))),
    doing: () => updater?.doing(),
  };
}

function verdictOf(decision: Decision): Verdict {
  if (decision.is === 'healthy' || decision.is === 'unhealthy') return decision;
  return { is: 'undecided', waitingFor: decision.is === 'apply' ? 'the update' : 'the new software to serve' };
}

function statusOf({ app, revision, phase }: SoftwareRow, decision: Decision, vote: ReleaseStatus['vote']): ReleaseStatus {
  const health = decision.is === 'healthy' || decision.is === 'unhealthy' ? decision.is : 'starting';
  const reason = decision.is === 'unhealthy' ? { reason: decision.reason } : {};
  return { app, revision, phase, health, ...(vote === undefined ? {} : { vote }), ...reason };
}
