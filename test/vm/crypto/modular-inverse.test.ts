import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../support/asc.ts';

const { call, memory } = await assemble(['vm/crypto/modular-inverse']);
const view = new DataView(memory.buffer);
const [OUT, A, M] = [0x20000, 0x20020, 0x20040];
const PRIMES = [
  3n,
  65537n,
  (1n << 127n) - 1n,
  (1n << 255n) - 19n,
  2n ** 256n - 2n ** 32n - 977n,
  0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
];

function write(at: number, value: bigint): void {
  for (let i = 0; i < 4; i++) view.setBigUint64(at + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
}

function read(at: number): bigint {
  let value = 0n;
  for (let i = 3; i >= 0; i--) value = (value << 64n) | view.getBigUint64(at + 8 * i, true);
  return value;
}

const test = suite('vm/crypto/modular-inverse');

for (const prime of PRIMES) {
  test(`modulo ${prime.toString(16)}`, () => {
    const check = (number: bigint) => {
      const a = (number % (prime - 1n)) + 1n;
      write(A, a);
      write(M, prime);
      call['inverseModulo']!(OUT, A, M);
      assert.is((read(OUT) * a) % prime, 1n);
      assert.ok(read(OUT) < prime);
      call['inverseModulo']!(A, A, M);
      assert.is(read(A), read(OUT), 'in place');
    };
    fc.assert(fc.property(fc.bigInt(0n, (1n << 256n) - 1n), check), { numRuns: 1000 });
    for (const a of [0n, 1n, prime - 2n]) check(a);
  });
}

test.run();
