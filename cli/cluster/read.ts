import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../../firmware-bridge/cometbft/testnet.ts';
import { Exit, Failure } from '../command.ts';

/** What `cluster init` wrote. Throws {@link Failure}. */
export function readCluster(folder: string): Cluster {
  const path = join(folder, 'cluster.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Cluster;
  } catch {
    throw new Failure(`${path} is missing or damaged; "classpad cluster init --dir ${folder}" makes it`, Exit.badInput);
  }
}
