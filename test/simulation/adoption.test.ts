import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Label } from '../../runtime/ports/index.ts';
import { toRevision } from '../../runtime/reconcile/wanted.ts';
import { nobleVm } from '../support/fake-ledger.ts';
import { need, root } from '../support/need.ts';
import { releaseOf, VirtualDevice } from '../support/virtual-device.ts';

const s = suite('simulation: upgrades of the agent adopt what runs');

/** How a container was labelled by an agent of another version, as a change of the labels that this one would write. */
const OTHERS: readonly [what: string, change: (labels: Record<string, string>) => Record<string, string>][] = [
  ['by an older rule of hashing', (labels) => ({ ...labels, [Label.spec]: '0:00ff' })],
  ['by a newer rule of hashing, before a downgrade', (labels) => ({ ...labels, [Label.spec]: '2:00ff' })],
  ['before there were hashes', ({ [Label.spec]: _, ...labels }) => labels],
  ['with labels this one does not know', (labels) => ({ ...labels, 'io.classpad.future': 'x' })],
  [
    'without labels that only this one writes',
    ({ 'io.classpad.route': _, 'io.classpad.stop-grace-ms': __, ...labels }) => labels,
  ],
];

if (
  need(
    'the compiled Fleet contract',
    existsSync(join(root, 'build/contracts/Fleet.json')),
    'build it: npx tsx build.ts contracts',
  )
) {
  for (const [what, change] of OTHERS) {
    s(`made ${what}: it goes on running, untouched`, async () => {
      const device = new VirtualDevice();
      const who = { device: 'tablet', app: 'shop', revision: 1 };
      const { spec } = toRevision(who, releaseOf(1), nobleVm.sha256).containers[0]!;
      await device.until('the image', () => true);
      const pulled = device.engine.pull(spec.image);
      await device.pass(5);
      await pulled;
      const id = await device.ask(device.engine.create({ ...spec, labels: change({ ...spec.labels }) }));
      const started = device.engine.start(id);
      await device.pass(5);
      await started;
      const before = JSON.stringify(device.engine.peek(id));
      device.ledger.release('shop', releaseOf(1));
      for (const life of [1, 2, 3]) {
        device.boot();
        await device.until(`rest in life ${life}`, () => device.isAtRest());
        await device.pass(30);
      }
      assert.equal(device.calls, []);
      assert.is(JSON.stringify(device.engine.peek(id)), before);
      assert.is(device.routes.length, what.includes('without labels') ? 0 : 1);
    });
  }

  s('a decision in the middle of a look pulls nothing that is here, and takes away nothing that it needs', async () => {
    for (const moment of ['list', 'space'] as const) {
      const device = new VirtualDevice();
      device.boot();
      for (const image of ['app:1', 'app:2', 'app:3']) {
        const revision = device.ledger.release('shop', releaseOf(1, { image }));
        await device.until(`r${revision}`, () => device.isAtRest());
      }
      device.kill();
      device.calls.length = 0;
      let isDecided = false;
      device.meddle = async (verb, call, args) => {
        const answer = await call(...args);
        if (verb === moment && !isDecided)
          device.ledger.release('shop', releaseOf(1, { image: 'app:2', environment: { A: 'new' } }));
        isDecided ||= verb === moment;
        return answer;
      };
      device.boot();
      await device.until('r4', () => isDecided && device.isAtRest() && device.ledger.phaseOf('shop', 4) === 'active');
      assert.equal(
        device.calls.filter((call) => /pull|removeImage app:2/.test(call)),
        [],
        moment,
      );
    }
  });

  s('the next release takes over from one made by another version as from any', async () => {
    const device = new VirtualDevice();
    device.boot();
    device.ledger.release('shop', releaseOf(1));
    await device.until('r1', () => device.isAtRest());
    device.kill();
    device.boot();
    device.ledger.release('shop', releaseOf(2));
    await device.until('r2', () => device.isAtRest() && device.ledger.phaseOf('shop', 2) === 'active');
    await device.pass(10);
    assert.equal(await device.names(), ['shop-r2-web-1 running']);
  });
}

s.run();
