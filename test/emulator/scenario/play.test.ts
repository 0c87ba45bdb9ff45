import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { version } from '../../../cli/root.ts';
import { readFleet } from '../../../emulator/fleet.ts';
import { readScripts } from '../../../emulator/quickjs/device.ts';
import { playScenario } from '../../../emulator/scenario/play.ts';
import { additionsOf, loadScenario, SCENARIO_START_MS } from '../../../emulator/scenario/run.ts';
import { virtualStage } from '../../../emulator/stage.ts';
import { createWorld, type World } from '../../../emulator/world.ts';
import { createVm } from '../../../vm/embed/index.ts';
import { root } from '../../support/need.ts';

const test = suite('emulator/scenario/play');
const build = join(root, 'build');
const folder = join(root, 'emulator/scenarios');
const silent = { waiting: () => {}, done: () => {}, line: () => {} };
/** The shipped ones that QuickJS has to bear, or that are too large here; CI plays them by the command. */
const elsewhere = new Set(['rogue-firmware.yaml', 'hundred-device-rollout.yaml', 'power-cut-at-every-write.yaml']);

/** Rejects if it does not go as written. */
async function play(file: string, run: 'native' | 'inline'): Promise<World> {
  const scenario = loadScenario(join(folder, file));
  const world = createWorld({
    seed: 'test',
    devices: scenario.devices,
    startMs: SCENARIO_START_MS,
    additions: additionsOf(scenario),
    version,
    scripts: readScripts(build),
    vm: createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) }),
    run,
  });
  await playScenario({ scenario, stage: virtualStage(world), fleet: readFleet(build), teller: silent, folder: root });
  return world;
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml') && !elsewhere.has(name))) {
  test(`${file} goes as written`, async () => {
    const world = await play(file, 'native');
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
  for (const run of ['native', 'inline'] as const) hashes.push((await play('bad-image.yaml', run)).trace.hash());
  assert.is(hashes[0], hashes[1]);
  assert.match(stdout, /All as written/);
  assert.is(trace.exec(stdout)?.[1], (await play('bad-image.yaml', 'native')).trace.hash());
});

test.run();
