import { bigintToBytes } from '../bytes.ts';
import { type Addressee, orderSigner } from '../order.ts';
import { type Device, SECRET_NAME, type Store, type Vm } from '../ports/index.ts';
import type { HeldSecrets } from '../reconcile/placing.ts';
import { asBytes, asList, asNumber, decodeRlp, encodeRlp } from '../rlp/index.ts';
import { orderHash, type SecretOrder } from './order.ts';

/** A secret as everyone may know of it. */
export interface SecretEntry {
  readonly name: string;
  readonly version: number;
}

/** The secrets of this device, in its store as they came: sealed. Names and versions are all that it ever tells. */
export interface Vault extends HeldSecrets {
  /** In the order of names. */
  list(): SecretEntry[];
  /** Obeys an operator. Rejects with a {@link SecretRefused}; then nothing has changed. */
  obey(order: SecretOrder, signature: Uint8Array, isOperator: (address: string) => boolean): Promise<void>;
  /** Calls back with the name of a secret that came, changed or went. */
  onChange(handler: (name: string) => void): void;
}

export interface VaultOptions {
  readonly store: Pick<Store, 'get' | 'keys' | 'write'>;
  readonly device: Pick<Device, 'address' | 'publicKey' | 'unseal'>;
  readonly vm: Pick<Vm, 'keccak256' | 'recover'>;
  readonly chainId: bigint;
}

interface Row {
  readonly version: number;
  /** `undefined`: it was removed, and only the version is remembered. */
  readonly sealed: Uint8Array | undefined;
}

const PREFIX = 'secret/';
/** Secrets of a device, removed ones counted. */
const SECRETS_LIMIT = 256;
/** As many as can be written down; milliseconds since 1970 need 41 bits. */
const MAX_VERSION = 2 ** 48 - 1;
/** The largest value is 64 KiB. */
export const SEALED_LIMIT_BYTES = 64 * 1024 + 64;

export function openVault({ store, device, vm, chainId }: VaultOptions): Vault {
  const rows = new Map(store.keys(PREFIX, SECRETS_LIMIT).flatMap((key) => readRow(key, store.get(key)!)));
  const to: Addressee = { chainId, device: device.address };
  let changed: (name: string) => void = () => {};

  function check({ name, version, sealed }: SecretOrder): void {
    if (device.unseal === undefined) throw new SecretRefused('this device takes no secrets');
    if (!SECRET_NAME.test(name)) throw new SecretRefused('the name of a secret has small letters, digits, "_", "." and "-"');
    if (sealed !== undefined && sealed.length > SEALED_LIMIT_BYTES) throw new SecretRefused('a secret has at most 65536 bytes');
    if (version > MAX_VERSION) throw new SecretRefused(`${version} is no version; the last is ${MAX_VERSION}`);
    const before = rows.get(name)?.version ?? 0;
    if (version <= before) throw new SecretRefused(`${name} has version ${before} here; ${version} is not later`);
    if (!rows.has(name) && rows.size >= SECRETS_LIMIT) throw new SecretRefused(`a device keeps at most ${SECRETS_LIMIT} secrets`);
  }

  return {
    list: () => [...held(rows)].map(([name, { version }]) => ({ name, version })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    names: () => new Set([...held(rows)].map(([name]) => name)),
    async open(name) {
      const sealed = rows.get(name)?.sealed;
      if (sealed === undefined || device.unseal === undefined) throw new SecretRefused(`there is no secret ${name}`);
      return device.unseal(sealed);
    },
    async obey(order, signature, isOperator) {
      check(order);
      const signer = orderSigner(
        orderHash(order, to, (data) => vm.keccak256(data)),
        signature,
        vm,
      );
      if (signer === undefined || !isOperator(signer))
        throw new SecretRefused('it is not signed by an operator of this fleet, for this device and this ledger');
      // What cannot be opened is refused now, not when a container needs it.
      if (order.sealed !== undefined) await device.unseal!(order.sealed).catch(refuse);
      check(order);
      const row = { version: order.version, sealed: order.sealed };
      store.write([[PREFIX + order.name, write(row)]]);
      rows.set(order.name, row);
      changed(order.name);
    },
    onChange: (handler) => {
      changed = handler;
    },
  };
}

function held(rows: ReadonlyMap<string, Row>): [string, Row][] {
  return [...rows].filter(([, { sealed }]) => sealed !== undefined);
}

function write({ version, sealed }: Row): Uint8Array {
  return encodeRlp([bigintToBytes(BigInt(version)), ...(sealed ? [sealed] : [])]);
}

function read(key: string, bytes: Uint8Array): Row {
  const [version, sealed] = asList(decodeRlp(bytes), key);
  return { version: asNumber(version, key), sealed: sealed === undefined ? undefined : asBytes(sealed, key).slice() };
}

/** One that the disk has changed is as one that was never set: a release that needs it says so. */
function readRow(key: string, bytes: Uint8Array): [string, Row][] {
  try {
    return [[key.slice(PREFIX.length), read(key, bytes)]];
  } catch {
    return [];
  }
}

function refuse(error: unknown): never {
  throw new SecretRefused((error as Error).message);
}

/** An order that this device does not obey. */
export class SecretRefused extends Error {
  override readonly name = 'SecretRefused';
}
