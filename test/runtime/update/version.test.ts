import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareVersions, VERSION_FORM } from '../../../runtime/update/version.ts';

/** Oldest first, as semver.org orders them (its own example among them). */
const ASCENDING = [
  ...['0.0.1', '0.1.0', '0.1.9', '0.1.10', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2'],
  ...['1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '2.0.0', '2.1.0', '2.1.1', '10.0.0'],
];

test('versions are ordered', () => {
  for (const [index, version] of ASCENDING.entries()) {
    for (const [other, against] of ASCENDING.entries()) {
      assert.is(Math.sign(compareVersions(version, against)), Math.sign(index - other), `${version} and ${against}`);
    }
  }
});

const wrong = ['', '1', '1.2', '1.2.3.4', 'v1.2.3', '01.2.3', '1.2.3-', '1.2.3-A', '1.2.3+build', '1.2.3 ', '9999999999.0.0'];
for (const version of wrong) test(`"${version}" is no version`, () => assert.not(VERSION_FORM.test(version)));

test('the order is a total one', () => {
  const number = fc.nat({ max: 20 });
  const version = fc
    .tuple(number, number, number, fc.constantFrom('', '-rc.1', '-rc.2', '-a', '-a.1'))
    .map(([a, b, c, end]) => `${a}.${b}.${c}${end}`);
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.ok(VERSION_FORM.test(a));
      assert.is(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)));
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
    }),
  );
});

test.run();
