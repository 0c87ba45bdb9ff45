import { performance } from 'node:perf_hooks';

/** Tells what is being done: one line per step with its time; on a terminal also what happens within it. */
export interface Progress {
  /** Runs a step and says how long it took, and what came of it. */
  step<T>(name: string, work: () => Promise<T>, outcome?: (value: T) => string): Promise<T>;
  /** Within a step: what happens now. */
  say(text: string): void;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  let current = '';
  const redraw = (text: string) => {
    if (stream.isTTY) stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
  };
  return {
    async step(name, work, outcome) {
      const startedAt = performance.now();
      current = name;
      redraw(`  ${name} …`);
      const value = await work();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      redraw('');
      stream.write(`  ${name.padEnd(34)} ${seconds.padStart(7)} s${outcome ? `  ${outcome(value)}` : ''}\n`);
      return value;
    },
    say: (text) => redraw(`  ${current}: ${text}`),
  };
}
