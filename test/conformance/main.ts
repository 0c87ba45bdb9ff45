/**
 * Runs official state tests: `npm run conformance -- PATH… [--fork F] [--filter TEXT] [--json] [--jobs N] [--show N]`.
 * Paths are folders or files of raw JSON tests, or of `.jsonl.br` shards; transaction, RLP and trie vectors are taken too. Ends with `N passed, N failed`, and 1 if any failed.
 */
import { type ChildProcess, fork as spawnWorker } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { filesBelow } from '../../cli/statetest/fixtures.ts';
import { printReport, summarize } from './report.ts';
import type { Share, Task } from './worker.ts';

interface Options {
  readonly paths: readonly string[];
  readonly fork?: string;
  readonly filter?: string;
  readonly json: boolean;
  readonly jobs: number;
  /** Failures printed in full. */
  readonly show: number;
}

const USAGE = 'npm run conformance -- PATH… [--fork F] [--filter TEXT] [--json] [--jobs N] [--show N]';
const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

async function main(): Promise<number> {
  const options = readOptions();
  const jobs = Math.max(1, options.jobs);
  const shares = await Promise.all(Array.from({ length: jobs }, (_, job) => runShare({ ...options, job, jobs })));
  const summary = summarize(shares);
  if (options.json) console.log(JSON.stringify(summary.counts));
  else printReport(summary, options.show);
  return summary.counts.failed > 0 || summary.counts.passed === 0 ? 1 : 0;
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fork: { type: 'string' },
      filter: { type: 'string' },
      json: { type: 'boolean', default: false },
      jobs: { type: 'string', default: String(availableParallelism()) },
      show: { type: 'string', default: '10' },
    },
  });
  if (positionals.length === 0) throw new ConformanceError(`no tests named. Usage: ${USAGE}`);
  for (const path of positionals) {
    if (!existsSync(path)) throw new ConformanceError(`there is no ${path}: name a folder or a file of state tests`);
    if (filesBelow(path).length === 0) throw new ConformanceError(`${path} holds no .json or .jsonl.br file`);
  }
  const { fork, filter, json } = values;
  return {
    paths: positionals,
    ...(fork && { fork }),
    ...(filter && { filter }),
    json,
    jobs: Number(values.jobs),
    show: Number(values.show),
  };
}

function runShare(task: Task): Promise<Share> {
  return new Promise((resolve, reject) => {
    const worker: ChildProcess = spawnWorker(WORKER, { execArgv: ['--import', 'tsx'], serialization: 'advanced' });
    let share: Share | undefined;
    worker.once('message', (message) => {
      share = message as Share;
    });
    worker.once('exit', (code, signal) => {
      if (share) resolve(share);
      else reject(new ConformanceError(`a worker ended without an answer (${signal ?? `exit code ${code}`})`));
    });
    worker.send(task);
  });
}

class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    console.error(error instanceof ConformanceError || 'code' in error ? `conformance: ${error.message}` : error);
    process.exit(2);
  },
);
