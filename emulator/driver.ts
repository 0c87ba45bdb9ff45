import type { Pace } from './controls.ts';
import type { World } from './world.ts';

const TICK_MS = 10;
/** After a longer sleep of this machine the world goes on from where it stood instead of catching up. */
const LEAP_LIMIT_MS = 5000;

/** Lets a world's clock keep pace with real time until stopped. */
export interface Driver {
  stop(): Promise<void>;
  /** Settles when the world can go no further; rejects with the reason. */
  readonly ended: Promise<void>;
}

/** Time passes in pieces of this length, so that this process has time for others in between. */
const PIECE_MS = 10;
const realTime: Pace = { due: (realMs) => realMs, passed: () => false, isMax: false };

export function driveLive(world: World, pace: Pace = realTime): Driver {
  let running = true;
  const run = async (): Promise<void> => {
    let lastMs = performance.now();
    while (running) {
      const nowMs = performance.now();
      await pass(world, pace, Math.min(nowMs - lastMs, LEAP_LIMIT_MS), nowMs + TICK_MS);
      lastMs = nowMs;
      await new Promise((resolve) => setTimeout(resolve, pace.isMax ? 0 : TICK_MS));
    }
  };
  const ended = run();
  // Whoever waits for the end hears why; nobody may be waiting yet.
  ended.catch(() => {});
  return {
    ended,
    stop: () => {
      running = false;
      return ended;
    },
  };
}

/** Lets pass what is due, or as much of it as this machine manages until `untilMs`. */
async function pass(world: World, pace: Pace, realMs: number, untilMs: number): Promise<void> {
  for (let dueMs = pace.due(realMs); dueMs > 0; dueMs -= PIECE_MS) {
    await world.advance(Math.min(dueMs, PIECE_MS), () => pace.passed());
    if (pace.due(realMs) === 0 || performance.now() >= untilMs) return;
  }
}
