import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FIRST_VIEW, fromHash, toHash } from '../../../emulator/web/link.ts';

const link = suite('link');

const rows: [what: string, hash: string, view: ReturnType<typeof fromHash>][] = [
  ['nothing', '', FIRST_VIEW],
  ['a device', '#device=pad-02', { ...FIRST_VIEW, device: 'pad-02' }],
  [
    'everything',
    '#device=a&tool=cut&tab=gauges&search=x+y&block=7&seed=s&at=9',
    { device: 'a', tool: 'cut', tab: 'gauges', search: 'x y', block: 7, seed: 's', at: 9 },
  ],
];
for (const [what, hash, view] of rows) {
  link(`${what}, both ways`, () => {
    assert.equal(fromHash(hash), view);
    assert.is(toHash(view), hash);
  });
}

const bad = ['#block=-1', '#block=1e9', '#tab=other', '#%%%', '#nothing', `#device=${'x'.repeat(9000)}`];
for (const hash of bad) link(`a bad address is borne: ${hash.slice(0, 20)}`, () => void fromHash(hash));

link('any view comes back', () => {
  const text = fc.string({ maxLength: 60 });
  const view = fc.record({
    device: text,
    search: text,
    tab: fc.constantFrom('events' as const, 'gauges' as const),
    block: fc.nat(),
  });
  fc.assert(
    fc.property(view, (one) => {
      const full = { ...FIRST_VIEW, ...one };
      assert.equal(fromHash(toHash(full)), full);
    }),
  );
});

link.run();
