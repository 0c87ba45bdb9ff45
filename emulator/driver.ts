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

export function driveLive(world: World): Driver {
  let running = true;
  const run = async (): Promise<void> => {
    let lastMs = performance.now();
    while (running) {
      const nowMs = performance.now();
      await world.advance(Math.min(nowMs - lastMs, LEAP_LIMIT_MS));
      lastMs = nowMs;
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
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
