import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isFresh, staleOf } from '../freshness.ts';
import { root } from './support/need.ts';

const s = suite('freshness');
const folder = mkdtempSync(join(tmpdir(), 'classpad-freshness-'));

function put(name: string, second: number): void {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  utimesSync(path, second, second);
}

for (const [name, second] of [
  ['out/old', 10],
  ['out/new', 30],
  ['in/a', 5],
  ['in/deep/b', 20],
] as const)
  put(name, second);

const rows: readonly (readonly [name: string, inputs: string[], outputs: string[], fresh: boolean])[] = [
  ['newer than its input', ['in/a'], ['out/old'], true],
  ['older than a file far below', ['in'], ['out/old'], false],
  ['newer than all of them', ['in'], ['out/new'], true],
  ['one of two outputs is old', ['in'], ['out/new', 'out/old'], false],
  ['an output is missing', ['in/a'], ['out/none'], false],
  ['an input is missing', ['in/none'], ['out/old'], true],
];

for (const [name, inputs, outputs, fresh] of rows)
  s(name, () => {
    assert.is(isFresh({ name, inputs, outputs }, folder), fresh);
    assert.equal(staleOf([{ name, inputs, outputs }], folder), fresh ? [] : [name]);
  });

/** A checkout of which only the command, one source and what was built of it are there. */
function checkout(): string {
  const place = mkdtempSync(join(tmpdir(), 'classpad-checkout-'));
  for (const name of ['cli/classpad.mjs', 'build/freshness.js', 'build.ts']) cpSync(join(root, name), join(place, name));
  for (const name of ['build/cli.js', 'cli/main.ts']) writeFileSync(join(place, name), 'console.log("runs")');
  return place;
}

s('a command that was built from older sources says so and runs', () => {
  const place = checkout();
  utimesSync(join(place, 'build/cli.js'), 10, 10);
  const { stdout, stderr } = spawnSync(process.execPath, [join(place, 'cli/classpad.mjs')], { encoding: 'utf8' });
  assert.is(stdout, 'runs\n');
  assert.match(stderr, /^classpad: the sources have changed since this was built \(.*\bcli\b.*\); to use them: npm run build/);
});

s('a package, which has no sources, says nothing', () => {
  const place = checkout();
  rmSync(join(place, 'build.ts'));
  const { stdout, stderr } = spawnSync(process.execPath, [join(place, 'cli/classpad.mjs')], { encoding: 'utf8' });
  assert.equal([stdout, stderr], ['runs\n', '']);
});

s.run();
