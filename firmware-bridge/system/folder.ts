import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Of `statfs`: file systems that show the kernel and keep no files. Some answer in ways that never end. */
const NO_FILES: Readonly<Record<number, string>> = {
  40864: 'proc',
  1650812274: 'sysfs',
  7377: 'devpts',
  1684170528: 'debugfs',
  1953653091: 'tracefs',
  1667723888: 'cgroup2',
  2613483: 'cgroup',
  1935894131: 'securityfs',
  1634035564: 'pstore',
};

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'may not be written by this user; give it to this user, or name another folder',
  EPERM: 'may not be written by this user; give it to this user, or name another folder',
  EROFS: 'is on a file system that is read-only; mount it for writing, or name another folder',
  ENOSPC: 'cannot be written: the disk is full; make room, or name another folder',
  EDQUOT: 'cannot be written: this user has used up its share of the disk; make room, or name another folder',
  ENOTDIR: 'is no folder, or is in a place that is none; name another',
  EEXIST: 'is no folder; name another',
  ENOENT: 'is in a place where no folder can be made; name another',
  ENAMETOOLONG: 'has too long a name; name another',
  ELOOP: 'leads round in a circle of links; name another',
};

/** Makes a folder with those above it. Throws a sentence that begins with the field of the configuration that names it. */
export function makeFolder(path: string, field: string): void {
  const folder = resolve(path);
  const missing: string[] = [];
  let above = folder;
  for (; !existsSync(above); above = dirname(above)) missing.unshift(above);
  const kind = NO_FILES[statfsSync(above).type];
  if (kind !== undefined) throw new Error(`${field}: ${folder} is in ${kind}, which keeps no files; name another folder`);
  // One by one: Node's own way of making several never ends where a file system lets nothing be made.
  inWords(folder, field, () => {
    for (const each of missing) mkdirSync(each, { mode: 0o700 });
  });
}

/** What goes wrong with a folder, as a sentence. */
export function inWords<T>(folder: string, field: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
    throw reason === undefined ? error : new Error(`${field}: ${folder} ${reason}`);
  }
}
