/**
 * keccak256 of 64 bytes, with the last results kept: Solidity asks again and again for the slots of the same mapping entries. Exact: an
 * entry holds its whole input.
 */
import { keccak256 } from './crypto/keccak256';
import { copy, eq } from './u256';

const ENTRIES: u32 = 256;
const ENTRY: usize = 96;
/** Input (64 bytes), hash (32 bytes). A hash that begins with 8 zero bytes marks an entry not yet in use. */
const entries: usize = memory.data(24576, 8);

/** Where the 32-byte hash of 64 bytes stands until the next call. */
export function hashOfPair(data: usize): usize {
  const entry = entries + <usize>(mixed(data) & (ENTRIES - 1)) * ENTRY;
  if (load<u64>(entry, 64) && eq(entry, data) && eq(entry + 32, data + 32)) return entry + 64;
  copy(entry, data);
  copy(entry + 32, data + 32);
  keccak256(entry + 64, entry, 64);
  return entry + 64;
}

/** Bits that depend on all of the input. */
function mixed(data: usize): u32 {
  const low = load<u64>(data) ^ (load<u64>(data, 8) * 3) ^ (load<u64>(data, 16) * 5) ^ (load<u64>(data, 24) * 7);
  const high = load<u64>(data, 32) ^ (load<u64>(data, 40) * 3) ^ (load<u64>(data, 48) * 5) ^ (load<u64>(data, 56) * 7);
  return <u32>(((low * 11 + high) * 0x9e3779b97f4a7c15) >> 48);
}
