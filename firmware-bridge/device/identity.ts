import { readFileSync, rmSync, statSync } from 'node:fs';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Address, Device } from '../../runtime/ports/index.ts';
import { unseal } from '../../runtime/secrets/sealed-box.ts';
import { writeWhole } from '../update/files.ts';

/** The device's key: whoever has it can vote in its name. It never leaves this module. */
export interface Identity extends Pick<Device, 'address' | 'sign'>, Required<Pick<Device, 'publicKey' | 'unseal'>> {
  /** Whether the key was made just now. */
  readonly isNew: boolean;
}

/**
 * Reads the key from a file of one line `0x` and 64 digits, or makes one there (mode 0600) on the first boot. Throws a
 * sentence if the file cannot be read, holds no key, or may be read by others.
 */
export function openIdentity(path: string): Identity {
  const found = readKey(path);
  const secret = found ?? secp256k1.utils.randomSecretKey();
  if (!found) writeKey(path, secret);
  // The first byte of an uncompressed public key says only that it is one.
  const point = secp256k1.getPublicKey(secret, false).subarray(1);
  return {
    isNew: !found,
    address: `0x${hex(keccak_256(point).subarray(12))}` as Address,
    publicKey: `0x${hex(secp256k1.getPublicKey(secret, true))}`,
    unseal: (sealed) => unseal(sealed, secret),
    sign: (hash) => {
      const signature = secp256k1.sign(hash, secret, { prehash: false, lowS: true, format: 'recovered' });
      return { yParity: signature[0] as 0 | 1, r: word(signature, 1), s: word(signature, 33) };
    },
  };
}

function readKey(path: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
    if ((statSync(path).mode & 0o077) !== 0) throw new Error(`key: ${path} may be read by others; run: chmod 600 ${path}`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    if (code === undefined) throw error;
    throw new Error(`key: ${path} cannot be read (${code}); it must be a file of this user`);
  }
  const secret = /^0x[0-9a-f]{64}$/i.test(text) ? Uint8Array.from(Buffer.from(text.slice(2), 'hex')) : undefined;
  if (secret && secp256k1.utils.isValidSecretKey(secret)) return secret;
  throw new Error(`key: ${path} holds no key; it must be one line of 0x and 64 hexadecimal digits. Remove it for a new identity`);
}

/** Whole on the disk before anyone hears of the address: half a key would be refused at every start to come. */
function writeKey(path: string, secret: Uint8Array): void {
  try {
    rmSync(`${path}.new`, { force: true });
    writeWhole(path, `0x${hex(secret)}\n`);
  } catch (error) {
    throw new Error(`key: ${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

function word(bytes: Uint8Array, at: number): bigint {
  return BigInt(`0x${hex(bytes.subarray(at, at + 32))}`);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
