/** Whether a board's disk is as a clean end leaves it, by the usual tools. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readTable, TABLE_BYTES } from '../../cli/flash/gpt.ts';

const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;
const env = { ...process.env, PATH, LC_ALL: 'C' };

export function hasDiskTools(): boolean {
  return ['e2fsck', 'dumpe2fs', 'dd'].every((program) => PATH.split(':').some((folder) => existsSync(join(folder, program))));
}

/** What is wrong with the data partition of a disk that nobody uses: nothing, as a rule. */
export function faultsOf(disk: string): string[] {
  const file = openSync(disk, 'r');
  const head = Buffer.alloc(TABLE_BYTES);
  readSync(file, head, 0, head.length, 0);
  closeSync(file);
  const part = readTable(head).find(({ name }) => name === 'data');
  if (part === undefined) return ['there is no data partition'];
  const copy = `${disk}.data`;
  const blocks = [`skip=${part.at}`, `count=${part.bytes}`, 'iflag=skip_bytes,count_bytes', 'conv=sparse', 'bs=1M'];
  execFileSync('dd', [`if=${disk}`, `of=${copy}`, ...blocks, 'status=none']);
  try {
    const { stdout } = spawnSync('dumpe2fs', ['-h', copy], { encoding: 'utf8', env });
    const features = /^Filesystem features:.*$/m.exec(stdout)?.[0] ?? '';
    const check = spawnSync('e2fsck', ['-fn', copy], { encoding: 'utf8', env });
    return [
      ...(/^Filesystem state: +clean$/m.test(stdout) ? [] : ['the file system says that it is not clean']),
      ...(features.includes('needs_recovery') ? ['it was not unmounted: its journal waits to be replayed'] : []),
      ...(check.status === 0 ? [] : [check.stdout.trim()]),
    ];
  } finally {
    rmSync(copy, { force: true });
  }
}
