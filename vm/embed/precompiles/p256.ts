/** P-256 signatures (EIP-7951).. */
import { p256 } from '@noble/curves/nist.js';
import { join, toBytes } from './bytes.ts';

const UNCOMPRESSED = Uint8Array.of(4);
const NOTHING = new Uint8Array(0);

/** Hash, r, s, x, y: 160 bytes. Answers 1 as a word, or nothing. High s is accepted. */
export function verifyP256(input: Uint8Array): Uint8Array {
  const key = join([UNCOMPRESSED, input.subarray(96)]);
  return holds(input.subarray(32, 96), input.subarray(0, 32), key) ? toBytes(1n, 32) : NOTHING;
}

function holds(signature: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean {
  try {
    return p256.verify(signature, hash, key, { prehash: false, lowS: false, format: 'compact' });
  } catch {
    return false;
  }
}
