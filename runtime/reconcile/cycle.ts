import type { Clock } from '../ports/index.ts';
import { createAlarm } from './alarm.ts';

/** When a scheduler looks: soon after a hint, at least every interval, and ever more slowly while it cannot. One pass at a time. */
export interface Cycle {
  /** Something may have changed: a pass soon. */
  poke(): void;
  /** A pass after the delay, or earlier if an earlier one is due. */
  ringIn(delayMs: number): void;
  /** Another pass soon after this one. */
  again(): void;
  /** What was asked has answered: the next failure is the first. */
  worked(): void;
  stop(): void;
  readonly isStopped: boolean;
}

export interface CycleOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly pass: () => Promise<void>;
  /** A pass has failed. */
  readonly failed: (error: unknown) => void;
}

/** Hints come in bursts. */
const POKE_DELAY_MS = 20;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export function createCycle({ clock, intervalMs, pass, failed }: CycleOptions): Cycle {
  let isStopped = false;
  let isBusy = false;
  let isWantedAgain = false;
  let retryMs = FIRST_RETRY_MS;
  const alarm = createAlarm(clock, () => void run());

  async function run(): Promise<void> {
    if (isBusy || isStopped) return;
    isBusy = true;
    isWantedAgain = false;
    alarm.ringIn(intervalMs);
    try {
      await pass();
    } catch (error) {
      failed(error);
      alarm.ringIn(retryMs);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
    isBusy = false;
    if (isWantedAgain) alarm.ringIn(POKE_DELAY_MS);
  }

  return {
    poke() {
      if (isBusy) isWantedAgain = true;
      else alarm.ringIn(POKE_DELAY_MS);
    },
    ringIn: (delayMs) => alarm.ringIn(delayMs),
    again() {
      isWantedAgain = true;
    },
    worked() {
      retryMs = FIRST_RETRY_MS;
    },
    stop() {
      isStopped = true;
      alarm.stop();
    },
    get isStopped() {
      return isStopped;
    },
  };
}
