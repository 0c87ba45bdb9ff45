import type { RouteLimits } from '../ports/index.ts';

/** Bounds of a route that says nothing about them. */
export const LIMITS: Required<RouteLimits> = {
  connectMs: 2_000,
  answerMs: 60_000,
  idleMs: 60_000,
  bodyBytes: 64 * 1024 ** 2,
};

/** Longest silence of an upgraded connection whose route does not say: most WebSockets are quiet for long. */
export const UPGRADED_IDLE_MS = 600_000;

export function limitsOf({ limits }: { readonly limits?: RouteLimits }): Required<RouteLimits> {
  return limits === undefined ? LIMITS : { ...LIMITS, ...limits };
}
