import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, createBox } from '../../../emulator/containers/box.ts';
import { BASE_BYTES, settle, shortageMs, speed, starving } from '../../../emulator/containers/machine.ts';
import { lookUp, REGISTRY } from '../../../emulator/containers/programs.ts';
import { helloSpec } from '../../support/containers/stage.ts';

const test = suite('emulator/containers/machine');
const MIB = 1024 * 1024;
const MACHINE = { memoryBytes: 100 * MIB, cpus: 4 };

interface Given {
  readonly limitMib?: number;
  readonly cpus?: number;
  readonly leakMib?: number;
  readonly threads?: number;
}

function boxOf({ limitMib, cpus, leakMib = 0, threads = 0 }: Given, index: number): Box {
  const limits = { ...(limitMib && { memoryBytes: limitMib * MIB }), ...(cpus && { nanoCpus: cpus * 1e9 }) };
  const spec = helloSpec({ device: 'pad-1' }, `s${index}`, limits);
  const box = createBox(String(index), spec, lookUp(REGISTRY, spec.image)!.program, false);
  box.state = 'running';
  box.appetite = { leak: leakMib * MIB, threads };
  box.usage = { atMs: 0, bytes: BASE_BYTES, cpuMs: 0 };
  return box;
}

const shortages: [what: string, boxes: Given[], ms: number | undefined, ended: string][] = [
  ['nobody leaks', [{ limitMib: 8 }, {}], undefined, ''],
  ['one leaks up to its limit', [{ limitMib: 24, leakMib: 10 }, {}], 2000, '0'],
  [
    'the nearer limit comes first',
    [
      { limitMib: 64, leakMib: 10 },
      { limitMib: 24, leakMib: 40 },
    ],
    500,
    '1',
  ],
  [
    'two meet their limits at once',
    [
      { limitMib: 24, leakMib: 10 },
      { limitMib: 44, leakMib: 20 },
    ],
    2000,
    '0,1',
  ],
  ['without limits the largest ends when the device is full', [{ leakMib: 40 }, { leakMib: 52 }], 1000, '1'],
  ['the device is full before a limit is met', [{ limitMib: 4096, leakMib: 92 }, {}], 1000, '0'],
];
for (const [what, given, ms, ended] of shortages) {
  test(`memory: ${what}`, () => {
    const boxes = given.map(boxOf);
    assert.is(shortageMs(boxes, MACHINE), ms);
    settle(boxes, MACHINE, (ms ?? 1000) - 1);
    assert.equal(starving(boxes, MACHINE), []);
    settle(boxes, MACHINE, ms ?? 1000);
    assert.is(
      starving(boxes, MACHINE)
        .map(({ id }) => id)
        .join(),
      ended,
    );
  });
}

const speeds: [what: string, boxes: Given[], first: number, engine: number][] = [
  ['alone', [{}], 1, 1],
  ['alone, with half a processor', [{ cpus: 0.5 }], 0.5, 1],
  ['beside one that keeps three busy', [{}, { threads: 3 }], 1, 1],
  ['beside one that keeps a hundred busy: two each', [{}, { threads: 100 }], 1, 1],
  ['beside seven of these: an eighth', [{}, ...Array(7).fill({ threads: 100 })], 0.5, 0.5],
  ['beside seven of these with a limit: what they may not have', [{}, ...Array(7).fill({ threads: 100, cpus: 0.1 })], 1, 1],
  ['busy itself: its own threads share what it gets', [{ threads: 7 }], 0.5, 1],
  ['busy itself, with half a processor', [{ threads: 9, cpus: 0.5 }], 0.05, 1],
];
for (const [what, given, first, engine] of speeds) {
  test(`processors: ${what}`, () => {
    const boxes = given.map(boxOf);
    assert.is(speed(boxes[0], boxes, MACHINE), first);
    assert.is(speed(undefined, boxes, MACHINE), engine);
  });
}

test('processor time is counted while it is used, and only then', () => {
  const boxes = [boxOf({ threads: 2 }, 0), boxOf({ threads: 8, cpus: 1.5 }, 1), boxOf({}, 2)];
  settle(boxes, MACHINE, 1000);
  boxes[0]!.appetite = { leak: 0, threads: 0 };
  settle(boxes, MACHINE, 3000);
  assert.equal(
    boxes.map(({ usage }) => usage.cpuMs),
    [2000, 4500, 0],
  );
});

test.run();
