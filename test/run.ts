/**
 * Runs the suites, each file in a process of its own, two at a time, and adds up what they say.
 * `npm test -- TEXT…` runs only files whose path contains one of the texts.
 * Prints every skip with its reason and the rows of tables that suites print (`| … |`), and ends with `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skips: readonly string[];
}

const TIMEOUT_MS = 900_000;
/** How long a suite may take to end once it has said how it went. */
const LEAVING_MS = 120_000;

function find(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return find(path);
      return entry.name.endsWith('.test.ts') ? [path] : [];
    });
}

function run(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      env: { ...process.env, FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let text = '';
    let isOver = false;
    const collect = (chunk: Buffer) => {
      text += chunk.toString();
      if (isOver || !/^ {2}Duration: /m.test(text)) return;
      isOver = true;
      // What a row that failed has left open must not hold up all that come after it.
      setTimeout(() => child.kill('SIGKILL'), LEAVING_MS).unref();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('close', (code, signal) => resolve(judge(file, text, code, signal)));
  });
}

/** A file counts as failed when it breaks off, or ends without uvu's totals: silence is not success. */
function judge(file: string, text: string, code: number | null, signal: string | null): Outcome {
  const total = count(text, 'Total');
  const passed = count(text, 'Passed');
  const complete = /^ {2}Total: /m.test(text);
  const broken = !complete || (code !== 0 && passed === total);
  const failed = total - passed + (broken ? 1 : 0);
  const skips = [...text.matchAll(/^skipped: (.*)$/gm)].map((match) => match[1] ?? '');
  if (failed > 0) console.log(`\n${text}\n${file}: ${signal ? `killed by ${signal}` : `exit code ${code}`}`);
  console.log(`${failed > 0 ? 'FAIL' : 'ok  '} ${file} (${passed})`);
  for (const skip of skips) console.log(`     skipped: ${skip}`);
  for (const [row] of text.matchAll(/^\|.*\|$/gm)) console.log(`     ${row}`);
  return { file, passed, failed, skips };
}

function count(text: string, label: string): number {
  return [...text.matchAll(new RegExp(`^ {2}${label}: +(\\d+)`, 'gm'))].reduce((sum, match) => sum + Number(match[1]), 0);
}

async function main(texts: readonly string[]): Promise<void> {
  const files = find('test').filter((file) => texts.length === 0 || texts.some((text) => file.includes(text)));
  const outcomes: Outcome[] = [];
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) outcomes.push(await run(file));
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  const sum = (pick: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  const skipped = sum((outcome) => outcome.skips.length);
  const failed = sum((outcome) => outcome.failed);
  if (files.length === 0) console.log(`no test file matches ${texts.join(', ')}`);
  console.log(`\n${sum((outcome) => outcome.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exit(failed > 0 || files.length === 0 ? 1 : 0);
}

await main(process.argv.slice(2));
