import { secp256k1 } from '@noble/curves/secp256k1.js';
import { concat, hexToBytes, utf8Encode } from '../bytes.ts';
import type { Hex } from '../ports/index.ts';

/*
 * Secrets sealed to a device's key (ECIES over secp256k1): an ephemeral key for each, ECDH, HKDF-SHA-256 (RFC 5869) over the
 * shared x coordinate with both public keys as salt, AES-256-GCM. A key serves once, so the nonce is constant.
 * Wire: 0x01, the ephemeral public key (33 bytes, compressed), the ciphertext with its tag of 16 bytes.
 * Used by whoever seals and by ports; the firmware itself knows no cipher.
 */

const VERSION = 1;
const POINT_BYTES = 33;
const TAG_BYTES = 16;
const NONCE = new Uint8Array(12);
const PURPOSE = utf8Encode('classpad secret 1');

/** @param random At least 32 bytes of randomness, for the ephemeral key. */
export async function seal(value: Uint8Array, publicKey: Hex, random: (bytes: number) => Uint8Array): Promise<Uint8Array> {
  const ephemeral = secp256k1.utils.randomSecretKey(random(48));
  const point = secp256k1.getPublicKey(ephemeral, true);
  const key = await keyOf(ephemeral, hexToBytes(publicKey), concat(point, hexToBytes(publicKey)));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: NONCE, additionalData: copy(PURPOSE) }, key, copy(value));
  return concat(Uint8Array.of(VERSION), point, new Uint8Array(sealed));
}

/** Rejects with a sentence for what was not sealed to this key, or was changed. */
export async function unseal(sealed: Uint8Array, secretKey: Uint8Array): Promise<Uint8Array> {
  const fits = sealed.length >= 1 + POINT_BYTES + TAG_BYTES && sealed[0] === VERSION;
  if (!fits) throw new Error('what came is not a sealed secret of a known form');
  const point = sealed.subarray(1, 1 + POINT_BYTES);
  const salt = concat(point, secp256k1.getPublicKey(secretKey, true));
  try {
    const key = await keyOf(secretKey, point, salt);
    const parameters = { name: 'AES-GCM', iv: NONCE, additionalData: copy(PURPOSE) };
    return new Uint8Array(await crypto.subtle.decrypt(parameters, key, copy(sealed.subarray(1 + POINT_BYTES))));
  } catch {
    throw new Error("the secret is not sealed to this device's key, or was changed on its way");
  }
}

async function keyOf(secretKey: Uint8Array, publicKey: Uint8Array, salt: Uint8Array) {
  const shared = secp256k1.getSharedSecret(secretKey, publicKey, true).subarray(1);
  const material = await crypto.subtle.importKey('raw', copy(shared), 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: copy(salt), info: copy(PURPOSE) };
  return crypto.subtle.deriveKey(derivation, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** WebCrypto wants a buffer of one's own. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}
