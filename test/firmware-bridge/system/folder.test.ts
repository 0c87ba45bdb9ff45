import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inWords, makeFolder } from '../../../firmware-bridge/system/folder.ts';

const s = suite('system/folder');
const place = mkdtempSync(join(tmpdir(), 'classpad-folder-'));
writeFileSync(join(place, 'file'), '');
symlinkSync(join(place, 'nowhere'), join(place, 'dangling'));
s.after(() => rmSync(place, { recursive: true, force: true }));

s('a folder is made with those above it, for this user alone; one that is there stays', () => {
  const path = join(place, 'a/b/c');
  makeFolder(path, 'data');
  assert.is(statSync(path).mode & 0o777, 0o700);
  writeFileSync(join(path, 'kept'), '');
  makeFolder(path, 'data');
  assert.ok(existsSync(join(path, 'kept')));
});

const REFUSED: [what: string, path: string, sentence: RegExp][] = [
  ['below a file', join(place, 'file/x'), /^data: .*file\/x is no folder, or is in a place that is none; name another$/],
  ['behind a link to nothing', join(place, 'dangling/x'), /^data: .* is no folder; name another$/],
  ['with too long a name', join(place, 'a'.repeat(300)), /^data: .* has too long a name/],
];
if (process.platform === 'linux')
  REFUSED.push(['in /proc', '/proc/classpad/data', /^data: \/proc\/classpad\/data is in proc, which keeps no files/]);
for (const [what, path, sentence] of REFUSED) {
  s(`no folder ${what}, in a sentence and at once`, () => {
    try {
      makeFolder(path, 'data');
    } catch (error) {
      assert.match((error as Error).message, sentence);
      return;
    }
    assert.unreachable();
  });
}

const CODES: readonly [code: string, sentence: RegExp][] = [
  ['EACCES', /^data: \/srv\/pad may not be written by this user/],
  ['EROFS', /^data: \/srv\/pad is on a file system that is read-only/],
  ['ENOSPC', /^data: \/srv\/pad cannot be written: the disk is full/],
  ['EDQUOT', /^data: \/srv\/pad cannot be written: this user has used up its share/],
  ['EIO', /^what the system says$/],
];
for (const [code, sentence] of CODES) {
  s(`${code} in words`, () => {
    const fail = () => {
      throw Object.assign(new Error('what the system says'), { code });
    };
    assert.throws(() => inWords('/srv/pad', 'data', fail), sentence);
  });
}

s.run();
