/**
 * Hash tables of records, chained. A record begins with the address of the next in its chain (u32 at 0) and its hash (u32 at 4).
 * A table is 16 bytes: buckets, mask, count.
 */
import { give, takeZeroed } from './arena';
import { fail } from './failure';
import { Status } from './status';

export const TABLE_SIZE: i32 = 16;
const SMALL_BUCKETS: u32 = 256;

/** Where the chain of a hash begins: the address of a u32. */
export function bucketOf(table: usize, hash: u32): usize {
  return <usize>load<u32>(table) + ((<usize>(hash & load<u32>(table, 4))) << 2);
}

/** First record with this hash's bucket, or 0. */
export function chainOf(table: usize, hash: u32): usize {
  return <usize>load<u32>(bucketOf(table, hash));
}

export function insert(table: usize, record: usize, hash: u32): void {
  const bucket = bucketOf(table, hash);
  store<u32>(record, load<u32>(bucket));
  store<u32>(record, hash, 4);
  store<u32>(bucket, <u32>record);
  const count = load<u32>(table, 8) + 1;
  store<u32>(table, count, 8);
  if (count > load<u32>(table, 4) * 2) grow(table);
}

/** Empties the table. Must be called once before its first use; fails the transaction if there is no memory. */
export function resetTable(table: usize): void {
  if (load<u32>(table) && load<u32>(table, 4) == SMALL_BUCKETS - 1) {
    if (load<u32>(table, 8)) memory.fill(<usize>load<u32>(table), 0, SMALL_BUCKETS << 2);
    store<u32>(table, 0, 8);
    return;
  }
  give(<usize>load<u32>(table));
  store<u32>(table, <u32>takeZeroed(SMALL_BUCKETS << 2));
  store<u32>(table, SMALL_BUCKETS - 1, 4);
  store<u32>(table, 0, 8);
  if (!load<u32>(table)) fail(Status.MemoryLimit);
}

/** 32 well-mixed bits of a word. */
export function hashWord(word: usize): u32 {
  let mixed = (load<u64>(word) ^ 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
  mixed = (mixed ^ (mixed >> 32) ^ load<u64>(word, 8)) * 0xc4ceb9fe1a85ec53;
  mixed = (mixed ^ (mixed >> 29) ^ load<u64>(word, 16)) * 0x9fb21c651e98df25;
  mixed = (mixed ^ (mixed >> 32) ^ load<u64>(word, 24)) * 0xff51afd7ed558ccd;
  return <u32>(mixed >> 32) ^ <u32>mixed;
}

/** Four times the buckets; if there is no memory for them the chains just get longer. */
function grow(table: usize): void {
  const old = <usize>load<u32>(table);
  const oldMask = load<u32>(table, 4);
  const mask = ((oldMask + 1) << 2) - 1;
  const buckets = takeZeroed((<usize>mask + 1) << 2);
  if (!buckets) return;
  store<u32>(table, <u32>buckets);
  store<u32>(table, mask, 4);
  for (let index: u32 = 0; index <= oldMask; index++) {
    let record = <usize>load<u32>(old + ((<usize>index) << 2));
    while (record) {
      const next = <usize>load<u32>(record);
      const bucket = bucketOf(table, load<u32>(record, 4));
      store<u32>(record, load<u32>(bucket));
      store<u32>(bucket, <u32>record);
      record = next;
    }
  }
  give(old);
}
