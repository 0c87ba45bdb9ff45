import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../../runtime/bytes.ts';
import type { Hex } from '../../../runtime/ports/index.ts';
import { growingTree, inclusionPath, rootByPath } from '../../../runtime/service/merkle.ts';

const s = suite('service/merkle');

/** Test vectors of Certificate Transparency's reference implementations (RFC 6962 and 9162 hash alike). */
const leaves = (
  ['0x', '0x00', '0x10', '0x2021', '0x3031', '0x40414243', '0x5051525354555657', `0x${range(0x60, 16)}`] as Hex[]
).map(hexToBytes);
const roots: readonly [size: number, root: string][] = [
  [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  [4, 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  [5, '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  [6, '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
];

function range(from: number, count: number): string {
  return Array.from({ length: count }, (_, index) => (from + index).toString(16)).join('');
}

function rootOf(some: readonly Uint8Array[]): string {
  const tree = growingTree(sha256);
  for (const leaf of some) tree.add(leaf);
  assert.is(tree.size, some.length);
  return tree.root();
}

for (const [size, root] of roots)
  s(`${size} leaves have their root`, () => assert.is(rootOf(leaves.slice(0, size)), `0x${root}`));

s('every leaf leads to the root, and no other leaf, place or size does', () => {
  const bytes = fc.uint8Array({ maxLength: 8 });
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 40 }), fc.nat(), (some, draw) => {
      const index = draw % some.length;
      const path = inclusionPath(some, index, sha256);
      const root = rootOf(some);
      const by = (leaf: Uint8Array, at: number, size: number, way = path) => rootByPath(leaf, at, size, way, sha256);
      assert.is(by(some[index]!, index, some.length), root);
      assert.is.not(by(Uint8Array.of(...some[index]!, 1), index, some.length), root);
      if (some.length > 1) assert.is.not(by(some[index]!, index, some.length, path.slice(1)), root);
      assert.is.not(by(some[index]!, index, some.length, [...path, root as Hex]), root);
      assert.is(by(some[index]!, some.length, some.length), undefined);
    }),
  );
});

s.run();
