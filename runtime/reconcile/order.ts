import type { FoundContainer } from '../ports/index.ts';
import { Label } from '../ports/index.ts';
import { conditionOf } from './condition.ts';
import type { Found } from './found.ts';
import { isStopFirst, needsOf, ownerOf } from './labels.ts';
import { isAnother, type Revision, type Wanted, type WantedApp, type WantedContainer } from './wanted.ts';

/** What makes way for another revision, where a service says that two of it never run side by side. */
export interface Yielding {
  /** Ids of containers that end, though a wanted revision may have them, before the same service of another starts. */
  readonly ids: ReadonlySet<string>;
  /** Names of wanted containers that are not brought up, because the service is the current revision's now. */
  readonly resting: ReadonlySet<string>;
}

/**
 * Pure, and the same for the plan and for the routes: what makes way has no route. The current revision takes a service when
 * its container is made and nothing but the other's end keeps it from starting: until then the other goes on working.
 */
export function yielding({ current, previous }: WantedApp, { latest }: Wanted, found: Found, nowMs: number): Yielding {
  const taken = takenServices(current, found, nowMs);
  const resting = (previous?.containers ?? []).filter((wanted) => {
    const theirs = current.containers.find(({ service }) => service === wanted.service);
    return taken.has(wanted.service) && theirs !== undefined && (isStopFirst(wanted.spec) || isStopFirst(theirs.spec));
  });
  const ids = found.containers.filter((container) => {
    const owner = ownerOf(container);
    if (owner?.app !== current.app || owner.revision === current.revision || !isUp(container)) return false;
    // One the ledger has not reached stays as it is.
    if (owner.revision > (latest.get(owner.app) ?? 0)) return false;
    return taken.has(container.labels[Label.service]!) && excludes(container, current);
  });
  return { ids: new Set(ids.map(({ id }) => id)), resting: new Set(resting.map(({ spec }) => spec.name)) };
}

/** Whether a container of the same service must end before this one starts. */
export function isHeldUp({ spec, service }: WantedContainer, revision: Revision, found: Found): boolean {
  return found.containers.some((container) => {
    const owner = ownerOf(container);
    const isOther = owner?.app === revision.app && owner.revision !== revision.revision && isUp(container);
    return isOther && container.labels[Label.service] === service && (isStopFirst(spec) || isStopFirst(container));
  });
}

/** Whether a service of its own revision that needs it is still up and is to end, too: that one first. */
export function isNeeded(container: FoundContainer, going: readonly FoundContainer[]): boolean {
  const owner = ownerOf(container)!;
  const service = container.labels[Label.service]!;
  return going.some((other) => {
    const theirs = ownerOf(other)!;
    const isSibling = theirs.app === owner.app && theirs.revision === owner.revision && isUp(other);
    return isSibling && needsOf(other).includes(service);
  });
}

/** Whether all that this one needs is there. */
export function unmetNeed({ needs }: WantedContainer, { containers }: Revision, found: Found, nowMs: number): string | undefined {
  const unmet = Object.entries(needs).find(([name, condition]) =>
    containers.some((other) => other.service === name && !isMet(other, condition, found, nowMs)),
  );
  return unmet && `${unmet[0]} to be ${unmet[1]}`;
}

function isMet(wanted: WantedContainer, condition: 'started' | 'healthy', found: Found, nowMs: number): boolean {
  if (condition === 'healthy') return conditionOf(wanted, found, nowMs).is === 'good';
  const container = found.containers.find(({ name }) => name === wanted.spec.name);
  return container !== undefined && container.state !== 'created' && container.state !== 'dead';
}

function takenServices(current: Revision, found: Found, nowMs: number): ReadonlySet<string> {
  const taking = current.containers.filter((wanted) => {
    const container = found.containers.find(({ name }) => name === wanted.spec.name);
    if (container === undefined || container.state === 'dead' || isAnother(container, wanted.spec)) return false;
    return container.state !== 'created' || unmetNeed(wanted, current, found, nowMs) === undefined;
  });
  return new Set(taking.map(({ service }) => service));
}

function excludes(container: FoundContainer, { containers }: Revision): boolean {
  const theirs = containers.find(({ service }) => service === container.labels[Label.service]);
  return isStopFirst(container) || (theirs !== undefined && isStopFirst(theirs.spec));
}

function isUp({ state }: FoundContainer): boolean {
  return state === 'running' || state === 'restarting';
}
