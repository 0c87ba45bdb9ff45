import type { ContainerSpec, FoundContainer } from '../ports/index.ts';
import { CRASH_LIMIT, isFinished } from './condition.ts';
import { differences } from './differences.ts';
import type { Found } from './found.ts';
import { isAnother, type WantedApp, type WantedContainer } from './wanted.ts';

/** How a wanted container is not what it was left as, though no step of ours did that. */
export interface Drift {
  readonly what: 'removed' | 'replaced' | 'changed' | 'stopped' | 'unhealthy';
  readonly service: string;
  readonly revision: number;
  /** One sentence, with what is done about it. */
  readonly sentence: string;
}

/** A drift that was put right, as the status and the log tell it. */
export interface DriftEvent extends Drift {
  /** By this device's clock. */
  readonly atMs: number;
  readonly app: string;
}

interface Place {
  readonly app: WantedApp;
  readonly revision: number;
}

/**
 * The drift of a wanted container, if there is one. Pure. A container that ends by itself again and again is no drift: the
 * release is unhealthy then. One that ended with exit code 0 may have been stopped by hand, so the first times count.
 */
export function driftOf(wanted: WantedContainer, { app, revision }: Place, found: Found): Drift | undefined {
  const { service, spec } = wanted;
  const container = found.containers.find(({ name }) => name === spec.name);
  const knownId = found.known?.get(spec.name);
  const drift = (what: Drift['what'], said: string): Drift => ({
    what,
    service,
    revision,
    sentence: `${service} of revision ${revision} ${said}`,
  });
  // One that is being removed is still listed for a moment.
  if (container === undefined || container.state === 'dead')
    return knownId === undefined ? undefined : drift('removed', 'was removed from outside; it is made again');
  if (isAnother(container, spec)) {
    const odd = differences(container, spec).slice(0, 3).join(', ') || 'its spec';
    if (knownId !== undefined && knownId !== container.id)
      return drift('replaced', `was replaced from outside (other than agreed: ${odd}); it is made anew`);
    return drift('changed', `was changed from outside (${odd}); it is made anew`);
  }
  if (wasStopped(container, wanted, found))
    return drift('stopped', `was stopped (exit code ${container.exitCode ?? 0}); it is started again`);
  if (isSick(container, wanted, app)) return drift('unhealthy', 'fails its health check; it is restarted');
  return undefined;
}

/** Until when a heal waits, after others before it; `undefined`: it may happen now. */
export function healWaitsUntil({ spec }: WantedContainer, { setbacks }: Found, nowMs: number): number | undefined {
  const retryAtMs = setbacks.get(healKey(spec.name))?.retryAtMs ?? 0;
  return retryAtMs > nowMs ? retryAtMs : undefined;
}

/** Whether it is restarted as soon as its last requests are answered: so it has no route. */
export function isToBeRestarted(wanted: WantedContainer, app: WantedApp, found: Found, nowMs: number): boolean {
  const container = found.containers.find(({ name }) => name === wanted.spec.name);
  if (container === undefined || isAnother(container, wanted.spec)) return false;
  return isSick(container, wanted, app) && healWaitsUntil(wanted, found, nowMs) === undefined;
}

export function healKey(name: string): string {
  return `heal ${name}`;
}

/** Whether the engine would have restarted it, had it ended by itself. */
export function wasSurelyStopped({ state, exitCode, restartCount }: FoundContainer, { restarts }: ContainerSpec): boolean {
  return state === 'exited' && exitCode !== undefined && exitCode !== 0 && restartCount < restarts;
}

function wasStopped(container: FoundContainer, wanted: WantedContainer, { setbacks }: Found): boolean {
  if (container.state !== 'exited' || wanted.restart === 'no' || isFinished(container, wanted)) return false;
  const endings = setbacks.get(wanted.spec.name)?.failures ?? 0;
  return wasSurelyStopped(container, wanted.spec) || (container.exitCode === 0 && endings < CRASH_LIMIT - 1);
}

/** While a release rolls out, a failing check is a vote; once it is agreed, the device helps itself. */
function isSick({ state, health }: FoundContainer, { restart, spec }: WantedContainer, { phase, current }: WantedApp): boolean {
  const isAgreed = phase === 'active' && current.containers.some((one) => one.spec.name === spec.name);
  return isAgreed && restart !== 'no' && state === 'running' && health === 'unhealthy';
}
