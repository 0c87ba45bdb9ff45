import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { superviseEngine } from '../../../firmware-bridge/cometbft/process.ts';
import { until } from '../../support/cluster.ts';

const test = suite('cometbft/process');

/** What is logged while a command is kept running. */
async function watch(binary: string, args: readonly string[], isSeen: (logged: readonly string[]) => boolean): Promise<string[]> {
  const logged: string[] = [];
  const log = { write: (level: string, text: string) => void logged.push(`${level} ${text}`) };
  const engine = superviseEngine({ binary, args, log });
  await until('the log', () => isSeen(logged));
  await engine.stop();
  return logged;
}

test('a binary that is not there is named, with how to get it, and looked for again', async () => {
  const logged = await watch('/nowhere/cometbft', [], (lines) => lines.length === 2);
  assert.match(
    logged[0]!,
    /^error CometBFT \(\/nowhere\/cometbft\) is not on this machine: install it with: go install .*; it is started again in 0.5 s$/,
  );
  assert.match(logged[1]!, /started again in 1 s$/);
});

test('one that ends is started again, ever more slowly, and what it said last is told', async () => {
  const logged = await watch(
    process.execPath,
    ['-e', 'console.error("panic: no state"); process.exit(3)'],
    (lines) => lines.length === 2,
  );
  assert.match(logged[0]!, /^error CometBFT ended \(exit code 3\): panic: no state; it is started again in 0.5 s$/);
  assert.match(logged[1]!, /in 1 s$/);
});

test('one that could not begin with a snapshot, and would stay so, is started again', async () => {
  const script = 'console.error("E[2026-01-01|00:00:00.000] State sync failed module=statesync"); setInterval(() => {}, 1000)';
  const logged = await watch(process.execPath, ['-e', script], (lines) => lines.length === 1);
  assert.match(logged[0]!, /^error CometBFT ended \(SIGTERM\): .*State sync failed.*; it is started again in 0.5 s$/);
});

test('one that is told to end ends, and is not started again', async () => {
  const logged: string[] = [];
  const log = { write: (_: string, text: string) => void logged.push(text) };
  const lines: string[] = [];
  const script = 'process.on("SIGTERM", () => process.exit(0)); console.log("up"); setInterval(() => {}, 1000)';
  const engine = superviseEngine({ binary: process.execPath, args: ['-e', script], log, line: (text) => void lines.push(text) });
  await until('its first word', () => lines.includes('up'));
  const pid = engine.pid()!;
  await engine.stop();
  assert.throws(() => process.kill(pid, 0));
  assert.equal(logged, []);
});

test.run();
