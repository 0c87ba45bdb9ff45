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

/** So many are remembered: far more than operators sign within the time that one counts. */
const REMEMBERED = 20_000;

/** Orders that were obeyed since this node started, the latest of them: what is read leaves no mark in the store. */
export class ObeyedOrders {
  private readonly hashes = new Set<string>();

  /** Whether it is new. */
  add(hash: string): boolean {
    if (this.hashes.has(hash)) return false;
    this.hashes.add(hash);
    if (this.hashes.size > REMEMBERED) this.hashes.delete(this.hashes.values().next().value!);
    return true;
  }
}
