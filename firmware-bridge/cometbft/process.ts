import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '../../runtime/ports/index.ts';

export interface EngineProcess {
  /** Ends it in good order, or by force. */
  stop(): Promise<void>;
  pid(): number | undefined;
}

export interface EngineProcessOptions {
  readonly binary: string;
  readonly args: readonly string[];
  readonly log: Logger;
  /** Of what it writes. */
  readonly line?: (text: string) => void;
}

/** How to get the engine where it is missing. */
export const HOW_TO_GET =
  'install it with: go install github.com/cometbft/cometbft/cmd/cometbft@v0.38.25, or name its place by --cometbft PATH or cometbft.binary';

/** From here on Go collects garbage harder: devices are small. */
const MEMORY = '192MiB';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Whoever ran so long is healthy, and the next end is the first again. */
const HEALTHY_MS = 20_000;
const STOP_WITHIN_MS = 10_000;
const KEPT_LINES = 5;
/** After this it would go on forever without doing anything. */
const STUCK = /State sync failed/;

/**
 * Keeps CometBFT running beside the node. It ends whenever the node's socket does, and whenever it is told what cannot be; then it
 * is started again, ever more slowly. The device goes on meanwhile with what was agreed.
 */
export function superviseEngine({ binary, args, log, line }: EngineProcessOptions): EngineProcess {
  let child: ChildProcess | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  let pauseMs = FIRST_PAUSE_MS;

  const again = (why: string) => {
    if (isStopped) return;
    log.write('error', `CometBFT ${why}; it is started again in ${pauseMs / 1000} s`);
    timer = setTimeout(start, pauseMs);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  };
  const start = () => {
    const startedMs = Date.now();
    const env = { GOMEMLIMIT: MEMORY, ...process.env };
    const started = spawn(binary, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    child = started;
    const last = keepLines(started, (text) => {
      line?.(text);
      if (STUCK.test(text)) started.kill('SIGTERM');
    });
    started.on('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT' || error.code === 'EACCES';
      again(isMissing ? `(${binary}) is not on this machine: ${HOW_TO_GET}` : `cannot be started: ${error.message}`);
    });
    started.on('exit', (code, signal) => {
      if (Date.now() - startedMs > HEALTHY_MS) pauseMs = FIRST_PAUSE_MS;
      again(`ended (${signal ?? `exit code ${code}`})${last().length > 0 ? `: ${last().join(' | ')}` : ''}`);
    });
  };
  start();
  return {
    pid: () => child?.pid,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      return ended(child);
    },
  };
}

/** What it said last, of its errors. */
function keepLines(child: ChildProcess, line: (text: string) => void): () => readonly string[] {
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop()!.slice(-2000);
      for (const text of lines) {
        line(text);
        if (/^(E\[|panic|Error|error|failed)/i.test(text)) kept.push(text.slice(0, 300));
        if (kept.length > KEPT_LINES) kept.shift();
      }
    });
  }
  return () => kept;
}

function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
