/** The leaves of a JSON value by their paths, such as `result.logs.0.data`; an empty list or object is a leaf. */
export function leaves(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0)
    into.set(path, Array.isArray(value) ? '[]' : typeof value === 'object' && value !== null ? '{}' : value);
  for (const [key, inner] of entries) leaves(inner, path === '' ? key : `${path}.${key}`, into);
  return into;
}

/** A field in which two answers differ. `undefined` stands for a field that is not there. */
export interface FieldDifference {
  readonly path: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** Where one is an error and the other is none, that is the one difference, at the path `answer`. */
export function differencesBetween(ours: unknown, theirs: unknown): FieldDifference[] {
  if (kindOf(ours) !== kindOf(theirs)) return [{ path: 'answer', ours: briefly(ours), theirs: briefly(theirs) }];
  const [our, their] = [leaves(ours), leaves(theirs)];
  return [...new Set([...our.keys(), ...their.keys()])]
    .filter((path) => our.get(path) !== their.get(path))
    .map((path) => ({ path, ours: our.get(path), theirs: their.get(path) }));
}

/** The value with the node's own hashes of blocks named by their numbers: what refers to a block then does so on both nodes alike. */
export function withBlocksNamed(value: unknown, blocks: readonly string[]): unknown {
  if (typeof value === 'string') {
    const number = blocks.indexOf(value);
    return number < 0 ? value : `hash of block ${number}`;
  }
  if (Array.isArray(value)) return value.map((entry) => withBlocksNamed(entry, blocks));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withBlocksNamed(entry, blocks)]));
}

function kindOf(answer: unknown): string {
  if (Array.isArray(answer)) return 'batch';
  return isRecord(answer) && 'error' in answer ? 'error' : 'result';
}

function briefly(answer: unknown): string {
  if (!isRecord(answer) || Array.isArray(answer)) return `a batch: ${JSON.stringify(answer)}`;
  const { error, result } = answer as { error?: { code: number; message: string }; result?: unknown };
  return error ? `error ${error.code}: ${error.message}` : `result: ${JSON.stringify(result)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
