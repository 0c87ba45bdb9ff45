import type { Clock } from '../runtime/ports/index.ts';

/** A board's battery. On mains until it is drained for the first time. */
export interface Battery {
  /** `undefined` on mains. */
  percent(): number | undefined;
  /** On battery from now on, with so much left, emptying itself. */
  drain(percent: number): void;
  charge(): void;
}

/** A full battery lasts for eight hours. */
const EMPTIES_IN_MS = 8 * 3_600_000;

export function createBattery(clock: Clock, empty: () => void): Battery {
  let level: { readonly percent: number; readonly sinceMs: number } | undefined;
  let cancel = (): void => {};
  return {
    percent() {
      if (!level) return undefined;
      const used = ((clock.nowMs() - level.sinceMs) / EMPTIES_IN_MS) * 100;
      return Math.max(0, Math.round(level.percent - used));
    },
    drain(percent) {
      cancel();
      level = { percent, sinceMs: clock.nowMs() };
      cancel = clock.after((percent / 100) * EMPTIES_IN_MS, empty);
    },
    charge() {
      cancel();
      level = undefined;
    },
  };
}
