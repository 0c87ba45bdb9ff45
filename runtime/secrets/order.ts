import { bigintToBytes, bytesToBigint, concat, EMPTY, hexToBytes, utf8Encode } from '../bytes.ts';
import type { Address, Vm } from '../ports/index.ts';
import { encodeRlp } from '../rlp/index.ts';

/** What an operator tells a device about one of its secrets. */
export interface SecretOrder {
  readonly name: string;
  /** Later than that of every order before it about this name: an old one cannot come back. */
  readonly version: number;
  /** Sealed to the device's key; `undefined` removes the secret. */
  readonly sealed: Uint8Array | undefined;
}

/** The ledger and the device that an order is for: it counts nowhere else. */
export interface Addressee {
  readonly chainId: bigint;
  readonly device: Address;
}

const PURPOSE = utf8Encode('classpad secret 1');
const SIGNATURE_BYTES = 65;

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

/** Who signed an order; `undefined` for what is no signature. @param signature r and s with 32 bytes each, then 27 or 28. */
export function orderSigner(hash: Uint8Array, signature: Uint8Array, vm: Pick<Vm, 'keccak256' | 'recover'>): Address | undefined {
  const parity = (signature[64] ?? 0) - 27;
  if (signature.length !== SIGNATURE_BYTES || (parity !== 0 && parity !== 1)) return undefined;
  const signed = vm.keccak256(concat(utf8Encode('\x19Ethereum Signed Message:\n32'), hash));
  return vm.recover(signed, parity, bytesToBigint(signature.subarray(0, 32)), bytesToBigint(signature.subarray(32, 64)));
}
