import type { Failure } from './case.ts';
import type { Share } from './worker.ts';

/** What `--json` prints. */
export interface Counts {
  readonly forks: Readonly<Record<string, { passed: number; failed: number }>>;
  readonly passed: number;
  readonly failed: number;
}

export interface Summary {
  readonly counts: Counts;
  readonly failures: readonly Failure[];
  readonly unknown: Readonly<Record<string, number>>;
}

const ORDER = ['Berlin', 'London', 'Paris', 'Shanghai', 'Cancun', 'Prague', 'Osaka', 'RLP', 'Trie'];

export function summarize(shares: readonly Share[]): Summary {
  const forks: Record<string, { passed: number; failed: number }> = {};
  const unknown: Record<string, number> = {};
  for (const fork of ORDER) {
    const passed = shares.reduce((sum, share) => sum + (share.passed[fork] ?? 0), 0);
    const failed = shares.reduce((sum, share) => sum + share.failures.filter((failure) => failure.fork === fork).length, 0);
    if (passed + failed > 0) forks[fork] = { passed, failed };
  }
  for (const share of shares) {
    for (const [fork, count] of Object.entries(share.unknown)) unknown[fork] = (unknown[fork] ?? 0) + count;
  }
  const total = (key: 'passed' | 'failed') => Object.values(forks).reduce((sum, counts) => sum + counts[key], 0);
  const failures = shares.flatMap((share) => share.failures);
  return { counts: { forks, passed: total('passed'), failed: total('failed') }, failures, unknown };
}

/** The first failures explained, a table of forks, and the closing line. */
export function printReport({ counts, failures, unknown }: Summary, show: number): void {
  for (const { name, differences } of failures.slice(0, show)) {
    console.log(`FAIL ${name}`);
    for (const difference of differences) console.log(`     ${difference}`);
  }
  if (failures.length > show) console.log(`… and ${failures.length - show} more failures; --show N prints more`);
  console.log(`\n${'fork'.padEnd(10)} ${'passed'.padStart(8)} ${'failed'.padStart(8)}`);
  for (const [fork, { passed, failed }] of Object.entries(counts.forks)) {
    console.log(`${fork.padEnd(10)} ${String(passed).padStart(8)} ${String(failed).padStart(8)}`);
  }
  for (const [fork, count] of Object.entries(unknown))
    console.log(`not run: ${count} cases of ${fork}, a fork that the VM does not have`);
  console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
}
