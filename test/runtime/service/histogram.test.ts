import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  countOf,
  type Histogram,
  histogramText,
  merge,
  quantileUs,
  readHistogram,
  record,
} from '../../../runtime/service/histogram.ts';

const s = suite('service/histogram');
const of = (values: readonly number[]): Histogram => {
  const histogram: Histogram = new Map();
  for (const value of values) record(histogram, value);
  return histogram;
};
const values = fc.array(fc.integer({ min: 0, max: 3_600_000_000 }), { minLength: 1, maxLength: 300 });
const share = fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1);

s('a quantile is within 5 % of the true one, or within 50 µs', () => {
  fc.assert(
    fc.property(values, share, (all, part) => {
      const exact = [...all].sort((a, b) => a - b)[Math.max(1, Math.ceil(part * all.length)) - 1]!;
      const found = quantileUs(of(all), part);
      assert.ok(Math.abs(found - exact) <= Math.max(50, 0.05 * exact), `${found} for ${exact}`);
    }),
  );
});

s('two merged are as one', () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const merged = of(a);
      merge(merged, of(b));
      assert.equal(new Map([...merged].sort(([x], [y]) => x - y)), new Map([...of([...a, ...b])].sort(([x], [y]) => x - y)));
    }),
  );
});

s('its text is read again', () => {
  fc.assert(
    fc.property(values, (all) => {
      const histogram = of(all);
      const read = readHistogram(histogramText(histogram))!;
      assert.is(countOf(read), all.length);
      assert.is(histogramText(read), histogramText(histogram));
    }),
  );
});

const wrong = ['x', '0', '0:', '0:0', ':1', '0:1,', '0:1,0:1', 'zzz:1', '0:1,zz:1', '-1:1', '0:1 '];
for (const text of wrong) s(`"${text}" is none`, () => assert.is(readHistogram(text), undefined));

s('nothing has the quantile 0', () => assert.is(quantileUs(new Map(), 0.5), 0));
s('a day and more is a day', () => assert.is(quantileUs(of([1e15]), 1), quantileUs(of([86_400_000_000]), 1)));

s.run();
