import { utf8Decode, utf8Encode } from '../bytes.ts';
import type { Store } from '../ports/index.ts';

/*
 * The lines of requests, kept on the device so that a single one can be proved later. What is too old makes room. Lines that had
 * not been written when the power went are lost, and with them the batch they would have been in.
 */

export interface Spool {
  /** Keeps a line; it is on the disk after {@link flush}, or when enough have come. */
  add(line: string): void;
  /** What is to be written for the rest, together with what else belongs to the moment. */
  flush(): (readonly [key: string, value: Uint8Array])[];
}

export interface BatchName {
  readonly app: string;
  readonly revision: number;
  /** Seconds: the beginning of the interval. */
  readonly from: number;
}

const PREFIX = 'service/lines/';
const CHUNK_LINES = 2_048;
const CHUNK_CHARACTERS = 256 * 1024;
/** Of all apps and intervals together: 64 MiB at most. */
const MOST_CHUNKS = 256;

export function openSpool(store: Store, name: BatchName): Spool {
  let lines: string[] = [];
  let characters = 0;
  let next = 0;
  const flush = () => {
    if (lines.length === 0) return [];
    const entry = [`${keyOf(name)}${pad(next++, 6)}`, utf8Encode(lines.join('\n'))] as const;
    lines = [];
    characters = 0;
    return [entry];
  };
  return {
    add(line) {
      lines.push(line);
      characters += line.length + 1;
      if (lines.length >= CHUNK_LINES || characters >= CHUNK_CHARACTERS) store.write(flush());
    },
    flush,
  };
}

/** The lines of a batch, in order; none if they have made room for others. */
export function readLines(store: Pick<Store, 'get' | 'keys'>, name: BatchName): string[] {
  const keys = store.keys(keyOf(name), MOST_CHUNKS);
  return keys.flatMap((key) => utf8Decode(store.get(key)!).split('\n'));
}

/** A part of a batch's lines, from 0 on; `undefined` behind the last, and where they have made room for others. */
export function readPart(store: Pick<Store, 'get'>, name: BatchName, part: number): string[] | undefined {
  const chunk = store.get(`${keyOf(name)}${pad(part, 6)}`);
  return chunk && utf8Decode(chunk).split('\n');
}

/** The oldest, where there are too many, to be deleted. */
export function outdated(store: Pick<Store, 'keys'>): (readonly [key: string, value: undefined])[] {
  const keys = store.keys(PREFIX, 2 * MOST_CHUNKS);
  return keys.slice(0, Math.max(0, keys.length - MOST_CHUNKS)).map((key) => [key, undefined] as const);
}

/** In the order of time, so that the oldest come first. */
function keyOf({ app, revision, from }: BatchName): string {
  return `${PREFIX}${pad(from, 12)}/${app}/${revision}/`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
