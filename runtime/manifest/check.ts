import { ManifestRefused, type Path, type Problem } from './manifest.ts';

/** Answers the value if it is right and throws {@link ManifestRefused} if not. */
export type Check<T> = (value: unknown, path: Path) => T;

export function refuse(path: Path, sentence: string): never {
  throw new ManifestRefused([{ path, sentence }]);
}

/** Runs every job and throws all their problems together, so that an operator sees them at once. */
export function gather<T>(jobs: readonly (() => T)[]): T[] {
  const problems: Problem[] = [];
  const results: T[] = [];
  for (const job of jobs) {
    try {
      results.push(job());
    } catch (error) {
      if (!(error instanceof ManifestRefused)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ManifestRefused(problems);
  return results;
}

/** A text that fits the pattern; `form` says what would be right. */
export function text(pattern: RegExp, limit: number, form: string): Check<string> {
  return (value, path) => {
    if (typeof value !== 'string') refuse(path, `${show(value)} is not a text; it must be ${form}`);
    if (value.length > limit) refuse(path, `the text has ${value.length} characters; at most ${limit} are allowed`);
    if (!pattern.test(value)) refuse(path, `${show(value)} does not fit; it must be ${form}`);
    return value;
  };
}

export function whole(least: number, most: number, unit: string): Check<number> {
  return (value, path) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return refuse(path, `${show(value)} does not fit; it must be a whole number of ${unit} from ${least} to ${most}`);
  };
}

export const flag: Check<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  return refuse(path, `${show(value)} does not fit; it must be true or false`);
};

export function list<T>(item: Check<T>, least: number, most: number): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) refuse(path, `${show(value)} is not a list`);
    if (value.length < least || value.length > most)
      refuse(path, `the list has ${value.length} entries; it must have ${least} to ${most}`);
    return gather(value.map((inner, index) => () => item(inner, [...path, index])));
  };
}

/** A list without repetitions. */
export function set<T extends string | number>(item: Check<T>, most: number): Check<readonly T[]> {
  const check = list(item, 1, most);
  return (value, path) => {
    const items = check(value, path);
    const index = items.findIndex((inner, at) => items.indexOf(inner) !== at);
    if (index >= 0) refuse([...path, index], `${show(items[index])} stands in the list twice`);
    return items;
  };
}

export function record<T>(key: Check<string>, item: Check<T>, least: number, most: number): Check<Readonly<Record<string, T>>> {
  return (value, path) => {
    const entries = Object.entries(tree(value, path));
    if (entries.length < least || entries.length > most)
      refuse(path, `there are ${entries.length} entries; there must be ${least} to ${most}`);
    // Not by assignment: a key such as __proto__ must stay an ordinary key.
    return Object.fromEntries(
      gather(
        entries.map(
          ([name, inner]) =>
            () =>
              [key(name, [...path, name]), item(inner, [...path, name])] as const,
        ),
      ),
    );
  };
}

type Fields<T> = { readonly [K in keyof T]-?: Check<Exclude<T[K], undefined>> };

/** An object with these fields and no other. `unknown` says why another is refused. */
export function object<T extends object>(
  fields: Fields<T>,
  required: readonly (keyof T & string)[],
  unknown: (key: string, value: unknown) => string,
): Check<T> {
  return (value, path) => {
    const found = tree(value, path);
    const missing = required.filter((key) => !Object.hasOwn(found, key)).map((key) => () => refuse([...path, key], 'is missing'));
    const present = Object.entries(found).map(([key, inner]) => () => {
      const at = [...path, key];
      if (!Object.hasOwn(fields, key)) refuse(at, unknown(key, inner));
      return [key, fields[key as keyof T](inner, at)] as const;
    });
    return Object.fromEntries(gather<readonly [string, unknown]>([...missing, ...present])) as T;
  };
}

/** A plain object, neither a list nor null. */
export function tree(value: unknown, path: Path): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return refuse(path, `${show(value)} is not a set of keys and values`);
}

/** A value for a message, cut short. */
export function show(value: unknown): string {
  const shown = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return shown.length > 60 ? `${shown.slice(0, 57)}…` : shown;
}
