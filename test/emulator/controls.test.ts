import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createControls, type FaultCall } from '../../emulator/controls.ts';
import { driveLive } from '../../emulator/driver.ts';
import { createWorld, type World } from '../../emulator/world.ts';
import { root } from '../support/need.ts';
import { stubFirmware, stubPorts } from './support.ts';

const test = suite('emulator/controls');
const scripts = { bridge: readFileSync(join(root, 'build/inside.js'), 'utf8'), firmware: stubFirmware };

async function booted(devices = 3): Promise<World> {
  const world = createWorld({ seed: 'hands', devices, startMs: 1_767_225_600_000, version: '0', scripts, vm: stubPorts().vm });
  await world.boot();
  return world;
}

const refused: [name: string, call: FaultCall, sentence: RegExp][] = [
  ['a fault there is not', { fault: 'earthquake' }, /^there is no fault "earthquake"; there are cut-power, /],
  [
    'a device there is not',
    { fault: 'cut-power', devices: ['pad-09'] },
    /^there is no device "pad-09"; there are pad-01 to pad-03$/,
  ],
  ['an amount where none is taken', { fault: 'cut-power', amount: 1 }, /^cut-power takes no amount$/],
  ['an amount out of range', { fault: 'loss', amount: 101 }, /^loss takes 0 to 100 %$/],
];
for (const [name, call, sentence] of refused) {
  test(`refuses ${name}`, async () => {
    const controls = createControls(await booted());
    assert.match(await controls.inject(call).catch((error: Error) => error.message), sentence);
  });
}

test('a paused world stands still, a fast one runs, a step ends at the next block', async () => {
  const world = await booted(1);
  const controls = createControls(world);
  let changes = 0;
  controls.onChange(() => {
    changes += 1;
  });
  controls.pause();
  const driver = driveLive(world, controls);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.is(controls.state().elapsedMs, 0);
  // Each tick of the stub is a block.
  assert.is(await controls.stepBlock(), 1);
  assert.is(controls.state().paused, true);
  controls.setSpeed('max');
  controls.pauseAt('block 50');
  controls.run();
  while (!controls.state().paused) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.is(controls.state().block, 50);
  assert.is(controls.state().pausedBecause, 'block 50');
  assert.ok(changes >= 5);
  await driver.stop();
  world.stop();
});

/** What a world of the same seed is like after the first moment that makes the condition hold. */
async function firstWhen(holds: (world: World) => boolean): Promise<{ elapsedMs: number; trace: string }> {
  const world = await booted();
  await world.advance(60_000, () => holds(world));
  const found = { elapsedMs: world.clock.nowMs() - world.startMs, trace: world.trace.hash() };
  world.stop();
  return found;
}

const conditions: [text: string, holds: (world: World) => boolean][] = [
  ['block 7', (world) => world.boards[0]!.status()!.head.number >= 7],
  ['healthy pad-03', (world) => world.boards[2]!.status()?.state === 'healthy'],
];
for (const [text, holds] of conditions) {
  test(`a world that runs as fast as it can stops right after the moment of "${text}"`, async () => {
    const wanted = await firstWhen(holds);
    const world = await booted();
    const controls = createControls(world);
    controls.setSpeed('max');
    controls.pauseAt(text);
    const driver = driveLive(world, controls);
    while (!controls.state().paused) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.is(controls.state().pausedBecause, text);
    assert.is(world.trace.hash(), wanted.trace, 'nothing happened after it');
    assert.is(controls.state().elapsedMs, wanted.elapsedMs);
    await driver.stop();
    world.stop();
  });
}

for (const text of ['', 'block', 'block x', 'sunset any', 'failed pad-01 now']) {
  test(`"${text}" is no condition`, async () => {
    const controls = createControls(await booted(1));
    assert.throws(() => controls.pauseAt(text), /is no condition; "block 12"/);
  });
}

test('power goes and comes back, and the network is cut and healed, by name', async () => {
  const world = await booted();
  const controls = createControls(world);
  assert.is(await controls.inject({ fault: 'cut-power', devices: ['pad-02'] }), 'pull the plug: pad-02');
  assert.equal(
    world.boards.map(({ running }) => running),
    [true, false, true],
  );
  await controls.inject({ fault: 'restore-power', devices: ['pad-02'] });
  await controls.inject({ fault: 'cut-network', devices: ['pad-01'], others: ['pad-03'] });
  await world.advance(200);
  assert.equal(world.boards[0]!.status()!.peers, ['pad-02']);
  await controls.inject({ fault: 'cut-network', devices: ['pad-01'] });
  assert.equal(world.boards[0]!.status()!.peers, []);
  assert.equal(world.boards[1]!.status()!.peers, ['pad-03']);
  await controls.inject({ fault: 'heal-network' });
  assert.equal(world.boards[0]!.status()!.peers, ['pad-02', 'pad-03']);
});

test('every kind of fault can be made, and what mends it exists', async () => {
  const world = await booted(2);
  const controls = createControls(world);
  const names = new Set(controls.faults.map(({ name }) => name));
  for (const { name, mendedBy } of controls.faults) {
    assert.ok(mendedBy === undefined || names.has(mendedBy), `${name} is mended by ${mendedBy}`);
    assert.match(await controls.inject({ fault: name }), /: all devices/);
  }
});

test.run();
