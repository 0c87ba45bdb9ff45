import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { firstPlot, nextPlot, type Plot } from '../../emulator/plot.ts';
import type { SavedWorld } from '../../emulator/recording.ts';
import { root } from '../support/need.ts';

const test = suite('emulator/plot');
const saved: SavedWorld = {
  format: 'classpad world 1',
  version: '0.1.0',
  seed: 'kept',
  devices: 5,
  startMs: 1_767_225_600_000,
  rogues: { 'pad-02': 'leak' },
  nowMs: 1_767_225_605_000,
  inputs: [{ atMs: 1_767_225_600_000, do: 'boot' }],
};
const asked = { seed: 'asked', devices: 4 };

test('without a file the story is told, with the seed and the devices that were asked for', () => {
  const { startMs, ...plot } = firstPlot(asked);
  assert.equal(plot, { seed: 'asked', devices: 4, rogues: {} });
  assert.ok(Math.abs(startMs - Date.now()) < 60_000);
});

test('a scenario brings seed and devices; devices that were asked for win', () => {
  const scenario = join(root, 'emulator/scenarios/bad-image.yaml');
  const plot = firstPlot({ ...asked, scenario });
  assert.ok(plot.scenario);
  assert.is(plot.devices, plot.scenario.devices);
  assert.is(firstPlot({ ...asked, devices: 9, devicesAreGiven: true, scenario }).devices, 9);
  // Always the same beginning: else no two runs were the same world.
  assert.is(plot.startMs, firstPlot({ ...asked, scenario }).startMs);
});

test('a saved world is read from its file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plot-'));
  const file = join(folder, 'world.json');
  try {
    writeFileSync(file, JSON.stringify(saved));
    const { seed, devices, startMs, rogues } = saved;
    assert.equal(firstPlot({ ...asked, scenario: file }), { seed, devices, startMs, rogues, saved });
    assert.throws(() => firstPlot({ ...asked, scenario: join(folder, 'none.json') }), /^there is no saved world in /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const before: Plot = { seed: 'old', devices: 4, startMs: 7, rogues: {}, saved, block: 3 };
const rows: [what: string, again: Parameters<typeof nextPlot>[1], plot: Partial<Plot>][] = [
  ['another seed', { seed: 'new' }, { seed: 'new', devices: 4, startMs: 7, rogues: {} }],
  ['more devices', { seed: 'old', devices: 7 }, { seed: 'old', devices: 7, startMs: 7, rogues: {} }],
  ['a saved world', { saved }, { seed: 'kept', devices: 5, startMs: saved.startMs, rogues: saved.rogues, saved }],
  [
    'up to a block',
    { saved, block: 2 },
    { seed: 'kept', devices: 5, startMs: saved.startMs, rogues: saved.rogues, saved, block: 2 },
  ],
];
for (const [what, again, plot] of rows) test(`what follows: ${what}`, () => assert.equal(nextPlot(before, again), plot as Plot));

test.run();
