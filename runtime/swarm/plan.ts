import { type FoundService, Label, type ServiceSpec } from '../ports/index.ts';
import { conditionOf, conditionOfRevision } from '../reconcile/condition.ts';
import { type Drift, healKey } from '../reconcile/drift.ts';
import type { Found } from '../reconcile/found.ts';
import { isStopFirst } from '../reconcile/labels.ts';
import type { Revision, Wanted, WantedApp } from '../reconcile/wanted.ts';
import { makesWay, revisionsOf, toServices, type WantedService } from './spec.ts';

/** One thing to do about a service of the site. */
export type SwarmStep = {
  readonly app: string;
  readonly name: string;
  /** What this step puts right, for the log and the status. */
  readonly heals?: Drift;
} & (
  | { readonly do: 'create'; readonly spec: ServiceSpec }
  | { readonly do: 'update'; readonly id: string; readonly version: number; readonly spec: ServiceSpec }
  | { readonly do: 'roll back'; readonly id: string; readonly version: number }
  | { readonly do: 'remove'; readonly id: string }
  | { readonly do: 'wait'; readonly waitingFor: string; readonly untilMs?: number }
);

export type SwarmDoing = Exclude<SwarmStep, { do: 'wait' }>;

/** What a manager sees of its site. */
export interface SwarmFound extends Found {
  readonly services: readonly FoundService[];
  /** When, by this device's clock, each app's current revision was first seen agreed and good. Absent: it is not yet. */
  readonly agreedSinceMs: ReadonlyMap<string, number>;
  /** This device's name. */
  readonly device: string;
}

/** The proxies of the other devices look for themselves: so long they may still lead to what is about to go. */
export const HAND_OVER_MS = 5_000;

/**
 * What separates the site from the ledger, as far as it can be done now. Pure and total; where nothing is to be done and nothing
 * awaited, there are no steps.
 *
 * Each revision has services of its own, beside those of the one before, as on a single device: a rollback takes away what
 * failed and touches nothing of what served. What somebody changed by hand goes back by the Swarm's own rollback where that
 * leads there. Where there is anything of a revision that this copy of the ledger does not know, the app is left alone.
 */
export function planServices(wanted: Wanted, found: SwarmFound, nowMs: number): SwarmStep[] {
  const known = new Set(wanted.apps.map(({ app }) => app));
  const others = found.services.filter((service) => !known.has(appOf(service)) && !isAhead(service, wanted));
  return [
    ...wanted.apps.flatMap((app) => planApp(app, wanted, found, nowMs)),
    ...others.flatMap((service) => remove(service, found, nowMs)),
  ];
}

function planApp(wantedApp: WantedApp, wanted: Wanted, found: SwarmFound, nowMs: number): SwarmStep[] {
  const { app, current } = wantedApp;
  const here = found.services.filter((service) => appOf(service) === app);
  if (here.some((service) => isAhead(service, wanted)))
    return [{ do: 'wait', app, name: '', waitingFor: `this copy of the ledger to know what the site has of ${app}` }];
  const revisions = revisionsOf(wantedApp);
  const services = revisions.map((revision) => ({ revision, services: servicesOf(revision, current, found.device) }));
  const names = new Set(services.flatMap((one) => one.services.map(({ spec }) => spec.name)));
  const bringing = services.flatMap((one) =>
    one.services.flatMap((service) => bring(service, one.revision, wantedApp, found, nowMs)),
  );
  const unwanted = here.filter(({ name }) => !names.has(name));
  return [...bringing, ...unwanted.flatMap((service) => leave(service, wantedApp, found, nowMs))];
}

/** A service of another revision rests while the current one may not run beside it. */
function servicesOf(revision: Revision, current: Revision, device: string): WantedService[] {
  const services = toServices(revision, device);
  if (revision === current) return services;
  const now = toServices(current, device);
  return services.map((one) => (makesWay(one, now) ? { ...one, spec: { ...one.spec, replicas: 0 } } : one));
}

function bring(wanted: WantedService, revision: Revision, wantedApp: WantedApp, found: SwarmFound, nowMs: number): SwarmStep[] {
  const { app, spec } = wanted;
  const { name } = spec;
  const service = found.services.find((one) => one.name === name);
  if (service !== undefined) return mend(service, wanted, found, nowMs);
  const wait = waitForNeeds(wanted, revision, found, nowMs) ?? waitForEnd(wanted, wantedApp, found);
  if (wait !== undefined) return [{ do: 'wait', app, name, waitingFor: wait }];
  const isLost = found.known?.has(name) === true;
  const heals = drift(wanted, 'removed', 'was removed from outside; it is made again');
  return later({ do: 'create', app, name, spec, ...(isLost && { heals }) }, found, nowMs);
}

/** It is there: as it should be, or as somebody has changed it. */
function mend(service: FoundService, wanted: WantedService, found: SwarmFound, nowMs: number): SwarmStep[] {
  const { app, spec } = wanted;
  const { id, name, version, differences = [] } = service;
  if (differences.length === 0) return [];
  const place = { app, name, id, version };
  // Our own decision, not anybody's hand: it makes way for another revision, or has its place again.
  if (differences.every((word) => word === 'replicas') && (spec.replicas === 0 || isStopFirst(spec.container)))
    return later({ do: 'update', ...place, spec }, found, nowMs);
  const heals = drift(wanted, 'changed', `was changed from outside (${differences.slice(0, 3).join(', ')}); it is set right`);
  if (service.isPreviousWanted) return later({ do: 'roll back', ...place, heals }, found, nowMs);
  return later({ do: 'update', ...place, spec, heals }, found, nowMs);
}

function waitForNeeds({ needs, service }: WantedService, revision: Revision, found: SwarmFound, nowMs: number) {
  const unmet = Object.entries(needs).find(([name]) =>
    revision.containers.some((other) => other.service === name && conditionOf(other, found, nowMs).is !== 'good'),
  );
  return unmet && `${unmet[0]} to be ${unmet[1]}, for ${service}`;
}

function waitForEnd(wanted: WantedService, { app, current }: WantedApp, found: SwarmFound): string | undefined {
  const isUp = found.services.some((other) => {
    const isSame = appOf(other) === app && other.labels[Label.service] === wanted.service && other.name !== wanted.spec.name;
    const excludes = isStopFirst(wanted.spec.container) || isStopFirst(other);
    return isSame && excludes && other.tasks.some(({ state }) => state === 'running' || state === 'starting');
  });
  return isUp ? `another revision of ${wanted.service} to end, for that of revision ${current.revision}` : undefined;
}

/** Of no wanted revision any more: it goes when one that is wanted serves instead, or when it is no good itself. */
function leave(service: FoundService, { app, current }: WantedApp, found: SwarmFound, nowMs: number): SwarmStep[] {
  const { name } = service;
  const isServing = service.tasks.some(({ state, isWanted }) => isWanted && state === 'running');
  if (!isServing || isStopFirst(service)) return remove(service, found, nowMs);
  if (conditionOfRevision(current, found, nowMs).is !== 'good') return [];
  const untilMs = (found.agreedSinceMs.get(app) ?? nowMs) + HAND_OVER_MS;
  if (untilMs > nowMs) return [{ do: 'wait', app, name, waitingFor: `every proxy to have left ${name}`, untilMs }];
  return remove(service, found, nowMs);
}

function remove(service: FoundService, found: SwarmFound, nowMs: number): SwarmStep[] {
  const { id, name } = service;
  const app = appOf(service);
  const ends = service.tasks.map(({ containerId }) => found.draining?.get(containerId ?? '') ?? 0);
  const untilMs = Math.max(0, ...ends);
  if (untilMs > nowMs) return [{ do: 'wait', app, name, waitingFor: `the last requests of ${name} to be answered`, untilMs }];
  return later({ do: 'remove', app, name, id }, found, nowMs);
}

/** The step, or the wait for its time: after a failure of it, or after heals before it. */
function later(step: SwarmDoing, { setbacks }: Found, nowMs: number): SwarmStep[] {
  const heal = step.heals && setbacks.get(healKey(step.name));
  const setback = [setbacks.get(stepKey(step)), heal].find((one) => one !== undefined && one.retryAtMs > nowMs);
  if (setback === undefined) return [step];
  const { app, name } = step;
  return [{ do: 'wait', app, name, waitingFor: `another try: ${setback.sentence}`, untilMs: setback.retryAtMs }];
}

/** Under what a step's failure is remembered. */
export function stepKey(step: SwarmDoing): string {
  return `service ${step.do === 'remove' ? 'remove ' : ''}${step.name}`;
}

function drift({ service, revision }: WantedService, what: Drift['what'], said: string): Drift {
  return { what, service, revision, sentence: `${service} of revision ${revision} ${said}` };
}

function appOf({ labels }: FoundService): string {
  return labels[Label.app] ?? '';
}

function isAhead(service: FoundService, { latest }: Wanted): boolean {
  return Number(service.labels[Label.revision]) > (latest.get(appOf(service)) ?? 0);
}
