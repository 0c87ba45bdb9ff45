import { bytesToHex, concat, EMPTY, hexToBytes } from '../bytes.ts';
import type { Vm, Word } from '../ports/index.ts';

/*
 * The Merkle tree of RFC 9162 (2.1), over SHA-256: leaves and nodes are hashed with different first bytes, and a tree of any
 * size has one root. https://www.rfc-editor.org/rfc/rfc9162#section-2.1
 */

type Sha256 = Vm['sha256'];

/** A tree that grows leaf by leaf and remembers no more than one hash for each bit of its size. */
export interface GrowingTree {
  add(leaf: Uint8Array): void;
  readonly size: number;
  root(): Word;
}

export function growingTree(sha256: Sha256): GrowingTree {
  /** Roots of full subtrees, the largest first. */
  const peaks: { readonly height: number; readonly hash: Uint8Array }[] = [];
  let size = 0;
  return {
    add(leaf) {
      let hash = leafHash(leaf, sha256);
      let height = 0;
      for (let last = peaks.at(-1); last?.height === height; last = peaks.at(-1)) {
        peaks.pop();
        hash = nodeHash(last.hash, hash, sha256);
        height++;
      }
      peaks.push({ height, hash });
      size++;
    },
    get size() {
      return size;
    },
    root() {
      const hashes = peaks.map(({ hash }) => hash);
      const root = hashes.reduceRight<Uint8Array | undefined>(
        (right, left) => (right === undefined ? left : nodeHash(left, right, sha256)),
        undefined,
      );
      return bytesToHex(root ?? sha256(EMPTY));
    },
  };
}

/** Throws nothing: an index beyond the leaves has no path. */
export function inclusionPath(leaves: readonly Uint8Array[], index: number, sha256: Sha256): Word[] {
  if (leaves.length <= 1 || index < 0 || index >= leaves.length) return [];
  const half = splitAt(leaves.length);
  const [near, far] = index < half ? [leaves.slice(0, half), leaves.slice(half)] : [leaves.slice(half), leaves.slice(0, half)];
  return [...inclusionPath(near, index < half ? index : index - half, sha256), bytesToHex(treeHash(far, sha256))];
}

/** The root that a leaf at a place leads to by its path; `undefined` if the path has the wrong length for it. */
export function rootByPath(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Word[],
  sha256: Sha256,
): Word | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
  let node = index;
  let last = size - 1;
  let hash = leafHash(leaf, sha256);
  for (const word of path) {
    if (last === 0) return undefined;
    const sibling = hexToBytes(word);
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash, sha256);
      while (node % 2 === 0 && node !== 0) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
    } else hash = nodeHash(hash, sibling, sha256);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? bytesToHex(hash) : undefined;
}

function treeHash(leaves: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  const tree = growingTree(sha256);
  for (const leaf of leaves) tree.add(leaf);
  return hexToBytes(tree.root());
}

/** The largest power of two below the size. */
function splitAt(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

function leafHash(leaf: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concat(Uint8Array.of(0), leaf));
}

function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concat(Uint8Array.of(1), left, right));
}
