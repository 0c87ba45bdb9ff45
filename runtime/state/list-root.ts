import { bigintToBytes } from '../bytes.ts';
import type { Vm, Word } from '../ports/index.ts';
import { encodeRlp } from '../rlp/index.ts';
import { EMPTY_ROOT, openTrie } from './trie.ts';

/** The root of a trie that holds each value under the RLP of its index, as headers name transactions and receipts. */
export function listRoot(values: readonly Uint8Array[], keccak256: Vm['keccak256']): Word {
  if (values.length === 0) return EMPTY_ROOT;
  let trie = openTrie(EMPTY_ROOT, { keccak256, load: () => undefined });
  values.forEach((value, index) => {
    trie = trie.with(encodeRlp(bigintToBytes(BigInt(index))), value);
  });
  return trie.commit(() => {});
}
