import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stateSyncSection } from '../../firmware-bridge/cometbft/engine-files.ts';
import { lockFolder } from '../../firmware-bridge/system/lock.ts';
import { Exit, Failure } from '../command.ts';
import { type Beginning, beginningOf } from './join.ts';

/** What a validator has signed last: without it, it might sign something else at the same height. */
const KEPT = 'priv_validator_state.json';

/**
 * A device that was away for longer than the others keep their blocks takes their state over, as a new one does; its keys, its vote
 * and what it has signed stay. The node must not be running. Throws a sentence.
 */
export async function rejoinCluster(folder: string, beginning: Beginning): Promise<void> {
  const home = join(resolve(folder), 'cometbft');
  const config = join(home, 'config', 'config.toml');
  if (!existsSync(config) || !existsSync(join(home, 'data', KEPT)))
    throw new Failure(`${folder} is not the folder of a node of a cluster`, Exit.badInput);
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  const release = lock(join(folder, 'data'));
  try {
    const { stateSync } = await beginningOf(beginning);
    const text = readFileSync(config, 'utf8').replace(/^\[statesync\]\n(?:(?!\[).*\n)*/m, `${stateSyncSection(stateSync)}\n`);
    writeFileSync(config, text, { mode: 0o600 });
    const data = join(home, 'data');
    for (const name of readdirSync(data)) if (name !== KEPT) rmSync(join(data, name), { recursive: true, force: true });
  } finally {
    release();
  }
}

function lock(folder: string): () => void {
  try {
    return lockFolder(folder);
  } catch (error) {
    throw new Failure((error as Error).message);
  }
}
