/** The precompiles that the VM leaves to its host. Prices and lengths are checked in the VM before. */
import { addG1, addG2, mapToG1, mapToG2, multiplyG1, multiplyG2, pairBls } from './precompiles/bls12-381.ts';
import { addBn254, multiplyBn254, pairBn254 } from './precompiles/bn254.ts';
import { verifyP256 } from './precompiles/p256.ts';
import { pointEvaluation } from './precompiles/point-evaluation.ts';

const precompiles: Readonly<Record<number, (input: Uint8Array) => Uint8Array>> = {
  6: addBn254,
  7: multiplyBn254,
  8: pairBn254,
  10: pointEvaluation,
  11: addG1,
  12: multiplyG1,
  13: addG2,
  14: multiplyG2,
  15: pairBls,
  16: mapToG1,
  17: mapToG2,
  256: verifyP256,
};

/** The output of a precompile, or `undefined` where the input is invalid. `input` has a right length. */
export function runPrecompile(number: number, input: Uint8Array): Uint8Array | undefined {
  try {
    return precompiles[number]?.(input);
  } catch {
    // The libraries refuse by throwing; all that they can refuse here is the input.
    return undefined;
  }
}
