import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Clock } from '../../runtime/ports/index.ts';

/** Longer delays overflow the timers of Node and would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Where the kernel's answer cannot be had, systemd leaves this. */
const SYNCHRONISED = '/run/systemd/timesync/synchronized';
const ASK_EVERY_MS = 10_000;
const DEADLINE_MS = 1_000;

/** The clock of this machine. Delays are cut to 24 days. */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    isSynchronised: atMostEvery(ASK_EVERY_MS, isSynchronised),
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

/** What the kernel was told by whoever keeps its clock: systemd-timesyncd, chrony, ntpd. */
function isSynchronised(): boolean {
  if (existsSync(SYNCHRONISED)) return true;
  try {
    const args = ['show', '-p', 'NTPSynchronized', '--value'];
    const said = execFileSync('timedatectl', args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: DEADLINE_MS });
    return said.toString().trim() === 'yes';
  } catch {
    return false;
  }
}

/** Asked more often, it answers as before. */
function atMostEvery(everyMs: number, ask: () => boolean): () => boolean {
  let answer = false;
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() < notBeforeMs) return answer;
    answer = ask();
    notBeforeMs = performance.now() + everyMs;
    return answer;
  };
}
