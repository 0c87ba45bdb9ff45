import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../../emulator/clock.ts';
import { createAlarm } from '../../../runtime/reconcile/alarm.ts';
import { withDeadline } from '../../../runtime/reconcile/deadline.ts';

const s = suite('reconcile/alarm and deadline');

s('the earliest wish counts, and rings once', async () => {
  const clock = virtualClock(0);
  const rung: number[] = [];
  const alarm = createAlarm(clock, () => rung.push(clock.nowMs()));
  for (const delayMs of [500, 100, 300, -5]) alarm.ringIn(delayMs);
  await clock.advanceTo(1000);
  assert.equal(rung, [0]);
  alarm.ringIn(50);
  await clock.advanceTo(2000);
  assert.equal(rung, [0, 1050]);
  alarm.ringIn(50);
  alarm.stop();
  alarm.ringIn(50);
  await clock.advanceTo(3000);
  assert.equal(rung.length, 2);
});

s('an answer in time is the answer', async () => {
  const clock = virtualClock(0);
  assert.is(await withDeadline(clock, 1000, 'it', Promise.resolve(7)), 7);
  assert.is(clock.nextDueMs(), undefined);
});

s('none in time is a timeout in a sentence', async () => {
  const clock = virtualClock(0);
  const said = withDeadline(clock, 60_000, 'pull x', new Promise(() => {})).catch((error) => [error.code, error.message]);
  await clock.advanceTo(60_000);
  assert.equal(await said, ['timeout', 'pull x gave no answer within 60 s']);
});

s('a failure is passed on', async () => {
  const said = await withDeadline(virtualClock(0), 1000, 'it', Promise.reject(new Error('oh'))).catch((error) => error.message);
  assert.is(said, 'oh');
});

s.run();
