/** A way into boards by SSH: a key of its own, made for one test. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from './node-process.ts';

export interface Login {
  /** The file that goes onto the board's card. */
  readonly publicKey: string;
  /** The port of this machine that leads to the board's SSH. */
  readonly port: number;
  /** Runs a command on the board; throws if it fails, or if nobody opens. */
  run(command: string): Promise<string>;
}

const CONNECT_SECONDS = 60;
const COMMAND_MS = 300_000;

export function hasSsh(): boolean {
  const folders = `${process.env['PATH']}`.split(':');
  return ['ssh', 'ssh-keygen'].every((program) => folders.some((folder) => existsSync(join(folder, program))));
}

/** @param folder Where the key is kept. */
export async function loginTo(folder: string, name = 'login'): Promise<Login> {
  const key = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const [port = 0] = await freePorts(1);
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'BatchMode=yes',
    `ConnectTimeout=${CONNECT_SECONDS}`,
  ];
  const args = ['-q', '-i', key, '-p', `${port}`, ...options.flatMap((option) => ['-o', option]), 'root@127.0.0.1'];
  const run = async (command: string) => (await promisify(execFile)('ssh', [...args, command], { timeout: COMMAND_MS })).stdout;
  return { publicKey: `${key}.pub`, port, run };
}
