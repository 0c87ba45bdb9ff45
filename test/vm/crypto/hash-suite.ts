import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../support/asc.ts';

const DATA = 0x20000;

/** A hash with blocks of 64 bytes against the one of the same name in node:crypto. */
export async function hashSuite(name: string, bytes: number): Promise<void> {
  const { call, memory } = await assemble([`vm/crypto/${name}`]);
  const test = suite(`vm/crypto/${name}`);

  const check = (data: Uint8Array, out: number) => {
    memory.set(data, DATA);
    call[name]!(out, DATA, data.length);
    const expected = createHash(name).update(data).digest('hex');
    assert.is(Buffer.from(memory.slice(out, out + bytes)).toString('hex'), expected, `${data.length} bytes`);
  };

  test('every length up to three blocks, and into its own data', () => {
    for (let length = 0; length <= 3 * 64 + 1; length++) {
      const data = Uint8Array.from({ length }, (_, i) => (i * 167 + length) & 255);
      check(data, DATA - 32);
      check(data, DATA);
    }
  });

  test('long input', () => {
    const data = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) & 255);
    check(data, DATA - 32);
  });

  test.run();
}
