import type { VirtualClock } from './clock.ts';

/** A board's own hardware clock: it may run fast or slow, and jump. Delays are measured as the world's clock has them. */
export interface BoardClock {
  nowMs(): number;
  /** Jumps by so much, back if negative. */
  jump(byMs: number): void;
  /** Parts per million that it runs too fast from now on; negative: too slow. */
  drift(ppm: number): void;
  /** Shows the world's time again and keeps it. */
  set(): void;
}

export function boardClock(clock: Pick<VirtualClock, 'nowMs'>): BoardClock {
  let aheadMs = 0;
  let ppm = 0;
  let sinceMs = clock.nowMs();
  const nowAheadMs = (): number => aheadMs + ((clock.nowMs() - sinceMs) * ppm) / 1e6;
  return {
    nowMs: () => Math.max(0, Math.floor(clock.nowMs() + nowAheadMs())),
    jump(byMs) {
      aheadMs += byMs;
    },
    drift(next) {
      aheadMs = nowAheadMs();
      sinceMs = clock.nowMs();
      ppm = next;
    },
    set() {
      aheadMs = 0;
      ppm = 0;
    },
  };
}
