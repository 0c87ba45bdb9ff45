import { gather, refuse, show, tree } from './check.ts';
import type { Path } from './manifest.ts';
import { durationMs, words } from './units.ts';

/** Deeper than any Compose file that can be accepted. */
const DEPTH_LIMIT = 12;

/** Every text with `$$` turned into `$`, as Compose does; a variable is refused, for a device has no shell to fill it from. */
export function dollars(value: unknown, path: Path): unknown {
  if (path.length > DEPTH_LIMIT) refuse(path.slice(0, 3), `the file is nested deeper than ${DEPTH_LIMIT} levels`);
  if (typeof value === 'string') return dollarText(value, path);
  if (Array.isArray(value)) return gather(value.map((inner, index) => () => dollars(inner, [...path, index])));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, inner]) =>
      () =>
        [key, dollars(inner, [...path, key])] as const,
  );
  return Object.fromEntries(gather(entries));
}

function dollarText(text: string, path: Path): string {
  return text.replace(/\$(\$|\{[^}]*\}?|[A-Za-z_]\w*)?/g, (found, what: string | undefined) => {
    if (what === '$') return '$';
    if (what === undefined) return found;
    return refuse(path, `${show(found)} would be filled from the operator's shell; write the value, or $$ for a dollar sign`);
  });
}

/** A command as a line or as a list. */
export function wordList(value: unknown, path: Path): unknown {
  if (typeof value !== 'string') return value;
  return words(value) ?? refuse(path, `${show(value)} has a quote that is never closed`);
}

/** A number where YAML makes one of what was meant as a text, such as `user: 1000`. */
export function scalarText(value: unknown): unknown {
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
}

export function duration(value: unknown, path: Path): number {
  const found = typeof value === 'string' ? durationMs(value) : undefined;
  return found ?? refuse(path, `${show(value)} is not a duration; write one with its unit, such as 500ms, 10s or 1m30s`);
}

/** `KEY=value` lines, or a map, as a map of texts. */
export function pairs(what: 'environment' | 'labels'): (value: unknown, path: Path) => unknown {
  return (value, path) => {
    if (!Array.isArray(value)) {
      const entries = Object.entries(tree(value, path));
      return Object.fromEntries(
        gather(
          entries.map(([key, inner]) => () => [key, pairValue(inner, [...path, key], what)]),
        ),
      );
    }
    const entries = value.map((line, index) => () => pair(line, [...path, index], what));
    return Object.fromEntries(gather(entries));
  };
}

function pair(line: unknown, path: Path, what: string): readonly [string, string] {
  if (typeof line !== 'string') refuse(path, `${show(line)} is not a line such as NAME=value`);
  const at = line.indexOf('=');
  if (at > 0) return [line.slice(0, at), line.slice(at + 1)];
  return [line, pairValue(null, path, what)];
}

function pairValue(value: unknown, path: Path, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value !== null) refuse(path, `${show(value)} is not a text, a number, true or false`);
  if (what === 'labels') return '';
  return refuse(path, 'has no value; a release takes nothing from the operator’s shell, so write the value here');
}

/** A list of names as a map, each with a value of its own. */
export function byName(names: readonly unknown[], path: Path, value: (name: string) => unknown): unknown {
  const entries = names.map((name, index) => () => {
    if (typeof name !== 'string') refuse([...path, index], `${show(name)} is not a name`);
    return [name, value(name)] as const;
  });
  return Object.fromEntries(gather(entries));
}
