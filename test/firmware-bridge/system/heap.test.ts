import { getHeapSpaceStatistics } from 'node:v8';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keepHeapSmall } from '../../../firmware-bridge/system/heap.ts';

const s = suite('bridge: the heap of a node');

const youngBytes = () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;

/** Left alone, V8 takes twice as much for what follows. */
const MOST_BYTES = 16 * 1024 * 1024;

s('what is young takes hardly more room, however much survives', () => {
  const before = youngBytes();
  keepHeapSmall(true)();
  const kept: object[] = [];
  for (let i = 0; i < 500_000; i++) kept.push({ i });
  assert.is(kept.length, 500_000);
  // What it had grown to before, and its second half, may only now be used.
  assert.ok(youngBytes() < MOST_BYTES, `${before} bytes before, ${youngBytes()} after`);
});

s('what the start has left behind is gone once it serves', () => {
  const onServing = keepHeapSmall(true);
  let left: unknown[] = Array.from({ length: 200_000 }, (_, i) => ({ i }));
  const before = process.memoryUsage().heapUsed;
  assert.is(left.length, 200_000);
  left = [];
  onServing();
  assert.ok(process.memoryUsage().heapUsed < before - 4e6);
});

s.run();
