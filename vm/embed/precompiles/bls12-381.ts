/** BLS12-381 (EIP-2537): sums, sums of products, pairing check, maps to the curve. Throws where the input is invalid. */
import { pippenger } from '@noble/curves/abstract/curve.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { join, slices, toBytes, toNumber } from './bytes.ts';

const { Fp, Fp2, Fp12, Fr } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
type PointG1 = InstanceType<typeof G1>;
type PointG2 = InstanceType<typeof G2>;

/** Bytes of a field element: 48, after 16 of zeros. */
const ELEMENT = 64;
/** From here on one walk over all scalars beats a walk for each. */
const MANY = 8;

/** Two points, in the subgroup or not. */
export function addG1(input: Uint8Array): Uint8Array {
  const [a, b] = [...slices(input, 2 * ELEMENT)].map(decodeG1) as [PointG1, PointG1];
  return encodeG1(a.add(b));
}

/** Two points, in the subgroup or not. */
export function addG2(input: Uint8Array): Uint8Array {
  const [a, b] = [...slices(input, 4 * ELEMENT)].map(decodeG2) as [PointG2, PointG2];
  return encodeG2(a.add(b));
}

/** Pairs of a point in the subgroup and a scalar of 32 bytes. */
export function multiplyG1(input: Uint8Array): Uint8Array {
  const points: PointG1[] = [];
  const scalars: bigint[] = [];
  for (const pair of slices(input, 2 * ELEMENT + 32)) {
    points.push(inSubgroup(decodeG1(pair.subarray(0, 2 * ELEMENT))));
    scalars.push(Fr.create(toNumber(pair.subarray(2 * ELEMENT))));
  }
  if (points.length >= MANY) return encodeG1(pippenger(G1, points, scalars));
  return encodeG1(points.reduce((sum, point, i) => sum.add(point.multiplyUnsafe(scalars[i]!)), G1.ZERO));
}

/** Pairs of a point in the subgroup and a scalar of 32 bytes. */
export function multiplyG2(input: Uint8Array): Uint8Array {
  const points: PointG2[] = [];
  const scalars: bigint[] = [];
  for (const pair of slices(input, 4 * ELEMENT + 32)) {
    points.push(inSubgroup(decodeG2(pair.subarray(0, 4 * ELEMENT))));
    scalars.push(Fr.create(toNumber(pair.subarray(4 * ELEMENT))));
  }
  if (points.length >= MANY) return encodeG2(pippenger(G2, points, scalars));
  return encodeG2(points.reduce((sum, point, i) => sum.add(point.multiplyUnsafe(scalars[i]!)), G2.ZERO));
}

/** Pairs of a point of G1 and one of G2, in their subgroups. Answers 1 as a word if the product of the pairings is 1. */
export function pairBls(input: Uint8Array): Uint8Array {
  const pairs: { g1: PointG1; g2: PointG2 }[] = [];
  for (const pair of slices(input, 6 * ELEMENT)) {
    const g1 = inSubgroup(decodeG1(pair.subarray(0, 2 * ELEMENT)));
    const g2 = inSubgroup(decodeG2(pair.subarray(2 * ELEMENT)));
    if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
  }
  return toBytes(Fp12.eql(bls12_381.pairingBatch(pairs), Fp12.ONE) ? 1n : 0n, 32);
}

/** A field element. */
export function mapToG1(input: Uint8Array): Uint8Array {
  // The library takes a bare number here, against its own type.
  const { x, y } = bls12_381.G1.mapToCurve(element(input) as unknown as bigint[]);
  return encodeG1(G1.fromAffine({ x, y }));
}

/** An element of the quadratic extension. */
export function mapToG2(input: Uint8Array): Uint8Array {
  const { x, y } = bls12_381.G2.mapToCurve([...slices(input, ELEMENT)].map(element));
  return encodeG2(G2.fromAffine({ x, y }));
}

/** x and y; infinity is (0, 0). On the curve, but not necessarily in the subgroup. */
function decodeG1(bytes: Uint8Array): PointG1 {
  const [x, y] = [...slices(bytes, ELEMENT)].map(element) as [bigint, bigint];
  if (x === 0n && y === 0n) return G1.ZERO;
  if (!Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), G1.CURVE().b))) throw new RangeError('a point is not on the curve');
  return G1.fromAffine({ x, y });
}

/** x and y, of each the real part first; infinity is (0, 0). On the curve, but not necessarily in the subgroup. */
function decodeG2(bytes: Uint8Array): PointG2 {
  const [x0, x1, y0, y1] = [...slices(bytes, ELEMENT)].map(element) as [bigint, bigint, bigint, bigint];
  const x = Fp2.fromBigTuple([x0, x1]);
  const y = Fp2.fromBigTuple([y0, y1]);
  if (Fp2.is0(x) && Fp2.is0(y)) return G2.ZERO;
  if (!Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.CURVE().b))) throw new RangeError('a point is not on the curve');
  return G2.fromAffine({ x, y });
}

function inSubgroup<P extends PointG1 | PointG2>(point: P): P {
  if (!point.is0() && !point.isTorsionFree()) throw new RangeError('a point is not in the subgroup');
  return point;
}

function element(bytes: Uint8Array): bigint {
  const value = toNumber(bytes);
  if (!Fp.isValid(value)) throw new RangeError('a field element is not below the modulus');
  return value;
}

function encodeG1(point: PointG1): Uint8Array {
  if (point.is0()) return new Uint8Array(2 * ELEMENT);
  const { x, y } = point.toAffine();
  return join([toBytes(x, ELEMENT), toBytes(y, ELEMENT)]);
}

function encodeG2(point: PointG2): Uint8Array {
  if (point.is0()) return new Uint8Array(4 * ELEMENT);
  const { x, y } = point.toAffine();
  return join([x.c0, x.c1, y.c0, y.c1].map((part) => toBytes(part, ELEMENT)));
}
