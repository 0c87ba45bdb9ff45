import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createWorld, type World } from '../../emulator/world.ts';
import { root } from '../support/need.ts';
import { stubFirmware, stubPorts } from './support.ts';

const test = suite('emulator/world');
const bridge = readFileSync(join(root, 'build/inside.js'), 'utf8');
const logs: string[] = [];

function world(seed: string, devices = 3): World {
  const scripts = { bridge, firmware: stubFirmware };
  const onLog = (device: string, level: string, message: string) => logs.push(`${device} ${level} ${message}`);
  return createWorld({ seed, devices, startMs: 1_767_225_600_000, version: '0', scripts, vm: stubPorts().vm, onLog });
}

async function play(seed: string, devices?: number): Promise<World> {
  const own = world(seed, devices);
  await own.boot();
  await own.advance(3000);
  return own;
}

test('the same seed makes the same world, event by event', async () => {
  const [first, second, other] = [await play('one'), await play('one'), await play('two')];
  assert.ok(first.trace.events > 250);
  assert.is(first.trace.events, second.trace.events);
  assert.is(first.trace.hash(), second.trace.hash());
  assert.is.not(first.trace.hash(), other.trace.hash());
  for (const each of [first, second, other]) each.stop();
});

test('advancing in small steps is advancing', async () => {
  const whole = await play('steps');
  const parts = world('steps');
  await parts.boot();
  for (let step = 0; step < 60; step += 1) await parts.advance(50);
  assert.is(parts.trace.hash(), whole.trace.hash());
});

test('names, keys and the ledger follow from the seed; the first device makes the blocks', async () => {
  const own = world('names', 12);
  assert.equal([own.boards[0]!.identity.name, own.boards[11]!.identity.name], ['pad-01', 'pad-12']);
  assert.equal(
    own.operators.map(({ name }) => name),
    ['ops-1', 'ops-2', 'ops-3'],
  );
  assert.is(own.config.genesis.sequencer, own.sequencer.identity.address);
  assert.is(own.config.genesis.timestamp, 1_767_225_600);
  assert.match(own.config.fleet, /^0x[0-9a-f]{40}$/);
  assert.is(world('names', 1).config.fleet, own.config.fleet);
});

test('a device that breaks is stopped and told of; the others go on; it boots again with its store', async () => {
  const own = await play('break');
  const [first, second] = own.boards;
  logs.length = 0;
  await second!.rpc('{"id":1,"method":"stub_crash"}');
  await own.advance(1000);
  assert.match(second!.fault!, /an error of its own, Error: on demand/);
  assert.is(second!.running, false);
  assert.equal(second!.routes, []);
  assert.is(second!.status(), undefined);
  assert.equal(logs.length, 1);
  assert.match(logs[0]!, /^pad-02 error the firmware was stopped/);
  assert.equal(first!.status()!.peers, ['pad-03']);
  await second!.boot();
  await own.advance(500);
  assert.is(second!.fault, undefined);
  assert.equal(second!.status()!.screen, ['boot 2']);
  assert.equal(first!.status()!.peers, ['pad-02', 'pad-03']);
});

test('without power a device shows and says nothing', async () => {
  const own = await play('power');
  const board = own.boards[2]!;
  assert.ok(board.screen.pixels.some((pixel) => pixel !== 0));
  board.cutPower();
  assert.ok(board.screen.pixels.every((pixel) => pixel === 0));
  assert.is(JSON.parse(await board.rpc('{}')).error.message, 'pad-03 is not running');
  await board.restorePower();
  await own.advance(200);
  assert.equal(board.status()!.screen, ['boot 2']);
});

test('firmware that does not boot is a fault', async () => {
  const scripts = { bridge, firmware: `var classpad = { boot() { throw new Error('no genesis'); } };` };
  const own = createWorld({ seed: 'x', devices: 1, startMs: 0, version: '0', scripts, vm: stubPorts().vm });
  await own.boot();
  await own.advance(10);
  assert.match(own.boards[0]!.fault!, /did not boot: Error: no genesis/);
});

test.run();
