import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Board } from './board.ts';
import type { Progress } from './progress.ts';
import { ProgramFailed, run } from './shell.ts';
import { mirrorTrouble, type Sources, suitesOf } from './sources.ts';

/** What every board gets, besides its kernel. Recommended packages stay out. */
const PACKAGES = [
  'apparmor', // without its tools a kernel that has it lets no container start
  'busybox-static',
  'ca-certificates',
  'containerd',
  'dbus',
  'docker.io',
  'dropbear-bin',
  'e2fsprogs',
  'fdisk',
  'iproute2',
  'iptables',
  'kmod',
  'libstdc++6',
  'rauc',
  'rauc-service',
  'runc',
  'systemd-resolved',
  'systemd-sysv',
  'tini',
  'udev',
];
/** Never unpacked: an image has no reader for them. */
const EXCLUDED = ['man', 'doc', 'info', 'locale', 'bash-completion', 'lintian', 'bug', 'zsh'];

export interface PackageRoot {
  /** A tar of the whole root, as Debian's own tools left it. */
  readonly tar: string;
  /** What the cache knows it by. */
  readonly key: string;
}

/**
 * The root from Debian's packages, made once and kept under what it follows from: architecture, packages, sources and day
 * of the packages' lists. `isFresh` makes it anew.
 */
export async function packageRoot(
  board: Board,
  sources: Sources,
  options: { readonly cache: string; readonly epoch: number; readonly isFresh: boolean; readonly progress: Progress },
): Promise<PackageRoot> {
  const packages = [...PACKAGES, board.kernel, board.grub.package].sort();
  const parts = [board.architecture, sources.suite, ...suitesOf(sources), ...packages, ...EXCLUDED].join('\n');
  const key = `${board.architecture}-${createHash('sha256').update(parts).digest('hex').slice(0, 12)}`;
  const tar = join(options.cache, `root-${key}.tar`);
  if (existsSync(tar) && !options.isFresh) return { tar, key };
  mkdirSync(options.cache, { recursive: true });
  const unfinished = tar.replace(/\.tar$/, '.new.tar');
  rmSync(unfinished, { force: true });
  await run('mmdebstrap', [...argumentsOf(board, packages), sources.suite, unfinished, '-'], {
    input: `${sources.lines.join('\n')}\n`,
    // Without it each kernel makes an initrd that no image uses: minutes under emulation.
    env: { SOURCE_DATE_EPOCH: String(options.epoch), INITRD: 'No' },
    onLine: (line) => options.progress.say(line.replace(/^I: /, '')),
  }).catch((error) => {
    const trouble = error instanceof ProgramFailed ? mirrorTrouble(error.said) : undefined;
    throw trouble === undefined ? error : new Error(trouble);
  });
  renameSync(unfinished, tar);
  return { tar, key };
}

function argumentsOf(board: Board, packages: readonly string[]): string[] {
  return [
    '--variant=essential',
    '--mode=root',
    '--skip=check/qemu',
    `--architectures=${board.architecture}`,
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Retries "5"',
    // What fails is thrown away as a whole.
    '--dpkgopt=force-unsafe-io',
    ...EXCLUDED.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    `--include=${packages.join(',')}`,
  ];
}
