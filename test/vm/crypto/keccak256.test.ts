import { keccak_256 } from '@noble/hashes/sha3.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../support/asc.ts';

const { call, memory } = await assemble(['vm/crypto/keccak256']);
const DATA = 0x20000;

function hash(data: Uint8Array, out = DATA - 32): string {
  memory.set(data, DATA);
  call['keccak256']!(out, DATA, data.length);
  return Buffer.from(memory.slice(out, out + 32)).toString('hex');
}

const test = suite('vm/crypto/keccak256');

test('nothing', () => {
  assert.is(hash(new Uint8Array()), 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
});

test('every length up to three blocks, and into its own data', () => {
  for (let length = 0; length <= 3 * 136 + 1; length++) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 167 + length) & 255);
    const expected = Buffer.from(keccak_256(data)).toString('hex');
    assert.is(hash(data), expected, `${length} bytes`);
    assert.is(hash(data, DATA), expected, `${length} bytes in place`);
  }
});

test('long input', () => {
  const data = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) & 255);
  assert.is(hash(data), Buffer.from(keccak_256(data)).toString('hex'));
});

test.run();
