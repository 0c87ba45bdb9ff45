import { getHeapSpaceStatistics } from 'node:v8';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keepHeapSmall } from '../../../firmware-bridge/system/heap.ts';

const s = suite('bridge: the heap of a node');

const youngBytes = () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;

/** Left alone, V8 takes twice as much for what follows. */
const MOST_BYTES = 16 * 1024 * 1024;

s('what is young takes hardly more room, however much survives', () => {
  keepHeapSmall(true);
  const before = youngBytes();
  const kept: object[] = [];
  for (let i = 0; i < 500_000; i++) kept.push({ i });
  assert.is(kept.length, 500_000);
  // What it had grown to before, and its second half, may only now be used.
  assert.ok(youngBytes() < MOST_BYTES, `${before} bytes before, ${youngBytes()} after`);
});

s.run();
