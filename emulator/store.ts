import type { Store } from '../runtime/ports/index.ts';

export type StoredEntry = readonly [key: string, value: Uint8Array | undefined];

/** Keys and values that outlive the firmware, as on a device's flash. */
export interface MemoryStore extends Store {
  readonly sizeBytes: number;
  readonly capacityBytes: number;
  /** Everything in it, in no order. */
  entries(): readonly StoredEntry[];
  /** Sets contents past every limit. */
  put(entries: readonly StoredEntry[]): void;
  /** As {@link MemoryStore.put}, and remembers it: an accident. */
  spoil(entries: readonly StoredEntry[]): void;
  /** What was stored under these keys an accident has changed or taken. */
  readonly spoiled: ReadonlySet<string>;
  /** What was new in writes that were lost after they had returned: the last that stood under each key. */
  readonly lost: ReadonlyMap<string, Uint8Array>;
  setCapacity(bytes: number): void;
  /** From now on the last `writes` writes can be lost; 0: each is on the disk when it returns, as the port promises. */
  delayWrites(writes: number): void;
  /** Takes back the last `count` writes that were not on the disk yet. */
  loseWrites(count: number): void;
  /** How many writes can be lost now. */
  readonly unsafeWrites: number;
}

const KEY_LIMIT = 512;
export const STORE_BYTES = 256 * 1024 * 1024;

/** A map that keeps at most `capacityBytes`; a write beyond that throws and changes nothing. */
export function memoryStore(capacityBytes = STORE_BYTES): MemoryStore {
  const store = new MapStore(capacityBytes);
  // Its methods may be handed on without it.
  return {
    get sizeBytes() {
      return store.sizeBytes;
    },
    get capacityBytes() {
      return store.capacityBytes;
    },
    get unsafeWrites() {
      return store.unsafeWrites;
    },
    get: (key) => store.get(key),
    keys: (prefix, limit) => store.keys(prefix, limit),
    write: (entries) => store.write(entries),
    entries: () => store.entries(),
    put: (entries) => store.put(entries),
    spoil: (entries) => store.spoil(entries),
    spoiled: store.spoiled,
    lost: store.lost,
    setCapacity: (bytes) => store.setCapacity(bytes),
    delayWrites: (writes) => store.delayWrites(writes),
    loseWrites: (count) => store.loseWrites(count),
  };
}

class MapStore implements MemoryStore {
  sizeBytes = 0;
  capacityBytes: number;
  readonly spoiled = new Set<string>();
  readonly lost = new Map<string, Uint8Array>();
  private readonly values = new Map<string, Uint8Array>();
  /** Sorted when asked for; most writes are never followed by a listing. */
  private sorted: string[] | undefined;
  /** What undoes the last writes, the newest last. */
  private undo: StoredEntry[][] = [];
  private delayedWrites = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get unsafeWrites(): number {
    return this.undo.length;
  }

  get(key: string): Uint8Array | undefined {
    return this.values.get(key)?.slice();
  }

  keys(prefix: string, limit: number): string[] {
    this.sorted ??= [...this.values.keys()].sort();
    const found: string[] = [];
    for (let at = lowerBound(this.sorted, prefix); at < this.sorted.length && found.length < limit; at += 1) {
      if (!this.sorted[at]!.startsWith(prefix)) break;
      found.push(this.sorted[at]!);
    }
    return found;
  }

  write(entries: readonly StoredEntry[]): void {
    const last = new Map(entries);
    let growth = 0;
    for (const [key, value] of last) {
      if (key.length === 0 || key.length > KEY_LIMIT)
        throw new Error(`a key of ${key.length} characters; 1 to ${KEY_LIMIT} are possible`);
      growth += weigh(key, value) - weigh(key, this.values.get(key));
    }
    if (growth > 0 && this.sizeBytes + growth > this.capacityBytes) {
      throw new Error(`the store is full: it holds ${this.capacityBytes} bytes`);
    }
    if (this.delayedWrites > 0) {
      this.undo.push([...last.keys()].map((key): StoredEntry => [key, this.values.get(key)]));
      if (this.undo.length > this.delayedWrites) this.undo.shift();
    }
    this.put([...last]);
  }

  entries(): readonly StoredEntry[] {
    return [...this.values];
  }

  put(entries: readonly StoredEntry[]): void {
    for (const [key, value] of entries) {
      this.sizeBytes += weigh(key, value) - weigh(key, this.values.get(key));
      if (this.values.has(key) !== (value !== undefined)) this.sorted = undefined;
      if (value) this.values.set(key, value.slice());
      else this.values.delete(key);
    }
  }

  spoil(entries: readonly StoredEntry[]): void {
    this.put(entries);
    for (const [key] of entries) this.spoiled.add(key);
  }

  setCapacity(bytes: number): void {
    this.capacityBytes = bytes;
  }

  delayWrites(writes: number): void {
    this.delayedWrites = writes;
    this.undo = this.undo.slice(Math.max(0, this.undo.length - writes));
  }

  loseWrites(count: number): void {
    for (const entries of this.undo.splice(Math.max(0, this.undo.length - count)).reverse()) {
      for (const [key, value] of entries) if (value === undefined) this.lose(key);
      this.put(entries);
    }
    this.undo = [];
  }

  private lose(key: string): void {
    const value = this.values.get(key);
    this.spoiled.add(key);
    if (value) this.lost.set(key, value);
  }
}

function weigh(key: string, value: Uint8Array | undefined): number {
  return value ? key.length + value.length : 0;
}

/** Where the first key of at least `key` stands. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
