import type { Clock, Containers, Logger } from '../runtime/ports/index.ts';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
const STEADY_MS = 30_000;

/** Says when the engine is there and when it is not; the node works on without it. Answers how to stop. */
export function watchEngine(containers: Pick<Containers, 'describe'>, clock: Clock, log: Logger): () => void {
  let stopped = false;
  let cancel = () => {};
  let said = '';
  let retryMs = FIRST_RETRY_MS;
  const say = (level: 'info' | 'warn', sentence: string) => {
    if (sentence !== said) log.write(level, sentence);
    said = sentence;
  };
  const look = async () => {
    let waitMs = STEADY_MS;
    try {
      say('info', `containers run on ${await containers.describe()}`);
      retryMs = FIRST_RETRY_MS;
    } catch (error) {
      if (!stopped) say('warn', `${(error as Error).message}; the ledger works on, and containers wait until it is back`);
      waitMs = retryMs;
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    }
    if (!stopped) cancel = clock.after(waitMs, () => void look());
  };
  void look();
  return () => {
    stopped = true;
    cancel();
  };
}
