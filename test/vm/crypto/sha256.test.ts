import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../support/asc.ts';

const { call, memory } = await assemble(['vm/crypto/sha256', 'vm/crypto/ripemd160']);
const DATA = 0x20000;

const rows: [name: string, bytes: number, oracle: string][] = [
  ['sha256', 32, 'sha256'],
  ['ripemd160', 20, 'ripemd160'],
];

const test = suite('vm/crypto/sha256 and ripemd160');

for (const [name, bytes, oracle] of rows) {
  const check = (data: Uint8Array, out: number) => {
    memory.set(data, DATA);
    call[name]!(out, DATA, data.length);
    const expected = createHash(oracle).update(data).digest('hex');
    assert.is(Buffer.from(memory.slice(out, out + bytes)).toString('hex'), expected, `${data.length} bytes`);
  };

  test(`${name}: every length up to three blocks, and into its own data`, () => {
    for (let length = 0; length <= 3 * 64 + 1; length++) {
      const data = Uint8Array.from({ length }, (_, i) => (i * 167 + length) & 255);
      check(data, DATA - 32);
      check(data, DATA);
    }
  });

  test(`${name}: long input`, () => {
    check(
      Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) & 255),
      DATA - 32,
    );
  });
}

test.run();
