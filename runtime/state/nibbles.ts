/** A path through the trie: one half-byte (0 to 15) per element. */
export type Nibbles = Uint8Array;

/** Keys that are kept are asked for again and again. */
const paths = new WeakMap<Uint8Array, Nibbles>();

/** The path of a key, which must not change any more. */
export function pathOf(key: Uint8Array): Nibbles {
  const known = paths.get(key);
  if (known) return known;
  const path = nibblesOf(key);
  paths.set(key, path);
  return path;
}

function nibblesOf(key: Uint8Array): Nibbles {
  const nibbles = new Uint8Array(2 * key.length);
  for (let i = 0; i < key.length; i++) {
    nibbles[2 * i] = key[i]! >> 4;
    nibbles[2 * i + 1] = key[i]! & 15;
  }
  return nibbles;
}

/** How many nibbles of `path` from `at` on agree with `other`. */
export function commonLength(path: Nibbles, at: number, other: Nibbles): number {
  const limit = Math.min(path.length - at, other.length);
  let length = 0;
  while (length < limit && path[at + length] === other[length]) length++;
  return length;
}

/** Hex-prefix encoding (Yellow Paper, appendix C): bit 0x20 of the first byte says leaf, 0x10 says odd. */
export function packPath(path: Nibbles, isLeaf: boolean): Uint8Array {
  const isOdd = path.length % 2;
  const packed = new Uint8Array(1 + (path.length >> 1));
  packed[0] = (isLeaf ? 0x20 : 0) | (isOdd ? 0x10 | path[0]! : 0);
  for (let i = 1; i < packed.length; i++) packed[i] = (path[2 * i - 2 + isOdd]! << 4) | path[2 * i - 1 + isOdd]!;
  return packed;
}

/** The reverse of {@link packPath}; `undefined` if the bytes are no such encoding. */
export function unpackPath(packed: Uint8Array): { readonly path: Nibbles; readonly isLeaf: boolean } | undefined {
  const flags = packed[0];
  if (flags === undefined || flags >= 0x40) return undefined;
  const isOdd = (flags & 0x10) !== 0;
  if (!isOdd && (flags & 0x0f) !== 0) return undefined;
  return { path: nibblesOf(packed).subarray(isOdd ? 1 : 2), isLeaf: (flags & 0x20) !== 0 };
}
