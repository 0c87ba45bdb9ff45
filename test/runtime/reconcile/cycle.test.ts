import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../../emulator/clock.ts';
import { createCycle } from '../../../runtime/reconcile/cycle.ts';

const s = suite('reconcile/cycle');

/** A cycle, and when its passes began, in milliseconds. */
function bench(pass: (at: number) => Promise<void> | void) {
  const clock = virtualClock(0);
  const begun: number[] = [];
  const faults: string[] = [];
  const cycle = createCycle({
    clock,
    intervalMs: 10_000,
    pass: async () => {
      begun.push(clock.nowMs());
      await pass(begun.length);
    },
    failed: (error) => faults.push((error as Error).message),
  });
  return { clock, cycle, begun, faults };
}

s('a hint brings a pass soon, then one every interval', async () => {
  const { clock, cycle, begun } = bench(() => {});
  cycle.poke();
  cycle.poke();
  await clock.advanceTo(20_500);
  assert.equal(begun, [20, 10_020, 20_020]);
});

s('a hint during a pass brings another behind it, never one beside it', async () => {
  let end = () => {};
  const { clock, cycle, begun } = bench((count) => (count === 1 ? new Promise((resolve) => (end = resolve)) : undefined));
  cycle.poke();
  await clock.advanceTo(100);
  cycle.poke();
  await clock.advanceTo(5_000);
  assert.equal(begun, [20]);
  end();
  await clock.advanceTo(5_100);
  assert.equal(begun, [20, 5_020]);
});

s('what fails is tried ever more slowly, at most every interval, until it worked', async () => {
  const { clock, cycle, begun, faults } = bench((count) => {
    if (count <= 3 || count === 5) throw new Error(`no ${count}`);
    cycle.worked();
  });
  cycle.poke();
  await clock.advanceTo(7_500);
  assert.equal(begun, [20, 1_020, 3_020, 7_020]);
  cycle.poke();
  await clock.advanceTo(9_000);
  assert.equal(begun.slice(4), [7_520, 8_520], 'the next failure is the first again');
  assert.equal(faults, ['no 1', 'no 2', 'no 3', 'no 5']);
});

s('stopped, it does nothing more', async () => {
  const { clock, cycle, begun } = bench(() => {});
  cycle.poke();
  cycle.stop();
  await clock.advanceTo(60_000);
  assert.equal(begun, []);
  assert.is(cycle.isStopped, true);
});

s.run();
