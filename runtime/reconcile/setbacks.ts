import { type EngineErrorCode, type FoundContainer, isEngineError } from '../ports/index.ts';
import { healKey } from './drift.ts';
import type { Setback } from './found.ts';

/** What went wrong before, so that nothing is tried without pause. In memory: a restarted node tries at once. */
export interface Setbacks {
  readonly all: ReadonlyMap<string, Setback>;
  /** A step failed. Answers what is remembered of it. */
  failed(key: string, error: unknown, nowMs: number): Setback;
  /** A container had ended and was started again. */
  crashed(name: string, nowMs: number): void;
  /** A container was put right; the next time waits longer. */
  healed(name: string, sentence: string, nowMs: number): void;
  succeeded(key: string): void;
  /** Forgets the crashes and heals of containers that have been running for long. */
  forgive(containers: readonly FoundContainer[], nowMs: number): void;
}

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 300_000;
const FORGIVE_AFTER_MS = 60_000;
/** Far more than a device can want; the oldest goes first. */
const LIMIT = 512;

export function createSetbacks(): Setbacks {
  const all = new Map<string, Setback>();

  function remember(key: string, code: Setback['code'], sentence: string, nowMs: number): Setback {
    const failures = (all.get(key)?.failures ?? 0) + 1;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
    const setback: Setback = { failures, retryAtMs: nowMs + delayMs, code, sentence };
    all.delete(key);
    all.set(key, setback);
    if (all.size > LIMIT) all.delete(all.keys().next().value!);
    return setback;
  }

  return {
    all,
    failed: (key, error, nowMs) => remember(key, codeOf(error), sentenceOf(error), nowMs),
    crashed: (name, nowMs) => void remember(name, 'crashed', 'it ended by itself', nowMs),
    healed: (name, sentence, nowMs) => void remember(healKey(name), 'healed', sentence, nowMs),
    succeeded(key) {
      if (all.get(key)?.code !== 'crashed') all.delete(key);
    },
    forgive(containers, nowMs) {
      for (const { name, state, startedAtMs, health } of containers) {
        const isSteady = state === 'running' && startedAtMs !== undefined && nowMs - startedAtMs >= FORGIVE_AFTER_MS;
        if (isSteady) all.delete(name);
        if (isSteady && health !== 'unhealthy' && health !== 'starting') all.delete(healKey(name));
      }
    },
  };
}

function codeOf(error: unknown): EngineErrorCode {
  return isEngineError(error) ? error.code : 'failed';
}

/** The first line of an error's message: never a stack. */
export function sentenceOf(error: unknown): string {
  const message =
    error instanceof Error || typeof (error as Error)?.message === 'string' ? (error as Error).message : String(error);
  return message.split('\n')[0]!.slice(0, 300);
}
