import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getContractAddress, type Hex } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { type Cluster, writeCluster } from '../../firmware-bridge/cometbft/testnet.ts';
import type { Address } from '../../runtime/ports/index.ts';

export interface InitOptions {
  readonly folder: string;
  readonly hosts: readonly string[];
  readonly chainId: number;
  readonly engine: string;
  readonly binary: string;
  readonly commitMs: number;
}

const OPERATORS = 3;

export interface Made {
  readonly cluster: Cluster;
  /** Their addresses, and the files with their keys. */
  readonly operators: readonly Address[];
  readonly keys: readonly string[];
}

/** A folder for every node, and keys of three operators. Throws a sentence. */
export function initCluster({ folder, ...options }: InitOptions): Made {
  const secrets = Array.from({ length: OPERATORS }, () => generatePrivateKey());
  const addresses = secrets.map((secret) => privateKeyToAccount(secret).address.toLowerCase() as Address);
  const fleet = getContractAddress({ from: addresses[0]!, nonce: 0n }).toLowerCase() as Address;
  const timestamp = Math.floor(Date.now() / 1000);
  const cluster = writeCluster({ ...options, folder: resolve(folder), timestamp, funded: addresses, fleet });
  return { cluster, operators: addresses, keys: secrets.map((secret, index) => writeKey(folder, index, secret)) };
}

function writeKey(folder: string, index: number, secret: Hex): string {
  const path = join(folder, `operator-${index + 1}.key`);
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  return path;
}
