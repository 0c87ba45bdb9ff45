import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Hex, PrivateKeyAccount } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { Exit, Failure, type Input, type Io, type Option } from '../command.ts';
import { root } from '../root.ts';
import { systemReason } from '../system-error.ts';
import type { Connection } from './connection.ts';

export const keyOptions: Readonly<Record<string, Option>> = {
  key: { value: 'FILE', many: true, env: 'CLASSPAD_KEY', help: "file with an operator's private key" },
};

/** The emulator's ledger; its operators' keys are no secret. */
const DEVELOPMENT_CHAIN_ID = 4400;
const DEVELOPMENT_KEYS = join(root, 'build', 'emulator', 'operators.json');
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const FILE_LIMIT_BYTES = 64 * 1024;
/** A key with a digit too few or too many: it is not to be repeated on a terminal or in a log. */
const LIKE_A_KEY = /^\W*(0x)?[0-9a-fA-F]{32,}\W*$/;

/** What the emulator writes of itself. */
interface DevelopmentKeys {
  readonly fleet: string;
  readonly operators: readonly { readonly name: string; readonly address: string; readonly privateKey: Hex }[];
}

/** The operators' keys to sign with: those given, else on an emulator of this machine its own. Throws {@link Failure}. */
export function operatorKeys(input: Input, io: Io, connection: Connection): PrivateKeyAccount[] {
  const given = input.list('key');
  if (given.length > 0) return distinct(given.map((each) => keyOf(each, io)));
  const development = developmentKeys(connection);
  if (!development) {
    throw new Failure(
      "no operator's key: give --key FILE, or set CLASSPAD_KEY; one for each approval you can give",
      Exit.badInput,
    );
  }
  io.err(`signing with the emulator's well-known development keys (${development.operators.map(({ name }) => name).join(', ')})`);
  return development.operators.map(({ privateKey }) => privateKeyToAccount(privateKey));
}

/** One key gives one approval, and the ledger would refuse the second only after the first is there. */
function distinct(keys: PrivateKeyAccount[]): PrivateKeyAccount[] {
  const twice = keys.find(({ address }, index) => keys.findIndex((each) => each.address === address) !== index);
  if (!twice) return keys;
  throw new Failure(`the key of ${twice.address} is given twice; each approval takes another operator's`, Exit.badInput);
}

/** Names of the emulator's operators by address; none elsewhere. */
export function developmentNames(connection: Connection): ReadonlyMap<string, string> {
  return new Map(developmentKeys(connection)?.operators.map(({ name, address }) => [address.toLowerCase(), name]));
}

function developmentKeys({ chain, rpc, fleet }: Connection): DevelopmentKeys | undefined {
  if (chain.id !== DEVELOPMENT_CHAIN_ID || !LOOPBACK.test(new URL(rpc).hostname) || !existsSync(DEVELOPMENT_KEYS))
    return undefined;
  const keys = JSON.parse(readFileSync(DEVELOPMENT_KEYS, 'utf8')) as DevelopmentKeys;
  return keys.fleet.toLowerCase() === fleet.toLowerCase() ? keys : undefined;
}

/** A file in both cases; the key itself only from the environment, because everyone on a machine sees its command lines. */
function keyOf(text: string, io: Io): PrivateKeyAccount {
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return privateKeyToAccount(keyIn(readKeyFile(text, io), text));
  if (io.env['CLASSPAD_KEY']?.includes(text)) return privateKeyToAccount(keyIn(text, 'CLASSPAD_KEY'));
  throw new Failure(
    '--key wants a file, not the key: everyone on this machine can see it; use a file or CLASSPAD_KEY',
    Exit.badInput,
  );
}

/** The key in a file. Throws {@link Failure}. */
export function readKey(path: string, io: Io): PrivateKeyAccount {
  return privateKeyToAccount(keyIn(readKeyFile(path, io), path));
}

/** A one-time token, as `classpad invite` writes it. Throws {@link Failure}. */
export function readToken(path: string, io: Io): Hex {
  return keyIn(readKeyFile(path, io), path);
}

function readKeyFile(path: string, io: Io): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat && LIKE_A_KEY.test(path))
    throw new Failure('a key is a file, or 64 hexadecimal digits in CLASSPAD_KEY; what was given is neither', Exit.badInput);
  if (!stat) throw new Failure(`the key file ${path} does not exist`, Exit.badInput);
  if (!stat.isFile()) throw new Failure(`${path} is no file; the key should be in one`, Exit.badInput);
  if (stat.size > FILE_LIMIT_BYTES) throw new Failure(`${path} has ${stat.size} bytes; that is no key file`, Exit.badInput);
  if ((stat.mode & 0o077) !== 0) io.err(`others on this machine may read ${path}; protect it: chmod 600 ${path}`);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new Failure(`the key file ${path} cannot be read: ${systemReason(error)}`, Exit.badInput);
  }
}

function keyIn(content: string, where: string): Hex {
  const text = content.startsWith('{') ? keyField(content) : content;
  const match = text?.match(/^(?:0x)?([0-9a-fA-F]{64})$/);
  if (!match) throw new Failure(`${where} holds no private key: 64 hexadecimal digits, or JSON with "privateKey"`, Exit.badInput);
  return `0x${match[1]!}`;
}

function keyField(content: string): string | undefined {
  try {
    const { privateKey } = JSON.parse(content) as { privateKey?: unknown };
    return typeof privateKey === 'string' ? privateKey : undefined;
  } catch {
    return undefined;
  }
}
