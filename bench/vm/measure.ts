import { performance } from 'node:perf_hooks';
import type { Run } from './engines.ts';

/** Samples in milliseconds per run. */
export interface Timing {
  readonly medianMs: number;
  /** Half the distance between the quartiles. */
  readonly spreadMs: number;
  readonly samples: number;
}

/** Runs as often as it takes to fill `leastMs`, and answers the time of one. */
export async function sample(run: Run, leastMs: number, most = 1_000_000): Promise<number> {
  const startMs = performance.now();
  let runs = 0;
  do {
    const output = run();
    if (output instanceof Promise) await output;
    runs++;
  } while (performance.now() - startMs < leastMs && runs < most);
  return (performance.now() - startMs) / runs;
}

export function timingOf(samplesMs: readonly number[]): Timing {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { medianMs: at(0.5), spreadMs: (at(0.75) - at(0.25)) / 2, samples: sorted.length };
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
