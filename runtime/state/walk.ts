import { bytesToHex } from '../bytes.ts';
import type { Store, Word } from '../ports/index.ts';
import { decodeAccount, EMPTY_CODE_HASH } from './account.ts';
import { CODE_PREFIX, NODE_PREFIX } from './state.ts';
import { EMPTY_ROOT } from './trie.ts';
import { decodeNode, TrieError, type TrieNode } from './trie-node.ts';

/** A piece of a state, as the store holds it under its hash. */
export interface Piece {
  readonly kind: 'node' | 'code';
  readonly bytes: Uint8Array;
}

/**
 * Everything that the state with this root consists of, depth first: the trie of accounts, and after an account its code and its
 * storage. The same order on every device; the same code or storage of another account does not come again.
 * Throws {@link TrieError} where something is missing.
 */
export function* walkState(root: Word, store: Pick<Store, 'get'>): Generator<Piece> {
  const seen = new Set<Word>([EMPTY_ROOT, EMPTY_CODE_HASH]);
  for (const { piece, leaf } of walkTrie(root, store)) {
    if (piece) yield piece;
    if (!leaf) continue;
    const { codeHash, storageRoot } = decodeAccount(leaf);
    if (!seen.has(codeHash)) yield { kind: 'code', bytes: read(store, CODE_PREFIX + codeHash) };
    if (!seen.has(storageRoot)) for (const inner of walkTrie(storageRoot, store)) if (inner.piece) yield inner.piece;
    seen.add(codeHash).add(storageRoot);
  }
}

interface Found {
  readonly piece?: Piece;
  readonly leaf?: Uint8Array;
}

function* walkTrie(root: Word, store: Pick<Store, 'get'>): Generator<Found> {
  if (root === EMPTY_ROOT) return;
  const bytes = read(store, NODE_PREFIX + root);
  yield { piece: { kind: 'node', bytes } };
  const open: TrieNode[] = [decodeNode(bytes)];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.kind === 'unloaded') {
      const loaded = read(store, NODE_PREFIX + bytesToHex(node.reference));
      yield { piece: { kind: 'node', bytes: loaded } };
      open.push(decodeNode(loaded));
    } else if (node.kind === 'leaf') yield { leaf: node.value };
    else if (node.kind === 'extension') open.push(node.child);
    else for (const child of [...node.children].reverse()) if (child) open.push(child);
  }
}

function read(store: Pick<Store, 'get'>, key: string): Uint8Array {
  const bytes = store.get(key);
  if (!bytes) throw new TrieError(`the state is incomplete: ${key} is not in the store`);
  return bytes;
}
