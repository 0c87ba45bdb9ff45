import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from './files.ts';

/** Bundles on their way, by their hash: what a device fetched, and what its sisters fetch from it. */
export interface Payloads {
  /** Where it lies, if it is here and whole. */
  find(sha256: string): string | undefined;
  /** How many bytes of it are here. */
  begun(sha256: string): number;
  /** Takes what a source gives, from where the last attempt ended. Throws a sentence if it is not what the hash says. */
  take(wanted: Wanted, source: AsyncIterable<Uint8Array>, onBytes?: OnBytes): Promise<string>;
  /** Takes what a stranger brings, from its beginning; what is not whole is forgotten, and nobody who fetches hears of it. */
  bring(wanted: Wanted, source: AsyncIterable<Uint8Array>): Promise<string>;
  /** Removes what is not needed any more, by its hash, but nothing that somebody writes to. */
  prune(isNeeded: (sha256: string) => boolean): void;
}

export interface Wanted {
  readonly sha256: string;
  readonly bytes: number;
}

/** How many bytes are here by now. */
type OnBytes = (bytes: number) => void;

const HASH = /^[0-9a-f]{64}$/;
/** Strangers that bring something at the same time; the file of each is called by its number. */
const BROUGHT = ['brought-0', 'brought-1', 'brought-2', 'brought-3'];

export function openPayloads(folder: string): Payloads {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (sha256: string) => join(folder, sha256);
  const partOf = (sha256: string) => join(folder, `${sha256}.part`);
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const forget = (path: string) => rmSync(path, { force: true });
  // Whoever brought them is gone.
  for (const name of BROUGHT) forget(join(folder, name));
  /** Files that somebody writes to. */
  const busy = new Set<string>();

  async function alone(part: string, job: () => Promise<string>): Promise<string> {
    busy.add(part);
    return job().finally(() => busy.delete(part));
  }

  /** Makes the file whole and gives it its name. */
  async function fill(part: string, { sha256, bytes }: Wanted, source: AsyncIterable<Uint8Array>, onBytes?: OnBytes) {
    await append(part, bytes, source, onBytes);
    const found = await hashOf(part);
    if (found !== sha256) {
      forget(part);
      throw new Error(`what came has the hash ${found.slice(0, 16)}…, and the ledger names ${sha256.slice(0, 16)}…`);
    }
    renameSync(part, pathOf(sha256));
    syncFolder(folder);
    return pathOf(sha256);
  }

  async function take(wanted: Wanted, source: AsyncIterable<Uint8Array>, onBytes?: OnBytes): Promise<string> {
    const part = partOf(wanted.sha256);
    if (busy.has(part)) throw new Error('it is being fetched already');
    return alone(part, () => fill(part, wanted, source, onBytes));
  }

  async function bring(wanted: Wanted, source: AsyncIterable<Uint8Array>): Promise<string> {
    const part = BROUGHT.map((name) => join(folder, name)).find((path) => !busy.has(path));
    if (part === undefined) throw new Error('this node is busy with others that bring something; try again in a minute');
    return alone(part, () => fill(part, wanted, source).finally(() => forget(part)));
  }

  return {
    find: (sha256) => (HASH.test(sha256) && sizeOf(pathOf(sha256)) > 0 ? pathOf(sha256) : undefined),
    begun: (sha256) => sizeOf(partOf(sha256)),
    take,
    bring,
    prune(isNeeded) {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (!busy.has(path) && !isNeeded(name.replace(/\.part$/, ''))) forget(path);
      }
    },
  };
}

/** Adds to a file up to the wanted length, on the disk when it returns; what has all of it waits for nothing more. */
async function append(path: string, bytes: number, source: AsyncIterable<Uint8Array>, onBytes?: OnBytes) {
  const file = openSync(path, 'a', 0o600);
  try {
    let length = statSync(path).size;
    for await (const chunk of length < bytes ? source : []) {
      length += chunk.length;
      if (length > bytes) break;
      writeSync(file, chunk);
      onBytes?.(length);
      if (length === bytes) break;
    }
    fsyncSync(file);
    if (length < bytes) throw new Error(`the source ended after ${length} of ${bytes} bytes`);
    if (length > bytes) {
      rmSync(path, { force: true });
      throw new Error(`the source gave more than the ${bytes} bytes that the ledger names`);
    }
  } finally {
    closeSync(file);
  }
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
