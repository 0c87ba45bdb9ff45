/** The leaves of a JSON value by their paths, such as `result.logs.0.data`; an empty list or object is a leaf. */
export function leaves(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0)
    into.set(path, Array.isArray(value) ? '[]' : typeof value === 'object' && value !== null ? '{}' : value);
  for (const [key, inner] of entries) leaves(inner, path === '' ? key : `${path}.${key}`, into);
  return into;
}
