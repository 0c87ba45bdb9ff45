import { performance } from 'node:perf_hooks';

/** Milliseconds of the middle one; of an even number the mean of the two in the middle. */
export function medianMs(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

const WITHIN_MS = 60_000;
/** Both sides are looked at equally often. */
const LOOK_MS = 10;

/** Looks until it is so; answers the moment. */
export async function momentOf(what: string, look: () => Promise<boolean>): Promise<number> {
  for (const endMs = performance.now() + WITHIN_MS; performance.now() < endMs; ) {
    if (await look().catch(() => false)) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`a minute was not enough for ${what}`);
}

/** What a port of this machine, or of a container, answers; empty if nothing does. */
export async function answerAt(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  return response?.status === 200 ? (await response.text()).trim() : '';
}
