import type { DriftEvent } from './drift.ts';

/** What brings about what is wanted: containers of this device alone, or services of a whole site. */
export interface Scheduler {
  /** Something may have changed: look soon. */
  poke(): void;
  /** A secret came, changed or went. */
  secretChanged(name: string): void;
  /** Steps being done now, in words. */
  steps(): string[];
  /** What was put right of late, the newest last. */
  drifts(): readonly DriftEvent[];
  /** What keeps it from its work, in a sentence. */
  fault(): string | undefined;
  /** Ends; what runs keeps running. */
  stop(): void;
}
