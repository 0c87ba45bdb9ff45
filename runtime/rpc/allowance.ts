import { countItems } from '../nesting.ts';
import { MAX_BATCH } from './server.ts';

/** Requests a second that a connection may send for long, and how many at once after a pause. */
export const RATE = 1_000;
export const BURST = 4_000;

/** What a connection may ask. */
export interface Allowance {
  /** Whether so many requests may be asked now; then they count. */
  take(requests: number): boolean;
}

/** A bucket that fills with {@link RATE} and holds {@link BURST}. */
export function allowanceOf(nowMs: () => number): Allowance {
  let left = BURST;
  let seenMs = nowMs();
  return {
    take(requests) {
      const now = nowMs();
      left = Math.min(BURST, left + (Math.max(0, now - seenMs) * RATE) / 1000);
      seenMs = now;
      if (left < requests) return false;
      left -= requests;
      return true;
    },
  };
}

/** Requests in a text that has not been parsed yet: a batch counts as many as it holds, or one more than are ever answered. */
export function requestsIn(text: string): number {
  return Math.max(1, countItems(text, MAX_BATCH + 1));
}
