import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hostSecrets } from '../../../firmware-bridge/docker/secrets.ts';
import { need } from '../../support/need.ts';

const secrets = suite('docker/secrets');
const folder = need('tmpfs', process.platform === 'linux', 'there is no /dev/shm')
  ? mkdtempSync('/dev/shm/classpad-secrets-')
  : '';
const isRoot = need('root', process.getuid?.() === 0, 'only root may give a folder away');
secrets.after(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

/** @param owner By number. */
const make = (root: string, mode: number, owner = process.getuid?.() ?? 0) => {
  mkdirSync(root);
  chmodSync(root, mode);
  chownSync(root, owner, owner);
};
const place = (root: string) => hostSecrets(root).place('classpad-pad-1-x', { a: Buffer.from('b') });

/** A folder that was there before, and what becomes of it. */
const ROWS: readonly [what: string, before: (root: string) => void, outcome: RegExp | undefined, asRoot: boolean][] = [
  ['nothing', () => {}, undefined, false],
  ['one that everybody may read', (root) => make(root, 0o777), undefined, false],
  ["somebody else's", (root) => make(root, 0o755, 12_345), /is not this user's own/, true],
  ["a link to somebody else's", (root) => symlinkSync(folder, root), /is not this user's own/, false],
];
for (const [what, before, outcome, asRoot] of ROWS) {
  if (folder === '' || (asRoot && !isRoot)) continue;
  secrets(`where there was ${what}`, () => {
    const root = join(folder, what.replace(/\W/g, ''));
    before(root);
    if (outcome) return assert.throws(() => place(root), outcome);
    place(root);
    assert.is(lstatSync(root).mode & 0o777, 0o700);
    assert.equal(hostSecrets(root).placed('classpad-pad-1-x'), ['a']);
  });
}

secrets.run();
