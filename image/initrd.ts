import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { moduleFiles } from './modules.ts';

/** What every board's initrd loads, after the drivers of its disk. */
const COMMON_MODULES = [
  'crc32c_generic',
  'loop',
  'squashfs',
  'overlay',
  'ext4',
  'vfat',
  'nls_cp437',
  'nls_ascii',
  'nls_iso8859_1',
  'nls_utf8',
];

/**
 * The initrd: a static busybox, the modules that lead to the root, and `init`. A few megabytes, and nothing runs to make it.
 * @param root Where Debian's packages are unpacked.
 */
export function makeInitrd(root: string, init: string, modules: readonly string[], work: string, epoch: number): Buffer {
  rmSync(work, { recursive: true, force: true });
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'modules', 'new', 'slot', 'lower', 'upper']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  copyFileSync(join(root, 'usr/bin/busybox'), join(work, 'bin/busybox'));
  chmodSync(join(work, 'bin/busybox'), 0o755);
  symlinkSync('busybox', join(work, 'bin/sh'));
  copyFileSync(init, join(work, 'init'));
  chmodSync(join(work, 'init'), 0o755);
  const files = moduleFiles(root, [...modules, ...COMMON_MODULES]);
  for (const file of files) copyFileSync(file, join(work, 'modules', basename(file)));
  writeFileSync(join(work, 'modules/order'), `${files.map((file) => basename(file)).join('\n')}\n`);
  return gzipSync(archive(work, epoch), { level: 9 });
}

/** A cpio archive whose bytes follow from the files alone. */
function archive(folder: string, epoch: number): Buffer {
  const names = list(folder, '.').sort();
  for (const name of names) lutimesSync(join(folder, name), epoch, epoch);
  utimesSync(folder, epoch, epoch);
  return execFileSync('cpio', ['-o', '-H', 'newc', '--reproducible', '--quiet', '-R', '0:0'], {
    cwd: folder,
    input: `${names.join('\n')}\n`,
    maxBuffer: 256 * 1024 * 1024,
  });
}

function list(folder: string, below: string): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = below === '.' ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? [name, ...list(folder, name)] : [name];
  });
}
