import type { Clock } from './ports/index.ts';

/** A clock for measuring how long: it never goes back, whatever the hardware clock does. */
export interface SteadyClock extends Clock {
  /** What the hardware clock shows. */
  wallMs(): number;
  /** A moment of the hardware clock, by this one. */
  fromWallMs(wallMs: number): number;
}

/** Follows `clock`; when that jumps back, it goes on from where it was. A jump ahead only lets waits end early. */
export function steadyClock(clock: Clock): SteadyClock {
  let lastMs = clock.nowMs();
  let aheadMs = 0;
  const follow = (): number => {
    const wallMs = clock.nowMs();
    if (wallMs < lastMs) aheadMs += lastMs - wallMs;
    lastMs = wallMs;
    return aheadMs;
  };
  return {
    nowMs: () => follow() + lastMs,
    after: (delayMs, callback) => clock.after(delayMs, callback),
    wallMs: () => clock.nowMs(),
    fromWallMs: (wallMs) => wallMs + follow(),
    ...(clock.isSynchronised && { isSynchronised: () => clock.isSynchronised!() }),
  };
}

/** What the hardware clock shows, where a clock knows it apart. */
export function wallMsOf(clock: Clock & Partial<SteadyClock>): number {
  return clock.wallMs?.() ?? clock.nowMs();
}
