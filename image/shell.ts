import { type SpawnOptions, spawn } from 'node:child_process';

export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** What the program reads. */
  readonly input?: string | Uint8Array;
  /** Called with the last line it has written, for the progress. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end and answers what it printed. Throws the end of what it said if it fails. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const { cwd, env, input, onLine } = options;
    const child = spawn(program, [...args], { cwd, env: { ...process.env, LC_ALL: 'C', ...env }, stdio: 'pipe' });
    let printed = '';
    let said = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-4000);
      const line = said.trimEnd().split('\n').at(-1);
      if (line) onLine?.(line);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(error.code === 'ENOENT' ? missing(program) : `${program}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve(printed);
      else reject(new ProgramFailed(program, `${signal ?? `exit code ${code}`}`, said));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** A program ended in another way than well; `said` is the end of what it wrote. */
export class ProgramFailed extends Error {
  readonly said: string;

  constructor(program: string, how: string, said: string) {
    super(`${program} failed (${how}): ${said.trim().split('\n').slice(-3).join(' | ')}`);
    this.said = said;
  }
}

/** Debian's package of each program that a build uses. */
const PROGRAMS: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  mksquashfs: 'squashfs-tools',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  sfdisk: 'fdisk',
  depmod: 'kmod',
  cpio: 'cpio',
  'grub-mkimage': 'grub-common',
  rauc: 'rauc',
  openssl: 'openssl',
};

function missing(program: string): string {
  const name = PROGRAMS[program];
  return `${program} is not installed${name ? `; run: apt-get install ${name}` : ''}`;
}
