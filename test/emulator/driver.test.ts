import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../emulator/clock.ts';
import { driveLive } from '../../emulator/driver.ts';
import type { World } from '../../emulator/world.ts';
import { pause } from '../support/wait.ts';

const test = suite('emulator/driver');

function world(): World {
  const clock = virtualClock(0);
  return { clock, advance: (ms: number) => clock.advanceTo(clock.nowMs() + ms) } as unknown as World;
}

test('virtual time follows real time until stopped, and stands still afterwards', async () => {
  const own = world();
  const startedMs = performance.now();
  const driver = driveLive(own);
  await pause(100);
  await driver.stop();
  const stoodMs = own.clock.nowMs();
  assert.ok(stoodMs > 0 && stoodMs <= performance.now() - startedMs + 1, `${stoodMs}`);
  await pause(50);
  assert.is(own.clock.nowMs(), stoodMs);
});

test('what breaks the world ends the driver, and is told to who waits', async () => {
  const own = world();
  own.clock.after(1, () => {
    throw new Error('two heads');
  });
  const driver = driveLive(own);
  await pause(50);
  assert.is(await driver.ended.catch((error: Error) => error.message), 'two heads');
});

test.run();
