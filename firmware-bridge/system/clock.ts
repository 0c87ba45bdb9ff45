import type { Clock } from '../../runtime/ports/index.ts';

/** Longer delays overflow the timers of Node and would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** The clock of this machine. Delays are cut to 24 days. */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    after: (delayMs, callback) => {
      if (delayMs <= 0) {
        const soon = setImmediate(callback);
        return () => clearImmediate(soon);
      }
      const timer = setTimeout(callback, Math.min(LONGEST_MS, delayMs));
      return () => clearTimeout(timer);
    },
  };
}
