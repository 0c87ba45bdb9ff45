import { hexToBytes } from '../bytes.ts';
import type { Address, Hex, Log, Vm, Word } from '../ports/index.ts';

/** The 2048-bit filter over the addresses and topics of logs (Yellow Paper 4.3.1). */
const BLOOM_BYTES = 256;

export function bloomOf(logs: readonly Log[], keccak256: Vm['keccak256']): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES);
  const seen = new Set<Hex>();
  for (const log of logs) {
    for (const value of [log.address, ...log.topics]) {
      if (seen.has(value)) continue;
      seen.add(value);
      for (const [byte, bit] of bitsOf(value, keccak256)) bloom[byte] = bloom[byte]! | bit;
    }
  }
  return bloom;
}

/** A filter that holds what any of them holds. */
export function mergeBlooms(blooms: readonly Uint8Array[]): Uint8Array {
  if (blooms.length === 1) return blooms[0]!;
  const merged = new Uint8Array(BLOOM_BYTES);
  for (const bloom of blooms) for (let i = 0; i < BLOOM_BYTES; i++) merged[i] = merged[i]! | bloom[i]!;
  return merged;
}

/** False: no log of this address or topic is there. True: there may be one. */
export function mayContain(bloom: Uint8Array, value: Address | Word, keccak256: Vm['keccak256']): boolean {
  return bitsOf(value, keccak256).every(([byte, bit]) => (bloom[byte]! & bit) !== 0);
}

/** Three bits, each from two bytes of the hash, counted from the filter's end. */
function bitsOf(value: Hex, keccak256: Vm['keccak256']): [byte: number, bit: number][] {
  const hash = keccak256(hexToBytes(value));
  return [0, 2, 4].map((at) => {
    const position = ((hash[at]! << 8) | hash[at + 1]!) & 2047;
    return [BLOOM_BYTES - 1 - (position >> 3), 1 << (position & 7)];
  });
}
