/** The device's key: made once, whole or not at all, for its owner alone. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openIdentity } from '../../../firmware-bridge/device/identity.ts';
import { root } from '../../support/need.ts';

const s = suite('device: identity');
const folder = mkdtempSync(join(tmpdir(), 'classpad-identity-'));
const path = join(folder, 'device.key');
s.before.each(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});
s.after(() => rmSync(folder, { recursive: true }));

s('is made once, and read ever after', () => {
  const first = openIdentity(path);
  assert.is(first.isNew, true);
  assert.is(statSync(path).mode & 0o777, 0o600);
  const again = openIdentity(path);
  assert.is(again.isNew, false);
  assert.is(again.address, first.address);
  assert.equal(readdirSync(folder), ['device.key']);
});

s('is there whole or not at all: a disk without room leaves none behind, and the next start makes one', () => {
  const code = `import(${JSON.stringify(join(root, 'firmware-bridge/device/identity.ts'))}).then(({ openIdentity }) => openIdentity(${JSON.stringify(path)})).catch((error) => { console.log(error.message); process.exitCode = 3; })`;
  const child = spawnSync('sh', ['-c', 'ulimit -f 0; exec "$0" "$@"', process.execPath, '--import', 'tsx', '-e', code], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.is(child.status, 3, child.stderr);
  assert.match(child.stdout, /^key: .*device\.key cannot be written \(EFBIG\)/);
  assert.not.ok(existsSync(path), 'no half key');
  assert.is(openIdentity(path).isNew, true);
});

s('what was left half-written by a power cut is no key', () => {
  writeFileSync(`${path}.new`, '0x12');
  assert.is(openIdentity(path).isNew, true);
  assert.equal(readdirSync(folder), ['device.key']);
});

const KEY = `0x${'11'.repeat(32)}\n`;
const refused: readonly (readonly [name: string, put: () => void, sentence: RegExp])[] = [
  ['nothing in it', () => writeFileSync(path, '', { mode: 0o600 }), /holds no key/],
  ['another thing in it', () => writeFileSync(path, 'hello', { mode: 0o600 }), /holds no key/],
  ['zero', () => writeFileSync(path, `0x${'00'.repeat(32)}`, { mode: 0o600 }), /holds no key/],
  [
    'read by others',
    () => {
      writeFileSync(path, KEY);
      chmodSync(path, 0o644);
    },
    /may be read by others; run: chmod 600/,
  ],
];
for (const [name, put, sentence] of refused)
  s(`refused: ${name}`, () => {
    put();
    assert.throws(() => openIdentity(path), sentence);
  });

s('a refusal does not repeat what stands in the file', () => {
  writeFileSync(path, `0x${'ab'.repeat(31)}a`, { mode: 0o600 });
  assert.throws(
    () => openIdentity(path),
    (error: Error) => !error.message.includes('abab') && readFileSync(path, 'utf8').includes('abab'),
  );
});

s.run();
