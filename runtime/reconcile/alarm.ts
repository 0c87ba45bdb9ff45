import type { Clock } from '../ports/index.ts';

/** One timer, of which the earliest wish counts. */
export interface Alarm {
  /** Rings once after the delay, or earlier if an earlier wish stands. */
  ringIn(delayMs: number): void;
  /** Forgets all wishes. */
  silence(): void;
  stop(): void;
}

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let dueAtMs = Number.POSITIVE_INFINITY;
  let cancel = () => {};
  let isStopped = false;
  return {
    ringIn(delayMs) {
      const atMs = clock.nowMs() + Math.max(0, delayMs);
      if (isStopped || atMs >= dueAtMs) return;
      cancel();
      dueAtMs = atMs;
      cancel = clock.after(Math.max(0, delayMs), () => {
        dueAtMs = Number.POSITIVE_INFINITY;
        ring();
      });
    },
    silence() {
      cancel();
      dueAtMs = Number.POSITIVE_INFINITY;
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
