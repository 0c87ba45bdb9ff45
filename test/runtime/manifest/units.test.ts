import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { durationMs, sizeBytes, words } from '../../../runtime/manifest/units.ts';

const s = suite('manifest/units');

const durations: [text: string, ms: number | undefined][] = [
  ['1s', 1000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1h', 3_600_000],
  ['1.5s', 1500],
  ['10us', 1],
  ['30', undefined],
  ['', undefined],
  ['-1s', undefined],
  ['1 s', undefined],
];
for (const [text, ms] of durations) s(`duration "${text}"`, () => assert.is(durationMs(text), ms));

const sizes: [text: string, bytes: number | undefined][] = [
  ['64m', 67_108_864],
  ['64M', 67_108_864],
  ['1.5g', 1_610_612_736],
  ['512kb', 524_288],
  ['100', 100],
  ['100b', 100],
  ['much', undefined],
  ['1t', undefined],
];
for (const [text, bytes] of sizes) s(`size "${text}"`, () => assert.is(sizeBytes(text), bytes));

const lines: [line: string, words: string[] | undefined][] = [
  ['a b  c', ['a', 'b', 'c']],
  ['  a ', ['a']],
  ['', []],
  ["'' a", ['', 'a']],
  ['a"b c"d', ['ab cd']],
  ['a\\ b', ['a b']],
  ['"a\\"b" \'c\\d\'', ['a"b', 'c\\d']],
  ['"a\\nb"', ['a\\nb']],
  ['"open', undefined],
];
for (const [line, expected] of lines) s(`words of ${line}`, () => assert.equal(words(line), expected));

s.run();
