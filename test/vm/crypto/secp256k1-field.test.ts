import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../support/asc.ts';

const { call, memory } = await assemble(['vm/crypto/secp256k1-field']);
const view = new DataView(memory.buffer);
const P = 2n ** 256n - 2n ** 32n - 977n;
const [OUT, A, B, WORD] = [0x20000, 0x20040, 0x20080, 0x200c0];

function write(at: number, value: bigint): void {
  for (let i = 0; i < 4; i++) view.setBigUint64(WORD + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
  call['fieldFromWord']!(at, WORD);
}

/** The element as a number, limbs of any size. */
function raw(at: number): bigint {
  let value = 0n;
  for (let i = 9; i >= 0; i--) value = (value << 26n) + BigInt(view.getUint32(at + 4 * i, true));
  return value;
}

function normalized(at: number): bigint {
  call['normalizeField']!(at);
  call['wordFromField']!(WORD, at);
  let value = 0n;
  for (let i = 3; i >= 0; i--) value = (value << 64n) | view.getBigUint64(WORD + 8 * i, true);
  return value;
}

const edge = fc.constantFrom(0n, 1n, 2n, P - 1n, P - 2n, 2n ** 26n - 1n, 2n ** 255n, 2n ** 32n + 976n, 977n);
const element = fc.oneof(edge, fc.bigInt(0n, P - 1n));
const RUNS = { numRuns: 2000 };

const test = suite('vm/crypto/secp256k1-field');

const binary: [name: string, oracle: (a: bigint, b: bigint) => bigint][] = [
  ['mulField', (a, b) => a * b],
  ['addField', (a, b) => a + b],
  ['squareField', (a) => a * a],
];
for (const [name, oracle] of binary) {
  test(name, () => {
    const check = (a: bigint, b: bigint) => {
      for (const out of [OUT, A, B]) {
        write(A, a);
        write(B, b);
        call[name]!(out, A, B);
        assert.is(normalized(out), oracle(a, b) % P);
      }
    };
    fc.assert(fc.property(element, element, check), RUNS);
  });
}

test('products of elements at the largest magnitudes allowed', () => {
  fc.assert(
    fc.property(element, element, fc.constantFrom([1, 50], [5, 10], [7, 7], [2, 25]), (a, b, [m, n]) => {
      write(A, a);
      write(B, b);
      call['scaleField']!(A, A, 2 * m!);
      call['scaleField']!(B, B, Math.min(2 * n!, 62));
      const expected = (raw(A) * raw(B)) % P;
      call['mulField']!(OUT, A, B);
      assert.is(normalized(OUT), expected);
    }),
    RUNS,
  );
});

test('subField, relaxField', () => {
  fc.assert(
    fc.property(element, element, fc.integer({ min: 1, max: 8 }), (a, b, magnitude) => {
      write(A, a);
      write(B, b);
      call['scaleField']!(B, B, magnitude);
      call['subField']!(OUT, A, B, magnitude);
      const expected = (((a - b * BigInt(magnitude)) % P) + P) % P;
      call['relaxField']!(OUT);
      assert.is(raw(OUT) % P, expected);
      assert.is(normalized(OUT), expected);
    }),
    RUNS,
  );
});

test('numbers at the modulus and above become those below', () => {
  for (const value of [P, P + 1n, 2n ** 256n - 1n, P - 1n]) {
    write(A, value);
    assert.is(call['isZeroField']!(A), Number(value === P));
    assert.is(normalized(A), value % P);
  }
});

test.run();
