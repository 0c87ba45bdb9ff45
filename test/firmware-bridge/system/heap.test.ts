import { getHeapSpaceStatistics } from 'node:v8';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keepHeapSmall } from '../../../firmware-bridge/system/heap.ts';

const s = suite('bridge: the heap of a node');

const youngBytes = () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;

s('what is young takes no more room, however much survives', () => {
  keepHeapSmall(true);
  const before = youngBytes();
  const kept: object[] = [];
  for (let i = 0; i < 500_000; i++) kept.push({ i });
  assert.is(kept.length, 500_000);
  // Its second half is only there once it was needed.
  assert.ok(youngBytes() <= 2 * before, `${before} bytes before, ${youngBytes()} after`);
});

s.run();
