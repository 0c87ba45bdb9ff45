import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bigintToBytes, bytesToHex, concat } from '../../../runtime/bytes.ts';
import type { Address, Device, Vm } from '../../../runtime/ports/index.ts';

/** The cryptography of the `Vm` port by @noble, for suites that need no VM. */
export const cryptography: Pick<Vm, 'keccak256' | 'sha256' | 'recover'> = {
  keccak256: (data) => keccak_256(data),
  sha256: (data) => sha256(data),
  recover(hash, yParity, r, s) {
    try {
      const signature = concat(Uint8Array.of(yParity), bigintToBytes(r, 32), bigintToBytes(s, 32));
      return addressOf(secp256k1.recoverPublicKey(signature, hash, { prehash: false }));
    } catch {
      return undefined;
    }
  },
};

/** A device whose key is known. */
export function deviceOf(key: Uint8Array, name = 'a'): Device {
  return {
    name,
    address: addressOf(secp256k1.getPublicKey(key, false)),
    sign(hash) {
      const signature = secp256k1.Signature.fromBytes(
        secp256k1.sign(hash, key, { prehash: false, format: 'recovered' }),
        'recovered',
      );
      return { yParity: signature.recovery as 0 | 1, r: signature.r, s: signature.s };
    },
    batteryPercent: () => undefined,
    memory: () => undefined,
  };
}

function addressOf(publicKey: Uint8Array): Address {
  const full = secp256k1.Point.fromBytes(publicKey).toBytes(false);
  return bytesToHex(keccak_256(full.subarray(1)).subarray(12));
}
