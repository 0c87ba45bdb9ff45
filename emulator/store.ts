import type { Store } from '../runtime/ports/index.ts';

/** Keys and values that outlive the firmware, as on a device's flash. */
export interface MemoryStore extends Store {
  readonly sizeBytes: number;
}

const KEY_LIMIT = 512;

/** A map that keeps at most `capacityBytes`; a write beyond that throws and changes nothing. */
export function memoryStore(capacityBytes = 256 * 1024 * 1024): MemoryStore {
  const values = new Map<string, Uint8Array>();
  // Sorted when asked for; most writes are never followed by a listing.
  let sorted: string[] | undefined;
  let sizeBytes = 0;
  const weigh = (key: string, value: Uint8Array | undefined): number => (value ? key.length + value.length : 0);
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    get: (key) => values.get(key)?.slice(),
    keys(prefix, limit) {
      sorted ??= [...values.keys()].sort();
      const found: string[] = [];
      for (let at = lowerBound(sorted, prefix); at < sorted.length && found.length < limit; at += 1) {
        if (!sorted[at]!.startsWith(prefix)) break;
        found.push(sorted[at]!);
      }
      return found;
    },
    write(entries) {
      const last = new Map(entries);
      let growth = 0;
      for (const [key, value] of last) {
        if (key.length === 0 || key.length > KEY_LIMIT)
          throw new Error(`a key of ${key.length} characters; 1 to ${KEY_LIMIT} are possible`);
        growth += weigh(key, value) - weigh(key, values.get(key));
      }
      if (sizeBytes + growth > capacityBytes) throw new Error(`the store is full: it holds ${capacityBytes} bytes`);
      sizeBytes += growth;
      for (const [key, value] of last) {
        if (values.has(key) !== (value !== undefined)) sorted = undefined;
        if (value) values.set(key, value.slice());
        else values.delete(key);
      }
    },
  };
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
