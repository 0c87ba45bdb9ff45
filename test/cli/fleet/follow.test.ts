import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BaseError, HttpRequestError, TimeoutError } from 'viem';
import { patiently } from '../../../cli/fleet/follow.ts';

const s = suite('cli: following a rollout');
const at = { url: 'http://pad-1:8545', body: {} };
const refused = () => new BaseError('reading failed', { cause: new HttpRequestError({ ...at, details: 'fetch failed' }) });

const rows: [name: string, error: Error, isAskedAgain: boolean][] = [
  ['nothing answers', refused(), true],
  ['no answer in time', new BaseError('reading failed', { cause: new TimeoutError(at) }), true],
  ['an internal error', new BaseError('reading failed', { cause: new HttpRequestError({ ...at, status: 500 }) }), false],
  ['no JSON-RPC', new HttpRequestError({ ...at, details: 'the answer is something else' }), false],
  ['a fault of ours', new TypeError('x is not a function'), false],
];

for (const [name, error, isAskedAgain] of rows) {
  s(`${name}: ${isAskedAgain ? 'asked again' : 'told at once'}`, async () => {
    let calls = 0;
    let away = 0;
    const read = async () => {
      if (++calls < 3) throw error;
      return 'decided';
    };
    const outcome = await patiently(read, () => void away++, 1, 60_000).catch((thrown: Error) => thrown);
    assert.equal([outcome, calls, away], isAskedAgain ? ['decided', 3, 2] : [error, 1, 0]);
  });
}

s('one that stays away is told in the end', async () => {
  const outcome = await patiently(
    () => Promise.reject(refused()),
    () => {},
    5,
    30,
  ).catch((error: Error) => error.message);
  assert.match(String(outcome), /reading failed/);
});

s.run();
