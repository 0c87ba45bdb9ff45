import { bigintToBytes, bytesToBigint, concat, utf8Encode } from '../bytes.ts';
import type { Vm, Word } from '../ports/index.ts';

/*
 * Where the Fleet contract keeps what others prove by `eth_getProof`: whoever checks a proof must know the slot, and cannot
 * ask the contract. A test holds the numbers against the compiler's storage layout, and the slots against a running Fleet.
 * https://docs.soliditylang.org/en/latest/internals/layout_in_storage.html
 */

/** The Fleet's state variable `_apps`. */
export const APPS_SLOT = 17n;

/** Members of `App` and of `Release`, in slots. */
const RELEASES_AT = 3n;
const MANIFEST_HASH_AT = 3n;

const UINT64 = (1n << 64n) - 1n;

type Keccak = Vm['keccak256'];

/** How an app stands: the latest revision, the active one and the one that rolls out; 0: none. */
export interface Standing {
  readonly latest: number;
  readonly active: number;
  readonly rollingOut: number;
}

/** The slot whose word {@link readStanding} reads. */
export function standingSlot(app: string, keccak256: Keccak): Word {
  return slotWord(appAt(app, keccak256));
}

export function readStanding(word: Word): Standing {
  const value = BigInt(word);
  return {
    latest: Number(value & UINT64),
    active: Number((value >> 64n) & UINT64),
    rollingOut: Number((value >> 128n) & UINT64),
  };
}

/** The slot that holds keccak256 of a revision's manifest. */
export function manifestHashSlot(app: string, revision: number, keccak256: Keccak): Word {
  const releases = appAt(app, keccak256) + RELEASES_AT;
  return slotWord(mapped(bigintToBytes(BigInt(revision), 32), releases, keccak256) + MANIFEST_HASH_AT);
}

function appAt(app: string, keccak256: Keccak): bigint {
  const name = new Uint8Array(32);
  name.set(utf8Encode(app));
  return mapped(name, APPS_SLOT, keccak256);
}

function mapped(key: Uint8Array, variable: bigint, keccak256: Keccak): bigint {
  return bytesToBigint(keccak256(concat(key, bigintToBytes(variable, 32))));
}

function slotWord(at: bigint): Word {
  return `0x${BigInt.asUintN(256, at).toString(16).padStart(64, '0')}`;
}
