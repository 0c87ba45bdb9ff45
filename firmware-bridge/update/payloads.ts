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
  take(wanted: Wanted, source: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void): Promise<string>;
  /** Removes all but these. */
  prune(keep: ReadonlySet<string>): void;
}

export interface Wanted {
  readonly sha256: string;
  readonly bytes: number;
}

const HASH = /^[0-9a-f]{64}$/;

export function openPayloads(folder: string): Payloads {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (sha256: string) => join(folder, sha256);
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const busy = new Set<string>();

  async function take({ sha256, bytes }: Wanted, source: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void) {
    if (busy.has(sha256)) throw new Error('it is being fetched already');
    busy.add(sha256);
    try {
      const part = `${pathOf(sha256)}.part`;
      await append(part, bytes, source, onBytes);
      const found = await hashOf(part);
      if (found !== sha256) {
        rmSync(part, { force: true });
        throw new Error(`what came has the hash ${found.slice(0, 16)}…, and the ledger names ${sha256.slice(0, 16)}…`);
      }
      renameSync(part, pathOf(sha256));
      syncFolder(folder);
      return pathOf(sha256);
    } finally {
      busy.delete(sha256);
    }
  }

  return {
    find: (sha256) => (HASH.test(sha256) && sizeOf(pathOf(sha256)) > 0 ? pathOf(sha256) : undefined),
    begun: (sha256) => sizeOf(`${pathOf(sha256)}.part`),
    take,
    prune(keep) {
      for (const name of readdirSync(folder)) {
        if (!keep.has(name.replace(/\.part$/, ''))) rmSync(join(folder, name), { force: true });
      }
    },
  };
}

/** Adds to a file up to the wanted length, on the disk when it returns. */
async function append(path: string, bytes: number, source: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void) {
  const file = openSync(path, 'a', 0o600);
  try {
    let length = statSync(path).size;
    for await (const chunk of source) {
      length += chunk.length;
      if (length > bytes) break;
      writeSync(file, chunk);
      onBytes?.(length);
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
