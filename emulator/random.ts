import { createHash } from 'node:crypto';

/** Numbers that look random and follow from a seed alone. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number of at least `low` and at most `high`. */
  between(low: number, high: number): number;
  /** True this often, from 0 (never) to 1 (always). */
  chance(rate: number): boolean;
  /** A stream of its own, which no draw from this one disturbs. */
  fork(name: string): Random;
}

/** xoshiro128** (Blackman and Vigna, 2018), its state taken from SHA-256 of the seed. */
export function seededRandom(seed: string): Random {
  const digest = createHash('sha256').update(`classpad random ${seed}`).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => digest.readInt32LE(at)) as [number, number, number, number];
  const next = (): number => {
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return scrambled / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (rate) => next() < rate,
    fork: (name) => seededRandom(`${seed}/${name}`),
  };
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
