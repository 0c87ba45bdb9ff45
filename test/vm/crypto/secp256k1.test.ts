import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../support/asc.ts';

const { call, memory } = await assemble(['vm/crypto/secp256k1']);
const OUT = 0x20000;
const HASH = OUT + 32;
const R = OUT + 64;
const S = OUT + 96;
const N = secp256k1.Point.CURVE().n;
const P = secp256k1.Point.CURVE().p;

function toBytes(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

function recover(hash: Uint8Array, yParity: number, r: bigint, s: bigint): string | undefined {
  memory.set(hash, HASH);
  memory.set(toBytes(r).reverse(), R);
  memory.set(toBytes(s).reverse(), S);
  if (!call['recoverAddress']!(OUT, HASH, BigInt(yParity), R, S)) return undefined;
  return Buffer.from(memory.slice(OUT, OUT + 20)).toString('hex');
}

function addressOf(publicKey: Uint8Array): string {
  return Buffer.from(keccak_256(publicKey.slice(1)).slice(12)).toString('hex');
}

/** What @noble/curves answers to the same question. */
function oracle(hash: Uint8Array, yParity: number, r: bigint, s: bigint): string | undefined {
  try {
    const signature = new secp256k1.Signature(r, s, yParity);
    return addressOf(signature.recoverPublicKey(hash).toBytes(false));
  } catch {
    return undefined;
  }
}

/** Deterministic bytes that look random. */
function noise(seed: number): Uint8Array {
  return keccak_256(toBytes(BigInt(seed)));
}

const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

const test = suite('vm/crypto/secp256k1');

test('signers of honest signatures', () => {
  for (let i = 0; i < 60; i++) {
    const key = noise(i);
    const hash = noise(1000 + i);
    const signature = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' });
    const { r, s, recovery } = secp256k1.Signature.fromBytes(signature, 'recovered');
    const expected = addressOf(secp256k1.getPublicKey(key, false));
    assert.is(recover(hash, recovery!, r, s), expected);
    assert.is(recover(hash, recovery! ^ 1, r, N - s), expected, 'with high s');
  }
});

test('any r and s, as @noble/curves', () => {
  let lifted = 0;
  for (let i = 0; i < 60; i++) {
    const [hash, r, s] = [noise(3 * i), number(noise(3 * i + 1)), number(noise(3 * i + 2))];
    const expected = oracle(hash, i & 1, r, s);
    assert.is(recover(hash, i & 1, r, s), expected);
    if (expected) lifted++;
  }
  assert.ok(lifted > 10 && lifted < 50, 'about half of all r are on the curve');
});

const G = secp256k1.Point.BASE;
const zero = new Uint8Array(32);
const some = noise(7);
/** x of a few small multiples of G: the walk then adds equal points and opposite points. */
const multiples = [1n, 2n, 3n, 5n, 7n, 15n, 17n, (N + 1n) / 2n].map((k) => G.multiply(k).toAffine().x);
const edges = [1n, 2n, 3n, 4n, 1n << 64n, (1n << 128n) - 1n, 1n << 128n, N / 2n, N / 2n + 1n, N - 2n, N - 1n];

test('equal points, opposite points, scalars at their limits', () => {
  for (const r of multiples) {
    for (const s of [...edges, r % N, N - (r % N)]) {
      for (const hash of [
        zero,
        some,
        toBytes(1n),
        toBytes(s),
        toBytes(N - s),
        toBytes(N),
        toBytes(N - 1n),
        toBytes((1n << 256n) - 1n),
      ]) {
        for (const yParity of [0, 1]) {
          assert.is(recover(hash, yParity, r, s), oracle(hash, yParity, r, s), `r ${r} s ${s} hash ${number(hash)} ${yParity}`);
        }
      }
    }
  }
});

const refused: [name: string, yParity: number, r: bigint, s: bigint][] = [
  ['r 0', 0, 0n, 1n],
  ['s 0', 0, multiples[0]!, 0n],
  ['r the order', 0, N, 1n],
  ['s the order', 0, multiples[0]!, N],
  ['r the field modulus', 0, P, 1n],
  ['r all ones', 1, (1n << 256n) - 1n, 1n],
  ['s all ones', 1, multiples[0]!, (1n << 256n) - 1n],
  ['parity 2', 2, multiples[0]!, 1n],
  ['r not on the curve', 0, 5n, 1n],
];
for (const [name, yParity, r, s] of refused) {
  test(`refused: ${name}`, () => {
    assert.is(recover(some, yParity, r, s), undefined);
  });
}

test('refused: the sum is the point at infinity', () => {
  // R = G and s = z, hence u1·G + u2·R = (−z + s)/r · G.
  const parity = Number(G.toAffine().y & 1n);
  assert.is(recover(some, parity, multiples[0]!, number(some) % N), undefined);
});

test.run();
