import { bigintToBytes, EMPTY, hexToBytes, utf8Encode } from '../bytes.ts';
import type { Addressee } from '../order.ts';
import type { Vm } from '../ports/index.ts';
import { encodeRlp } from '../rlp/index.ts';

/** What an operator tells a device about one of its secrets. */
export interface SecretOrder {
  readonly name: string;
  /** Later than that of every order before it about this name: an old one cannot come back. */
  readonly version: number;
  /** Sealed to the device's key; `undefined` removes the secret. */
  readonly sealed: Uint8Array | undefined;
}

const PURPOSE = utf8Encode('classpad secret 1');

/** The 32 bytes that an operator signs, as a wallet signs a message of 32 bytes (EIP-191). */
export function orderHash({ name, version, sealed }: SecretOrder, to: Addressee, keccak256: Vm['keccak256']): Uint8Array {
  const what = sealed === undefined ? EMPTY : keccak256(sealed);
  const fields = [
    PURPOSE,
    bigintToBytes(to.chainId),
    hexToBytes(to.device),
    utf8Encode(name),
    bigintToBytes(BigInt(version)),
    what,
  ];
  return keccak256(encodeRlp(fields));
}
