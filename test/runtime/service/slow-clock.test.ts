import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { watchSlowClock } from '../../../runtime/service/slow-clock.ts';
import { driven, testClock } from '../../support/virtual-clock.ts';

const s = suite('a slow clock');

/** Blocks at seconds since the start, each so many seconds ahead of the clock. */
type Blocks = readonly (readonly [atSeconds: number, aheadSeconds: number])[];
const HOUR = 3600;

const ROWS: readonly (readonly [what: string, blocks: Blocks, told: readonly number[]])[] = [
  [
    'blocks that are late',
    [
      [0, -600],
      [1, 0],
      [2, 9.9],
    ],
    [],
  ],
  ['one block of the future', [[0, 90]], [90]],
  [
    'blocks of a past that is caught up with: the youngest tells',
    [
      [0, 15],
      [1, 30],
      [2, 45],
      [3, 59],
    ],
    [59],
  ],
  [
    'an old block first, a young one later',
    [
      [0, 24],
      [60, 58],
    ],
    [24, 58],
  ],
  [
    'a little more than was told',
    [
      [0, 50],
      [60, 59.9],
    ],
    [50],
  ],
  [
    'what was told, seen on and on',
    [
      [0, 50],
      [60, 50],
      [2 * HOUR, 51],
      [5 * HOUR, 50],
    ],
    [50],
  ],
  [
    'the same six hours later',
    [
      [0, 50],
      [6 * HOUR + 5, 50],
    ],
    [50, 50],
  ],
  [
    'a clock that was mended and is slow again, less',
    [
      [0, 90],
      [10, -1],
      [7 * HOUR, 20],
    ],
    [90, 20],
  ],
  [
    'a clock that runs slower and slower',
    [
      [0, 10],
      [HOUR, 20],
      [2 * HOUR, 30],
    ],
    [10, 20, 30],
  ],
];

for (const [what, blocks, expected] of ROWS) {
  s(what, () => {
    const clock = testClock();
    const { run } = driven(clock);
    const told: number[] = [];
    const slow = watchSlowClock(clock, (seconds) => told.push(seconds));
    let atSeconds = 0;
    for (const [seconds, aheadSeconds] of blocks) {
      run((seconds - atSeconds) * 1000);
      atSeconds = seconds;
      slow.seen(aheadSeconds * 1000);
    }
    run(60_000);
    assert.equal(told, expected);
  });
}

s('nothing is told after it was stopped', () => {
  const clock = testClock();
  const slow = watchSlowClock(clock, () => assert.unreachable());
  slow.seen(90_000);
  slow.stop();
  driven(clock).run(60_000);
});

s.run();
