import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keepLogSmall, trimLog } from '../../../firmware-bridge/cometbft/engine-log.ts';

const test = suite<{ home: string; folder: string }>('cometbft/engine-log');

test.before.each((context) => {
  context.home = mkdtempSync(join(tmpdir(), 'cp-wal-'));
  context.folder = join(context.home, 'data', 'cs.wal');
  mkdirSync(context.folder, { recursive: true });
});
test.after.each(({ home }) => rmSync(home, { recursive: true, force: true }));

const rows: readonly (readonly [name: string, there: readonly string[], left: readonly string[]])[] = [
  ['nothing', [], []],
  ['the one that is written', ['wal'], ['wal']],
  ['few', ['wal', 'wal.000', 'wal.001'], ['wal', 'wal.000', 'wal.001']],
  ['many', ['wal', 'wal.000', 'wal.001', 'wal.002', 'wal.003'], ['wal', 'wal.002', 'wal.003']],
  ['more than names have digits for', ['wal', 'wal.998', 'wal.999', 'wal.1000'], ['wal', 'wal.1000', 'wal.999']],
  ["another's", ['wal', 'wal.000', 'wal.001', 'wal.002', 'wal.bak', 'note'], ['note', 'wal', 'wal.001', 'wal.002', 'wal.bak']],
];

for (const [name, there, left] of rows) {
  test(`what is left of ${name}`, ({ folder }) => {
    for (const each of there) writeFileSync(join(folder, each), each);
    trimLog(folder);
    assert.equal(readdirSync(folder).sort(), left);
  });
}

test('it is done at the start, and a folder that is not there yet is none', ({ home, folder }) => {
  const logged: string[] = [];
  const log = { write: (_: string, text: string) => void logged.push(text) };
  for (const index of [0, 1, 2]) writeFileSync(join(folder, `wal.00${index}`), '');
  keepLogSmall(home, log)();
  assert.equal(readdirSync(folder).sort(), ['wal.001', 'wal.002']);
  rmSync(home, { recursive: true });
  keepLogSmall(home, log)();
  assert.equal(logged, []);
});

test.run();
