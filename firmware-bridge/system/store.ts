import { mkdirSync } from 'node:fs';
import { open } from 'lmdb';
import type { Store } from '../../runtime/ports/index.ts';

const LONGEST_REST_MS = 20;
/** What comes in turn after turn is gathered for so long at most. */
const LONGEST_GATHERING_MS = 20;
/** Turns that have brought nothing more. A block that is made of what waits is begun after one. */
const QUIET_TURNS = 2;
/**
 * Of addresses, not of memory. When a file outgrows its map, lmdb makes a larger one and keeps the smaller ones, so that what is read
 * counts several times: a map that begins small costs twice the file.
 */
const MAP_BYTES = 256 * 1024 * 1024;
/** In bytes of UTF-8; as in the emulator's store. */
const LONGEST_KEY = 512;
/** MDB_BAD_TXN. */
const GIVEN_UP = -30_782;
const ATTEMPTS = 4;

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
    mapSize: MAP_BYTES,
  });
  const commit = (rows: readonly Row[]) =>
    database.transactionSync(() => {
      for (const [key, value] of rows) {
        if (value === undefined) database.removeSync(key);
        else database.putSync(key, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      }
    });
  const queue = new WriteQueue((rows) => insist(() => commit(rows)));
  return {
    get: (key) => database.get(encode(key)),
    keys: (prefix, limit) => listKeys(database, prefix, limit),
    write: (entries) => queue.flush(rowsOf(entries)),
    writeSoon: (entries) => queue.add(rowsOf(entries)),
    close: () => {
      queue.end();
      return database.close();
    },
  };
}

/**
 * Seldom, lmdb's list of free pages does not come out as it had reckoned ("reserved freelist had a data
 * entry with zero-size"). It has then given the transaction up, with nothing written, and reads the list anew for the next one: the
 * same writes succeed.
 */
export function insist(commit: () => void): void {
  for (let attempt = 1; ; attempt++) {
    try {
      commit();
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== GIVEN_UP || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * Writes that wait for the end of this turn, so that one sync serves them all: under load the disk, not the machine, is what
 * there is too little of. A write that does not wait takes them along.
 */
class WriteQueue {
  private readonly commit: (rows: readonly Row[]) => void;
  private rows: Row[] = [];
  private waiting: { readonly done: () => void; readonly fail: (error: unknown) => void }[] = [];
  /** Until then the disk rests, so that on a slow one no more than half of the time goes by in waiting for it. */
  private notBeforeMs = 0;

  constructor(commit: (rows: readonly Row[]) => void) {
    this.commit = commit;
  }

  add(rows: readonly Row[]): Promise<void> {
    this.rows.push(...rows);
    return new Promise((done, fail) => {
      if (this.waiting.push({ done, fail }) === 1) this.schedule();
    });
  }

  /** When no more comes, and then a turn later: a block that is made of what waits writes it too, and one sync serves both. */
  private schedule(): void {
    const nowMs = performance.now();
    const pauseMs = Math.min(LONGEST_REST_MS, this.notBeforeMs - nowMs);
    if (pauseMs >= 1) setTimeout(() => this.end(), pauseMs);
    else this.gather(nowMs + LONGEST_GATHERING_MS, 0, 0);
  }

  private gather(untilMs: number, seen: number, quietTurns: number): void {
    const count = this.waiting.length;
    const quiet = count > seen ? 0 : quietTurns + 1;
    if (quiet >= QUIET_TURNS || performance.now() >= untilMs) this.end();
    else setImmediate(() => this.gather(untilMs, count, quiet));
  }

  /** What waits and these, in this order and in one transaction. Throws if they cannot be written; then none of it is. */
  flush(rows: readonly Row[]): void {
    const all = [...this.rows, ...rows];
    const waiting = this.waiting;
    this.rows = [];
    this.waiting = [];
    const startedMs = performance.now();
    try {
      if (all.length > 0) this.commit(all);
    } catch (error) {
      for (const { fail } of waiting) fail(error);
      throw error;
    }
    const endedMs = performance.now();
    if (all.length > 0) this.notBeforeMs = endedMs + (endedMs - startedMs);
    for (const { done } of waiting) done();
  }

  end(): void {
    try {
      this.flush([]);
    } catch {
      // Those who waited have heard of it.
    }
  }
}

type Row = readonly [key: Buffer, value: Uint8Array | undefined];

function rowsOf(entries: Parameters<Store['write']>[0]): Row[] {
  return entries.map(([key, value]) => [encode(key), value]);
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
