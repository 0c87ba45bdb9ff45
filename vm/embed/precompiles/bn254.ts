/** bn254 (alt_bn128): addition and multiplication (EIP-196), pairing check (EIP-197). Throws where the input is invalid. */
import { bn254 } from '@noble/curves/bn254.js';
import { join, slices, toBytes, toNumber } from './bytes.ts';

const { Fp, Fp2, Fp12, Fr } = bn254.fields;
const G1 = bn254.G1.Point;
const G2 = bn254.G2.Point;
type PointG1 = InstanceType<typeof G1>;
type PointG2 = InstanceType<typeof G2>;

/** Two points of 64 bytes. */
export function addBn254(input: Uint8Array): Uint8Array {
  return encode(decodeG1(input.subarray(0, 64)).add(decodeG1(input.subarray(64, 128))));
}

/** A point of 64 bytes and a scalar of 32, which may be above the order. */
export function multiplyBn254(input: Uint8Array): Uint8Array {
  const point = decodeG1(input.subarray(0, 64));
  return encode(point.multiplyUnsafe(Fr.create(toNumber(input.subarray(64, 96)))));
}

/** Pairs of 192 bytes: a point of G1, a point of G2. Answers 1 as a word if the product of the pairings is 1. */
export function pairBn254(input: Uint8Array): Uint8Array {
  const pairs: { g1: PointG1; g2: PointG2 }[] = [];
  for (const pair of slices(input, 192)) {
    const g1 = decodeG1(pair.subarray(0, 64));
    const g2 = decodeG2(pair.subarray(64));
    if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
  }
  return toBytes(Fp12.eql(bn254.pairingBatch(pairs), Fp12.ONE) ? 1n : 0n, 32);
}

/** x and y; infinity is (0, 0). */
function decodeG1(bytes: Uint8Array): PointG1 {
  const x = coordinate(bytes.subarray(0, 32));
  const y = coordinate(bytes.subarray(32));
  if (x === 0n && y === 0n) return G1.ZERO;
  const point = G1.fromAffine({ x, y });
  point.assertValidity();
  return point;
}

/** x and y, of each the imaginary part first; in the subgroup. */
function decodeG2(bytes: Uint8Array): PointG2 {
  const [x1, x0, y1, y0] = [...slices(bytes, 32)].map(coordinate) as [bigint, bigint, bigint, bigint];
  const x = Fp2.fromBigTuple([x0, x1]);
  const y = Fp2.fromBigTuple([y0, y1]);
  if (Fp2.is0(x) && Fp2.is0(y)) return G2.ZERO;
  const point = G2.fromAffine({ x, y });
  point.assertValidity();
  return point;
}

function coordinate(bytes: Uint8Array): bigint {
  const value = toNumber(bytes);
  if (!Fp.isValid(value)) throw new RangeError('a coordinate is not below the field modulus');
  return value;
}

function encode(point: PointG1): Uint8Array {
  if (point.is0()) return new Uint8Array(64);
  const { x, y } = point.toAffine();
  return join([toBytes(x, 32), toBytes(y, 32)]);
}
