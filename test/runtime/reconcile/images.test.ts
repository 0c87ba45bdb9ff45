import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryStore } from '../../../emulator/store.ts';
import type { Phase } from '../../../runtime/contracts/interface.ts';
import { type ImageRecord, isPressed, openImageRecords, unneeded } from '../../../runtime/reconcile/images.ts';
import type { Wanted } from '../../../runtime/reconcile/wanted.ts';
import { activeApp, revisionOf, rollingApp, wantedOf } from '../../support/model-engine.ts';
import { need, root } from '../../support/need.ts';
import { releaseOf, VirtualDevice } from '../../support/virtual-device.ts';

const s = suite('reconcile/images');

const of = (app: string, revision: number, ...images: string[]): ImageRecord => ({
  app,
  revision,
  images: images.length > 0 ? images : [`${app}:${revision}`],
});
const a = (number: number) => revisionOf('a', number);
const five = [1, 2, 3, 4, 5].map((revision) => of('a', revision));
const ends: Record<number, Phase> = { 1: 'superseded', 2: 'superseded', 3: 'rolled back', 4: 'superseded', 5: 'active' };

type Row = readonly [
  what: string,
  wanted: Wanted,
  keep: number,
  gone: readonly string[],
  records?: readonly ImageRecord[],
  ends?: typeof ends,
  isPressed?: boolean,
];

const ROWS: readonly Row[] = [
  ['two good ones before the active one stay, a broken one does not count', wantedOf(activeApp(a(5))), 2, ['a:1', 'a:3']],
  ['the one to return to stays, however little is kept', wantedOf(activeApp(a(5))), 0, ['a:1', 'a:2', 'a:3']],
  ['while it rolls out, the one before it is that one', wantedOf(rollingApp(a(5), a(4))), 0, ['a:1', 'a:2', 'a:3']],
  ['the one before it and two more', wantedOf(rollingApp(a(5), a(4))), 2, ['a:3']],
  ['all stay if so many are to', wantedOf(activeApp(a(5))), 9, ['a:3']],
  [
    'what another app needs stays',
    wantedOf(activeApp(a(5)), activeApp(revisionOf('b', 1, { web: { image: 'a:1' } }))),
    0,
    ['a:2', 'a:3'],
  ],
  [
    'what a later revision needs, too, stays',
    wantedOf(activeApp(a(5))),
    0,
    ['a:2', 'a:3'],
    [of('a', 1, 'a:5'), ...five.slice(1)],
  ],
  ['an app that is no longer wanted keeps the last good one', wantedOf(), 0, ['a:1', 'a:2', 'a:3', 'a:4']],
  ['what the ledger does not tell stays', wantedOf(activeApp(a(5))), 0, [], five, {}],
  ['what has not begun stays', wantedOf(activeApp(a(5))), 0, ['a:3'], five, { ...ends, 1: 'proposed', 2: 'none' }],
  [
    'the latest stays though it was rolled back, for the next try',
    wantedOf(activeApp(a(5))),
    0,
    ['a:1', 'a:2', 'a:3'],
    [...five, of('a', 9)],
    { ...ends, 9: 'rolled back' },
  ],
  [
    'with little room it goes, and so does all but the one to return to',
    wantedOf(activeApp(a(5))),
    2,
    ['a:1', 'a:2', 'a:3', 'a:9'],
    [...five, of('a', 9)],
    { ...ends, 9: 'rolled back' },
    true,
  ],
  ['nothing was ever brought, nothing goes', wantedOf(activeApp(a(5))), 0, [], []],
];
for (const [what, wanted, keep, gone, records = five, phases = ends, isPressed = false] of ROWS) {
  s(what, () =>
    assert.equal(
      unneeded(records, wanted, (_, revision) => phases[revision], { keep, isPressed }),
      gone,
    ),
  );
}

s('pressed: under a tenth of the disk, or under a quarter of a gigabyte', () => {
  const gigabyte = 1e9;
  assert.is(isPressed(undefined), false);
  assert.is(isPressed({ freeBytes: 2 * gigabyte, totalBytes: 10 * gigabyte }), false);
  assert.is(isPressed({ freeBytes: 0.9 * gigabyte, totalBytes: 10 * gigabyte }), true);
  assert.is(isPressed({ freeBytes: 0.2 * gigabyte, totalBytes: gigabyte }), true);
});

s('what was brought is remembered over restarts, once, and forgotten with its last image', () => {
  const store = memoryStore();
  const records = openImageRecords(store);
  records.note(wantedOf(rollingApp(a(2), a(1))));
  records.note(wantedOf(activeApp(a(2))));
  assert.equal(records.all(), [of('a', 1), of('a', 2)]);
  assert.equal(openImageRecords(store).all(), records.all());
  records.removed('a:1');
  for (const each of [records, openImageRecords(store)]) assert.equal(each.all(), [of('a', 2)]);
});

if (
  need(
    'the compiled Fleet contract',
    existsSync(join(root, 'build/contracts/Fleet.json')),
    'build it: npx tsx build.ts contracts',
  )
) {
  /** Five releases, the third broken, with this many kept. */
  const five = async (prepare: (device: VirtualDevice) => void = () => {}) => {
    const device = new VirtualDevice();
    device.boot();
    for (const revision of [1, 2, 3, 4, 5]) {
      const over = revision === 3 ? { healthcheck: { test: ['CMD', 'false'], intervalMs: 500, retries: 1 } } : {};
      device.ledger.release('shop', releaseOf(revision, over));
      await device.until(`r${revision}`, () => device.isAtRest());
    }
    prepare(device);
    await device.pass(120);
    return device;
  };

  s('on a device: the active one and the one to return to are left', async () => {
    const device = await five();
    assert.equal(await device.images(), ['app:4', 'app:5']);
    assert.ok(
      device.lines.some((line) => line.startsWith('info remove the old image app:1@')),
      device.lines.join('\n'),
    );
  });

  s('on a device: an image of somebody else stays, and so does one that somebody uses', async () => {
    const device = new VirtualDevice();
    device.engine.load('somebody/elses:1');
    device.boot();
    for (const revision of [1, 2, 3]) {
      device.ledger.release('shop', releaseOf(revision));
      await device.until(`r${revision}`, () => device.isAtRest());
      // A container that is kept by hand, under another name.
      if (revision > 1) continue;
      device.engine.load('somebody/else:1', 'app:1');
      device.engine.plant('by-hand');
    }
    await device.pass(120);
    assert.equal(await device.images(), ['app:2', 'app:3', 'somebody/else:1', 'somebody/elses:1']);
  });

  s('on a device: what was there before a release named it stays, for nobody could bring it again', async () => {
    const device = new VirtualDevice();
    device.engine.load('app:1');
    device.engine.load(`sha256:${'ab'.repeat(32)}`);
    device.boot();
    for (const over of [{ image: 'app:1' }, { image: `sha256:${'ab'.repeat(32)}` }, {}, {}]) {
      const revision = device.ledger.release(
        'shop',
        releaseOf(3, { ...over, environment: { NEW: String(device.clock.nowMs()) } }),
      );
      await device.until(`r${revision}`, () => device.isAtRest());
    }
    await device.pass(120);
    assert.equal(await device.images(), ['app:1', 'app:3']);
    assert.is(
      await device.ask(device.engine.hasImage(`sha256:${'ab'.repeat(32)}`)),
      false,
      'what came by its id went by the policy',
    );
  });

  s('on a device with little room: old ones go at once, and the pull that there was no room for comes again', async () => {
    const device = new VirtualDevice();
    device.boot();
    for (const revision of [1, 2]) {
      device.ledger.release('shop', releaseOf(revision));
      await device.until(`r${revision}`, () => device.isAtRest());
    }
    device.engine.setSpace({ freeBytes: 0, totalBytes: 1e10 });
    device.meddle = async (verb, call, args) => {
      if (verb === 'removeImage') device.engine.setSpace({ freeBytes: 1e8, totalBytes: 1e10 });
      return call(...args);
    };
    device.ledger.release('shop', releaseOf(3));
    await device.until('r3', () => device.isAtRest());
    assert.is(device.ledger.phaseOf('shop', 3), 'active');
    assert.equal(await device.images(), ['app:2', 'app:3']);
  });
}

s('a record that the disk has changed is none, and is noted again while its revision is wanted', () => {
  const store = memoryStore();
  const wanted = wantedOf(activeApp(revisionOf('a', 5)));
  openImageRecords(store).note(wanted);
  const [key] = store.keys('image/', 10);
  const before = store.get(key!)!;
  store.put([[key!, before.subarray(0, before.length >> 1)]]);
  const again = openImageRecords(store);
  assert.equal(again.all(), []);
  again.note(wanted);
  assert.equal(store.get(key!), before);
});

s.run();
