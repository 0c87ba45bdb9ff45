import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runningTrace, type Trace } from '../../emulator/trace.ts';

const test = suite('emulator/trace');
const hashOf = (tell: (trace: Trace) => void): string => {
  const trace = runningTrace();
  tell(trace);
  return trace.hash();
};
const base = hashOf((trace) => trace.add(1, 'pad-01', 'write', 'key', Uint8Array.of(1, 2)));

const others: [name: string, tell: (trace: Trace) => void][] = [
  ['another time', (trace) => trace.add(2, 'pad-01', 'write', 'key', Uint8Array.of(1, 2))],
  ['another device', (trace) => trace.add(1, 'pad-02', 'write', 'key', Uint8Array.of(1, 2))],
  ['another event', (trace) => trace.add(1, 'pad-01', 'send', 'key', Uint8Array.of(1, 2))],
  ['another value', (trace) => trace.add(1, 'pad-01', 'write', 'key', Uint8Array.of(1, 3))],
  ['details parted elsewhere', (trace) => trace.add(1, 'pad-01', 'write', 'ke', 'y', Uint8Array.of(1, 2))],
  ['text instead of bytes', (trace) => trace.add(1, 'pad-01', 'write', 'key', '\u0001\u0002')],
  ['nothing at all', () => {}],
];

test('equal events, equal hash; and asking for it changes nothing', () => {
  const again = hashOf((trace) => {
    trace.hash();
    trace.add(1, 'pad-01', 'write', 'key', Uint8Array.of(1, 2));
    trace.hash();
  });
  assert.is(again, base);
});

for (const [name, tell] of others) {
  test(`differs with ${name}`, () => {
    assert.is.not(hashOf(tell), base);
  });
}

test.run();
