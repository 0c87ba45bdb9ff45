import { bytesToHex, equalBytes, hexToBytes } from '../bytes.ts';
import type { Vm, Word } from '../ports/index.ts';
import { encodeRlp, type RlpItem } from '../rlp/index.ts';
import { commonLength, type Nibbles, pathOf } from './nibbles.ts';
import {
  type Branch,
  decodeNode,
  type Extension,
  encodeNode,
  extend,
  type Leaf,
  leaf,
  packNode,
  TrieError,
  type TrieNode,
  withChild,
} from './trie-node.ts';

/** Where a trie finds its nodes, and how they are hashed. */
export interface TrieNodes {
  readonly keccak256: Vm['keccak256'];
  /** The node with this hash. */
  load(hash: Word): Uint8Array | undefined;
}

/** A Merkle-Patricia trie. A value: changing it gives another, and this one stays. */
export interface Trie {
  get(key: Uint8Array): Uint8Array | undefined;
  /** The trie with this value under the key; `undefined` deletes. */
  with(key: Uint8Array, value: Uint8Array | undefined): Trie;
  /** The root hash. Nodes that had no hash before are handed to `keep`; only they are hashed. */
  commit(keep: (hash: Word, node: Uint8Array) => void): Word;
  /** The nodes on the way to the key, root first, for `eth_getProof`. Only of a committed trie. */
  prove(key: Uint8Array): Uint8Array[];
}

/** keccak256 of the RLP of nothing: the root of a trie without keys. */
export const EMPTY_ROOT: Word = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

/** Nodes are read when they are needed. Reading throws {@link TrieError} where one is missing. */
export function openTrie(root: Word, nodes: TrieNodes): Trie {
  return trieOf(root === EMPTY_ROOT ? undefined : { kind: 'unloaded', reference: hexToBytes(root) }, nodes);
}

/** The value that a proof from {@link Trie.prove} shows under the key; `undefined` if it shows that there is none. Throws otherwise. */
export function verifyProof(
  root: Word,
  key: Uint8Array,
  proof: readonly Uint8Array[],
  keccak256: Vm['keccak256'],
): Uint8Array | undefined {
  const byHash = new Map(proof.map((node) => [bytesToHex(keccak256(node)), node]));
  return openTrie(root, { keccak256, load: (hash) => byHash.get(hash) }).get(key);
}

function trieOf(root: TrieNode | undefined, nodes: TrieNodes): Trie {
  let top = root;
  return {
    get(key) {
      if (top) top = load(top, nodes);
      return find(top, pathOf(key), nodes, undefined);
    },
    with(key, value) {
      const path = pathOf(key);
      const next = value ? insert(top, path, 0, value, nodes) : top && remove(top, path, 0, nodes);
      return next === top ? this : trieOf(next, nodes);
    },
    commit: (keep) => hashRoot(top, nodes, keep),
    prove(key) {
      const visited: TrieNode[] = [];
      if (top) top = load(top, nodes);
      find(top, pathOf(key), nodes, visited);
      return encodeVisited(visited);
    },
  };
}

function load(node: TrieNode, nodes: TrieNodes): Leaf | Extension | Branch {
  if (node.kind !== 'unloaded') return node;
  const hash = bytesToHex(node.reference);
  const bytes = nodes.load(hash);
  if (!bytes) throw new TrieError(`the state is incomplete: trie node ${hash} is not in the store`);
  const loaded = decodeNode(bytes) as Leaf | Extension | Branch;
  loaded.reference = node.reference;
  return loaded;
}

/** Walks down and answers the value at the end of the path, noting the nodes it visits. */
function find(
  root: TrieNode | undefined,
  path: Nibbles,
  nodes: TrieNodes,
  visited: TrieNode[] | undefined,
): Uint8Array | undefined {
  let node = root;
  let at = 0;
  while (node) {
    visited?.push(node);
    if (node.kind === 'branch') {
      if (at === path.length) return node.value;
      node = childOf(node, path[at++]!, nodes);
      continue;
    }
    if (node.kind === 'unloaded' || commonLength(path, at, node.path) < node.path.length) return undefined;
    at += node.path.length;
    if (node.kind === 'leaf') return at === path.length ? node.value : undefined;
    node = node.child = load(node.child, nodes);
  }
  return undefined;
}

function childOf(branch: Branch, nibble: number, nodes: TrieNodes): TrieNode | undefined {
  const child = branch.children[nibble];
  if (child?.kind !== 'unloaded') return child;
  const loaded = load(child, nodes);
  branch.children[nibble] = loaded;
  return loaded;
}

/** Answers the very node if the value is already there, so that nothing above it is hashed again; so does {@link remove}. */
function insert(node: TrieNode | undefined, path: Nibbles, at: number, value: Uint8Array, nodes: TrieNodes): TrieNode {
  if (!node) return leaf(path.subarray(at), value);
  const loaded = load(node, nodes);
  const next =
    loaded.kind === 'branch' ? insertInBranch(loaded, path, at, value, nodes) : insertInPath(loaded, path, at, value, nodes);
  return next === loaded ? node : next;
}

function insertInPath(loaded: Leaf | Extension, path: Nibbles, at: number, value: Uint8Array, nodes: TrieNodes): TrieNode {
  const common = commonLength(path, at, loaded.path);
  if (common < loaded.path.length) return split(loaded, common, path, at, value);
  if (loaded.kind === 'extension') {
    const child = insert(loaded.child, path, at + common, value, nodes);
    return child === loaded.child ? loaded : extend(loaded.path, child);
  }
  if (at + common < path.length) return split(loaded, common, path, at, value);
  return equalBytes(loaded.value, value) ? loaded : leaf(loaded.path, value);
}

function insertInBranch(branch: Branch, path: Nibbles, at: number, value: Uint8Array, nodes: TrieNodes): TrieNode {
  if (at === path.length) return { kind: 'branch', children: branch.children, value };
  const nibble = path[at]!;
  const child = insert(branch.children[nibble], path, at + 1, value, nodes);
  return child === branch.children[nibble] ? branch : withChild(branch, nibble, child);
}

/** A branch where the path leaves that of a leaf or extension, after `common` nibbles. */
function split(node: Leaf | Extension, common: number, path: Nibbles, at: number, value: Uint8Array): TrieNode {
  const children: (TrieNode | undefined)[] = new Array(16).fill(undefined);
  let own: Uint8Array | undefined;
  if (common < node.path.length) {
    const rest = node.path.subarray(common + 1);
    children[node.path[common]!] = node.kind === 'leaf' ? leaf(rest, node.value) : extend(rest, node.child);
  } else if (node.kind === 'leaf') own = node.value;
  const end = at + common;
  if (end < path.length) children[path[end]!] = leaf(path.subarray(end + 1), value);
  else own = value;
  return extend(path.subarray(at, end), { kind: 'branch', children, value: own });
}

function remove(node: TrieNode, path: Nibbles, at: number, nodes: TrieNodes): TrieNode | undefined {
  const loaded = load(node, nodes);
  if (loaded.kind === 'branch') {
    const rest = removeFromBranch(loaded, path, at, nodes);
    return rest === loaded ? node : rest;
  }
  if (commonLength(path, at, loaded.path) < loaded.path.length) return node;
  const end = at + loaded.path.length;
  if (loaded.kind === 'leaf') return end === path.length ? undefined : node;
  const child = remove(loaded.child, path, end, nodes);
  return child === loaded.child ? node : join(loaded.path, child, nodes);
}

function removeFromBranch(branch: Branch, path: Nibbles, at: number, nodes: TrieNodes): TrieNode | undefined {
  if (at === path.length) {
    return branch.value ? shrink({ kind: 'branch', children: branch.children, value: undefined }, nodes) : branch;
  }
  const nibble = path[at]!;
  const child = branch.children[nibble];
  const rest = child && remove(child, path, at + 1, nodes);
  return rest === child ? branch : shrink(withChild(branch, nibble, rest), nodes);
}

/** A branch with a single way on is a leaf or an extension. */
function shrink(branch: Branch, nodes: TrieNodes): TrieNode | undefined {
  const used: number[] = [];
  for (let nibble = 0; nibble < 16; nibble++) if (branch.children[nibble]) used.push(nibble);
  if (used.length + (branch.value ? 1 : 0) > 1) return branch;
  if (branch.value) return leaf(new Uint8Array(0), branch.value);
  const nibble = used[0];
  return nibble === undefined ? undefined : join(Uint8Array.of(nibble), branch.children[nibble], nodes);
}

/** The child under a path, with their paths made one. */
function join(path: Nibbles, child: TrieNode | undefined, nodes: TrieNodes): TrieNode | undefined {
  if (!child) return undefined;
  const loaded = load(child, nodes);
  if (loaded.kind === 'branch') return extend(path, loaded);
  const whole = new Uint8Array(path.length + loaded.path.length);
  whole.set(path);
  whole.set(loaded.path, path.length);
  return loaded.kind === 'leaf' ? leaf(whole, loaded.value) : extend(whole, loaded.child);
}

type Keep = (hash: Word, node: Uint8Array) => void;

/** The root has a hash even if it is shorter than one. */
function hashRoot(root: TrieNode | undefined, nodes: TrieNodes, keep: Keep): Word {
  if (!root) return EMPTY_ROOT;
  const reference = referenceOf(root, nodes, keep);
  if (reference instanceof Uint8Array) return bytesToHex(reference);
  const bytes = encodeRlp(reference);
  const hash = bytesToHex(nodes.keccak256(bytes));
  keep(hash, bytes);
  return hash;
}

function referenceOf(node: TrieNode, nodes: TrieNodes, keep: Keep): RlpItem {
  if (node.kind === 'unloaded' || node.reference) return node.reference!;
  const bytes = encodeNode(node, (child) => referenceOf(child, nodes, keep));
  if (bytes.length < 32) node.reference = packNode(node, committedReference);
  else {
    node.reference = nodes.keccak256(bytes);
    keep(bytesToHex(node.reference), bytes);
  }
  return node.reference;
}

/** Nodes shorter than a hash stand inside their parent and are no part of their own in a proof. */
function encodeVisited(visited: readonly TrieNode[]): Uint8Array[] {
  const proof: Uint8Array[] = [];
  visited.forEach((node, depth) => {
    if (node.kind === 'unloaded') return;
    const bytes = encodeNode(node, committedReference);
    if (depth === 0 || bytes.length >= 32) proof.push(bytes);
  });
  return proof;
}

function committedReference(node: TrieNode): RlpItem {
  if (!node.reference) throw new TrieError('a trie can be proved only after it was committed');
  return node.reference;
}
