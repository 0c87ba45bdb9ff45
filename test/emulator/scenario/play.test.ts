import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { version } from '../../../cli/root.ts';
import { readFleet } from '../../../emulator/fleet.ts';
import { readScripts } from '../../../emulator/quickjs/device.ts';
import { loadScenario, type Played, playHeadless } from '../../../emulator/scenario/run.ts';
import { createVm } from '../../../vm/embed/index.ts';
import { root } from '../../support/need.ts';

const test = suite('emulator/scenario/play');
const build = join(root, 'build');
const folder = join(root, 'emulator/scenarios');
const silent = { waiting: () => {}, done: () => {}, line: () => {} };
/** The shipped ones that QuickJS has to bear, or that are too large here; CI plays them by the command. */
const elsewhere = new Set(['rogue-firmware.yaml', 'hundred-device-rollout.yaml', 'power-cut-at-every-write.yaml']);

function play(file: string, run: 'native' | 'inline'): Promise<Played> {
  return playHeadless({
    scenario: loadScenario(join(folder, file)),
    seed: 'test',
    fleet: readFleet(build),
    folder: root,
    version,
    scripts: readScripts(build),
    vm: createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) }),
    teller: silent,
    run,
  });
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml') && !elsewhere.has(name))) {
  test(`${file} goes as written`, async () => {
    const { failure, world } = await play(file, 'native');
    assert.is(failure, undefined);
    world.stop();
  });
}

test('the same trace in QuickJS, natively, and in a second process with load beside it', async () => {
  const busy = new AbortController();
  const load = promisify(execFile)(process.execPath, ['-e', 'for (;;);'], { signal: busy.signal }).catch(() => {});
  const [scenario, trace] = [join(folder, 'bad-image.yaml'), /trace ([0-9a-f]{64})/];
  const args = [join(root, 'build/cli.js'), 'emulate', scenario, '--headless', '--native', '--seed', 'test'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  busy.abort();
  await load;
  const hashes = [];
  for (const run of ['native', 'inline'] as const) hashes.push((await play('bad-image.yaml', run)).world.trace.hash());
  assert.is(hashes[0], hashes[1]);
  assert.match(stdout, /All as written/);
  assert.is(trace.exec(stdout)?.[1], (await play('bad-image.yaml', 'native')).world.trace.hash());
});

test.run();
