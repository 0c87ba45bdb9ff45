/**
 * Values on the way between the host and the firmware: a JSON text for the structure and one run of bytes for the payloads.
 * Plain objects, arrays, strings, finite numbers, booleans, null, undefined, bigint, Uint8Array and Uint16Array; nothing else.
 * Runs on both sides, so it uses the language alone.
 */
export interface Packed {
  readonly text: string;
  /** Payloads, one after the other; absent if the value has none. */
  readonly bytes?: Uint8Array;
}

/** Deepest nesting and largest payload that one crossing may carry. */
export const DEPTH_LIMIT = 32;
const BYTES_LIMIT = 32 * 1024 * 1024;

type Tree = null | boolean | number | string | readonly Tree[] | { readonly [key: string]: Tree };
type Chunk = Uint8Array | Uint16Array;

/** Writes a value; throws a sentence for what cannot cross. */
export function pack(value: unknown): Packed {
  const chunks: Chunk[] = [];
  return packed(JSON.stringify(flatten(value, chunks, 0)), chunks);
}

/** A text with payloads. */
export function packed(text: string, chunks: readonly Chunk[]): Packed {
  return chunks.length === 0 ? { text } : { text, bytes: join(chunks) };
}

/** Reads what {@link pack} wrote; throws a sentence for anything else. Typed arrays are copies. */
export function unpack(packed: Packed): unknown {
  return revive(JSON.parse(packed.text) as Tree, packed.bytes ?? new Uint8Array(0), 0);
}

function flatten(value: unknown, chunks: Chunk[], depth: number): Tree {
  if (depth > DEPTH_LIMIT) throw new CodecError(`a value nested deeper than ${DEPTH_LIMIT} levels`);
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new CodecError(`the number ${value}`);
      return value;
    case 'bigint':
      return { $: 'n', value: value.toString() };
    case 'undefined':
      return { $: 'u' };
    case 'object':
      return flattenObject(value, chunks, depth);
    default:
      throw new CodecError(`a ${typeof value}`);
  }
}

function flattenObject(value: object | null, chunks: Chunk[], depth: number): Tree {
  if (value === null) return null;
  if (value instanceof Uint8Array || value instanceof Uint16Array) return flattenBytes(value, chunks);
  if (Array.isArray(value)) return value.map((item) => flatten(item, chunks, depth + 1));
  if (Object.hasOwn(value, '$')) throw new CodecError('an object with the key "$"');
  const present = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(present.map(([key, item]) => [key, flatten(item, chunks, depth + 1)]));
}

function flattenBytes(value: Chunk, chunks: Chunk[]): Tree {
  chunks.push(value);
  return { $: value instanceof Uint8Array ? 'b' : 'w', length: value.byteLength };
}

function join(chunks: readonly Chunk[]): Uint8Array {
  const length = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  if (length > BYTES_LIMIT) throw new CodecError(`${length} bytes at once, more than ${BYTES_LIMIT}`);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength), at);
    at += chunk.byteLength;
  }
  return bytes;
}

function revive(tree: Tree, bytes: Uint8Array, startDepth: number): unknown {
  let at = 0;
  const take = (length: unknown): Uint8Array => {
    if (typeof length !== 'number' || length < 0 || at + length > bytes.length) throw new CodecError('a payload of wrong length');
    at += length;
    return bytes.slice(at - length, at);
  };
  const visit = (node: Tree, depth: number): unknown => {
    if (depth > DEPTH_LIMIT) throw new CodecError(`a value nested deeper than ${DEPTH_LIMIT} levels`);
    if (node === null || typeof node !== 'object') return node;
    if (Array.isArray(node)) return node.map((item) => visit(item as Tree, depth + 1));
    const fields = node as { readonly [key: string]: Tree };
    if (Object.hasOwn(fields, '$')) return reviveTagged(fields, take);
    return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, visit(item, depth + 1)]));
  };
  return visit(tree, startDepth);
}

function reviveTagged(fields: { readonly [key: string]: Tree }, take: (length: unknown) => Uint8Array): unknown {
  switch (fields['$']) {
    case 'n':
      return BigInt(String(fields['value']));
    case 'u':
      return undefined;
    case 'b':
      return take(fields['length']);
    case 'w':
      return new Uint16Array(take(fields['length']).buffer);
    default:
      throw new CodecError(`an unknown mark "${String(fields['$'])}"`);
  }
}

export class CodecError extends Error {
  constructor(what: string) {
    super(`${what} cannot cross between the firmware and its host`);
    this.name = 'CodecError';
  }
}
