import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beginWithOthers, demandMemory } from '../../firmware-bridge/cometbft/rejoin.ts';
import { lockFolder } from '../../firmware-bridge/system/lock.ts';
import { Exit, Failure } from '../command.ts';
import { type Beginning, beginningOf } from './join.ts';

/**
 * A device that was away for longer than the others keep their blocks takes their state over, as a new one does; its keys, its vote
 * and what it has signed stay. The node must not be running. Throws a sentence.
 */
export async function rejoinCluster(folder: string, beginning: Beginning): Promise<void> {
  const home = join(resolve(folder), 'cometbft');
  if (!existsSync(join(home, 'config', 'config.toml')))
    throw new Failure(`${folder} is not the folder of a node of a cluster`, Exit.badInput);
  try {
    demandMemory(home);
  } catch (error) {
    throw new Failure((error as Error).message, Exit.badInput);
  }
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  const release = lock(join(folder, 'data'));
  try {
    const { stateSync } = await beginningOf(beginning);
    beginWithOthers(home, stateSync);
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
