import type { Core } from '../ledger/core.ts';
import { type SecretEntry, SecretRefused } from '../secrets/vault.ts';
import * as read from './decode.ts';
import type { JsonObject } from './encode.ts';
import { ErrorCode, RpcError } from './errors.ts';
import { type Method, method } from './method.ts';
import { isOperator } from './operators.ts';

const name = ['name', read.text] as const;
const version = ['version', read.count] as const;
const sealed = ['sealed', read.bytes] as const;
const signature = ['signature', read.bytes] as const;

/** Methods by which operators give this device its secrets; no answer ever holds more than names and versions. */
export const secretMethods = {
  classpad_device: method([], deviceAnswer, (answer) => answer),
  classpad_secrets: method(
    [],
    (core) => core.vault?.list() ?? [],
    (list) => list.map(({ name, version }: SecretEntry) => ({ name, version })),
  ),
  classpad_setSecret: method([name, version, sealed, signature], obey, (list) => list),
  classpad_removeSecret: method(
    [name, version, signature],
    (core, of, at, signed) => obey(core, of, at, undefined, signed),
    (list) => list,
  ),
} satisfies Record<string, Method>;

/** Whom a secret is sealed to: the key is right if its address is the one that the fleet knows. */
function deviceAnswer({ device: { name, address, publicKey } }: Core): JsonObject {
  return { name, address, publicKey: publicKey ?? null };
}

async function obey(core: Core, name: string, version: number, sealed: Uint8Array | undefined, signature: Uint8Array) {
  if (!core.vault) throw new RpcError(ErrorCode.Server, 'this device takes no secrets');
  try {
    await core.vault.obey({ name, version, sealed }, signature, (address) => isOperator(core, address));
  } catch (error) {
    throw error instanceof SecretRefused ? new RpcError(ErrorCode.Server, error.message) : error;
  }
  return { name, version };
}
