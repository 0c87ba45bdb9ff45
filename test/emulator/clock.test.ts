import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type VirtualClock, virtualClock } from '../../emulator/clock.ts';

const test = suite('emulator/clock');

type Play = (clock: VirtualClock, note: (what: string) => void) => void;

const rows: [name: string, play: Play, untilMs: number, notes: string[]][] = [
  ['nothing happens by itself', () => {}, 1000, []],
  ['earlier first', (clock, note) => [30, 10, 20].map((ms) => clock.after(ms, () => note(`${ms}`))), 1000, ['10', '20', '30']],
  [
    'of one instant, first asked first',
    (clock, note) => ['a', 'b', 'c'].map((x) => clock.after(5, () => note(x))),
    5,
    ['a', 'b', 'c'],
  ],
  ['not before it is due', (clock, note) => clock.after(6, () => note('early')), 5, []],
  ['a delay below zero is none', (clock, note) => clock.after(-5, () => note('now')), 0, ['now']],
  ['a broken delay is rounded up', (clock, note) => clock.after(1.2, () => note(`${clock.nowMs()}`)), 9, ['2']],
  ['a cancelled one never', (clock, note) => clock.after(5, () => note('no'))(), 9, []],
  [
    'the clock shows when it rings',
    (clock, note) => clock.after(3, () => clock.after(4, () => note(`${clock.nowMs()}`))),
    100,
    ['7'],
  ],
  [
    'promises settle before the next moment',
    (clock, note) => {
      clock.after(1, () => {
        note('first');
        void Promise.resolve()
          .then(() => {})
          .then(() => {})
          .then(() => note('its promise'));
      });
      clock.after(2, () => note('second'));
    },
    5,
    ['first', 'its promise', 'second'],
  ],
];

for (const [name, play, untilMs, notes] of rows) {
  test(name, async () => {
    const clock = virtualClock(0);
    const heard: string[] = [];
    play(clock, (what) => heard.push(what));
    await clock.advanceTo(untilMs);
    assert.equal(heard, notes);
    assert.is(clock.nowMs(), untilMs);
  });
}

const halts: [name: string, enoughAfter: string, heard: string[], atMs: number][] = [
  ['at once', '', [], 0],
  ['after the very moment, though more is due at the same instant', 'a', ['a'], 5],
  ['at a later moment of that instant', 'a again', ['a', 'a again'], 5],
  ['one instant later', 'b', ['a', 'a again', 'a at last', 'b'], 6],
  ['never: all the time passes', 'z', ['a', 'a again', 'a at last', 'b', 'c'], 20],
];
for (const [name, enoughAfter, notes, atMs] of halts) {
  test(`there is enough ${name}`, async () => {
    const clock = virtualClock(0);
    const heard: string[] = [];
    const hear = (what: string) => () => heard.push(what);
    clock.after(5, () => {
      heard.push('a');
      clock.after(0, () => {
        heard.push('a again');
        clock.after(0, hear('a at last'));
      });
    });
    clock.after(6, hear('b'));
    clock.after(7, hear('c'));
    await clock.advanceTo(20, () => (heard.at(-1) ?? '') === enoughAfter);
    assert.equal(heard, notes);
    assert.is(clock.nowMs(), atMs);
    // What was left is done when time goes on, and nothing twice.
    await clock.advanceTo(20);
    assert.equal(heard, ['a', 'a again', 'a at last', 'b', 'c']);
  });
}

const counts: [moments: number, heard: string[]][] = [
  [0, ['before']],
  [1, ['before', 'one']],
  [2, ['before', 'one', 'two']],
  [9, ['before', 'one', 'two']],
];
for (const [moments, notes] of counts) {
  test(`of an instant ${moments} moments pass if so many are asked for`, async () => {
    const clock = virtualClock(0);
    const heard: string[] = [];
    clock.after(4, () => heard.push('before'));
    clock.after(5, () => {
      heard.push('one');
      clock.after(0, () => heard.push('two'));
    });
    await clock.advanceTo(5, undefined, moments);
    assert.equal(heard, notes);
    assert.equal([clock.nowMs(), clock.moments()], [5, Math.min(moments, 2)]);
  });
}

test('what is due within a tick happens at its end, in the order in which it is due', async () => {
  const clock = virtualClock(1_005, undefined, 10);
  const heard: string[] = [];
  const hear = (what: string) => () => heard.push(`${what} ${clock.nowMs()}`);
  clock.after(9, hear('9'));
  clock.after(10.5, hear('10.5'));
  clock.after(3, () => {
    hear('3')();
    clock.after(0, hear('0 more'));
    clock.after(1, hear('1 more'));
  });
  clock.after(10, hear('10'));
  clock.after(0, hear('0'));
  assert.is(clock.nextDueMs(), 1_005);
  await clock.advanceTo(1_014);
  assert.equal(heard, ['0 1005']);
  await clock.advanceTo(1_015, undefined, 1);
  assert.equal(heard, ['0 1005', '3 1015', '9 1015', '10 1015']);
  await clock.advanceTo(1_100);
  assert.equal(heard.slice(4), ['0 more 1015', '10.5 1025', '1 more 1025']);
});

test('without a delay nothing waits for the end of a tick', async () => {
  const clock = virtualClock(0, undefined, 10);
  const heard: string[] = [];
  await clock.advanceTo(7);
  clock.after(0, () => clock.after(0, () => heard.push(`${clock.nowMs()}`)));
  clock.after(1, () => heard.push('a tick later'));
  await clock.advanceTo(7);
  assert.equal(heard, ['7']);
  assert.is(clock.moments(), 2);
});

test('a thousand alarms ring in order', async () => {
  const clock = virtualClock(0);
  const heard: number[] = [];
  for (let index = 0; index < 1000; index += 1) {
    const delayMs = (index * 7919) % 997;
    const cancel = clock.after(delayMs, () => heard.push(delayMs));
    if (index % 3 === 0) cancel();
  }
  assert.is(clock.nextDueMs(), 0);
  await clock.advanceTo(1000);
  assert.is(heard.length, 666);
  assert.equal(
    heard,
    [...heard].sort((a, b) => a - b),
  );
  assert.is(clock.nextDueMs(), undefined);
});

test.run();
