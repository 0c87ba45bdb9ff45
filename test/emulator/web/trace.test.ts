import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TracePoint } from '../../../emulator/protocol.ts';
import { notched, stretchesOf } from '../../../emulator/web/trace.ts';

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
    assert.equal(
      stretchesOf(trace, from, to),
      stretches.map(([left, right, revision]) => ({ from: left, to: right, revision, state: 'healthy' })),
    );
  });
}

traces('a failing line has dips, and ends where it should', () => {
  assert.is(notched(0, 24, 5), 'M0 5H8V9H12V5H24');
  assert.is(notched(0, 6, 5), 'M0 5H6');
});

traces.run();
