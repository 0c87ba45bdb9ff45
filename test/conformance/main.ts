/** `npm run conformance -- PATH…`: runs official state tests. Ends with `N passed, N failed`, and 1 if any failed. */
import { type ChildProcess, fork as spawnWorker } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Exit, Failure } from '../../cli/command.ts';
import { runAlone, wholeOf } from '../../cli/script.ts';
import { filesBelow } from '../../cli/statetest/fixtures.ts';
import { printReport, summarize } from './report.ts';
import type { Share, Task } from './worker.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

function checked(paths: readonly string[]): readonly string[] {
  for (const path of paths) {
    if (!existsSync(path)) throw new Failure(`there is no ${path}: name a folder or a file of state tests`, Exit.badInput);
    if (filesBelow(path).length === 0) throw new Failure(`${path} holds no .json or .jsonl.br file`, Exit.badInput);
  }
  return paths;
}

function runShare(task: Task): Promise<Share> {
  return new Promise((resolve, reject) => {
    const worker: ChildProcess = spawnWorker(WORKER, { execArgv: ['--import', 'tsx'], serialization: 'advanced' });
    let said: Share | { readonly refused: string } | undefined;
    worker.once('message', (message) => {
      said = message as typeof said;
    });
    worker.once('exit', (code, signal) => {
      if (said && 'refused' in said) reject(new Failure(said.refused, Exit.badInput));
      else if (said) resolve(said);
      else reject(new Failure(`a worker ended without an answer (${signal ?? `exit code ${code}`})`));
    });
    worker.send(task);
  });
}

await runAlone('conformance', {
  summary: "Ethereum's official state, transaction, RLP and trie tests",
  operands: [{ name: 'PATH…', many: true, help: 'a folder or a file of JSON tests, or of .jsonl.br shards' }],
  options: {
    fork: { value: 'NAME', help: 'only tests of this fork' },
    filter: { value: 'TEXT', help: 'only tests whose name contains it' },
    jobs: { value: 'N', fallback: String(availableParallelism()), help: 'processes at once' },
    show: { value: 'N', fallback: '10', help: 'failures that are printed in full' },
    json: { help: 'print the counts as JSON' },
  },
  async run(input, io) {
    const [paths, fork, filter] = [checked(input.operands), input.text('fork'), input.text('filter')];
    const [jobs, show] = [wholeOf(input, 'jobs'), wholeOf(input, 'show', 0)];
    const task = { paths, ...(fork && { fork }), ...(filter && { filter }), jobs };
    const summary = summarize(await Promise.all(Array.from({ length: jobs }, (_, job) => runShare({ ...task, job }))));
    if (input.has('json')) io.out(JSON.stringify(summary.counts));
    else printReport(summary, show);
    return summary.counts.failed > 0 || summary.counts.passed === 0 ? Exit.failed : Exit.ok;
  },
});
