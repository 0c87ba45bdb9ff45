import { createHash } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeAbiParameters, hexToBytes, keccak256, numberToHex } from 'viem';
import type { JoinSignature, NodeConfig } from '../runtime/config.ts';
import type { Device, Hex } from '../runtime/ports/index.ts';
import { unseal } from '../runtime/secrets/sealed-box.ts';

/** A key that follows from the seed: good for a world that can be repeated, and for nothing else. */
export interface Identity {
  readonly name: string;
  readonly address: Hex;
  readonly privateKey: Hex;
}

/** The same seed and name give the same key on any machine. */
export function identityOf(seed: string, name: string): Identity {
  const privateKey = secretOf(seed, name);
  // The first byte of an uncompressed public key says only that it is one.
  const point = secp256k1.getPublicKey(privateKey, false).subarray(1);
  return { name, address: toHex(keccak_256(point).subarray(12)), privateKey: toHex(privateKey) };
}

/** The word of a one-time token for a device, which enrols itself by it: see `join` of the Fleet contract. */
export function joinBy(token: Hex, { genesis, fleet }: Pick<NodeConfig, 'genesis' | 'fleet'>, device: Hex): JoinSignature {
  const types = [{ type: 'string' }, { type: 'uint256' }, { type: 'address' }, { type: 'address' }] as const;
  const words = encodeAbiParameters(types, ['classpad join', BigInt(genesis.chainId), fleet, device]);
  const { yParity, r, s } = signatureOf(keccak256(words, 'bytes'), hexToBytes(token));
  const word = (value: bigint) => numberToHex(value, { size: 32 });
  return { v: 27 + yParity, r: word(r), s: word(s) };
}

/** The device port of an emulated board on mains. */
export function deviceOf({ name, address, privateKey }: Identity): Device {
  const secret = Buffer.from(privateKey.slice(2), 'hex');
  return {
    name,
    address,
    publicKey: toHex(secp256k1.getPublicKey(secret, true)),
    unseal: (sealed) => unseal(sealed, secret),
    sign: (hash) => signatureOf(hash, secret),
    batteryPercent: () => undefined,
    memory: () => undefined,
  };
}

function signatureOf(hash: Uint8Array, secret: Uint8Array): ReturnType<Device['sign']> {
  const signature = secp256k1.sign(hash, secret, { prehash: false, lowS: true, format: 'recovered' });
  const word = (at: number) => BigInt(toHex(signature.subarray(at, at + 32)));
  return { yParity: signature[0] as 0 | 1, r: word(1), s: word(33) };
}

function secretOf(seed: string, name: string): Uint8Array {
  for (let attempt = 0; ; attempt += 1) {
    const secret = createHash('sha256').update(`classpad key ${seed}/${name}/${attempt}`).digest();
    if (secp256k1.utils.isValidSecretKey(secret)) return secret;
  }
}

const toHex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`;
