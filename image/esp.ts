import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Board } from './board.ts';
import { run } from './shell.ts';

export interface EspOptions {
  readonly board: Board;
  /** Where Debian's packages are unpacked: its GRUB is the one that is installed. */
  readonly grubModules: string;
  /** `image/grub`. */
  readonly config: string;
  readonly work: string;
  readonly bytes: number;
  readonly epoch: number;
  readonly seed: string;
}

const GRUB_MODULES = 'part_gpt fat ext2 normal configfile loadenv test regexp search echo reboot sleep minicmd all_video gzio';

/** How each of GRUB's platforms starts a kernel, and what it needs for that. */
const LOADERS: Readonly<Record<string, { readonly modules: string; readonly linux: string; readonly initrd: string }>> = {
  // Takes its memory from UEFI. The usual loader takes the kernel's 67 MB in one piece from the quarter of all that GRUB manages.
  'x86_64-efi': { modules: 'linuxefi efi_gop', linux: 'linuxefi', initrd: 'initrdefi' },
};
const USUAL = { modules: 'linux', linux: 'linux', initrd: 'initrd' };
const loaderOf = (platform: string) => LOADERS[platform] ?? USUAL;

/** The partition from which the board starts: GRUB, its configuration, its environment, a folder for the enrolment. */
export async function makeEsp(options: EspOptions): Promise<string> {
  const { board, work, epoch } = options;
  const image = join(work, 'esp.fat');
  const files = join(work, 'esp');
  rmSync(files, { recursive: true, force: true });
  for (const folder of ['EFI/BOOT', 'grub', 'classpad']) mkdirSync(join(files, folder), { recursive: true });
  await makeGrub(options, join(files, 'EFI/BOOT', board.grub.file));
  writeFileSync(join(files, 'grub/grub.cfg'), configOf(options));
  writeFileSync(join(files, 'grub/grubenv'), environmentBlock({ ORDER: 'A B', A_LEFT: '3', B_LEFT: '0' }));
  writeFileSync(join(files, 'classpad/README.TXT'), README.replaceAll('\n', '\r\n'));
  rmSync(image, { force: true });
  writeFileSync(image, '');
  truncateSync(image, options.bytes);
  const id = createHash('sha256').update(`${options.seed} esp`).digest('hex').slice(0, 8);
  await run('mkfs.vfat', ['--invariant', '-F', '32', '-i', id, '-n', 'CLASSPAD', image]);
  for (const [folder, names] of Object.entries(contents(board))) {
    if (folder !== '') await run('mmd', ['-i', image, `::${folder}`], { env: mtoolsEnv(epoch) });
    for (const name of names) {
      const path = join(files, folder, name);
      utimesSync(path, epoch, epoch);
      await run('mcopy', ['-m', '-i', image, path, `::${folder}/${name}`], { env: mtoolsEnv(epoch) });
    }
  }
  return image;
}

function contents(board: Board): Readonly<Record<string, readonly string[]>> {
  return { EFI: [], 'EFI/BOOT': [board.grub.file], grub: ['grub.cfg', 'grubenv'], classpad: ['README.TXT'] };
}

function mtoolsEnv(epoch: number) {
  return { TZ: 'UTC', MTOOLS_SKIP_CHECK: '1', SOURCE_DATE_EPOCH: String(epoch) };
}

async function makeGrub({ board, grubModules, config, work }: EspOptions, path: string): Promise<void> {
  const { platform } = board.grub;
  // Without a device in the prefix it is that of the partition GRUB was loaded from.
  await run('grub-mkimage', [
    ...['-d', join(grubModules, platform), '-O', platform, '-p', '/grub'],
    ...['-c', join(config, 'early.cfg'), '-o', path],
    ...`${GRUB_MODULES} ${loaderOf(platform).modules}`.split(' '),
  ]);
  mkdirSync(work, { recursive: true });
}

function configOf({ board, config }: EspOptions): string {
  const cmdline = [
    `console=${board.console}`,
    'panic=10',
    'quiet',
    'loglevel=4',
    // The console sets the panel's mode, at once, and then draws nothing: the picture is ours.
    'fbcon=nodefer',
    'logo.nologo',
    'vt.global_cursor_default=0',
    'systemd.show_status=0',
    'net.ifnames=0',
    ...(board.kernelArguments ?? []),
  ];
  const { linux, initrd } = loaderOf(board.grub.platform);
  const text = readFileSync(join(config, 'grub.cfg'), 'utf8');
  return text.replaceAll('@CMDLINE@', cmdline.join(' ')).replaceAll('@LINUX@', linux).replaceAll('@INITRD@', initrd);
}

/** GRUB's environment block: exactly 1024 bytes. */
export function environmentBlock(values: Readonly<Record<string, string>>): string {
  const rows = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  return `# GRUB Environment Block\n${rows.join('')}`.padEnd(1024, '#');
}

const README = `This folder is for the enrolment of the device; "classpad flash" writes it:

enrolment.json    name, ledger, peers and one-time token; the token is removed once the device has used it
hostname          its name
wired.network     how its network is set up, for systemd-networkd; without it: DHCP
authorized_keys   who may log in by SSH; without it nobody may
`;
