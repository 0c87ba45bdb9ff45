import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { blake2b } from '@noble/hashes/blake2.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runPrecompile } from '../../../vm/embed/precompiles.ts';
import { assemble } from '../../support/asc.ts';
import { sharedPath } from '../../support/need.ts';

/** As the VM's host does it: 0 or more bytes written, −1 for invalid input. */
function hostPrecompile(number: unknown, input: unknown, length: unknown, out: unknown): number {
  if (lie) return lie(number as number, out as number);
  const output = runPrecompile(number as number, unit.memory.slice(input as number, (input as number) + (length as number)));
  if (!output) return -1;
  unit.memory.set(output, out as number);
  return output.length;
}
let lie: ((number: number, out: number) => number) | undefined;

const unit = await assemble(['vm/precompiles/index'], { hostPrecompile, hostPause: () => undefined });
const { call } = unit;

const ISTANBUL = 7;
const OSAKA = 14;
const INPUT = 0x30000;
const [RETURN, OUT_OF_GAS, FAILURE, HOST_FAILURE] = [1, 32, 46, 64];
const GAS = 10_000_000n;

const global = (name: string) => (call[name] as unknown as { value: number | bigint }).value;

interface Result {
  readonly status: number;
  readonly output: string;
  readonly gasUsed: bigint;
}

function run(number: number, input: string, gas = GAS, fork = OSAKA): Result {
  const bytes = Buffer.from(input, 'hex');
  unit.memory.set(bytes, INPUT);
  const status = call['precompile']!(number, INPUT, bytes.length, gas, fork);
  const at = Number(global('precompileOutput'));
  const output = Buffer.from(unit.memory.slice(at, at + Number(global('precompileOutputLength')))).toString('hex');
  return {
    status,
    output: status === RETURN ? output : '',
    gasUsed: gas - BigInt.asUintN(64, global('precompileGasLeft') as bigint),
  };
}

const word = (value: bigint | number) => BigInt(value).toString(16).padStart(64, '0');
const sha = (name: string, hex: string) => createHash(name).update(Buffer.from(hex, 'hex')).digest('hex');

// A signature by key 1 over the hash 0x…01 (r is that of the nonce 1).
const HASH = '18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c';
const R = '73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f';
const S = 'eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549';
const SIGNER = '000000000000000000000000a94f5374fce5edbc8e2a8697c15331677e6ebf0b';
const G = word(1) + word(2);
const TWO_G =
  '030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd315ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4';

const rows: [name: string, number: number, input: string, status: number, output: string, gas: bigint][] = [
  ['recover', 0x01, HASH + word(28) + R + S, RETURN, SIGNER, 3000n],
  ['recover, longer input', 0x01, `${HASH + word(28) + R + S}ff`, RETURN, SIGNER, 3000n],
  ['recover, v is 26', 0x01, HASH + word(26) + R + S, RETURN, '', 3000n],
  ['recover, v is 29', 0x01, HASH + word(29) + R + S, RETURN, '', 3000n],
  ['recover, v is 2^64 + 28', 0x01, HASH + word((1n << 64n) + 28n) + R + S, RETURN, '', 3000n],
  ['recover, s cut off', 0x01, HASH + word(28) + R, RETURN, '', 3000n],
  ['recover nothing', 0x01, '', RETURN, '', 3000n],
  ['sha256', 0x02, 'aabb', RETURN, sha('sha256', 'aabb'), 72n],
  ['sha256 of nothing', 0x02, '', RETURN, sha('sha256', ''), 60n],
  ['ripemd160', 0x03, 'aabb', RETURN, '00'.repeat(12) + sha('ripemd160', 'aabb'), 720n],
  ['identity', 0x04, 'aabbcc'.repeat(20), RETURN, 'aabbcc'.repeat(20), 21n],
  ['identity of much', 0x04, 'aabbcc'.repeat(5000), RETURN, 'aabbcc'.repeat(5000), 15n + 3n * 469n],
  ['identity of nothing', 0x04, '', RETURN, '', 15n],
  ['add on bn254', 0x06, G + G, RETURN, TWO_G, 150n],
  ['add on bn254, input cut off', 0x06, G, RETURN, G, 150n],
  ['add on bn254, no input', 0x06, '', RETURN, '00'.repeat(64), 150n],
  ['add on bn254, longer input', 0x06, `${G + G}ffff`, RETURN, TWO_G, 150n],
  ['add on bn254, off the curve', 0x06, word(1) + word(1), FAILURE, '', GAS],
  ['multiply on bn254', 0x07, G + word(2), RETURN, TWO_G, 6000n],
  ['multiply on bn254 by 0', 0x07, G, RETURN, '00'.repeat(64), 6000n],
  ['multiply by all ones', 0x07, word(0) + word(0) + 'f'.repeat(64), RETURN, '00'.repeat(64), 6000n],
  ['pair nothing', 0x08, '', RETURN, word(1), 45000n],
  ['pair zeros', 0x08, '00'.repeat(384), RETURN, word(1), 113000n],
  ['pair, wrong length', 0x08, '00'.repeat(191), FAILURE, '', GAS],
  ['BLAKE2b, wrong length', 0x09, '00'.repeat(212), FAILURE, '', GAS],
  ['BLAKE2b, flag 2', 0x09, `${'00'.repeat(212)}02`, FAILURE, '', GAS],
  ['evaluate, wrong length', 0x0a, '00'.repeat(191), FAILURE, '', GAS],
  ['evaluate, wrong hash', 0x0a, '00'.repeat(192), FAILURE, '', GAS],
  ['P-256, wrong length', 0x100, '00'.repeat(161), RETURN, '', 6900n],
  ['P-256, zeros', 0x100, '00'.repeat(160), RETURN, '', 6900n],
];

const test = suite('vm/precompiles');

for (const [name, number, input, status, output, gas] of rows) {
  test(name, () => {
    assert.equal(run(number, input), { status, output, gasUsed: gas });
    if (status !== RETURN) return;
    assert.is(run(number, input, gas).status, RETURN, 'just enough gas');
    assert.equal(run(number, input, gas - 1n), { status: OUT_OF_GAS, output: '', gasUsed: gas - 1n });
  });
}

const older: [name: string, number: number, input: string, gas: bigint][] = [
  ['add on bn254', 0x06, G + G, 500n],
  ['multiply on bn254', 0x07, G + word(2), 40000n],
  ['pair nothing', 0x08, '', 100000n],
];
for (const [name, number, input, gas] of older) {
  test(`${name}, before Istanbul`, () => assert.is(run(number, input, GAS, ISTANBUL - 1).gasUsed, gas));
}

test('BLAKE2b of three bytes by its compression function', () => {
  const state = Buffer.alloc(64);
  const initial = [0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n, 0x510e527fade682d1n];
  initial.push(0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n);
  for (const [i, part] of initial.entries()) state.writeBigUInt64LE(i === 0 ? part ^ 0x01010040n : part, 8 * i);
  const message = Buffer.alloc(128);
  message.write('abc');
  const input = `0000000c${state.toString('hex')}${message.toString('hex')}03${'00'.repeat(15)}01`;
  const expected = Buffer.from(blake2b(Buffer.from('abc'))).toString('hex');
  assert.equal(run(0x09, input), { status: RETURN, output: expected, gasUsed: 12n });
  assert.is(run(0x09, input, 11n).status, OUT_OF_GAS);
  assert.not.equal(run(0x09, `${input.slice(0, -2)}00`).output, expected, 'not the last block');
});

test('BLAKE2b: EIP-152 vectors 4 and 7 (no rounds, one round)', () => {
  const rest =
    '48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d182e6ad7f520e511f6c3e2b8c68059b' +
    `6bbd41fbabd9831f79217e1319cde05b616263${'00'.repeat(125)}03${'00'.repeat(15)}01`;
  const none =
    '08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d282e6ad7f520e511f6c3e2b8c68059b' +
    '9442be0454267ce079217e1319cde05b';
  const one =
    'b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fba551b3a8333bcdf5f2f7e08993d53923' +
    'de3d64fcc68c034e717b9293fed7a421';
  assert.is(run(0x09, `00000000${rest}`).output, none);
  assert.is(run(0x09, `00000001${rest}`).output, one);
});

const lies: [name: string, written: number][] = [
  ['too little', 31],
  ['too much', 257],
  ['nothing', 0],
  ['an unknown error', -5],
];
for (const [name, written] of lies) {
  test(`a host that answers ${name}`, () => {
    lie = () => written;
    assert.is(run(0x06, G + G).status, HOST_FAILURE);
    lie = undefined;
  });
}

interface Vector {
  readonly Name: string;
  readonly Input: string;
  readonly Expected?: string;
  readonly Gas?: number;
}

const files: [number: number, file: string][] = [
  [0x0b, 'add_G1_bls'],
  [0x0b, 'fail-add_G1_bls'],
  [0x0c, 'mul_G1_bls'],
  [0x0c, 'msm_G1_bls'],
  [0x0c, 'fail-mul_G1_bls'],
  [0x0c, 'fail-msm_G1_bls'],
  [0x0d, 'add_G2_bls'],
  [0x0d, 'fail-add_G2_bls'],
  [0x0e, 'mul_G2_bls'],
  [0x0e, 'fail-mul_G2_bls'],
  [0x0e, 'fail-msm_G2_bls'],
  [0x0f, 'pairing_check_bls'],
  [0x0f, 'fail-pairing_check_bls'],
  [0x10, 'map_fp_to_G1_bls'],
  [0x10, 'fail-map_fp_to_G1_bls'],
  [0x11, 'map_fp2_to_G2_bls'],
  [0x11, 'fail-map_fp2_to_G2_bls'],
];
for (const [number, file] of files) {
  test(`EIP-2537: ${file}`, () => {
    const path = sharedPath(`fixtures/extra/eip-2537/${file}.json`);
    if (!path) return;
    const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vector[];
    assert.ok(vectors.length > 0);
    for (const { Name, Input, Expected, Gas } of vectors) {
      const result = run(number, Input);
      assert.is(result.status, Expected === undefined ? FAILURE : RETURN, Name);
      assert.is(result.output, Expected ?? '', Name);
      if (Gas !== undefined) assert.is(result.gasUsed, BigInt(Gas), Name);
    }
  });
}

test('EIP-7951', () => {
  const path = sharedPath('fixtures/extra/eip-7951/test-vectors.json');
  if (!path) return;
  for (const { Name, Input, Expected } of JSON.parse(readFileSync(path, 'utf8')) as Vector[]) {
    assert.equal(run(0x100, Input), { status: RETURN, output: Expected ?? '', gasUsed: 6900n }, Name);
  }
});

test.run();
