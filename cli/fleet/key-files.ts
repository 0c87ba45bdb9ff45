import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { type Address, type Hex, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { Exit, Failure } from '../command.ts';
import { systemReason } from '../system-error.ts';

/** Makes a key in a file of its own, which only its owner reads. Answers its address; the key is shown nowhere. Throws {@link Failure}. */
export function makeKeyFile(path: string): Address {
  if (existsSync(path)) throw new Failure(`${path} is there already; a key is never overwritten`, Exit.badInput);
  const key: Hex = toHex(randomBytes(32));
  let isOurs = false;
  try {
    const file = openSync(path, 'wx', 0o600);
    isOurs = true;
    try {
      writeSync(file, `${key}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (isOurs) rmSync(path, { force: true });
    throw new Failure(`${path} cannot be written: ${systemReason(error)}`);
  }
  return privateKeyToAccount(key).address.toLowerCase() as Address;
}
