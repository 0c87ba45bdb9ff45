import { EMPTY } from '../bytes.ts';
import { asBytes, asList, decodeRlp, encodeRlp, type RlpItem } from '../rlp/index.ts';
import { type Nibbles, packPath, unpackPath } from './nibbles.ts';

/**
 * One node of a Merkle-Patricia trie (Yellow Paper, appendix D). Nodes are never changed: an update makes new ones along
 * its path and shares the rest. Two things are filled in later, as they do not change what a node means:
 * `reference`, once computed, and a child that was {@link Unloaded}, once loaded.
 */
export type TrieNode = Leaf | Extension | Branch | Unloaded;

export interface Leaf {
  readonly kind: 'leaf';
  readonly path: Nibbles;
  readonly value: Uint8Array;
  reference?: RlpItem;
}

export interface Extension {
  readonly kind: 'extension';
  readonly path: Nibbles;
  child: TrieNode;
  reference?: RlpItem;
}

export interface Branch {
  readonly kind: 'branch';
  /** 16, one per nibble. */
  readonly children: (TrieNode | undefined)[];
  /** Of the key that ends here. */
  readonly value: Uint8Array | undefined;
  /** Its RLP, or that of the branch it comes from, and by bits which children are others there. */
  encoded?: { readonly bytes: Uint8Array; readonly changed: number };
  reference?: RlpItem;
}

/** A node of which only the hash is known so far. */
export interface Unloaded {
  readonly kind: 'unloaded';
  /** keccak256 of the node. */
  readonly reference: Uint8Array;
}

const HASH_BYTES = 32;
const CHILDREN = 16;
/** How RLP begins 32 bytes, no bytes, and a list of more than 55. */
const HASH_HEAD = 0xa0;
const EMPTY_HEAD = 0x80;
const LONG_LIST_HEAD = 0xf7;
const LONGEST_HEAD = 3;

export function leaf(path: Nibbles, value: Uint8Array): Leaf {
  return { kind: 'leaf', path, value };
}

/** A child under a path; without a path the child itself. */
export function extend(path: Nibbles, child: TrieNode): TrieNode {
  return path.length === 0 ? child : { kind: 'extension', path, child };
}

/** The branch with another child. */
export function withChild({ children, value, encoded }: Branch, nibble: number, child: TrieNode | undefined): Branch {
  const next = children.slice();
  next[nibble] = child;
  const branch: Branch = { kind: 'branch', children: next, value };
  if (encoded) branch.encoded = { bytes: encoded.bytes, changed: encoded.changed | (1 << nibble) };
  return branch;
}

/** RLP of {@link packNode}. */
export function encodeNode(node: Exclude<TrieNode, Unloaded>, refer: (child: TrieNode) => RlpItem): Uint8Array {
  if (node.kind !== 'branch') return encodeRlp(packNode(node, refer));
  const bytes = patched(node, refer) ?? plainBytes(node, refer) ?? encodeRlp(packNode(node, refer));
  node.encoded = { bytes, changed: 0 };
  return bytes;
}

/** Most branches differ from the one they come from in one child's hash or two. `undefined` where something has moved. */
function patched({ children, encoded }: Branch, refer: (child: TrieNode) => RlpItem): Uint8Array | undefined {
  if (!encoded || encoded.bytes[0]! <= LONG_LIST_HEAD) return undefined;
  const bytes = encoded.bytes.slice();
  let at = 1 + bytes[0]! - LONG_LIST_HEAD;
  for (let nibble = 0, changed = encoded.changed; changed !== 0; nibble++, changed >>= 1) {
    const isHash = bytes[at] === HASH_HEAD;
    if (!isHash && bytes[at] !== EMPTY_HEAD) return undefined;
    if (changed & 1) {
      const child = children[nibble];
      const reference = child && refer(child);
      if (!isHash || !(reference instanceof Uint8Array)) return undefined;
      bytes.set(reference, at + 1);
    }
    at += isHash ? 1 + HASH_BYTES : 1;
  }
  return bytes;
}

/** The reverse of {@link plainBranch}; `undefined` for whatever else. */
function plainBytes({ children, value }: Branch, refer: (child: TrieNode) => RlpItem): Uint8Array | undefined {
  const bytes = new Uint8Array(LONGEST_HEAD + CHILDREN * (1 + HASH_BYTES) + 1);
  let at = LONGEST_HEAD;
  for (const child of children) {
    const reference = child && refer(child);
    if (!reference) bytes[at++] = EMPTY_HEAD;
    else if (!(reference instanceof Uint8Array)) return undefined;
    else {
      bytes[at++] = HASH_HEAD;
      bytes.set(reference, at);
      at += HASH_BYTES;
    }
  }
  bytes[at++] = EMPTY_HEAD;
  const length = at - LONGEST_HEAD;
  if (value || length < 56) return undefined;
  if (length > 255) bytes.set([LONG_LIST_HEAD + 2, length >> 8, length & 255]);
  else bytes.set([LONG_LIST_HEAD + 1, length], 1);
  return bytes.slice(length > 255 ? 0 : 1, at);
}

/** As RLP, children by their references: `refer` gives them. */
export function packNode(node: Exclude<TrieNode, Unloaded>, refer: (child: TrieNode) => RlpItem): RlpItem {
  if (node.kind === 'leaf') return [packPath(node.path, true), node.value];
  if (node.kind === 'extension') return [packPath(node.path, false), refer(node.child)];
  const items: RlpItem[] = node.children.map((child) => (child ? refer(child) : EMPTY));
  items.push(node.value ?? EMPTY);
  return items;
}

/** Throws `RlpError` or {@link TrieError} if the bytes are no node. */
export function decodeNode(bytes: Uint8Array): TrieNode {
  const node = plainBranch(bytes) ?? unpackNode(decodeRlp(bytes));
  if (node.kind === 'branch') node.encoded = { bytes, changed: 0 };
  return node;
}

/** A branch without a value whose children are hashes, as almost all are; `undefined` for whatever else. */
function plainBranch(bytes: Uint8Array): Branch | undefined {
  const lengthBytes = bytes[0]! - LONG_LIST_HEAD;
  const start = 1 + lengthBytes;
  if (!(lengthBytes === 1 || lengthBytes === 2)) return undefined;
  const length = lengthBytes === 1 ? bytes[1]! : bytes[1]! * 256 + bytes[2]!;
  if (length !== bytes.length - start || length < (lengthBytes === 1 ? 56 : 256)) return undefined;
  const children: (TrieNode | undefined)[] = [];
  let at = start;
  while (children.length < CHILDREN) {
    const head = bytes[at++];
    if (head === EMPTY_HEAD) children.push(undefined);
    else if (head !== HASH_HEAD) return undefined;
    else {
      children.push({ kind: 'unloaded', reference: bytes.subarray(at, at + HASH_BYTES) });
      at += HASH_BYTES;
    }
  }
  return bytes[at] === EMPTY_HEAD && at + 1 === bytes.length ? { kind: 'branch', children, value: undefined } : undefined;
}

function unpackNode(item: RlpItem): TrieNode {
  const items = asList(item, 'a trie node');
  if (items.length === 17) return unpackBranch(items);
  if (items.length !== 2) throw new TrieError(`a trie node has ${items.length} items; it should have 2 or 17`);
  const unpacked = unpackPath(asBytes(items[0], "a trie node's path"));
  if (!unpacked) throw new TrieError("a trie node's path is not in hex-prefix form");
  if (unpacked.isLeaf) return leaf(unpacked.path, asBytes(items[1], "a leaf's value"));
  const child = unpackReference(items[1]!);
  if (!child) throw new TrieError('an extension has no child');
  return { kind: 'extension', path: unpacked.path, child };
}

function unpackBranch(items: readonly RlpItem[]): Branch {
  const children = items.slice(0, CHILDREN).map(unpackReference);
  const value = asBytes(items[16], "a branch's value");
  return { kind: 'branch', children, value: value.length > 0 ? value : undefined };
}

/** A child is named by its hash, or stands there itself if it is shorter than a hash. */
function unpackReference(item: RlpItem): TrieNode | undefined {
  if (!(item instanceof Uint8Array)) return { ...unpackNode(item), reference: item } as TrieNode;
  if (item.length === 0) return undefined;
  if (item.length !== HASH_BYTES) throw new TrieError(`a trie reference has ${item.length} bytes; it should have 32`);
  return { kind: 'unloaded', reference: item };
}

/** A state that this node has not, or not any more. */
export class StateGone extends Error {
  override readonly name = 'StateGone';
  constructor(root: string, why: string) {
    // The words of go-ethereum, by which tools know that another node may have it.
    super(`missing trie node ${root.slice(2)} (path ) state ${root} is not available: ${why}`);
  }
}

/** A trie that cannot be read: a node is missing or malformed. */
export class TrieError extends Error {
  override readonly name = 'TrieError';
}
