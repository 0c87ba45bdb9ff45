import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cablesOf } from '../../emulator/cables.ts';
import { createControls } from '../../emulator/controls.ts';
import { readFleet } from '../../emulator/fleet.ts';
import { observe } from '../../emulator/observer.ts';
import type { Snapshot } from '../../emulator/protocol.ts';
import { readScripts } from '../../emulator/quickjs/device.ts';
import { createRecords } from '../../emulator/records.ts';
import { virtualStage } from '../../emulator/stage.ts';
import { playStory, StoryFailed } from '../../emulator/story.ts';
import { createWorld, type World } from '../../emulator/world.ts';
import { createVm } from '../../vm/embed/index.ts';
import { root } from '../support/need.ts';

const test = suite('emulator/story');
const build = join(root, 'build');
const exampleFolder = join(root, 'examples/hello');
const vm = createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) });

interface Told {
  readonly world: World;
  readonly steps: string[];
  readonly lines: string[];
  readonly last: Snapshot;
}

/** The whole main job with the real firmware, headless, as fast as possible. */
async function tell(seed: string, devices: number, folder = exampleFolder): Promise<Told> {
  const scripts = readScripts(build);
  const world = createWorld({ seed, devices, startMs: 1_767_225_600_000, version: '0', scripts, vm });
  const fleet = readFleet(build);
  const controls = createControls(world);
  const observer = observe({
    world,
    fleet,
    controls,
    cables: cablesOf(world, controls),
    records: createRecords(),
    broken: () => [],
    proxyUrl: () => '',
  });
  const steps: string[] = [];
  const lines: string[] = [];
  const teller = { waiting: () => {}, done: (step: string) => steps.push(step), line: (text: string) => lines.push(text) };
  const options = { fleet, feed: observer.feed, teller, exampleFolder: folder, paceMs: 0, deadlineMs: 60_000 };
  await world.boot();
  try {
    await playStory({ ...options, stage: virtualStage(world) });
    return { world, steps, lines, last: await observer.look() };
  } finally {
    world.stop();
  }
}

test('the main job goes as told, and the same seed makes the same world, event by event', async () => {
  const first = await tell('story', 4);
  const second = await tell('story', 4);
  assert.is(first.steps.length, 11);
  assert.ok(first.world.trace.events > 100);
  assert.is(second.world.trace.events, first.world.trace.events);
  assert.is(second.world.trace.hash(), first.world.trace.hash());
  assert.equal(second.lines, first.lines);
  assert.is.not((await tell('another', 4)).world.trace.hash(), first.world.trace.hash());
});

for (const devices of [1, 2, 7]) {
  test(`the main job goes as told with ${devices} ${devices === 1 ? 'device' : 'devices'}`, async () => {
    const { last, lines } = await tell('sizes', devices);
    assert.is(last.verdict.sentence, 'hello r2 was rolled back to r1');
    assert.equal(
      last.devices.map(({ revision, state }) => [revision, state]),
      Array.from({ length: devices }, () => [1, 'healthy']),
    );
    assert.is(lines.filter((line) => line.includes('DeviceEnrolled')).length, devices);
    assert.ok(lines.some((line) => line.includes('hello r2 was rolled back to r1')));
  });
}

test('where the outcome is not as told, the step is named', async () => {
  await tell('missing', 1, join(root, 'examples')).then(
    () => assert.unreachable(),
    (error: Error) => {
      assert.instance(error, StoryFailed);
      assert.match(error.message, /^"hello r1 is proposed and approved" did not happen: .*compose\.yaml/);
    },
  );
});

test.run();
