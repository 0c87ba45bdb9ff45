import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Turnstile } from '../../../runtime/consensus/turnstile.ts';
import { driven, testClock } from '../../support/virtual-clock.ts';

const test = suite('consensus/turnstile');

function opened() {
  const clock = testClock();
  const startMs = clock.nowMs();
  const answered: string[] = [];
  const turnstile = new Turnstile<number>(clock, (peer, question) => {
    answered.push(`${clock.nowMs() - startMs} ${peer} ${question}`);
  });
  return { turnstile, answered, ...driven(clock) };
}

test('a first question is answered at once, of each peer', () => {
  const { turnstile, answered } = opened();
  turnstile.ask('a', 1);
  turnstile.ask('b', 0);
  assert.equal(answered, ['0 a 1', '0 b 0']);
});

test('of those that come too soon the newest has its turn a little later, and no other', () => {
  const { turnstile, answered, run } = opened();
  for (let question = 1; question <= 100; question++) turnstile.ask('a', question);
  run(1000);
  assert.equal(answered, ['0 a 1', '20 a 100']);
  turnstile.ask('a', 101);
  assert.is(answered.at(-1), '1000 a 101');
});

test('an answer that fails does not close it', () => {
  const clock = testClock();
  let asked = 0;
  const turnstile = new Turnstile<number>(clock, () => {
    if (asked++ === 0) throw new Error('the disk');
  });
  assert.throws(() => turnstile.ask('a', 1), /the disk/);
  driven(clock).run(20);
  turnstile.ask('a', 2);
  assert.is(asked, 2);
});

test.run();
