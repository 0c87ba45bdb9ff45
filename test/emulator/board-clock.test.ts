import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BoardClock, boardClock } from '../../emulator/board-clock.ts';

const test = suite('emulator/board-clock');
const START_MS = 1_000_000;

type Act = (clock: BoardClock, pass: (ms: number) => void) => void;

const rows: [what: string, act: Act, aheadMs: number][] = [
  ['shows the world’s time', (_, pass) => pass(500), 0],
  ['jumps, and goes on from there', (clock, pass) => [clock.jump(3000), pass(500)], 3000],
  ['jumps back', (clock) => clock.jump(-2000), -2000],
  ['jumps add up', (clock) => [clock.jump(3000), clock.jump(-1000)], 2000],
  ['drifts by parts in a million', (clock, pass) => [clock.drift(500), pass(1_000_000)], 500],
  ['drifts behind', (clock, pass) => [clock.drift(-500), pass(1_000_000)], -500],
  [
    'keeps what it drifted when the drift changes',
    (clock, pass) => [clock.drift(1000), pass(1_000_000), clock.drift(0), pass(9_000_000)],
    1000,
  ],
  ['is set right for good', (clock, pass) => [clock.jump(7000), clock.drift(900), pass(5000), clock.set(), pass(1_000_000)], 0],
];
for (const [what, act, aheadMs] of rows) {
  test(what, () => {
    let nowMs = START_MS;
    const clock = boardClock({ nowMs: () => nowMs });
    act(clock, (ms) => {
      nowMs += ms;
    });
    assert.is(clock.nowMs() - nowMs, aheadMs);
  });
}

test('is never before 1970', () => {
  const clock = boardClock({ nowMs: () => START_MS });
  clock.jump(-2 * START_MS);
  assert.is(clock.nowMs(), 0);
});

test.run();
