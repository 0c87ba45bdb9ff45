import { bigintToBytes, bytesToHex, hexToBytes } from '../bytes.ts';
import type { Word } from '../ports/index.ts';
import { asBigint, asBytes, asList, asWord, decodeRlp, encodeRlp } from '../rlp/index.ts';

/** An account as the state trie holds it. */
export interface StoredAccount {
  readonly nonce: bigint;
  /** Wei. */
  readonly balance: bigint;
  readonly storageRoot: Word;
  readonly codeHash: Word;
}

/** keccak256 of nothing. */
export const EMPTY_CODE_HASH: Word = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

export function encodeAccount(account: StoredAccount): Uint8Array {
  const { nonce, balance, storageRoot, codeHash } = account;
  return encodeRlp([bigintToBytes(nonce), bigintToBytes(balance), hexToBytes(storageRoot), hexToBytes(codeHash)]);
}

export function decodeAccount(bytes: Uint8Array): StoredAccount {
  const [nonce, balance, storageRoot, codeHash] = asList(decodeRlp(bytes), 'an account', 4);
  return {
    nonce: asBigint(nonce, "an account's nonce", 8),
    balance: asBigint(balance, "an account's balance"),
    storageRoot: asWord(storageRoot, "an account's storage root"),
    codeHash: asWord(codeHash, "an account's code hash"),
  };
}

/** A storage value without its leading zeros; `undefined` for zero, which is not stored. */
export function encodeSlotValue(value: Word): Uint8Array | undefined {
  const number = BigInt(value);
  return number === 0n ? undefined : encodeRlp(bigintToBytes(number));
}

export function decodeSlotValue(bytes: Uint8Array): Word {
  const digits = bytesToHex(asBytes(decodeRlp(bytes), 'a storage value')).slice(2);
  return `0x${digits.padStart(64, '0')}`;
}
