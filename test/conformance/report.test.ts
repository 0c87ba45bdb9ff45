import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { summarize } from './report.ts';

const test = suite('conformance: report');

test('shares of all workers add up, by fork in their order', () => {
  const failure = { fork: 'Osaka', name: 'a', differences: ['b'] } as const;
  const { counts, failures, unknown } = summarize([
    { passed: { Osaka: 3, Berlin: 1 }, failures: [failure], unknown: { Frontier: 2 } },
    { passed: { Osaka: 4 }, failures: [], unknown: { Frontier: 1 } },
  ]);
  assert.equal(counts, { forks: { Berlin: { passed: 1, failed: 0 }, Osaka: { passed: 7, failed: 1 } }, passed: 8, failed: 1 });
  assert.equal(Object.keys(counts.forks), ['Berlin', 'Osaka']);
  assert.equal(failures, [failure]);
  assert.equal(unknown, { Frontier: 3 });
});

test.run();
