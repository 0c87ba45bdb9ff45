import type { Site } from '../ports/index.ts';

/** Whether this manager acts now. */
export type Turn =
  | { readonly is: 'mine' }
  | { readonly is: 'not yet'; readonly untilMs: number }
  | { readonly is: 'never'; readonly reason: string };

/** So long a step may be due before another manager than the elected one takes it. */
export const STAND_IN_MS = 15_000;

/**
 * The managers of a Swarm elect one of them by Raft; that one acts at once. It may have no node of ours, or one that is down: then
 * another takes what has been due for long. Should two act, the Swarm takes the first: every change names the version that it is
 * made to. Whoever knows less of the ledger than one who has acted waits. Pure.
 * @param dueSinceMs Since when the same steps are due.
 */
export function turnOf(site: Site, block: number, dueSinceMs: number, nowMs: number): Turn {
  if (site.role !== 'manager') return { is: 'never', reason: ROLES[site.role] };
  if (site.actedAt > block)
    return {
      is: 'never',
      reason: `another manager acts by block ${site.actedAt}, and this copy of the ledger ends with ${block}: it must catch up`,
    };
  if (site.isLeader || nowMs >= dueSinceMs + STAND_IN_MS) return { is: 'mine' };
  return { is: 'not yet', untilMs: dueSinceMs + STAND_IN_MS };
}

/** What keeps a node that is to use a Swarm from it. */
export const ROLES = {
  none: 'its engine is in no Swarm; join one as a manager (docker swarm join), or begin one with --swarm-init ADDRESS',
  worker: 'its engine is a worker of its Swarm; make it a manager (docker node promote), or run it without a node',
} as const;
