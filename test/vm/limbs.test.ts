import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../support/asc.ts';

const { call, memory } = await assemble(['vm/limbs']);
const view = new DataView(memory.buffer);
const [OUT, A, B, Q] = [0x20000, 0x21000, 0x22000, 0x23000];
const MASK = (1n << 64n) - 1n;

function write(at: number, limbs: readonly bigint[]): void {
  for (const [i, limb] of limbs.entries()) view.setBigUint64(at + 8 * i, limb, true);
}

function read(at: number, limbs: number): bigint {
  let value = 0n;
  for (let i = limbs - 1; i >= 0; i--) value = (value << 64n) | view.getBigUint64(at + 8 * i, true);
  return value;
}

const number = (limbs: readonly bigint[]) => limbs.reduceRight((value, limb) => (value << 64n) | limb, 0n);
const limb = fc.oneof(fc.constantFrom(0n, 1n, MASK, MASK - 1n, 1n << 63n, (1n << 63n) - 1n, 0xffffffffn), fc.bigInt(0n, MASK));
const limbsOf = (minLength: number, maxLength: number) => fc.array(limb, { minLength, maxLength });
const RUNS = { numRuns: 3000 };

const test = suite('vm/limbs');

test('mulHigh', () => {
  const check = (a: bigint, b: bigint) => assert.is(BigInt.asUintN(64, BigInt(call['mulHigh']!(a, b))), (a * b) >> 64n);
  fc.assert(fc.property(limb, limb, check), RUNS);
});

test('multiplyLimbs', () => {
  const check = (a: bigint[], b: bigint[]) => {
    write(A, a);
    write(B, b);
    call['multiplyLimbs']!(OUT, A, a.length, B, b.length);
    assert.is(read(OUT, a.length + b.length), number(a) * number(b));
  };
  fc.assert(fc.property(limbsOf(1, 9), limbsOf(1, 9), check), RUNS);
});

test('shifts', () => {
  const check = (a: bigint[], shift: number) => {
    write(A, a);
    const out = BigInt.asUintN(64, BigInt(call['shiftLeftLimbs']!(OUT, A, a.length, BigInt(shift))));
    assert.is((out << BigInt(64 * a.length)) | read(OUT, a.length), number(a) << BigInt(shift));
    call['shiftRightLimbs']!(A, a.length, BigInt(shift));
    assert.is(read(A, a.length), number(a) >> BigInt(shift));
  };
  fc.assert(fc.property(limbsOf(1, 9), fc.nat(63), check), RUNS);
});

test('division, at the edges of the estimated digit too', () => {
  const check = (low: bigint[], divisor: bigint[], quotient: bigint[], nearly: boolean) => {
    const by = divisor.with(-1, divisor.at(-1)! | (1n << 63n));
    // A multiple of the divisor, less one or plus a remainder: where a digit is estimated too high or too low.
    const wanted = number(by) * number(quotient) + (nearly ? number(by) - 1n : number(low) % number(by));
    const limbs = by.length + quotient.length;
    const value = Array.from({ length: limbs + 1 }, (_, i) => (wanted >> BigInt(64 * i)) & MASK);
    write(A, value);
    write(B, by);
    const reciprocal = BigInt.asUintN(64, BigInt(call['reciprocalOf']!(B, by.length)));
    call['divideLimbs']!(Q, A, limbs + 1, B, by.length, reciprocal);
    assert.is(read(Q, quotient.length + 1), wanted / number(by));
    assert.is(read(A, limbs + 1), wanted % number(by));
  };
  fc.assert(fc.property(limbsOf(1, 6), limbsOf(2, 6), limbsOf(1, 6), fc.boolean(), check), RUNS);
});

test.run();
