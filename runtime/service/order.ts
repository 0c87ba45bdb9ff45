import { bigintToBytes, hexToBytes, utf8Encode } from '../bytes.ts';
import type { Addressee } from '../order.ts';
import type { Vm } from '../ports/index.ts';
import { encodeRlp } from '../rlp/index.ts';
import type { BatchName } from './spool.ts';

const PURPOSE = utf8Encode('classpad requests 1');

/**
 * The 32 bytes that an operator signs, as a wallet signs a message of 32 bytes (EIP-191), to be shown the lines of a batch: paths
 * may say more than everyone should know.
 */
export function requestsOrderHash({ app, revision, from }: BatchName, to: Addressee, keccak256: Vm['keccak256']): Uint8Array {
  const numbers = [revision, from].map((each) => bigintToBytes(BigInt(each)));
  return keccak256(encodeRlp([PURPOSE, bigintToBytes(to.chainId), hexToBytes(to.device), utf8Encode(app), ...numbers]));
}
