import type { Health } from '../ports/index.ts';
import { conditionOfRevision } from './condition.ts';
import type { Found } from './found.ts';
import type { Revision, WantedApp } from './wanted.ts';

/** What this device has to say about the current revision of an app. */
export type Verdict =
  | { readonly is: 'healthy' }
  | { readonly is: 'unhealthy'; readonly reason: string }
  | { readonly is: 'undecided'; readonly waitingFor: string; readonly untilMs?: number };

/**
 * Healthy: every container of the revision is. Unhealthy: one cannot become so, or the time for it is over.
 * Pure; this is what a device votes by.
 */
export function judge({ current, deadlineMs }: WantedApp, found: Found, nowMs: number): Verdict {
  const condition = conditionOfRevision(current, found, nowMs);
  if (condition.is === 'good') return { is: 'healthy' };
  if (condition.is === 'bad') return { is: 'unhealthy', reason: condition.reason };
  const { waitingFor, untilMs } = condition;
  if (deadlineMs !== undefined && nowMs >= deadlineMs)
    return { is: 'unhealthy', reason: `the health window ended while waiting for ${waitingFor}` };
  const next = Math.min(untilMs ?? Number.POSITIVE_INFINITY, deadlineMs ?? Number.POSITIVE_INFINITY);
  return { is: 'undecided', waitingFor, ...(Number.isFinite(next) ? { untilMs: next } : {}) };
}

/** The health of a revision in one word, for people. */
export function healthOf(revision: Revision, found: Found, nowMs: number): Health | 'absent' {
  const condition = conditionOfRevision(revision, found, nowMs);
  if (condition.is === 'good') return 'healthy';
  if (condition.is === 'bad') return 'unhealthy';
  const names = new Set(revision.containers.map(({ spec }) => spec.name));
  return found.containers.some(({ name }) => names.has(name)) ? 'starting' : 'absent';
}
