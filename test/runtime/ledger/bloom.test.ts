import { Bloom } from 'ox';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../runtime/bytes.ts';
import { bloomOf, mayContain, mergeBlooms } from '../../../runtime/ledger/bloom.ts';
import type { Hex, Log } from '../../../runtime/ports/index.ts';
import { cryptography } from './support.ts';

const test = suite('ledger/bloom');
const { keccak256 } = cryptography;

function log(n: number): Log {
  const address: Hex = `0x${n.toString(16).padStart(40, '0')}`;
  return { address, topics: [`0x${(n + 1000).toString(16).padStart(64, '0')}`], data: new Uint8Array(0) };
}

test('a bloom holds what it was made of, to us and to ox', () => {
  const logs = Array.from({ length: 20 }, (_, n) => log(n));
  const bloom = bloomOf(logs, keccak256);
  for (const { address, topics } of logs) {
    for (const value of [address, ...topics]) {
      assert.is(mayContain(bloom, value, keccak256), true);
      assert.is(Bloom.contains(bytesToHex(bloom), value), true);
    }
  }
  const others = Array.from({ length: 200 }, (_, n) => log(n + 5000).address);
  const agree = others.every((value) => mayContain(bloom, value, keccak256) === Bloom.contains(bytesToHex(bloom), value));
  assert.is(agree, true);
  assert.is(others.filter((value) => mayContain(bloom, value, keccak256)).length < 20, true);
});

test('one value sets three bits; none, none', () => {
  const bits = (bloom: Uint8Array) => bloom.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
  assert.is(bits(bloomOf([{ ...log(1), topics: [] }], keccak256)), 3);
  assert.is(bits(bloomOf([], keccak256)), 0);
});

test('merged blooms hold what either holds', () => {
  const [one, two] = [bloomOf([log(1)], keccak256), bloomOf([log(2)], keccak256)];
  assert.equal(mergeBlooms([one, two]), bloomOf([log(1), log(2)], keccak256));
  assert.equal(mergeBlooms([]), new Uint8Array(256));
});

test.run();
