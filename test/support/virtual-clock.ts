import type { Clock } from '../../runtime/ports/index.ts';

/** A clock that moves only when told. Callbacks due at the same time run in the order they were asked for. */
export interface TestClock extends Clock {
  /** Moves on to the next callback within so many ms and runs it, or to the end of that span. Answers whether one ran. */
  step(mostMs: number): boolean;
}

export function testClock(startMs = 1_700_000_000_000): TestClock {
  let nowMs = startMs;
  let order = 0;
  const timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>();
  return {
    nowMs: () => nowMs,
    after: (delayMs, callback) => {
      const id = order++;
      timers.set(id, { atMs: nowMs + Math.max(0, delayMs), callback });
      return () => timers.delete(id);
    },
    step: (mostMs) => {
      const next = [...timers].sort(([leftId, left], [rightId, right]) => left.atMs - right.atMs || leftId - rightId)[0];
      if (!next || next[1].atMs > nowMs + mostMs) {
        nowMs += mostMs;
        return false;
      }
      nowMs = next[1].atMs;
      timers.delete(next[0]);
      next[1].callback();
      return true;
    },
  };
}

/** A small generator with a seed (mulberry32), for worlds that must come out the same every time. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
