import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../runtime/ports/index.ts';

/** Beside the one that is being written; each has some 10 MB. After a crash CometBFT reads what came after the last block. */
const KEPT = 2;
const EVERY_MS = 60_000;

/**
 * CometBFT writes down every message of its peers before it acts on it, and keeps 1 GB of that, which is much on a small disk. Only
 * the newest is ever read again: this takes the rest away. Answers how to stop.
 */
export function keepLogSmall(home: string, log: Logger): () => void {
  const trim = () => {
    try {
      trimLog(join(home, 'data', 'cs.wal'));
    } catch (error) {
      log.write('warn', `the log of CometBFT cannot be made smaller: ${(error as Error).message}`);
    }
  };
  trim();
  const timer = setInterval(trim, EVERY_MS);
  return () => clearInterval(timer);
}

/** Takes away all but the newest of `wal.000`, `wal.001`, …; `wal` itself is being written. */
export function trimLog(folder: string): void {
  const indexOf = (name: string) => Number(/^wal\.(\d+)$/.exec(name)?.[1] ?? -1);
  const old = namesIn(folder)
    .filter((name) => indexOf(name) >= 0)
    .sort((a, b) => indexOf(a) - indexOf(b));
  for (const name of old.slice(0, -KEPT)) rmSync(join(folder, name), { force: true });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Before its first start there is none.
    return [];
  }
}
