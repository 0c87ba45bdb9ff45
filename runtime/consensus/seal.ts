import { bigintToBytes, bytesToBigint, concat, EMPTY, hexToBytes } from '../bytes.ts';
import { type Header, hashHeader, withExtraData } from '../ledger/header.ts';
import type { Address, Device, Vm } from '../ports/index.ts';

/** r and s with 32 bytes each, then the parity. */
export const SEAL_BYTES = 65;
/** Half of the order of secp256k1. */
const MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** The sequencer's signature over the hash of the header with empty `extraData`. */
export function sealHeader(header: Header, device: Pick<Device, 'sign'>, keccak256: Vm['keccak256']): Uint8Array {
  const { yParity, r, s } = device.sign(sealedHash(header, keccak256));
  return concat(bigintToBytes(r, 32), bigintToBytes(s, 32), Uint8Array.of(yParity));
}

/** Whether the header's `extraData` is the sequencer's seal on it. Needs nothing but the header: an audit checks it offline. */
export function verifyHeaderSeal(header: Header, sequencer: Address, vm: Pick<Vm, 'keccak256' | 'recover'>): boolean {
  const seal = header.extraData;
  if (seal.length !== SEAL_BYTES || seal[64]! > 1) return false;
  const [r, s] = [bytesToBigint(seal.subarray(0, 32)), bytesToBigint(seal.subarray(32, 64))];
  // The other of a signature's two forms, which anybody can make of it, would make another block of the same header.
  if (s > MAX_S) return false;
  const hash = sealedHash(header, (data) => vm.keccak256(data));
  return vm.recover(hash, seal[64]!, r, s) === sequencer.toLowerCase();
}

function sealedHash(header: Header, keccak256: Vm['keccak256']): Uint8Array {
  return hexToBytes(hashHeader(withExtraData(header, EMPTY), keccak256));
}
