import type { Vote } from './contracts/voter.ts';
import type { Head } from './ledger/ledger.ts';
import type { DeviceState, NodeStatus, ReleaseStatus } from './node.ts';
import type { Address } from './ports/index.ts';
import type { DriftEvent } from './reconcile/drift.ts';
import type { Found } from './reconcile/found.ts';
import { healthOf, judge } from './reconcile/judge.ts';
import { ownerOf } from './reconcile/labels.ts';
import type { Wanted, WantedApp } from './reconcile/wanted.ts';

/** What a status is made of. */
export interface Facts {
  readonly name: string;
  readonly address: Address;
  readonly nowMs: number;
  readonly head: Head;
  readonly peers: readonly string[];
  /** It makes the blocks itself and needs nobody for it. */
  readonly isAlone: boolean;
  readonly wanted: Wanted | undefined;
  /** `undefined` before the first look, and while the engine does not answer. */
  readonly found: Found | undefined;
  readonly steps: readonly string[];
  /** Releases of the device's own software. */
  readonly software: readonly ReleaseStatus[];
  readonly drifts: readonly DriftEvent[];
  /** What keeps the device from its work, in a sentence. */
  readonly fault: string | undefined;
  readonly isMember: boolean;
  readonly voteOf: (app: string, revision: number) => Vote | undefined;
  readonly screen: readonly string[];
}

/** The picture of a node. Pure. */
export function toStatus(facts: Facts): NodeStatus {
  const { name, address, head, peers, steps, screen } = facts;
  const drifts = [...facts.drifts];
  const releases = [...(facts.wanted?.apps ?? []).map((app) => releaseStatus(app, facts)), ...facts.software];
  const notable = {
    ...(facts.fault !== undefined && { fault: facts.fault }),
    ...(!facts.isMember && { isStranger: true as const }),
  };
  return { name, address, head, peers, releases, steps, drifts, ...notable, screen, state: stateOf(releases, facts) };
}

function releaseStatus(app: WantedApp, { found, nowMs, voteOf, fault }: Facts): ReleaseStatus {
  const { revision } = app.current;
  const vote = voteOf(app.app, revision);
  const verdict = found && judge(app, found, nowMs);
  const reason = verdict?.is === 'unhealthy' ? verdict.reason : fault;
  const previous = app.previous?.revision ?? otherRevision(app, found);
  return {
    app: app.app,
    revision,
    ...(previous === undefined ? {} : { previous }),
    phase: app.phase,
    health: found ? healthOf(app.current, found, nowMs) : 'absent',
    ...(vote === undefined ? {} : { vote }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The latest other revision of which containers are still here: where the device comes from. */
function otherRevision({ app, current }: WantedApp, found: Found | undefined): number | undefined {
  const others = (found?.containers ?? [])
    .map(ownerOf)
    .filter((owner) => owner !== undefined && owner.app === app && owner.revision !== current.revision)
    .map((owner) => owner!.revision);
  return others.length === 0 ? undefined : Math.max(...others);
}

function stateOf(releases: readonly ReleaseStatus[], { fault, peers, isAlone, steps }: Facts): DeviceState {
  if (fault !== undefined || releases.some(({ health }) => health === 'unhealthy')) return 'failed';
  if (peers.length === 0 && !isAlone) return 'offline';
  const isMoving = releases.some(({ phase, health }) => phase === 'rolling out' || health === 'starting' || health === 'absent');
  return isMoving || steps.length > 0 ? 'changing' : 'healthy';
}
