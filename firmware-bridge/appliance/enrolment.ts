import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type BridgeConfig, readConfig } from '../config.ts';
import { readJson, writeWhole } from '../update/files.ts';
import type { Paths } from './launcher.ts';

/** What is written into the boot partition of a device: who it is, and whose ledger it follows. */
export interface Enrolment {
  readonly name: string;
  readonly genesis: unknown;
  readonly fleet: string;
  readonly peers?: { readonly connect?: readonly string[]; readonly secret?: string };
  /** Private key of a one-time invitation; removed once it is used. */
  readonly token?: string;
  /** Address at which JSON-RPC is served to others than this device. Absent: to none. */
  readonly rpc?: string;
}

const LIMIT_BYTES = 4 * 1024 * 1024;

/** A ledger of its own, for a device that has not been told whose it is: it serves, and follows nobody. */
const ALONE: Enrolment = {
  name: 'classpad',
  genesis: { chainId: 4401, timestamp: 1767225600, gasLimit: 60000000, baseFee: 0, sequencer: 'self', alloc: {} },
  fleet: '0x0000000000000000000000000000000000000000',
};

export interface Enrolled {
  readonly config: BridgeConfig;
  readonly token: string | undefined;
  /** Whether an enrolment was found. */
  readonly isEnrolled: boolean;
}

/**
 * The device's configuration, from the enrolment on the boot partition. What was good is kept on the data partition, without the
 * token: an enrolment that cannot be read is said in the log, and the last good one serves.
 */
export function readEnrolment({ boot, data }: Pick<Paths, 'boot' | 'data'>, complain: (sentence: string) => void): Enrolled {
  const folder = join(data, 'node');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kept = join(folder, 'enrolment.json');
  const path = join(boot, 'classpad/enrolment.json');
  const given = readGiven(path, complain);
  if (given !== undefined) {
    try {
      const { token, ...rest } = given;
      const config = toConfig(rest, folder);
      writeWhole(kept, JSON.stringify(rest));
      return { config, token, isEnrolled: true };
    } catch (error) {
      complain(`the enrolment is refused: ${(error as Error).message}`);
    }
  }
  const last = readJson(kept) as Enrolment | undefined;
  if (last !== undefined) return { config: toConfig(last, folder), token: undefined, isEnrolled: true };
  return { config: toConfig(ALONE, folder), token: undefined, isEnrolled: false };
}

/** Removes the token from the boot partition: it has been used. */
export function forgetToken({ boot }: Pick<Paths, 'boot'>): void {
  const path = join(boot, 'classpad/enrolment.json');
  const found = readJson(path) as Enrolment | undefined;
  if (found?.token === undefined) return;
  const { token: _used, ...rest } = found;
  writeWhole(path, JSON.stringify(rest, undefined, 2));
}

function readGiven(path: string, complain: (sentence: string) => void): Enrolment | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  try {
    if (size > LIMIT_BYTES) throw new Error(`it has ${size} bytes`);
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null) return value as Enrolment;
    throw new Error('it is no JSON object');
  } catch (error) {
    complain(`the enrolment cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}

/** Each ledger has a folder of its own, so that a device which changes ledgers begins anew. */
function toConfig({ name, genesis, fleet, peers, rpc }: Omit<Enrolment, 'token'>, folder: string): BridgeConfig {
  const ledger = createHash('sha256').update(JSON.stringify(genesis)).digest('hex').slice(0, 12);
  const path = join(folder, 'node.json');
  const values = {
    name,
    data: join(folder, ledger),
    engine: 'unix:///run/docker.sock',
    rpc: { listen: rpc ?? '127.0.0.1:8545' },
    proxy: { listen: '0.0.0.0:8080' },
    peers: { listen: '0.0.0.0:4401', ...peers },
    genesis,
    fleet,
  };
  writeWhole(path, JSON.stringify(values));
  return readConfig(path);
}
