import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { steadyClock, wallMsOf } from '../../runtime/steady.ts';

const test = suite('runtime/steady');

const rows: [name: string, wall: number[], steady: number[]][] = [
  ['a clock that goes on is followed', [100, 105, 200], [100, 105, 200]],
  ['a jump ahead is followed', [100, 9000, 9010], [100, 9000, 9010]],
  ['after a jump back it goes on from where it was', [100, 150, 20, 30], [100, 150, 150, 160]],
  ['and after two', [100, 50, 60, 0, 5], [100, 100, 110, 110, 115]],
];
for (const [name, wall, steady] of rows) {
  test(name, () => {
    let nowMs = wall[0]!;
    const clock = steadyClock({ nowMs: () => nowMs, after: () => () => {} });
    const seen = wall.map((next) => {
      nowMs = next;
      return clock.nowMs();
    });
    assert.equal(seen, steady);
    assert.is(clock.wallMs(), wall.at(-1));
    assert.is(wallMsOf(clock), wall.at(-1));
    assert.is(clock.fromWallMs(wall.at(-1)!), steady.at(-1));
  });
}

test.run();
