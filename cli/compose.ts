import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
} from 'yaml';
import { composeToManifest, type Manifest, ManifestRefused, type Path } from '../runtime/manifest/index.ts';
import { Exit, Failure } from './command.ts';
import { systemReason } from './system-error.ts';

const FILE_LIMIT_BYTES = 1024 * 1024;

/** A Compose file, read and found good. */
export interface Release {
  readonly manifest: Manifest;
  /** The file's `name:`, else that of its folder; not yet checked. */
  readonly name: string;
}

/** Reads a Compose file. Throws {@link Failure} (exit code 2) that names every problem with its line. */
export function readCompose(file: string): Release {
  const text = readText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const [wrong] = document.errors;
  if (wrong) {
    const { line, col } = lines.linePos(wrong.pos[0]);
    throw new Failure(`${file}:${line}:${col}: this is not YAML: ${wrong.message.split('\n')[0]}`, Exit.badInput);
  }
  const value = plainValue(document, file);
  try {
    const manifest = composeToManifest(value, (path) => lineOf(document, lines, path));
    return { manifest, name: nameOf(value, file) };
  } catch (error) {
    if (!(error instanceof ManifestRefused)) throw error;
    throw new Failure(error.problems.map((problem) => `${file}:${problemText(problem)}`).join('\n'), Exit.badInput);
  }
}

function readText(file: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new Failure(`${file} is not a file; name a Compose file`, Exit.badInput);
    if (stat.size > FILE_LIMIT_BYTES) {
      throw new Failure(`${file} has ${stat.size} bytes; a Compose file has at most ${FILE_LIMIT_BYTES}`, Exit.badInput);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Failure(missing ? `${file} does not exist` : `${file} cannot be read: ${systemReason(error)}`, Exit.badInput);
  }
}

/** Aliases resolved; a file whose aliases multiply is refused. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new Failure(`${file}: ${(error as Error).message}`, Exit.badInput);
  }
}

function problemText({ path, line, sentence }: { path: Path; line?: number; sentence: string }): string {
  const place = path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    '',
  );
  return [line === undefined ? '' : `${line}:`, place ? `${place}:` : '', sentence].filter(Boolean).join(' ');
}

/** As Docker Compose does it: the file's own name, else the folder's. */
function nameOf(value: unknown, file: string): string {
  const own = (value as { name?: unknown } | null)?.name;
  return typeof own === 'string' ? own : basename(dirname(resolve(file))).toLowerCase();
}

/** The line of the key (or list item) at a path, through aliases and merged maps. */
export function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const part of path) {
    const step = child(document, node, part);
    if (!step) return undefined;
    node = step.node;
    offset = step.offset ?? offset;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

interface Child {
  readonly node: unknown;
  readonly offset: number | undefined;
}

function child(document: Document, parent: unknown, part: string | number): Child | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return item === undefined ? undefined : { node: item, offset: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part));
  if (pair) return { node: pair.value, offset: startOf(pair.key) };
  return mergedChild(document, node.items, part);
}

function mergedChild(
  document: Document,
  items: readonly { key: unknown; value: unknown }[],
  part: string | number,
): Child | undefined {
  for (const { key, value } of items) {
    if (!isScalar(key) || key.source !== '<<') continue;
    for (const source of isSeq(value) ? value.items : [value]) {
      const found = child(document, source, part);
      if (found) return found;
    }
  }
  return undefined;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? ((node as ParsedNode).range?.[0] ?? undefined) : undefined;
}
