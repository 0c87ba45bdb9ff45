import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Random } from './random.ts';

const PRAGUE = 5;
const OSAKA = 6;
const BN254_MODULUS = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
const [G1X, G1Y] = [1n, 2n];
const TWO_X = 0x030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3n;
const TWO_Y = 0x15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4n;

/** A precompile and input for it: right, nearly right, or noise. */
export function hostileInput(random: Random, fork: number): [number: number, input: number[]] {
  const numbers = [1, 2, 3, 4, 5, 5, 6, 7, 9];
  if (random.oneIn(6)) numbers.push(8);
  if (fork >= PRAGUE && random.oneIn(3)) numbers.push(0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11);
  if (fork >= OSAKA) numbers.push(0x100);
  const number = random.pick(numbers);
  const input = makers[number]?.(random) ?? random.bytes(random.int(300));
  return [number, spoil(random, input)];
}

/** Now and then a byte is changed, or some are missing or too many. */
function spoil(random: Random, input: number[]): number[] {
  if (!random.oneIn(3) || input.length === 0) return input;
  if (random.oneIn(2)) return input.with(random.int(input.length), random.int(256));
  return random.oneIn(2) ? input.slice(0, random.int(input.length)) : [...input, ...random.bytes(1 + random.int(40))];
}

const makers: Readonly<Record<number, (random: Random) => number[]>> = {
  1: signature,
  5: modexp,
  6: (random) => [...pointBn254(random), ...pointBn254(random)],
  7: (random) => [...pointBn254(random), ...word(random.word())],
  8: (random) => zeros(random.int(3) * 192),
  9: (random) => [0, 0, 0, random.int(30), ...random.bytes(208), random.int(2)],
  11: () => zeros(256),
  12: (random) => [...zeros(128), ...random.bytes(32)],
  13: () => zeros(512),
  14: (random) => [...zeros(256), ...random.bytes(32)],
  15: (random) => zeros(384 * random.int(3)),
  16: (random) => [...zeros(17), ...random.bytes(47)],
  17: (random) => [...zeros(17), ...random.bytes(47), ...zeros(17), ...random.bytes(47)],
  256: (random) => random.bytes(160),
};

function signature(random: Random): number[] {
  const hash = Uint8Array.from(random.bytes(32));
  const key = Uint8Array.from([1, ...random.bytes(31)]);
  const bytes = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' });
  const v = random.oneIn(8) ? random.word() : BigInt(27 + bytes[0]!);
  return [...hash, ...word(v), ...bytes.slice(1)];
}

function modexp(random: Random): number[] {
  const lengths = [0, 1, 2].map(() => (random.oneIn(30) ? random.word() : BigInt(random.int(random.oneIn(4) ? 200 : 40))));
  const bodies = lengths.map((length) => random.bytes(Number(length < 300n ? length : 0n)));
  if (random.oneIn(4) && bodies[2]!.length > 0) bodies[2]!.fill(0, 0, random.int(bodies[2]!.length));
  return [...lengths.flatMap(word), ...bodies.flat()];
}

function pointBn254(random: Random): number[] {
  const [x, y] = random.pick([
    [0n, 0n],
    [G1X, G1Y],
    [G1X, BN254_MODULUS - G1Y],
    [TWO_X, TWO_Y],
    [G1X + BN254_MODULUS, G1Y],
  ]) as [bigint, bigint];
  return [...word(x), ...word(y)];
}

function word(value: bigint): number[] {
  return [...Buffer.from(value.toString(16).padStart(64, '0'), 'hex')];
}

function zeros(length: number): number[] {
  return Array<number>(length).fill(0);
}
