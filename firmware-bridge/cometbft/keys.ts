import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** An ed25519 key as CometBFT keeps it in its files. */
export interface EngineKey {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function newEngineKey(): EngineKey {
  const { secretKey: secret, publicKey } = ed25519.keygen();
  return { secret, publicKey };
}

/** `config/priv_validator_key.json`: what a validator signs its votes with. */
export function validatorKeyFile({ secret, publicKey }: EngineKey): string {
  const pub = { type: 'tendermint/PubKeyEd25519', value: base64(publicKey) };
  const priv = { type: 'tendermint/PrivKeyEd25519', value: base64(Buffer.concat([secret, publicKey])) };
  return json({ address: addressOf(publicKey).toUpperCase(), pub_key: pub, priv_key: priv });
}

/** `config/node_key.json`: who the engine is among its peers. */
export function nodeKeyFile({ secret, publicKey }: EngineKey): string {
  return json({ priv_key: { type: 'tendermint/PrivKeyEd25519', value: base64(Buffer.concat([secret, publicKey])) } });
}

/** The first 20 bytes of sha256 of the key: name of a peer, address of a validator. */
export function addressOf(publicKey: Uint8Array): string {
  return Buffer.from(sha256(publicKey).subarray(0, 20)).toString('hex');
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
