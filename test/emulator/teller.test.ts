import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lineTeller } from '../../emulator/teller.ts';

const test = suite('emulator/teller');

function bench(isTerminal: boolean) {
  let nowMs = 0;
  const said: string[] = [];
  const redrawn: string[] = [];
  const out = {
    line: (text: string) => void said.push(text),
    ...(isTerminal && { redraw: (text: string) => void redrawn.push(text) }),
  };
  return { teller: lineTeller(out, () => nowMs), said, redrawn, pass: (ms: number) => (nowMs += ms) };
}

test('a step that is done says what and how long', () => {
  const { teller, said } = bench(false);
  teller.done('Boot', '4 devices', 1234);
  assert.equal(said, [`  ✓ ${'Boot'.padEnd(56)}   1.2 s`, '      4 devices']);
});

test('on a terminal each wait is shown at once and taken back', () => {
  const { teller, said, redrawn } = bench(true);
  teller.waiting('Boot', 'the devices');
  teller.waiting('Boot', 'x'.repeat(200));
  teller.done('Boot', 'all', 0);
  assert.is(redrawn[0], '  … Boot: waiting for the devices');
  assert.is(redrawn[1]!.length, 100);
  assert.is(redrawn[2], '');
  assert.is(said.length, 2);
});

test('elsewhere a wait is told once, and only if it is long', () => {
  const { teller, said, pass } = bench(false);
  teller.waiting('Boot', 'a');
  pass(2000);
  teller.waiting('Boot', 'b');
  assert.equal(said, []);
  pass(2000);
  teller.waiting('Boot', 'c');
  teller.waiting('Boot', 'd');
  assert.equal(said, ['  … Boot: waiting for c']);
  teller.waiting('Next', 'e');
  assert.is(said.length, 1);
});

test.run();
