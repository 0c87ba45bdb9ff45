import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { need } from '../../support/need.ts';

/** A folder with `dockerd`, `containerd` and its shim, newer than those of this machine, whose `runc` they use. */
const folder = process.env['CLASSPAD_NEWER_ENGINE'] ?? '';
const present = need(
  'a newer Docker Engine',
  existsSync(join(folder, 'dockerd')),
  'CLASSPAD_NEWER_ENGINE names no folder of one',
);

const release = (path: string) => Number(/version (\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1]);
/** Asked now: the path is another when the suite runs. */
const releases = present ? [release(join(folder, 'dockerd')), release('dockerd')] : [];

const newer = suite('firmware-bridge/docker: on a newer engine');

newer('the engine is newer than this machine’s, or is said to be missing', () => {
  if (!present) return assert.is(process.env['CLASSPAD_REAL'], undefined);
  assert.ok(releases[0]! > releases[1]!, `${folder} has ${releases[0]}, this machine ${releases[1]}`);
});
newer.run();

/** The suites beside, once more: whichever `dockerd` comes first on the path is started. */
if (present) {
  process.env['PATH'] = `${folder}:${process.env['PATH']}`;
  await import('./containers.test.ts');
}
