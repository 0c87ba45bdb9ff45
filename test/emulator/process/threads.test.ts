import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { identityOf } from '../../../emulator/identity.ts';
import { DeviceThread } from '../../../emulator/process/device-thread.ts';
import { readThreadKit } from '../../../emulator/process/threads.ts';
import { readScripts } from '../../../emulator/quickjs/device.ts';
import { rogues } from '../../../emulator/rogues.ts';
import { createWorld, type World } from '../../../emulator/world.ts';
import { createVm } from '../../../vm/embed/index.ts';
import { root } from '../../support/need.ts';

const test = suite('emulator/process/threads');
const build = join(root, 'build');
const kit = await readThreadKit(build);
const vm = createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) });
const limits = { memoryBytes: 24 * 1024 * 1024, stackBytes: 256 * 1024, budget: 250 };

/** Long for a busy machine, short for a test. */
const impatient = { ...kit, silenceMs: 15_000 };

function world(run: 'inline' | 'native' | typeof kit, additions: Record<string, string>, devices = 3, remember = true): World {
  const scripts = readScripts(build);
  return createWorld({
    seed: 'walls',
    devices,
    startMs: 1_767_225_600_000,
    version: '0',
    scripts,
    vm,
    limits,
    run,
    additions,
    remember,
  });
}

/** The trace of a world after so much virtual time; `look` sees it before it ends. */
async function lived(own: World, virtualMs: number, look: (own: World) => void = () => {}): Promise<string> {
  await own.boot();
  await own.advance(virtualMs);
  look(own);
  const hash = own.trace.hash();
  own.stop();
  return hash;
}

const thirdAlone = (own: World) =>
  assert.equal(
    own.boards.map(({ faults }) => faults),
    [0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
  );

const kinds: [rogue: string, reason: RegExp][] = [
  ['leak', /needed more than its 24 MiB of memory/],
  ['spin', /ran on without coming to an end/],
  ['recurse', /called itself deeper than its 256 KiB of stack hold/],
  ['flood', /ran on without coming to an end/],
  ['flood-network', /gave away more at once than its 24 MiB of memory hold/],
];

for (const [rogue, reason] of kinds) {
  test(`${rogue}: stopped, told of, rebooted; the others never notice`, async () => {
    const own = world(kit, { 'pad-02': rogues[rogue]! });
    await own.boot();
    await own.advance(4000);
    const [first, second, third] = own.boards;
    assert.match(second!.fault!, reason);
    assert.is(second!.running, false);
    for (const good of [first!, third!]) {
      assert.is(good.faults, 0);
      assert.equal(good.status()!.peers.includes('pad-02'), false);
    }
    await own.advance(4000);
    assert.is(second!.running, true, 'the watchdog rebooted it');
    assert.is(second!.faults, 1);
    await own.advance(4000);
    assert.is(second!.faults, 2, 'and it did so again');
    assert.equal([first!.faults, third!.faults], [0, 0]);
    own.stop();
  });
}

test('spin-inside: no budget can stop it; its thread is ended, it is told of and rebooted', async () => {
  const own = world(impatient, { 'pad-02': rogues['spin-inside']! });
  await own.boot();
  await own.advance(4000);
  const [first, second, third] = own.boards;
  assert.match(second!.fault!, /the firmware was stopped: it ran on without coming to an end/);
  assert.equal([first!.faults, second!.faults, third!.faults], [0, 1, 0]);
  assert.equal([first!.running, second!.running, third!.running], [true, false, true]);
  await own.advance(4000);
  assert.is(second!.running, true, 'the watchdog rebooted it');
  own.stop();
});

test('spin-inside among more devices than threads: the others notice no more than if a budget had stopped it', async () => {
  const hashes: string[] = [];
  for (const [run, rogue] of [
    ['inline', 'spin'],
    [impatient, 'spin-inside'],
  ] as const) {
    hashes.push(await lived(world(run, { 'pad-03': rogues[rogue]! }, 10), 3000, thirdAlone));
  }
  assert.is(hashes[0], hashes[1]);
});

test("a thread that falls silent for what is the fleet's own firmware: it is the fault of one, the other begins again", async () => {
  const thread = new DeviceThread(impatient, 2);
  const scripts = readScripts(build);
  const silent = { ...scripts, firmware: 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);' };
  const { config } = world('native', {}, 2);
  const [good, bad] = [scripts, silent].map((own, index) =>
    thread.open({
      scripts: thread.numberOf(own),
      config,
      identity: identityOf('walls', `pad-0${index + 1}`),
      limits: undefined,
      stored: [],
      capacityBytes: 1e6,
    }),
  );
  const moment = { nowMs: 0, peers: [], sisters: [], batteryPercent: undefined, memory: undefined };
  const outputs = [bad!, good!].map((shell) => thread.enter({ shell, input: { do: 'boot' }, moment }));
  const [ofBad, ofGood] = await Promise.all(outputs);
  assert.equal(ofBad!.end, { by: 'fault', sentence: 'the firmware was stopped: it ran on without coming to an end' });
  assert.equal(ofGood!.end, { by: 'neighbour' });
  assert.is(thread.isEnded, true);
});

test('the same world on threads, inline, and with a rogue in it', async () => {
  const hashes: string[] = [];
  for (const run of ['inline', kit] as const) {
    hashes.push(await lived(world(run, { 'pad-03': rogues['spin']! }), 9000));
  }
  assert.is(hashes[0], hashes[1]);
});

test('the same world natively, in QuickJS, and with nothing remembered between devices', async () => {
  const hashes: string[] = [];
  for (const [run, remember] of [
    ['native', true],
    ['native', false],
    ['inline', true],
    ['inline', false],
  ] as const) {
    hashes.push(await lived(world(run, {}, 3, remember), 9000));
  }
  assert.is(new Set(hashes).size, 1);
});

test('more devices than threads: the same world, and a rogue among those that share one is alone with its fault', async () => {
  const hashes: string[] = [];
  for (const run of ['inline', kit] as const) {
    const look = (own: World) => {
      thirdAlone(own);
      assert.equal(own.boards[4]!.status()!.peers.length, 8);
    };
    hashes.push(await lived(world(run, { 'pad-03': rogues['spin']! }, 10), 3000, look));
  }
  assert.is(hashes[0], hashes[1]);
});

test.run();
