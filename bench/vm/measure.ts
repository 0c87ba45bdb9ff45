import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Run } from './engines.ts';

/** Milliseconds that passed, or that a process was running: the latter does not depend on what else the machine does. */
export type Clock = () => number;

export const wallClock: Clock = () => performance.now();

/** CPU time of this process. */
export const ownClock: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** CPU time of another process, all its threads; `undefined` where the system does not tell (it is Linux that does). */
export function clockOf(processId: number): Clock | undefined {
  const folder = `/proc/${processId}/task`;
  const clock = () => readdirSync(folder).reduce((sum, thread) => sum + threadMs(`${folder}/${thread}/schedstat`), 0);
  try {
    return clock() > 0 ? clock : undefined;
  } catch {
    return undefined;
  }
}

function threadMs(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    // The thread has ended since the folder was read.
    return 0;
  }
}

/** Samples in milliseconds per run. */
export interface Timing {
  readonly medianMs: number;
  /** Half the distance between the quartiles. */
  readonly spreadMs: number;
  readonly samples: number;
}

/** Runs as often as it takes to fill `leastMs`, and answers the time of one. */
export async function sample(run: Run, leastMs: number, clock: Clock = wallClock, most = 1_000_000): Promise<number> {
  const start = clock();
  const startMs = performance.now();
  let runs = 0;
  do {
    const output = run();
    if (output instanceof Promise) await output;
    runs++;
  } while (performance.now() - startMs < leastMs && runs < most);
  return (clock() - start) / runs;
}

export function timingOf(samplesMs: readonly number[]): Timing {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { medianMs: at(0.5), spreadMs: (at(0.75) - at(0.25)) / 2, samples: sorted.length };
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
