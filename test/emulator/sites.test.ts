import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../emulator/random.ts';
import { linksBetween, sitesOf } from '../../emulator/sites.ts';

const test = suite('emulator/sites');

const rows: [devices: number, sites: string][] = [
  [0, 'Harbour 0-0'],
  [1, 'Harbour 0-1'],
  [3, 'Harbour 0-3'],
  [4, 'Harbour 0-3, Quarry 3-4'],
  [7, 'Harbour 0-4, Quarry 4-7'],
  [30, 'Harbour 0-10, Quarry 10-20, Mill 20-30'],
];
for (const [devices, sites] of rows) {
  test(`${devices} devices`, () => {
    assert.is(
      sitesOf(devices)
        .map(({ name, from, to }) => `${name} ${from}-${to}`)
        .join(', '),
      sites,
    );
  });
}

test('every device has one site, none is larger than twelve, and names are never the same', () => {
  for (let devices = 1; devices <= 300; devices++) {
    const sites = sitesOf(devices);
    assert.is(sites[0]!.from, 0);
    assert.is(sites.at(-1)!.to, devices);
    sites.slice(1).forEach(({ from }, index) => {
      assert.is(from, sites[index]!.to);
    });
    assert.ok(devices < 5 || sites.every(({ from, to }) => to - from <= 14));
    assert.is(new Set(sites.map(({ name }) => name)).size, sites.length);
  }
});

test('the further two sites are apart, the longer messages take; the same seed draws the same', () => {
  const draw = (seed: string) => linksBetween(sitesOf(30), seededRandom(seed));
  const between = draw('one');
  const times = [0, 1, 2].map((other) => between(0, other).maxDelayMs);
  assert.ok(times[0]! < times[1]! && times[1]! < times[2]!, times.join());
  assert.equal(between(0, 2), between(2, 0));
  assert.equal(draw('one')(0, 1), between(0, 1));
  const seeds = Array.from({ length: 20 }, (_, seed) => draw(`${seed}`)(0, 2).maxDelayMs);
  assert.ok(new Set(seeds).size > 5, seeds.join());
});

test.run();
