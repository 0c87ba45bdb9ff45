import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cablesOf } from '../../emulator/cables.ts';
import { type Again, createControls } from '../../emulator/controls.ts';
import { createDesk } from '../../emulator/desk.ts';
import { nextPlot, type Plot } from '../../emulator/plot.ts';
import type { Effect, Output } from '../../emulator/process/exchange.ts';
import type { Command } from '../../emulator/protocol.ts';
import { leavesMark, parseSaved, replay, type SavedWorld } from '../../emulator/recording.ts';
import { createWorld, type World } from '../../emulator/world.ts';
import { root } from '../support/need.ts';
import { stubFirmware, stubPorts } from './support.ts';

const test = suite('emulator/recording');
const scripts = { bridge: readFileSync(join(root, 'build/inside.js'), 'utf8'), firmware: stubFirmware };
const plot: Plot = { seed: 'again', devices: 4, startMs: 1_767_225_600_000, rogues: {} };

const worldOf = ({ seed, devices, startMs }: Plot): World =>
  createWorld({ seed, devices, startMs, version: '0', scripts, vm: stubPorts().vm });

/** What somebody at the page did, and when. */
const DONE: readonly (readonly [afterMs: number, command: Command])[] = [
  [230, { do: 'touch', device: 'pad-01', phase: 'down', x: 40, y: 500 }],
  [310, { do: 'key', device: 'pad-03', key: 'left' }],
  [450, { do: 'cable', device: 'pad-04', cut: true }],
  [520, { do: 'add', site: 'Harbour', looks: 'bare' }],
  [610, { do: 'key', device: 'pad-05', key: 'left' }],
  [700, { do: 'fault', fault: 'cut-power', devices: ['pad-02'] }],
  [1100, { do: 'mend', id: 'all' }],
  [1300, { do: 'remove', device: 'pad-03' }],
  [1400, { do: 'add' }],
  [1500, { do: 'fault', fault: 'delay', devices: ['pad-05'], amount: 80 }],
];
const END_MS = 2000;
/** A block whose moment is between two of those. */
const BLOCK = 9;

/** A world in which all of that happened, through what the page's messages come to. */
async function lived() {
  const world = worldOf(plot);
  let again: Again | undefined;
  const keep = (what: Again) => {
    again = what;
  };
  const controls = createControls(world, { again: keep, version: '0' });
  const desk = createDesk({ world, controls, cables: cablesOf(world, controls) });
  await world.boot();
  let hashAtBlock = '';
  const until = async (ms: number) => {
    const reached = () => (world.sequencer.status()?.head.number ?? 0) >= BLOCK;
    const left = () => plot.startMs + ms - world.clock.nowMs();
    if (hashAtBlock === '') await world.advance(left(), reached);
    if (hashAtBlock === '' && reached()) hashAtBlock = world.trace.hash();
    await world.advance(left());
  };
  for (const [ms, command] of DONE) {
    await until(ms);
    await desk.perform(command as never);
  }
  await until(END_MS);
  return { world, desk, hashAtBlock, asked: () => again };
}

/** The world that takes the place of the one before, as the emulator makes it. */
async function next(again: Again): Promise<World> {
  const following = nextPlot(plot, again);
  const world = worldOf(following);
  if (following.saved) await replay(world, following.saved, following.block);
  return world;
}

test('a world that was saved and loaded is the same to the last event', async () => {
  const { world, desk, asked } = await lived();
  const { value } = await desk.perform({ do: 'save' });
  await desk.perform({ do: 'load', world: JSON.stringify(value) });
  const loaded = await next(asked()!);
  assert.is(loaded.trace.hash(), world.trace.hash());
  const who = ({ boards }: World) => boards.map(({ identity, looks }) => [identity.name, looks]);
  assert.equal(who(loaded), [['pad-01', undefined], ['pad-02', undefined], ['pad-05', 'bare'], ['pad-04', undefined], ['pad-06', undefined]]); // biome-ignore format: a row
  assert.equal(who(loaded), who(world));
  await Promise.all([world.advance(1000), loaded.advance(1000)]);
  assert.is(loaded.trace.hash(), world.trace.hash(), 'and lives on as the same');
  for (const one of [world, loaded]) one.stop();
});

test('a step back leads to exactly what was when the block had been made', async () => {
  const { world, desk, hashAtBlock, asked } = await lived();
  await desk.perform({ do: 'back', block: BLOCK });
  const back = await next(asked()!);
  assert.is(back.sequencer.status()!.head.number, BLOCK);
  assert.is(back.trace.hash(), hashAtBlock);
  for (const one of [world, back]) one.stop();
});

test('begun again it is a fresh world of the seed, with as many devices as were asked for', async () => {
  const { world, desk, asked } = await lived();
  const rows: [command: Command, plot: Partial<Plot>][] = [
    [{ do: 'restart', seed: '' }, {}],
    [{ do: 'restart', seed: 'other' }, { seed: 'other' }],
    [{ do: 'restart', seed: '', devices: 6 }, { devices: 6 }],
  ];
  for (const [command, change] of rows) {
    await desk.perform(command as never);
    const fresh = worldOf({ ...plot, ...change });
    const begun = await next(asked()!);
    assert.is(begun.boards.length, change.devices ?? plot.devices);
    for (const one of [fresh, begun]) {
      await one.boot();
      await one.advance(500);
    }
    assert.is(begun.trace.hash(), fresh.trace.hash());
    for (const one of [fresh, begun]) one.stop();
  }
  world.stop();
});

test('the steps that led here name the seed, what was done and when, and the trace', async () => {
  const { world, desk } = await lived();
  const { value } = await desk.perform({ do: 'steps' });
  const text = String(value);
  assert.match(text, /^classpad 0, seed "again", 4 devices, begun at 2026-01-01T00:00:00.000Z\n/);
  assert.match(text, /\+0\.520 s {2}add a board to Harbour, bare\n/);
  assert.match(text, /\+1\.300 s {2}take pad-03 away\n/);
  assert.match(text, /\+0\.700 s {2}cut-power: pad-02\n/);
  assert.match(text, /\+1\.500 s {2}delay 80: pad-05\n/);
  assert.ok(text.includes(`+2.000 s  now; trace ${world.trace.hash()}\n`), text);
  world.stop();
});

const told: Effect = ['answer', 1, '{}'];
const marks: [request: string, output: Output, isKept: boolean][] = [
  ['eth_sendRawTransaction', { effects: [told] }, true],
  ['eth_newBlockFilter', { effects: [told] }, true],
  ['eth_blockNumber', { effects: [told] }, false],
  ['eth_call', { effects: [['executed', 'Return', '21000'], told] }, false],
  [
    'eth_call',
    {
      effects: [
        ['refused', 'NonceTooLow'],
        ['session', 1, '{}'],
      ],
    },
    false,
  ],
  [
    'eth_call',
    {
      effects: [
        ['executed', 'Return', '21000'],
        ['log', 'warn', 'slow'],
      ],
    },
    true,
  ],
  ['eth_call', { effects: [], end: { by: 'fault', sentence: 'it ran on without coming to an end' } }, true],
];
for (const [method, output, isKept] of marks) {
  const came = [...output.effects.map(([what]) => what), ...(output.end ? [output.end.by] : [])].join(', ');
  test(`${method} that comes to ${came} is ${isKept ? '' : 'not '}asked again`, () =>
    assert.is(leavesMark(`{"method":"${method}"}`, output), isKept));
}

const good: SavedWorld = {
  format: 'classpad world 1',
  version: '0',
  seed: 'kept',
  devices: 2,
  startMs: 5,
  rogues: {},
  nowMs: 9,
  inputs: [],
};
const inputs: SavedWorld['inputs'] = [
  { do: 'boot', atMs: 5 },
  { do: 'fault', call: { fault: 'delay', devices: ['pad-01'], amount: 80 }, atMs: 6, moment: 1 },
  { do: 'rpc', device: 'pad-02', text: '{}', atMs: 7 },
  { do: 'hand', device: 'pad-02', event: { kind: 'key', key: 'left' }, atMs: 8 },
];
const full = { ...good, inputs, rogues: { 'pad-02': 'liar' } };
test('what came from outside is read as it was written', () => assert.equal(parseSaved(JSON.stringify(full), 'x'), full));
test('a saved world is read as it was written', () => assert.equal(parseSaved(JSON.stringify(good), 'x'), good));

const wrong: [what: string, text: string][] = [
  ['no JSON', '{'],
  ['another format', JSON.stringify({ ...good, format: 'other' })],
  ['no inputs', JSON.stringify({ ...good, inputs: undefined })],
  ['a moment that is none', JSON.stringify({ ...good, nowMs: '9' })],
  ['an input that is none', JSON.stringify({ ...good, inputs: [null] })],
  ['an input at no time', JSON.stringify({ ...good, inputs: [{ do: 'boot' }] })],
  ['an input nobody knows', JSON.stringify({ ...good, inputs: [{ do: 'constructor', atMs: 5 }] })],
  ['an input of no device', JSON.stringify({ ...good, inputs: [{ do: 'rpc', text: '{}', atMs: 5 }] })],
  ['a request that is no text', JSON.stringify({ ...good, inputs: [{ do: 'rpc', device: 'pad-01', text: {}, atMs: 5 }] })],
  ['a fault without a name', JSON.stringify({ ...good, inputs: [{ do: 'fault', call: {}, atMs: 5 }] })],
  [
    'devices that are no list',
    JSON.stringify({ ...good, inputs: [{ do: 'fault', call: { fault: 'delay', devices: 7 }, atMs: 5 }] }),
  ],
  ['firmware nobody knows', JSON.stringify({ ...good, rogues: { 'pad-01': 'constructor' } })],
  ['firmware that is none', JSON.stringify({ ...good, rogues: null })],
  ['too many devices', JSON.stringify({ ...good, devices: 1e9 })],
  ['null', 'null'],
];
for (const [what, text] of wrong)
  test(`refused: ${what}`, () => assert.throws(() => parseSaved(text, 'kept.json'), /^kept\.json is no saved world; /));

test.run();
