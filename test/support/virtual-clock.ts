import type { Clock } from '../../runtime/ports/index.ts';

/** A clock that moves only when told. Callbacks due at the same time run in the order they were asked for. */
export interface TestClock extends Clock {
  /** Moves on to the next callback within so many ms and runs it, or to the end of that span. Answers whether one ran. */
  step(mostMs: number): boolean;
  /** Shows so much more from now on, as a clock that is put right: what waits is no nearer. */
  leap(ms: number): void;
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
    leap: (ms) => {
      nowMs += ms;
      for (const [id, { atMs, callback }] of timers) timers.set(id, { atMs: atMs + ms, callback });
    },
  };
}

/** How a world on such a clock goes on. */
export interface Driven {
  /** Lets so much time pass. */
  run(ms: number): void;
  /** Lets time pass until the promise has settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
}

export function driven(clock: TestClock): Driven {
  return {
    run(ms) {
      const endMs = clock.nowMs() + ms;
      while (clock.nowMs() < endMs) clock.step(endMs - clock.nowMs());
    },
    async settle(promise) {
      let isSettled = false;
      const settled = () => {
        isSettled = true;
      };
      promise.then(settled, settled);
      while (!isSettled) {
        await new Promise((resolve) => void setImmediate(resolve));
        if (!isSettled) clock.step(1);
      }
      return promise;
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
