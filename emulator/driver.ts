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
    let owedMs = 0;
    while (running) {
      const nowMs = performance.now();
      owedMs = await pass(world, pace, { realMs: Math.min(nowMs - lastMs, LEAP_LIMIT_MS), owedMs, untilMs: nowMs + TICK_MS });
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

interface Due {
  readonly realMs: number;
  /** The part of a millisecond that is left from before. */
  readonly owedMs: number;
  readonly untilMs: number;
}

/**
 * Lets pass what is due, or as much of it as this machine manages until `untilMs`: whole milliseconds, as everything in a world
 * has. Answers what is left of one.
 */
async function pass(world: World, pace: Pace, { realMs, owedMs, untilMs }: Due): Promise<number> {
  let dueMs = owedMs + pace.due(realMs);
  while (dueMs >= 1) {
    const pieceMs = Math.min(Math.floor(dueMs), PIECE_MS);
    await world.advance(pieceMs, () => pace.passed());
    dueMs -= pieceMs;
    if (pace.due(realMs) === 0 || performance.now() >= untilMs) return 0;
  }
  return dueMs;
}
