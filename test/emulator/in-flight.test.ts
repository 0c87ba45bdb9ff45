import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counted } from '../../emulator/in-flight.ts';
import { noContainers } from './support.ts';

const test = suite('emulator/in-flight');

test('idle when nothing was called', async () => {
  await counted(noContainers).idle();
});

test('idle waits for what is under way, also for what fails', async () => {
  const ends: (() => void)[] = [];
  const later = () => new Promise<void>((resolve) => ends.push(resolve));
  const containers = counted({ ...noContainers, start: later });
  let isIdle = false;
  const calls = [containers.start('a'), containers.start('b'), containers.remove('c').catch(() => {})];
  const idle = containers.idle().then(() => {
    isIdle = true;
  });
  ends[0]!();
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(isIdle, false);
  ends[1]!();
  await idle;
  await Promise.all(calls);
});

test('answers and errors pass through', async () => {
  const containers = counted({ ...noContainers, describe: async () => 'an engine' });
  assert.is(await containers.describe(), 'an engine');
  const refusal = await containers.list().catch((error: Error) => error.message);
  assert.is(refusal, 'not in this test');
});

test.run();
