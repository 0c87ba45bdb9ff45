/** Lets a few of a kind pass at once and then one in a while; tells how many it held back. */
export interface Throttle {
  /** `undefined`: not now. Else how many of this kind were held back since the last that passed. */
  pass(kind: string, nowMs: number): number | undefined;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
  readonly heldBack: number;
}

/** Kinds remembered; the one unused for longest is forgotten. */
const LIMIT = 256;

export function createThrottle(burst: number, everyMs: number): Throttle {
  const buckets = new Map<string, Bucket>();
  return {
    pass(kind, nowMs) {
      const before = buckets.get(kind) ?? { tokens: burst, atMs: nowMs, heldBack: 0 };
      const tokens = Math.min(burst, before.tokens + Math.max(0, nowMs - before.atMs) / everyMs);
      const passes = tokens >= 1;
      buckets.delete(kind);
      buckets.set(kind, { tokens: passes ? tokens - 1 : tokens, atMs: nowMs, heldBack: passes ? 0 : before.heldBack + 1 });
      if (buckets.size > LIMIT) buckets.delete(buckets.keys().next().value!);
      return passes ? before.heldBack : undefined;
    },
  };
}
