import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { JoinSignature } from '../../runtime/config.ts';
import type { Address } from '../../runtime/ports/index.ts';

/** The token's word for this device: `Membership.join` takes it once, from this device alone. */
export function signJoin(token: string, chainId: number, fleet: Address, device: Address): JoinSignature {
  const secret = Uint8Array.from(Buffer.from(token.replace(/^0x/, ''), 'hex'));
  if (!secp256k1.utils.isValidSecretKey(secret)) throw new Error('the token is no key: 64 hexadecimal digits');
  const digest = keccak_256(joinMessage(chainId, fleet, device));
  const signature = secp256k1.sign(digest, secret, { prehash: false, lowS: true, format: 'recovered' });
  const word = (at: number) => `0x${Buffer.from(signature.subarray(at, at + 32)).toString('hex')}` as const;
  return { v: 27 + signature[0]!, r: word(1), s: word(33) };
}

/** `abi.encode("classpad join", chain id, fleet, device)`. */
function joinMessage(chainId: number, fleet: Address, device: Address): Uint8Array {
  const text = Buffer.from('classpad join');
  const words = [128n, BigInt(chainId), BigInt(fleet), BigInt(device), BigInt(text.length)];
  const head = words.map((word) => word.toString(16).padStart(64, '0')).join('');
  return Buffer.concat([Buffer.from(head, 'hex'), text, Buffer.alloc(32 - text.length)]);
}
