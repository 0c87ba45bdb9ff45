import { execFile } from 'node:child_process';

/** What the service manager waits for is three times as long (`WatchdogSec` of classpad.service). */
const EVERY_MS = 60_000;

/** Tells the service manager that this process moves, now and every minute; for so long, or until it ends. */
export function notifyWatchdog(forMs = Number.POSITIVE_INFINITY): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  const endsAtMs = performance.now() + forMs;
  const notify = () => {
    if (performance.now() > endsAtMs) clearInterval(timer);
    else execFile('systemd-notify', ['WATCHDOG=1'], () => {});
  };
  const timer = setInterval(notify, EVERY_MS);
  timer.unref();
  notify();
}
