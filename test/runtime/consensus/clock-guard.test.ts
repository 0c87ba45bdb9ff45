import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryStore } from '../../../emulator/store.ts';
import { ClockGuard } from '../../../runtime/consensus/clock-guard.ts';
import type { Clock } from '../../../runtime/ports/index.ts';

const test = suite('consensus/clock-guard');

const DAY_MS = 86_400_000;
const START_MS = 20_000 * DAY_MS;
const LEAPT = /^no block is made: the clock of this device leapt ahead by 400 days\. It goes on by itself/;

/** A guard on a device whose last block is of that day, counted from the start; none: the ledger has only its first block. */
function guarded({ lastDay = 0, store = memoryStore(), isVouchedFor = false, atDay = 0 as number, number = 5 } = {}) {
  let nowMs = START_MS + atDay * DAY_MS;
  let synchronised: boolean | undefined;
  const clock: Clock = { nowMs: () => nowMs, after: () => () => {}, isSynchronised: () => synchronised === true };
  const head = { number, timestamp: (START_MS + lastDay * DAY_MS) / 1000 };
  const guard = new ClockGuard(clock, store, isVouchedFor);
  const look = () => {
    guard.look(head);
    return guard.objection();
  };
  const at = (day: number) => {
    nowMs = START_MS + day * DAY_MS;
    return look();
  };
  const synchronise = (is: boolean) => {
    synchronised = is;
    return look();
  };
  return { look, at, synchronise, store };
}

test('a clock that leaps by a year is objected to until it is right again', () => {
  const { look, at } = guarded();
  assert.is(look(), undefined);
  assert.match(at(400)!, LEAPT);
  assert.match(at(400.5)!, /leapt ahead by 401 days/, 'time that passes meanwhile does not make it right');
  assert.is(at(1), undefined);
});

test('or until somebody keeps it right', () => {
  const { at, synchronise } = guarded();
  assert.match(at(400)!, LEAPT);
  assert.is(synchronise(true), undefined);
  assert.is(synchronise(false), undefined, 'what was right then is known from then on');
});

test('or where an operator vouches for it, and after that without a word', () => {
  const { at, store } = guarded({ isVouchedFor: true });
  assert.is(at(400), undefined);
  assert.is(guarded({ store, atDay: 401 }).look(), undefined);
});

test('a clock that goes back, or is slow, is none of its business: the ledger has a time of its own', () => {
  const { at } = guarded();
  assert.is(at(-4000), undefined);
  assert.is(at(-20_000), undefined);
  assert.is(at(3), undefined);
});

test('a quiet ledger is no leap, however long it is quiet', () => {
  const { at } = guarded();
  for (let day = 0; day < 400; day += 7) assert.is(at(day), undefined, `day ${day}`);
});

test('nor is it when the device was started anew meanwhile', () => {
  const { at, store } = guarded();
  for (let day = 0; day <= 100; day++) at(day);
  assert.is(guarded({ store, atDay: 101 }).look(), undefined);
  assert.match(guarded({ store, atDay: 501 }).look()!, LEAPT);
  assert.match(guarded({ atDay: 101 }).look()!, /leapt ahead by 101 days/, 'where nothing was kept the last block tells');
});

test('a device that was off for some weeks goes on, and a ledger may begin whenever it likes', () => {
  assert.is(guarded({ atDay: 29 }).look(), undefined);
  assert.is(guarded({ atDay: 4000, number: 0 }).look(), undefined);
});

test('what was seen is written seldom', () => {
  let writes = 0;
  const inner = memoryStore();
  const store = {
    ...inner,
    get: (key: string) => inner.get(key),
    write(entries: Parameters<typeof inner.write>[0]) {
      writes++;
      inner.write(entries);
    },
  } as typeof inner;
  const { at } = guarded({ store });
  for (let seconds = 0; seconds < 3 * 3600; seconds += 3) at(seconds / 86_400);
  assert.is(writes, 2);
});

test('a store that cannot be written stops nothing', () => {
  const store = Object.assign(memoryStore(), {
    write() {
      throw new Error('no room');
    },
  });
  const { at } = guarded({ store });
  assert.is(at(10), undefined);
});

test.run();
