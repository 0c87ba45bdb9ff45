import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createBattery } from '../../emulator/battery.ts';
import { virtualClock } from '../../emulator/clock.ts';

const test = suite('emulator/battery');
const HOUR_MS = 3_600_000;

function charged() {
  const clock = virtualClock(1000);
  let emptied = 0;
  const battery = createBattery(clock, () => {
    emptied += 1;
  });
  return { battery, emptied: () => emptied, after: (hours: number) => clock.advanceTo(clock.nowMs() + hours * HOUR_MS) };
}

const rows: [what: string, drainedTo: number, hours: number, percent: number, emptied: number][] = [
  ['half of it lasts for four hours', 50, 2, 25, 0],
  ['at the end it says so once', 50, 4, 0, 1],
  ['it is never less than empty', 5, 8, 0, 1],
  ['an empty one ends at once', 0, 0, 0, 1],
];
for (const [what, drainedTo, hours, percent, emptied] of rows) {
  test(what, async () => {
    const { battery, emptied: count, after } = charged();
    battery.drain(drainedTo);
    await after(hours);
    assert.is(battery.percent(), percent);
    assert.is(count(), emptied);
  });
}

test('on mains it has no level, and what was drained before no longer ends it', async () => {
  const { battery, emptied, after } = charged();
  assert.is(battery.percent(), undefined);
  battery.drain(10);
  battery.charge();
  await after(24);
  assert.is(battery.percent(), undefined);
  assert.is(emptied(), 0);
});

test('drained anew, only the last level counts', async () => {
  const { battery, emptied, after } = charged();
  battery.drain(1);
  battery.drain(100);
  await after(7);
  assert.is(emptied(), 0);
  await after(1);
  assert.is(emptied(), 1);
});

test.run();
