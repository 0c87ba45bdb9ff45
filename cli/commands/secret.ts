import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak256 as keccakHex, type PrivateKeyAccount } from 'viem';
import { bytesToHex, hexToBytes } from '../../runtime/bytes.ts';
import { SECRET_NAME } from '../../runtime/ports/index.ts';
import { orderHash, type SecretOrder } from '../../runtime/secrets/order.ts';
import { seal } from '../../runtime/secrets/sealed-box.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { type Connection, connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { systemReason } from '../system-error.ts';
import { tell } from '../tell.ts';
import { accountAddress, appName, timeText } from '../values.ts';

const VALUE_LIMIT_BYTES = 64 * 1024;
const FAR_MS = 10 * 365 * 24 * 3600 * 1000;

export const secret: Command = {
  name: 'secret',
  summary: 'give a device secrets for its containers, sealed to its key; list them, remove them',
  operands: [
    { name: 'set|list|remove', help: '"set" or "remove" with a NAME, or "list"' },
    { name: 'NAME', help: 'as a Compose file refers to it', optional: true },
  ],
  options: {
    device: { value: 'NAME', help: 'the device, by its name in the fleet; --rpc must lead to its own node' },
    address: {
      value: 'ADDRESS',
      help: 'the device must have it; without it the node says what the fleet knows, and is believed',
    },
    file: { value: 'FILE', help: 'what the secret is; without it, what comes on standard input' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['printf %s "$PASSWORD" | classpad secret set db-password --device pad-1', 'set it, or change it'],
    ['classpad secret set tls.key --file tls.key --device pad-1 --rpc http://pad-1:8545', 'a file, byte for byte'],
    ['classpad secret list --device pad-1', 'names and versions; no value ever comes back'],
    ['classpad secret remove db-password --device pad-1', 'its file vanishes from the containers that run'],
  ],
  notes: [
    'A service that lists a secret finds it as the file /run/secrets/NAME, in memory only. The value is sealed to the key whose ' +
      'address the fleet knows before it leaves this machine; it never stands on the ledger, in a log, in an image or in the ' +
      "engine's records. A changed secret changes under running containers; a program that reads it once is to be restarted.",
  ],
  async run(input, io) {
    const [verb, name] = input.operands as [string, string | undefined];
    if (!Object.hasOwn(VERBS, verb))
      throw new Failure(`"${verb}" is nothing to do with secrets; write set, list or remove`, Exit.badInput);
    const checked = verb === 'list' ? '' : secretName(name);
    const value = verb === 'set' ? readValue(input.text('file')) : undefined;
    const wanted = appName(input.text('device') ?? missingDevice(), '--device', 'a device');
    const pinned = input.text('address') === undefined ? undefined : accountAddress(input.text('address')!, '--address');
    const connection = await connect(input);
    await demandFleet(connection);
    const device = await askDevice(connection, wanted, pinned);
    return VERBS[verb as keyof typeof VERBS]({ connection, device, name: checked, value }, input, io);
  },
};

interface Device {
  readonly name: string;
  readonly address: `0x${string}`;
  readonly publicKey: `0x${string}`;
}

interface Task {
  readonly connection: Connection;
  readonly device: Device;
  readonly name: string;
  readonly value: Uint8Array | undefined;
}

type Verb = (task: Task, input: Input, io: Io) => Promise<number>;
type Listed = readonly { readonly name: string; readonly version: number }[];

const VERBS = { set, list, remove } satisfies Record<string, Verb>;

async function set({ connection, device, name, value }: Task, input: Input, io: Io): Promise<number> {
  const [account] = operatorKeys(input, io, connection);
  const sealed = await seal(value!, device.publicKey, (bytes) => randomBytes(bytes));
  const order = { name, version: await nextVersion(connection, name), sealed };
  const signature = await sign(order, connection, device, account!);
  await ask(connection, 'classpad_setSecret', [name, order.version, bytesToHex(sealed), signature]);
  tell(input, io, `${device.name} has the secret ${name}`, {
    device: device.name,
    address: device.address,
    name,
    version: order.version,
  });
  return Exit.ok;
}

async function remove({ connection, device, name }: Task, input: Input, io: Io): Promise<number> {
  const held: Listed = await ask(connection, 'classpad_secrets', []);
  if (held.every((one) => one.name !== name)) throw new Failure(`${device.name} has no secret ${name}`);
  const [account] = operatorKeys(input, io, connection);
  const order = { name, version: await nextVersion(connection, name), sealed: undefined };
  await ask(connection, 'classpad_removeSecret', [name, order.version, await sign(order, connection, device, account!)]);
  tell(input, io, `${device.name} has forgotten the secret ${name}`, { device: device.name, name, removed: true });
  return Exit.ok;
}

async function list({ connection, device }: Task, input: Input, io: Io): Promise<number> {
  const secrets: Listed = await ask(connection, 'classpad_secrets', []);
  const lines = secrets.map(({ name, version }) => `${name}  set ${timeText(Math.floor(version / 1000))} UTC`);
  const words = lines.length > 0 ? lines : [`${device.name} has no secrets`];
  if (input.has('json')) tell(input, io, '', { device: device.name, secrets });
  else for (const line of words) io.out(line);
  return Exit.ok;
}

/** The time, so that a list can show it; later than the one before, whatever this machine's clock says. */
async function nextVersion(connection: Connection, name: string): Promise<number> {
  const held: Listed = await ask(connection, 'classpad_secrets', []);
  const before = held.find((one) => one.name === name)?.version ?? 0;
  // Signed with the last version that there can be, a secret could never be changed again.
  if (before > Date.now() + FAR_MS)
    throw new Failure(
      `${connection.rpc} says that ${name} was set in the far future; its clock is wrong, or somebody stands between`,
    );
  return Math.max(Date.now(), before + 1);
}

function sign(order: SecretOrder, { chain }: Connection, { address }: Device, account: PrivateKeyAccount) {
  const keccak = (data: Uint8Array) => keccakHex(data, 'bytes');
  const raw = bytesToHex(orderHash(order, { chainId: BigInt(chain.id), device: address }, keccak));
  return account.signMessage({ message: { raw } });
}

/** The node at the other end, if its key is that of the device: the fleet knows its address, and an address is a key's hash. */
async function askDevice(connection: Connection, wanted: string, pinned: Device['address'] | undefined): Promise<Device> {
  const { name, publicKey } = await ask<Device & { publicKey: `0x${string}` | null }>(connection, 'classpad_device', []);
  const known = (await readFleet(connection).devices()).find((row) => row.name === wanted);
  if (!known) throw new Failure(`there is no device ${wanted} in this fleet`, Exit.badInput);
  if (pinned !== undefined && known.account.toLowerCase() !== pinned)
    throw new Failure(`${connection.rpc} says that ${wanted} has the address ${known.account}, not ${pinned}; nothing was sent`);
  if (publicKey === null) throw new Failure(`${name} takes no secrets`);
  const address = addressOf(publicKey);
  if (address === known.account.toLowerCase()) return { name: wanted, address, publicKey };
  const who = name === wanted ? `${connection.rpc} calls itself ${name} and has another key` : `${connection.rpc} is ${name}`;
  throw new Failure(`${who}; give --rpc of the node ${wanted}, whose address is ${known.account}`, Exit.badInput);
}

function addressOf(publicKey: `0x${string}`): `0x${string}` {
  try {
    const point = secp256k1.Point.fromBytes(hexToBytes(publicKey)).toBytes(false).subarray(1);
    return bytesToHex(keccakHex(point, 'bytes').subarray(12));
  } catch {
    throw new Failure('the node does not say its key in a form that is known; is it a classpad node of this version?');
  }
}

async function ask<T>({ client }: Connection, method: string, params: readonly unknown[]): Promise<T> {
  const request = client.request as unknown as (call: { method: string; params: readonly unknown[] }) => Promise<T>;
  return request({ method, params });
}

function secretName(name: string | undefined): string {
  if (name === undefined) throw new Failure('NAME is missing; see: classpad secret --help', Exit.badInput);
  if (SECRET_NAME.test(name)) return name;
  throw new Failure(`"${name}" is no name for a secret; use a-z, 0-9 and inner "-", "_" and "."`, Exit.badInput);
}

function missingDevice(): never {
  throw new Failure('--device NAME is missing', Exit.badInput);
}

/** Never from the command line: everyone on a machine sees those. */
function readValue(file: string | undefined): Uint8Array {
  if (file === undefined && process.stdin.isTTY)
    throw new Failure('the value comes on standard input, or from --file FILE', Exit.badInput);
  let value: Uint8Array;
  try {
    value = readFileSync(file ?? 0);
  } catch (error) {
    throw new Failure(`${file ?? 'standard input'} cannot be read: ${systemReason(error)}`, Exit.badInput);
  }
  if (value.length > 0 && value.length <= VALUE_LIMIT_BYTES) return value;
  throw new Failure(
    `a secret has 1 to ${VALUE_LIMIT_BYTES} bytes; ${file ?? 'standard input'} has ${value.length}`,
    Exit.badInput,
  );
}
