import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createThrottle } from '../../../runtime/service/throttle.ts';

const s = suite('service/throttle');

const rows: readonly [what: string, asked: readonly [kind: string, nowMs: number][], passed: readonly (number | undefined)[]][] =
  [
    [
      'a few at once',
      [
        ['a', 0],
        ['a', 0],
        ['a', 0],
      ],
      [0, 0, undefined],
    ],
    [
      'and then one in a while, which tells of those held back',
      [
        ['a', 0],
        ['a', 0],
        ['a', 1],
        ['a', 9],
        ['a', 10],
        ['a', 11],
      ],
      [0, 0, undefined, undefined, 2, undefined],
    ],
    [
      'kinds do not wait for each other',
      [
        ['a', 0],
        ['a', 0],
        ['a', 0],
        ['b', 0],
      ],
      [0, 0, undefined, 0],
    ],
    [
      'rest fills it up, and no further',
      [
        ['a', 0],
        ['a', 0],
        ['a', 1_000],
        ['a', 1_000],
        ['a', 1_000],
      ],
      [0, 0, 0, 0, undefined],
    ],
    [
      'a clock set back gives nothing',
      [
        ['a', 1_000],
        ['a', 1_000],
        ['a', 0],
      ],
      [0, 0, undefined],
    ],
  ];
for (const [what, asked, passed] of rows) {
  s(what, () => {
    const throttle = createThrottle(2, 10);
    assert.equal(
      asked.map(([kind, nowMs]) => throttle.pass(kind, nowMs)),
      passed,
    );
  });
}

s.run();
