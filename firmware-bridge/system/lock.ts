import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes sure that one process at a time works in a folder. The lock of a process that is gone does not count.
 * Throws a sentence if another one holds it; answers how to give it up.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, `${process.pid} ${startOf(process.pid)}\n`);
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(path);
    if (holder !== undefined)
      throw new Error(`${folder} is in use by process ${holder}; stop it, or give this node a folder of its own`);
    rmSync(path, { force: true });
  }
  throw new Error(`${folder} cannot be locked: ${path} comes back whenever it is removed`);
}

/** The process that holds the lock; `undefined` if it is gone. Process numbers come again, so its start time counts too. */
function readHolder(path: string): number | undefined {
  try {
    const [pid = 0, start] = readFileSync(path, 'utf8').trim().split(' ').map(Number);
    return pid > 0 && start === startOf(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Start of a process in clock ticks since boot (proc(5), field 22 of stat); 0 where there is no such process or no /proc. */
function startOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return isAlive(pid) ? 0 : -1;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
