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

/** What of the output of containers is asked for. */
export interface OutputName {
  readonly app: string;
  /** Empty: of all its services. */
  readonly service: string;
  /** Seconds since 1970 from which the order counts no more: whoever overhears it cannot ask for ever. */
  readonly until: number;
}

const OUTPUT_PURPOSE = utf8Encode('classpad output 1');

/** The 32 bytes that an operator signs, likewise, to be shown what the containers of an app print. */
export function outputOrderHash({ app, service, until }: OutputName, to: Addressee, keccak256: Vm['keccak256']): Uint8Array {
  const words = [utf8Encode(app), utf8Encode(service), bigintToBytes(BigInt(until))];
  return keccak256(encodeRlp([OUTPUT_PURPOSE, bigintToBytes(to.chainId), hexToBytes(to.device), ...words]));
}
