import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Gauges } from '../../emulator/gauges.ts';

const test = suite('emulator/gauges');
const quiet = { blocks: [], memoryBytes: 3 * 1024 ** 2, requests: [] };

test('readings of one second become one sample', () => {
  const gauges = new Gauges();
  gauges.add({ ...quiet, elapsedMs: 0 });
  gauges.add({ ...quiet, elapsedMs: 300, blocks: [{ timestamp: 10, gas: 5 }], requests: [{ tookMs: 2 }] });
  gauges.add({
    ...quiet,
    elapsedMs: 600,
    blocks: [
      { timestamp: 11, gas: 7 },
      { timestamp: 14, gas: 1 },
    ],
    requests: [{ tookMs: 5 }],
  });
  gauges.add({ ...quiet, elapsedMs: 1000 });
  assert.equal(gauges.samples[1], { at: 1, blockTime: 2, gas: 13, memory: 3, requests: 2, latency: 3.5 });
  gauges.add({ ...quiet, elapsedMs: 2000 });
  assert.equal(gauges.samples[2], { at: 2, blockTime: 0, gas: 0, memory: 3, requests: 0, latency: 0 });
});

test('the last six hundred are kept', () => {
  const gauges = new Gauges();
  for (let second = 0; second < 1000; second++) gauges.add({ ...quiet, elapsedMs: second * 1000 });
  assert.equal([gauges.samples.length, gauges.samples[0]!.at], [600, 400]);
});

test('what was measured after the moment to which time went back is forgotten', () => {
  const gauges = new Gauges();
  for (const elapsedMs of [0, 1000, 2000, 3000, 1000]) gauges.add({ ...quiet, elapsedMs });
  assert.ok(gauges.samples.every(({ at }) => at <= 1));
});

test.run();
