import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changeOf, whole } from '../../emulator/delta.ts';
import type { DeviceView, LedgerRow, Sample, Snapshot } from '../../emulator/protocol.ts';
import { merge } from '../../emulator/web/merge.ts';

const test = suite('emulator/delta');

function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    clock: { elapsedMs: 0, paused: false, speed: 1 },
    head: { number: 1, hash: '0x01', timestamp: 1 },
    verdict: { state: 'healthy', sentence: 'quiet', detail: '' },
    release: null,
    revisions: [],
    trunks: ['linked'],
    delays: { sites: [], trunks: [] },
    broken: [],
    devices: [device('a'), device('b')],
    ledger: [row(1, 0)],
    samples: [sample(0)],
    ...changes,
  };
}

const device = (name: string, head = 1) => ({ name, head }) as DeviceView;
const row = (block: number, index: number) => ({ block, index, text: `${block}.${index}` }) as LedgerRow;
const sample = (at: number) => ({ at, gas: at }) as Sample;

test('nothing new is nothing to tell', () => assert.equal(changeOf(snapshot(), snapshot()), {}));

const rows: [what: string, now: Partial<Snapshot>, told: string][] = [
  ['the clock', { clock: { elapsedMs: 9, paused: true, speed: 1 } }, 'clock'],
  ['a release', { release: { app: 'hello' } as Snapshot['release'] }, 'release'],
  ['one device', { devices: [device('a'), device('b', 2)] }, 'devices'],
  ['a row', { ledger: [row(1, 0), row(1, 1)] }, 'rows'],
  ['a sample', { samples: [sample(0), sample(1)] }, 'samples'],
];
for (const [what, now, told] of rows) {
  test(`${what} alone is told, and merged it is what is now`, () => {
    const change = changeOf(snapshot(), snapshot(now));
    assert.equal(Object.keys(change), [told]);
    assert.equal(merge(merge(undefined, whole(snapshot())), change), snapshot(now));
  });
}

test('where time went back, everything is told anew', () => {
  const before = snapshot({ ledger: [row(1, 0), row(2, 0)] });
  const change = changeOf(before, snapshot());
  assert.is(change.fresh, true);
  assert.equal(merge(before, change), snapshot());
});

test('what did not change stays the same object', () => {
  const before = merge(undefined, whole(snapshot()));
  const after = merge(before, changeOf(snapshot(), snapshot({ devices: [device('a'), device('b', 2)] })));
  assert.is(after.devices[0], before.devices[0]);
  assert.is(after.ledger, before.ledger);
});

test('any way of growing is told in full', () => {
  const states = fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(5)), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(states, (steps) => {
      let told: Snapshot | undefined;
      let before: Snapshot | undefined;
      let [block, at] = [1, 0];
      const [ledger, samples]: [LedgerRow[], Sample[]] = [[], []];
      for (const [more, head, seconds] of steps) {
        for (let index = 0; index < more; index++) ledger.push(row(block, index));
        block += 1;
        for (let second = 0; second < seconds; second++) samples.push(sample(at++));
        const now = snapshot({ devices: [device('a', head)], ledger: [...ledger], samples: [...samples] });
        told = merge(told, before ? changeOf(before, now) : whole(now));
        before = now;
      }
      assert.equal(told, before);
    }),
  );
});

test.run();
