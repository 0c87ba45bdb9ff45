/** KZG point evaluation (EIP-4844): that the polynomial behind a commitment has the value y at z. Throws where the input is invalid. */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { join, toBytes, toNumber } from './bytes.ts';

const { Fp12, Fr } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
type PointG1 = InstanceType<typeof G1>;

const VERSION = 1;
const ELEMENTS_PER_BLOB = 4096n;
/** τ·G2 of Ethereum's ceremony: `g2_monomial[1]` of the trusted setup in the consensus specifications. */
const TAU_G2 =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
  '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2';

let tau: InstanceType<typeof G2> | undefined;

/** Versioned hash, z, y, commitment, proof: 192 bytes. Answers the number of elements in a blob and the field's modulus. */
export function pointEvaluation(input: Uint8Array): Uint8Array {
  const commitment = input.subarray(96, 144);
  const hash = sha256(commitment);
  hash[0] = VERSION;
  if (hash.some((byte, i) => byte !== input[i])) throw new RangeError('the commitment has another versioned hash');
  const z = scalar(input.subarray(32, 64));
  const y = scalar(input.subarray(64, 96));
  if (!isProven(G1.fromBytes(commitment), z, y, G1.fromBytes(input.subarray(144, 192)))) {
    throw new RangeError('the proof does not hold');
  }
  return join([toBytes(ELEMENTS_PER_BLOB, 32), toBytes(Fr.ORDER, 32)]);
}

/** e(C − y·G1 + z·π, −G2) · e(π, τ·G2) = 1. */
function isProven(commitment: PointG1, z: bigint, y: bigint, proof: PointG1): boolean {
  tau ??= G2.fromHex(TAU_G2);
  const left = commitment.subtract(G1.BASE.multiplyUnsafe(y)).add(proof.multiplyUnsafe(z));
  const pairs = [
    { g1: left, g2: G2.BASE.negate() },
    { g1: proof, g2: tau },
  ].filter(({ g1 }) => !g1.is0());
  return Fp12.eql(bls12_381.pairingBatch(pairs), Fp12.ONE);
}

function scalar(bytes: Uint8Array): bigint {
  const value = toNumber(bytes);
  if (!Fr.isValid(value)) throw new RangeError('an element is not below the modulus');
  return value;
}
