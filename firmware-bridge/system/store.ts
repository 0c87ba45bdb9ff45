import { mkdirSync } from 'node:fs';
import { open } from 'lmdb';
import type { Store } from '../../runtime/ports/index.ts';

/** In bytes of UTF-8; as in the emulator's store. */
const LONGEST_KEY = 512;

export interface DiskStore extends Store {
  /** Nothing may be read or written afterwards. */
  close(): Promise<void>;
}

/**
 * A {@link Store} in lmdb, in a folder of its own. A write is one transaction, synced before it returns: after a crash the
 * store holds all of it or nothing. Keys are ordered by their bytes in UTF-8.
 */
export function openStore(folder: string): DiskStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // `overlappingSync` would let a commit return before it is on the disk.
  const database = open<Buffer, Buffer>({
    path: folder,
    encoding: 'binary',
    keyEncoding: 'binary',
    noSubdir: false,
    overlappingSync: false,
    maxDbs: 1,
  });
  return {
    get: (key) => database.get(encode(key)),
    keys: (prefix, limit) => listKeys(database, prefix, limit),
    write: (entries) => {
      const rows = entries.map(([key, value]) => [encode(key), value] as const);
      database.transactionSync(() => {
        for (const [key, value] of rows) {
          if (value === undefined) database.removeSync(key);
          else database.putSync(key, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
        }
      });
    },
    close: () => database.close(),
  };
}

function listKeys(database: ReturnType<typeof open<Buffer, Buffer>>, prefix: string, limit: number): string[] {
  const start = Buffer.from(prefix);
  const found: string[] = [];
  if (limit <= 0) return found;
  const range = start.length > 0 ? { start } : {};
  for (const key of database.getKeys(range)) {
    if (!key.subarray(0, start.length).equals(start)) break;
    found.push(key.toString());
    if (found.length >= limit) break;
  }
  return found;
}

function encode(key: string): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length === 0 || bytes.length > LONGEST_KEY)
    throw new Error(`a key of ${bytes.length} bytes; 1 to ${LONGEST_KEY} are possible`);
  return bytes;
}
