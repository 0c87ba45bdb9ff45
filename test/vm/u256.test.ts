import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../support/asc.ts';

const { call, memory } = await assemble(['vm/u256', 'vm/u256-division']);
const view = new DataView(memory.buffer);

/** Free memory of the unit: its own data lies far below. */
const OUT = 0x20000;
const A = OUT + 32;
const B = OUT + 64;
const C = OUT + 96;
const M = 1n << 256n;

const signed = (a: bigint) => BigInt.asIntN(256, a);
const unsigned = (a: bigint) => BigInt.asUintN(256, a);

function write(at: number, value: bigint): void {
  for (let i = 0; i < 4; i++) view.setBigUint64(at + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
}

function read(at: number): bigint {
  let value = 0n;
  for (let i = 3; i >= 0; i--) value = (value << 64n) | view.getBigUint64(at + 8 * i, true);
  return value;
}

function power(a: bigint, b: bigint): bigint {
  let result = 1n;
  for (let base = a, rest = b; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * base) % M;
    base = (base * base) % M;
  }
  return result;
}

function extend(i: bigint, x: bigint): bigint {
  return i > 30n ? x : unsigned(BigInt.asIntN(Number(i) * 8 + 8, x));
}

const bits = (x: bigint) => BigInt(x === 0n ? 0 : x.toString(2).length);

const unary: [name: string, oracle: (a: bigint) => bigint][] = [
  ['not', (a) => M - 1n - a],
  ['clz', (a) => 256n - bits(a)],
  ['copy', (a) => a],
];

const binary: [name: string, oracle: (a: bigint, b: bigint) => bigint][] = [
  ['add', (a, b) => a + b],
  ['sub', (a, b) => a - b],
  ['mul', (a, b) => a * b],
  ['exp', power],
  ['and', (a, b) => a & b],
  ['or', (a, b) => a | b],
  ['xor', (a, b) => a ^ b],
  ['byte', (i, x) => (i > 31n ? 0n : (x >> (8n * (31n - i))) & 255n)],
  ['shl', (n, x) => (n > 255n ? 0n : x << n)],
  ['shr', (n, x) => (n > 255n ? 0n : x >> n)],
  ['sar', (n, x) => signed(x) >> (n > 255n ? 255n : n)],
  ['signextend', extend],
  ['div', (a, b) => (b === 0n ? 0n : a / b)],
  ['mod', (a, b) => (b === 0n ? 0n : a % b)],
  ['sdiv', (a, b) => (b === 0n ? 0n : signed(a) / signed(b))],
  ['smod', (a, b) => (b === 0n ? 0n : signed(a) % signed(b))],
];

const ternary: [name: string, oracle: (a: bigint, b: bigint, m: bigint) => bigint][] = [
  ['addmod', (a, b, m) => (m === 0n ? 0n : (a + b) % m)],
  ['mulmod', (a, b, m) => (m === 0n ? 0n : (a * b) % m)],
];

const questions: [name: string, oracle: (a: bigint, b: bigint) => number | bigint | boolean][] = [
  ['lt', (a, b) => a < b],
  ['slt', (a, b) => signed(a) < signed(b)],
  ['eq', (a, b) => a === b],
  ['isZero', (a) => a === 0n],
  ['fitsU64', (a) => a < 1n << 64n],
  ['low64', (a) => BigInt.asIntN(64, a)],
  ['bitLength', bits],
  ['byteLength', (a) => (bits(a) + 7n) / 8n],
];

const limb = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 0xffffffffn, 0x100000000n, 0x7fffffffffffffffn, 1n << 63n, (1n << 64n) - 1n, (1n << 64n) - 2n),
  fc.bigInt(0n, (1n << 64n) - 1n),
);
/** Words whose limbs are often at an edge, small ones, and ones near a power of two: where carries and digits go wrong. */
const word = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(limb, limb, limb, limb).map(([a, b, c, d]) => a | (b << 64n) | (c << 128n) | (d << 192n)) },
  { weight: 2, arbitrary: fc.bigInt(0n, M - 1n) },
  { weight: 2, arbitrary: fc.bigInt(0n, 300n) },
  { weight: 1, arbitrary: limb },
  { weight: 2, arbitrary: fc.tuple(fc.nat(255), fc.bigInt(-3n, 3n)).map(([n, d]) => unsigned((1n << BigInt(n)) + d)) },
);
const RUNS = { numRuns: 2000 };

const test = suite('vm/u256');

for (const [name, oracle] of unary) {
  test(name, () => {
    const check = (a: bigint) => {
      write(A, a);
      call[name]!(OUT, A);
      assert.is(read(OUT), unsigned(oracle(a)));
      call[name]!(A, A);
      assert.is(read(A), unsigned(oracle(a)), 'in place');
    };
    fc.assert(fc.property(word, check), RUNS);
  });
}

for (const [name, oracle] of binary) {
  test(name, () => {
    const check = (a: bigint, b: bigint) => {
      const expected = unsigned(oracle(a, b));
      for (const out of [OUT, A, B]) {
        write(A, a);
        write(B, b);
        call[name]!(out, A, B);
        assert.is(read(out), expected, `out ${out}`);
      }
      write(A, a);
      call[name]!(A, A, A);
      assert.is(read(A), unsigned(oracle(a, a)), 'all the same');
    };
    fc.assert(fc.property(word, word, check), RUNS);
  });
}

for (const [name, oracle] of ternary) {
  test(name, () => {
    const check = (a: bigint, b: bigint, m: bigint) => {
      for (const out of [OUT, A, B, C]) {
        write(A, a);
        write(B, b);
        write(C, m);
        call[name]!(out, A, B, C);
        assert.is(read(out), oracle(a, b, m), `out ${out}`);
      }
    };
    fc.assert(fc.property(word, word, word, check), RUNS);
  });
}

for (const [name, oracle] of questions) {
  test(name, () => {
    const check = (a: bigint, b: bigint) => {
      write(A, a);
      write(B, b);
      assert.is(BigInt(call[name]!(A, B)), BigInt(oracle(a, b)));
    };
    fc.assert(
      fc.property(word, word, (a, b) => {
        check(a, b);
        check(a, a);
      }),
      RUNS,
    );
  });
}

test('division where the estimated digit is too large (Knuth step D6)', () => {
  const rows: [bigint, bigint][] = [
    [0x7fffffff_80000000_00000000_00000000n, 0x80000000_00000000_00000001n],
    [0x80000000_00000000_00000003n << 64n, 0x20000000_00000000_00000001n],
    [(0xfffffffen << 192n) | (0x80000000n << 160n), (0xffffffffn << 160n) | (1n << 64n) | 0x8000n],
    [(1n << 256n) - 1n, (1n << 128n) - 1n],
    [(1n << 255n) - 1n, (1n << 192n) + 1n],
  ];
  for (const [a, b] of rows) {
    write(A, a);
    write(B, b);
    call['div']!(OUT, A, B);
    assert.is(read(OUT), a / b);
    call['mod']!(OUT, A, B);
    assert.is(read(OUT), a % b);
  }
});

test('products whose quotient has the largest digits', () => {
  const check = (m: bigint, less: bigint, power: number, offset: bigint) => {
    const a = unsigned(m - less);
    const b = unsigned((1n << BigInt(power)) - offset);
    write(A, a);
    write(B, b);
    write(C, m);
    call['mulmod']!(OUT, A, B, C);
    assert.is(read(OUT), m === 0n ? 0n : (a * b) % m);
  };
  const powers = fc.nat(256);
  fc.assert(fc.property(word, fc.bigInt(0n, 3n), powers, fc.bigInt(-2n, 2n), check), { numRuns: 20_000 });
});

test('products modulo numbers just below 2^256', () => {
  const check = (complement: bigint, a: bigint, b: bigint) => {
    const m = M - complement;
    for (const [x, y] of [
      [a, b],
      [m - (a % 5n), m - (b % 5n)],
      [M - 1n - (a % 3n), M - 1n - (b % 3n)],
      [unsigned(m + 1n), b],
    ] as const) {
      write(A, x);
      write(B, y);
      write(C, m);
      call['mulmod']!(OUT, A, B, C);
      assert.is(read(OUT), (x * y) % m);
      call['addmod']!(OUT, A, B, C);
      assert.is(read(OUT), (x + y) % m);
    }
  };
  const complements = fc.oneof(
    limb.map((number) => number || 1n),
    fc.constantFrom(1n, 2n, 977n + (1n << 32n), (1n << 64n) - 1n, 1n << 64n, (1n << 64n) + 1n),
  );
  fc.assert(fc.property(complements, word, word, check), { numRuns: 10_000 });
});

test('big-endian bytes', () => {
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: 32 }), (a, n) => {
      write(A, a);
      call['storeBigEndian']!(B, A);
      const bytes = memory.slice(B, B + 32);
      assert.is(BigInt(`0x${Buffer.from(bytes).toString('hex')}`), a);
      call['loadBigEndian']!(OUT, B);
      assert.is(read(OUT), a);
      call['loadBigEndianN']!(OUT, B, n);
      assert.is(read(OUT), BigInt(`0x0${Buffer.from(bytes.slice(0, n)).toString('hex')}`));
    }),
    RUNS,
  );
});

test.run();
