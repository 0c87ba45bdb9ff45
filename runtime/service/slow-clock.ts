import type { Clock } from '../ports/index.ts';
import { createAlarm } from '../reconcile/alarm.ts';

/** A clock that is so far behind the ledger's time is worth a note, and so is one that turns out to be so much further behind. */
const BEHIND_MS = 10_000;
/** The same again, for as long as it stays so. */
const EVERY_MS = 6 * 3_600_000;
/** Whoever catches up reads many blocks in a row, each younger than the one before: only the youngest tells how late it is. */
const SETTLE_MS = 5_000;

export interface SlowClock {
  /** A block came whose time is so far ahead of this device's clock. */
  seen(aheadMs: number): void;
  stop(): void;
}

/**
 * Notices a clock that is slow, by the ledger's time. A block may be late, but it never comes before its time: one from the
 * future means that the clock is behind, by at least so much; a younger block may show that it is by more.
 */
export function watchSlowClock(clock: Clock, tell: (behindSeconds: number) => void): SlowClock {
  let behindMs = 0;
  let told = { behindMs: 0, atMs: Number.NEGATIVE_INFINITY };
  const telling = createAlarm(clock, () => {
    tell(Math.round(behindMs / 1000));
    told = { behindMs, atMs: clock.nowMs() };
    behindMs = 0;
  });
  return {
    seen(aheadMs) {
      if (aheadMs < BEHIND_MS) return;
      behindMs = Math.max(behindMs, aheadMs);
      const isNews = aheadMs >= told.behindMs + BEHIND_MS || clock.nowMs() - told.atMs >= EVERY_MS;
      if (isNews) telling.ringIn(SETTLE_MS);
    },
    stop: () => telling.stop(),
  };
}
