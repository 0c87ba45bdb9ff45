import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TracePoint } from '../../../emulator/protocol.ts';
import { stretchesOf } from '../../../emulator/web/trace.ts';

const traces = suite('trace');

const at = (block: number, revision: number): TracePoint => ({ block, revision, state: 'healthy' });

const rows: [
  what: string,
  trace: TracePoint[],
  from: number,
  to: number,
  stretches: [from: number, to: number, revision: number][],
][] = [
  ['nothing', [], 0, 5, []],
  ['one point lasts until now', [at(2, 1)], 0, 5, [[2, 5, 1]]],
  [
    'each ends where the next begins',
    [at(0, 1), at(3, 2)],
    0,
    5,
    [
      [0, 3, 1],
      [3, 5, 2],
    ],
  ],
  ['what ended before the window is left out', [at(0, 1), at(3, 2)], 3, 5, [[3, 5, 2]]],
  [
    'what began before the window is cut',
    [at(0, 1), at(3, 2)],
    2,
    5,
    [
      [2, 3, 1],
      [3, 5, 2],
    ],
  ],
  [
    'two in one block share its column',
    [at(1, 1), at(1, 2)],
    0,
    2,
    [
      [1, 1.5, 1],
      [1.5, 2, 2],
    ],
  ],
  ['what is not yet is left out', [at(0, 1), at(9, 2)], 0, 5, [[0, 5, 1]]],
];
for (const [what, trace, from, to, stretches] of rows) {
  traces(what, () => {
    const found = stretchesOf(trace, from, to);
    assert.equal(
      found.map((one) => [one.from, one.to, one.revision]),
      stretches,
    );
    assert.ok(found.every(({ state }) => state === 'healthy'));
  });
}

traces('a stretch knows what it follows, unless it began before the window', () => {
  const found = stretchesOf([at(0, 1), at(3, 2), at(4, 3)], 1, 5);
  assert.equal(
    found.map(({ begins, before }) => [begins, before]),
    [
      [false, undefined],
      [true, 1],
      [true, 2],
    ],
  );
});

traces.run();
