import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countItems, nestsDeeper } from '../../runtime/nesting.ts';

const test = suite('nesting');

const rows: [text: string, depth: number][] = [
  ['', 0],
  ['7', 0],
  ['[]', 1],
  ['[[],[]]', 2],
  ['{"a":[{}]}', 3],
  ['"[[["', 0],
  ['["\\"[[", "\\\\", {"]":1}]', 2],
  ['["unfinished [[[', 1],
  ['[[[', 3],
  [']]]][', 0],
];

for (const [text, depth] of rows) {
  test(`${text || 'nothing'} nests ${depth} deep`, () => {
    assert.is(nestsDeeper(text, depth), false);
    if (depth > 0) assert.is(nestsDeeper(text, depth - 1), true);
  });
}

test('agrees with what a parser finds', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      const depth = depthOf(value);
      assert.is(nestsDeeper(text, depth), false);
      assert.is(depth > 0 && nestsDeeper(text, depth - 1), depth > 0);
    }),
    { numRuns: 500 },
  );
});

test('long strings cost little, also of quotes and backslashes', () => {
  assert.is(nestsDeeper(`["${'['.repeat(1_000_000)}"]`, 1), false);
  assert.is(nestsDeeper(`["${'\\"'.repeat(300_000)}"]`, 1), false);
  assert.is(nestsDeeper('['.repeat(1_000_000), 32), true);
});

const lists: [text: string, items: number][] = [
  ['', 0],
  ['{"a":[1,2]}', 0],
  [' [7]', 1],
  ['[]', 1],
  ['[1,[2,3],{"a":4,"b":5},"6,7\\",8"]', 4],
  ['[1,2', 2],
  ['[,,,,,,,,]', 5],
];

for (const [text, items] of lists) {
  test(`${text || 'nothing'} has ${items} items, of at most 5`, () => assert.is(countItems(text, 5), items));
}

test.run();
