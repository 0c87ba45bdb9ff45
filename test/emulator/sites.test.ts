import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sitesOf } from '../../emulator/sites.ts';

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

test.run();
