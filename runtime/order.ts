import { bytesToBigint, concat, utf8Encode } from './bytes.ts';
import type { Address, Vm } from './ports/index.ts';

/** The ledger and the device that an operator's order is for: it counts nowhere else. */
export interface Addressee {
  readonly chainId: bigint;
  readonly device: Address;
}

const SIGNATURE_BYTES = 65;

/** Who signed an order; `undefined` for what is no signature. @param signature r and s with 32 bytes each, then 27 or 28. */
export function orderSigner(hash: Uint8Array, signature: Uint8Array, vm: Pick<Vm, 'keccak256' | 'recover'>): Address | undefined {
  const parity = (signature[64] ?? 0) - 27;
  if (signature.length !== SIGNATURE_BYTES || (parity !== 0 && parity !== 1)) return undefined;
  const signed = vm.keccak256(concat(utf8Encode('\x19Ethereum Signed Message:\n32'), hash));
  return vm.recover(signed, parity, bytesToBigint(signature.subarray(0, 32)), bytesToBigint(signature.subarray(32, 64)));
}
