import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clockText, cut, memoryText, wrap } from '../../../runtime/display/words.ts';

const words = suite('words');

const wraps: [text: string, columns: number, maxLines: number, lines: string[]][] = [
  ['', 5, 2, []],
  ['one two', 7, 2, ['one two']],
  ['one two', 6, 2, ['one', 'two']],
  ['one two three', 5, 2, ['one', 'two…']],
  ['abcdefgh', 3, 3, ['abc', 'def', 'gh']],
  ['a b c d', 1, 2, ['a', '…']],
];
for (const [text, columns, maxLines, lines] of wraps) {
  words(`wrap "${text}" at ${columns}`, () => assert.equal(wrap(text, columns, maxLines), lines));
}

const cuts: [text: string, columns: number, out: string][] = [
  ['short', 5, 'short'],
  ['longer', 5, 'long…'],
  ['two words', 8, 'two wor…'],
  ['twice words', 8, 'twice…'],
  ['→→→→', 3, '→→…'],
];
for (const [text, columns, out] of cuts) words(`cut "${text}" to ${columns}`, () => assert.is(cut(text, columns), out));

const clocks: [ms: number, text: string][] = [
  [0, '00:00'],
  [Date.UTC(2026, 1, 1, 9, 5, 59), '09:05'],
  [Date.UTC(2026, 1, 1, 23, 59), '23:59'],
];
for (const [ms, text] of clocks) words(`clock ${text}`, () => assert.is(clockText(ms), text));

const MIB = 1024 ** 2;
const memories: [used: number, total: number, text: string][] = [
  [11 * MIB, 24 * MIB, '11/24 MiB'],
  [1.5 * MIB, 8 * MIB, '1.5/8.0 MiB'],
  [512 * MIB, 4096 * MIB, '0.5/4.0 GiB'],
  [8192 * MIB, 32768 * MIB, '8/32 GiB'],
];
for (const [used, total, text] of memories) words(text, () => assert.is(memoryText(used, total), text));

words.run();
