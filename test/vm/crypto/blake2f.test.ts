import { blake2b } from '@noble/hashes/blake2.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../support/asc.ts';

const { call, memory } = await assemble(['vm/crypto/blake2f']);
const STATE = 0x20000;
const MESSAGE = STATE + 64;
const OFFSET = MESSAGE + 128;
/** RFC 7693, 2.6. */
const INITIAL = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];

/** BLAKE2b of 64 bytes, made of its compression function. */
function hash(data: Uint8Array): string {
  const view = new DataView(memory.buffer);
  for (const [i, word] of INITIAL.entries()) view.setBigUint64(STATE + 8 * i, i === 0 ? word ^ 0x01010040n : word, true);
  const blocks = Math.max(1, Math.ceil(data.length / 128));
  for (let i = 0; i < blocks; i++) {
    const isLast = i === blocks - 1;
    memory.fill(0, MESSAGE, OFFSET + 16);
    memory.set(data.slice(128 * i, 128 * (i + 1)), MESSAGE);
    view.setBigUint64(OFFSET, BigInt(isLast ? data.length : 128 * (i + 1)), true);
    call['blake2f']!(STATE, MESSAGE, OFFSET, isLast ? 1 : 0, 12);
  }
  return Buffer.from(memory.slice(STATE, STATE + 64)).toString('hex');
}

const test = suite('vm/crypto/blake2f');

test('BLAKE2b of every length up to three blocks', () => {
  for (let length = 0; length <= 3 * 128 + 1; length++) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 167 + length) & 255);
    assert.is(hash(data), Buffer.from(blake2b(data)).toString('hex'), `${length} bytes`);
  }
});

test.run();
