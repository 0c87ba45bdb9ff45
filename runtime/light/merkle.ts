import { sha256 } from '@noble/hashes/sha2.js';
import { concat } from '../bytes.ts';

const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

/** The root of a Merkle tree over the items (RFC 6962, 2.1): what CometBFT names a header or a set of validators by. */
export function merkleRoot(items: readonly Uint8Array[]): Uint8Array {
  if (items.length === 0) return sha256(new Uint8Array(0));
  if (items.length === 1) return sha256(concat(LEAF, items[0]!));
  const left = largestPowerBelow(items.length);
  return sha256(concat(INNER, merkleRoot(items.slice(0, left)), merkleRoot(items.slice(left))));
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (2 * power < count) power *= 2;
  return power;
}
