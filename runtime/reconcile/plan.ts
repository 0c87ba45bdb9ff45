import type { ContainerSpec, FoundContainer } from '../ports/index.ts';
import { type Condition, conditionOf, conditionOfRevision, isFinished, missingSecret } from './condition.ts';
import { type Drift, driftOf, healWaitsUntil, wasSurelyStopped } from './drift.ts';
import type { Found } from './found.ts';
import { graceOf, ownerOf } from './labels.ts';
import { isHeldUp, isNeeded, unmetNeed, yielding } from './order.ts';
import { isAnother, type Revision, type Wanted, type WantedApp, type WantedContainer } from './wanted.ts';

/** One thing to do, for one app. A step that fails hurts no other app. */
export type Step = {
  readonly app: string;
  /** What this step begins to put right, for the log and the status. */
  readonly heals?: Drift;
} & (
  | { readonly do: 'pull'; readonly image: string }
  | { readonly do: 'create'; readonly spec: ContainerSpec }
  | { readonly do: 'start'; readonly id: string; readonly name: string; readonly again: boolean }
  | { readonly do: 'restart'; readonly id: string; readonly name: string; readonly graceMs: number }
  | { readonly do: 'stop'; readonly id: string; readonly name: string; readonly graceMs: number }
  | { readonly do: 'remove'; readonly id: string; readonly name: string }
  | { readonly do: 'prune'; readonly image: string }
  | { readonly do: 'wait'; readonly waitingFor: string; readonly untilMs?: number }
);

/** A step that is more than waiting. */
export type Doing = Exclude<Step, { do: 'wait' }>;

/** Failed requests to stop after which a container is removed by force. */
const STOP_LIMIT = 3;

/**
 * What separates the device from the ledger, as far as it can be done now: after the steps, look and plan again.
 * Pure and total. Where nothing is to be done and nothing awaited, there are no steps.
 *
 * Hand-over is start-first, by three rules:
 *  1. While a revision rolls out, both it and the one before it are wanted. The old one is healed like any other and goes
 *     only when the ledger has made the new one active, so a rollback finds it running. The price is room for both.
 *  2. A container of any other revision goes as soon as a wanted revision of its app is good, or when it is no good itself.
 *     So a device that missed the roll-out, and hears only of its end, still never stops the old before the new answers.
 *     But where a service says `stop-first`, the other revision's container of it ends before this one starts (`order.ts`).
 *  3. A container of a revision later than the ledger's latest is left alone: this copy of the ledger is behind.
 */
export function plan(wanted: Wanted, found: Found, nowMs: number): Step[] {
  const steps = wanted.apps.flatMap((app) => planApp(app, wanted, found, nowMs));
  const known = new Set(wanted.apps.map(({ app }) => app));
  const unwanted = found.containers.filter((container) => {
    const owner = ownerOf(container);
    return owner !== undefined && !known.has(owner.app) && !isAhead(container, wanted);
  });
  const all = [...steps, ...clearAll(unwanted, found, nowMs)];
  return [...all, ...prune(all, found, nowMs)];
}

/** Old images go when nothing else is to be done; a pull does not keep them, for it may be what there is no room for. */
function prune(steps: readonly Step[], found: Found, nowMs: number): Step[] {
  if (steps.some((step) => step.do !== 'wait' && step.do !== 'pull')) return [];
  return (found.unneeded ?? []).flatMap((image) => orLater({ do: 'prune', app: '', image }, found, nowMs));
}

function planApp(wantedApp: WantedApp, wanted: Wanted, found: Found, nowMs: number): Step[] {
  const revisions = wantedRevisions(wantedApp);
  const names = new Set(revisions.flatMap(({ containers }) => containers.map(({ spec }) => spec.name)));
  const handedOver = revisions.some((revision) => conditionOfRevision(revision, found, nowMs).is === 'good');
  const { ids, resting } = yielding(wantedApp, wanted, found, nowMs);
  const going = found.containers.filter((container) => {
    if (ownerOf(container)?.app !== wantedApp.app || isAhead(container, wanted)) return false;
    if (ids.has(container.id) || resting.has(container.name)) return true;
    return !names.has(container.name) && (handedOver || !mayServe(container));
  });
  const bringing = revisions.flatMap((revision) =>
    revision.containers
      .filter(({ spec }) => !resting.has(spec.name))
      .flatMap((one) => bringUp(one, revision, wantedApp, found, nowMs)),
  );
  return [...bringing.filter(isFirstPull), ...clearAll(going, found, nowMs)];
}

/** Dependents first: what another still needs waits for that one's end. */
function clearAll(going: readonly FoundContainer[], found: Found, nowMs: number): Step[] {
  const free = going.filter((container) => !isNeeded(container, going));
  // Labels written by hand may go round in a circle; then all end at once.
  return (free.length > 0 ? free : going).flatMap((container) => clear(container, found, nowMs));
}

/** Containers of one image pull it once. */
function isFirstPull(step: Step, index: number, steps: readonly Step[]): boolean {
  if (step.do !== 'pull') return true;
  return steps.findIndex((other) => other.do === 'pull' && other.image === step.image) === index;
}

function wantedRevisions({ current, previous }: WantedApp): Revision[] {
  return previous === undefined ? [current] : [current, previous];
}

function isAhead(container: FoundContainer, { latest }: Wanted): boolean {
  const owner = ownerOf(container)!;
  return owner.revision > (latest.get(owner.app) ?? 0);
}

/** Whether the proxy may still be sending requests there. */
function mayServe(container: FoundContainer): boolean {
  return isUp(container) && container.health !== 'unhealthy';
}

/** The next step towards one wanted container. Images come before their turn: pulling disturbs nobody. */
function bringUp(wanted: WantedContainer, revision: Revision, wantedApp: WantedApp, found: Found, nowMs: number): Step[] {
  const { app } = revision;
  const { spec } = wanted;
  const container = found.containers.find(({ name }) => name === spec.name);
  const drift = driftOf(wanted, { app: wantedApp, revision: revision.revision }, found);
  const later = drift && isUntouched(drift, container) ? healWaitsUntil(wanted, found, nowMs) : undefined;
  if (drift && later !== undefined) return [{ do: 'wait', app, waitingFor: `another heal: ${drift.sentence}`, untilMs: later }];
  const heals = drift && { heals: drift };
  if (container === undefined) {
    if (!found.images.has(spec.image)) return orLater({ do: 'pull', app, image: spec.image }, found, nowMs);
    return (
      waitForSecret(wanted, app, found) ??
      waitForNeeds(wanted, revision, found, nowMs) ??
      orLater({ do: 'create', app, spec, ...heals }, found, nowMs)
    );
  }
  if (isAnother(container, spec) || container.state === 'dead') return clear(container, found, nowMs, heals);
  const { id, name } = container;
  if (drift?.what === 'unhealthy')
    return (
      drained(container, found, nowMs) ??
      orLater({ do: 'restart', app, id, name, graceMs: graceOf(container), heals: drift }, found, nowMs)
    );
  if (isUp(container)) return awaited(app, conditionOf(wanted, found, nowMs));
  if (container.state === 'exited' && (wanted.restart === 'no' || isFinished(container, wanted))) return [];
  const again = container.state === 'exited' && !wasSurelyStopped(container, spec);
  return (
    waitForSecret(wanted, app, found) ??
    waitForNeeds(wanted, revision, found, nowMs) ??
    waitForEnd(wanted, revision, found) ??
    orLater({ do: 'start', app, id, name, again, ...heals }, found, nowMs)
  );
}

/** A changed container that was stopped to be replaced is replaced at once: only the first step of a heal waits. */
function isUntouched({ what }: Drift, container: FoundContainer | undefined): boolean {
  return (what !== 'changed' && what !== 'replaced') || (container !== undefined && isUp(container));
}

function waitForSecret(wanted: WantedContainer, app: string, found: Found): Step[] | undefined {
  const secret = missingSecret(wanted, found);
  return secret === undefined ? undefined : [{ do: 'wait', app, waitingFor: `the secret ${secret}, for ${wanted.service}` }];
}

function waitForNeeds(wanted: WantedContainer, revision: Revision, found: Found, nowMs: number): Step[] | undefined {
  const need = unmetNeed(wanted, revision, found, nowMs);
  return need === undefined ? undefined : [{ do: 'wait', app: revision.app, waitingFor: `${need}, for ${wanted.service}` }];
}

/** Where two revisions of a service never run side by side, the other's end is planned by its own place in the list. */
function waitForEnd(wanted: WantedContainer, revision: Revision, found: Found): Step[] | undefined {
  if (!isHeldUp(wanted, revision, found)) return undefined;
  return [{ do: 'wait', app: revision.app, waitingFor: `another revision of ${wanted.service} to end` }];
}

/** Asks it to stop and removes it at the next look; by force when it will not. */
function clear(container: FoundContainer, found: Found, nowMs: number, heals?: { readonly heals: Drift }): Step[] {
  const { id, name } = container;
  const { app } = ownerOf(container) ?? { app: '' };
  const stop: Step = { do: 'stop', app, id, name, graceMs: graceOf(container), ...heals };
  const mayStop = (found.setbacks.get(setbackKey(stop))?.failures ?? 0) < STOP_LIMIT;
  const step: Doing = isUp(container) && mayStop ? stop : { do: 'remove', app, id, name, ...heals };
  return drained(container, found, nowMs) ?? orLater(step, found, nowMs);
}

/** The wait for the last requests of one that is up. */
function drained(container: FoundContainer, { draining }: Found, nowMs: number): Step[] | undefined {
  const { id, name } = container;
  const untilMs = draining?.get(id) ?? 0;
  if (!isUp(container) || untilMs <= nowMs) return undefined;
  const { app } = ownerOf(container)!;
  return [{ do: 'wait', app, waitingFor: `the last requests of ${name} to be answered`, untilMs }];
}

function isUp({ state }: FoundContainer): boolean {
  return state === 'running' || state === 'restarting';
}

/** Under what a step's failure is remembered: what is hard to start may be easy to stop. */
export function setbackKey(step: Doing): string {
  if (step.do === 'pull') return step.image;
  if (step.do === 'prune') return `prune ${step.image}`;
  if (step.do === 'create') return step.spec.name;
  return step.do === 'start' || step.do === 'restart' ? step.name : `stop ${step.name}`;
}

/** The step, or after a failure of it the wait for its time to come again. */
function orLater(step: Doing, { setbacks }: Found, nowMs: number): Step[] {
  const setback = setbacks.get(setbackKey(step));
  if (setback === undefined || setback.retryAtMs <= nowMs) return [step];
  return [{ do: 'wait', app: step.app, waitingFor: `another try: ${setback.sentence}`, untilMs: setback.retryAtMs }];
}

function awaited(app: string, condition: Condition): Step[] {
  if (condition.is !== 'pending') return [];
  const { waitingFor, untilMs } = condition;
  return [{ do: 'wait', app, waitingFor, ...(untilMs === undefined ? {} : { untilMs }) }];
}
