import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../support/asc.ts';

const unit = await assemble(['vm/precompiles/index', 'vm/status'], { hostPrecompile: () => -2, hostPause: () => undefined });
const { call } = unit;

/** Forks by their number in vm/forks. */
const BYZANTIUM = 4;
const BERLIN = 8;
const OSAKA = 14;
const MODEXP = 5;
const INPUT = 0x30000;
const GAS = 10n ** 18n;
const [RETURN, OUT_OF_GAS, FAILURE] = [1, 32, 46];

const global = (name: string) => (call[name] as unknown as { value: number | bigint }).value;

function hex(value: bigint, length: number): string {
  return length === 0 ? '' : value.toString(16).padStart(2 * length, '0');
}

function run(input: string, fork: number, gas = GAS): { status: number; output?: string; gasUsed?: bigint } {
  const bytes = Buffer.from(input, 'hex');
  unit.memory.set(bytes, INPUT);
  const status = call['precompile']!(MODEXP, INPUT, bytes.length, gas, fork);
  if (status !== RETURN) return { status };
  const at = Number(global('precompileOutput'));
  const output = unit.memory.slice(at, at + Number(global('precompileOutputLength')));
  return {
    status,
    output: Buffer.from(output).toString('hex'),
    gasUsed: gas - BigInt.asUintN(64, global('precompileGasLeft') as bigint),
  };
}

function encode(
  base: bigint,
  baseLength: number,
  exponent: bigint,
  exponentLength: number,
  modulus: bigint,
  modulusLength: number,
): string {
  const lengths = [baseLength, exponentLength, modulusLength].map((length) => hex(BigInt(length), 32)).join('');
  return lengths + hex(base, baseLength) + hex(exponent, exponentLength) + hex(modulus, modulusLength);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  if (modulus === 0n) return 0n;
  let result = 1n % modulus;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

/** Numbers of up to `length` bytes whose bytes are often all ones or zeros: where digits of a quotient go wrong. */
function operand(length: number): fc.Arbitrary<[value: bigint, length: number]> {
  const byte = fc.oneof(fc.constantFrom(0, 0xff, 0x80, 1), fc.integer({ min: 0, max: 255 }));
  const run = fc.tuple(byte, fc.integer({ min: 1, max: 16 })).map(([value, count]) => Array<number>(count).fill(value));
  const bytes = fc.oneof(
    fc.array(byte, { maxLength: length }),
    fc.array(run, { maxLength: Math.ceil(length / 8) }).map((runs) => runs.flat().slice(0, length)),
  );
  return bytes.map((list) => [BigInt(`0x0${Buffer.from(list).toString('hex')}`), list.length]);
}

const test = suite('vm/precompiles: MODEXP');

for (const [name, length, numRuns] of [
  ['short', 33, 3000],
  ['long', 300, 200],
] as const) {
  test(`${name} operands, as BigInt`, () => {
    const check = ([b, bl]: [bigint, number], [e, el]: [bigint, number], [m, ml]: [bigint, number]) => {
      assert.is(run(encode(b, bl, e, el, m, ml), BERLIN).output, hex(power(b, e, m), ml));
    };
    fc.assert(fc.property(operand(length), operand(Math.min(length, 40)), operand(length), check), { numRuns });
  });
}

test('a base longer than the modulus and one shorter', () => {
  const m = (1n << 127n) - 1n;
  for (const length of [1, 8, 15, 16, 17, 64, 500]) {
    const b = (1n << BigInt(8 * length)) - 3n;
    assert.is(run(encode(b, length, 65537n, 3, m, 16), OSAKA).output, hex(power(b, 65537n, m), 16));
    assert.is(run(encode(m - 1n, 16, 65537n, 3, b, length), OSAKA).output, hex(power(m - 1n, 65537n, b), length));
  }
});

const prices: [
  name: string,
  fork: number,
  base: number,
  exponent: bigint,
  exponentLength: number,
  modulus: number,
  gas: bigint,
][] = [
  ['EIP-198, 64 bytes', BYZANTIUM, 64, 3n, 1, 64, (64n * 64n) / 20n],
  ['EIP-198, 65 bytes', BYZANTIUM, 65, 3n, 1, 1, ((65n * 65n) / 4n + 96n * 65n - 3072n) / 20n],
  ['EIP-198, 1025 bytes', BYZANTIUM, 1025, 0x10n, 1, 1, (((1025n * 1025n) / 16n + 480n * 1025n - 199680n) * 4n) / 20n],
  ['EIP-2565, the least', BERLIN, 32, 3n, 1, 32, 200n],
  ['EIP-2565, exponent 0', BERLIN, 32, 0n, 32, 32, 200n],
  ['EIP-2565, squaring 1024 bits', BERLIN, 128, 2n, 1, 128, 200n],
  ['EIP-2565, 2048 bits and 65537', BERLIN, 256, 65537n, 3, 256, (32n * 32n * 16n) / 3n],
  ['EIP-2565, exponent of 64 bytes', BERLIN, 64, (1n << 512n) - 1n, 64, 64, (8n * 8n * (8n * 32n + 255n)) / 3n],
  ['EIP-7883, the least', OSAKA, 32, 3n, 1, 32, 500n],
  ['EIP-7883, 32 bytes and a full exponent', OSAKA, 32, (1n << 256n) - 1n, 32, 32, 16n * 255n],
  ['EIP-7883, 33 bytes', OSAKA, 33, (1n << 256n) - 1n, 32, 32, 2n * 25n * 255n],
  ['EIP-7883, exponent of 64 bytes', OSAKA, 64, (1n << 512n) - 1n, 64, 64, 2n * 64n * (16n * 32n + 255n)],
];
for (const [name, fork, base, exponent, exponentLength, modulus, gas] of prices) {
  test(`price: ${name}`, () => {
    const input = encode(7n, base, exponent, exponentLength, (1n << BigInt(8 * modulus)) - 1n, modulus);
    assert.is(run(input, fork).gasUsed, gas);
    assert.is(run(input, fork, gas).status, RETURN);
    assert.is(run(input, fork, gas - 1n).status, OUT_OF_GAS);
  });
}

const word = (value: bigint) => hex(value, 32);
const HUGE = (1n << 256n) - 1n;
const rows: [name: string, input: string, fork: number, status: number, output?: string][] = [
  ['no input', '', BERLIN, RETURN, ''],
  ['no input on Osaka', '', OSAKA, RETURN, ''],
  ['modulus cut off', encode(3n, 1, 2n, 1, 5n, 1).slice(0, -2), BERLIN, RETURN, '00'],
  ['exponent cut off is zeros', `${word(1n) + word(2n) + word(1n)}02`, BERLIN, RETURN, '00'],
  ['input longer than said', `${encode(3n, 1, 2n, 1, 5n, 1)}ffff`, BERLIN, RETURN, '04'],
  ['0 to the power 0', encode(0n, 1, 0n, 1, 5n, 1), BERLIN, RETURN, '01'],
  ['modulo 1', encode(9n, 1, 9n, 1, 1n, 1), BERLIN, RETURN, '00'],
  ['no modulus, no base, any exponent', word(0n) + word(HUGE) + word(0n), BERLIN, RETURN, ''],
  ['lengths out of reach', word(HUGE) + word(HUGE) + word(HUGE), BERLIN, OUT_OF_GAS],
  ['base out of reach', word(1n << 32n) + word(0n) + word(1n), BERLIN, OUT_OF_GAS],
  ['1024 bytes on Osaka', encode(2n, 1024, 2n, 1024, 3n, 1024), OSAKA, RETURN, hex(1n, 1024)],
  ['base of 1025 bytes on Osaka', encode(2n, 1025, 2n, 1, 3n, 1), OSAKA, FAILURE],
  ['exponent of 1025 bytes on Osaka', encode(2n, 1, 2n, 1025, 3n, 1), OSAKA, FAILURE],
  ['modulus of 1025 bytes on Osaka', encode(2n, 1, 2n, 1, 3n, 1025), OSAKA, FAILURE],
  ['exponent of 1025 bytes, nothing else', word(0n) + word(1025n) + word(0n), OSAKA, FAILURE],
];
for (const [name, input, fork, status, output] of rows) {
  test(name, () => {
    const result = run(input, fork);
    assert.is(result.status, status);
    assert.is(result.output, output);
  });
}

test.run();
