import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Board } from './board.ts';
import { blankSymbols } from './elf.ts';
import { pruneModules } from './modules.ts';
import { run } from './shell.ts';

/** What Debian's packages bring and a device never uses, as patterns of tar. */
const TRIMMED = [
  './boot/*',
  './dev/*',
  './initrd.img*',
  './vmlinuz*',
  './usr/bin/docker',
  './usr/bin/ctr',
  './usr/bin/dnet',
  './usr/bin/containerd-shim',
  './usr/bin/containerd-shim-runc-v1',
  './usr/bin/containerd-stress',
  './usr/sbin/ovrouter',
  './usr/sbin/docker-proxy',
  './usr/bin/perl*',
  './usr/share/perl*',
  './usr/lib/*/perl*',
  './usr/lib/*/libperl*',
  './usr/bin/dpkg*',
  './usr/bin/deb*',
  './usr/bin/localedef',
  './usr/share/dpkg',
  './usr/share/debconf',
  './usr/share/initramfs-tools',
  './usr/lib/initramfs-tools',
  './etc/initramfs-tools',
  './etc/kernel',
  './usr/bin/grub*',
  './usr/sbin/grub*',
  './usr/lib/grub',
  './usr/share/grub',
  './etc/grub.d',
  './usr/lib/*/gconv',
  './usr/lib/udev/hwdb*',
  './usr/lib/systemd/catalog',
  './usr/share/i18n',
  './usr/share/bash-completion',
  './var/lib/apt',
  './var/cache/*',
  './var/log/*',
  './usr/share/man',
  './usr/share/locale/*',
];

/** Units that have nothing to do here; a getty would be a login. */
const MASKED = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty@.service',
  'serial-getty@.service',
  'console-getty.service',
  'grub-common.service',
  'ldconfig.service',
  'rauc-mark-good.service',
  'systemd-hwdb-update.service',
  'systemd-journal-catalog-update.service',
  'systemd-networkd-wait-online.service',
  'systemd-pcrphase.service',
  'systemd-pcrphase-sysinit.service',
  'systemd-pcrphase-initrd.service',
  'systemd-update-done.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'systemd-firstboot.service',
  'systemd-homed.service',
  'dropbear.service',
];
const ENABLED = [
  'classpad.service',
  'classpad-ssh.service',
  'docker.service',
  'systemd-networkd.service',
  'systemd-resolved.service',
];

export interface RootOptions {
  readonly board: Board;
  /** Tar of Debian's packages. */
  readonly tar: string;
  /** Where it is put together; removed first. */
  readonly folder: string;
  /** `image/files`. */
  readonly files: string;
  /** Becomes `/usr/lib/classpad`: launcher, firmware, lmdb. */
  readonly own: string;
  /** Tar of the npm package that holds Node. */
  readonly node: string;
  readonly version: string;
  /** Certificates whose signatures the device accepts. */
  readonly keyring: string;
}

/** What came of it, for the slot. */
export interface Root {
  readonly folder: string;
  readonly kernelVersion: string;
  /** `name version` of every Debian package. */
  readonly packages: readonly string[];
}

/** Unpacks, trims and completes the root of a device. Needs root, because files keep their owners. */
export async function assembleRoot(options: RootOptions): Promise<Root> {
  const { folder, board, tar } = options;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xf', tar, '-C', folder, '--numeric-owner', ...TRIMMED.map((pattern) => `--exclude=${pattern}`)]);
  await run('tar', ['-xf', tar, '-C', folder, '--wildcards', './boot/vmlinu*']);
  const packages = packageList(readFileSync(join(folder, 'var/lib/dpkg/status'), 'utf8'));
  const kernelVersion = pruneModules(folder, board.modules);
  await run('depmod', ['-b', folder, kernelVersion]);
  await addNode(folder, options.node);
  addFiles(options);
  configure(options);
  for (const gone of ['var/lib/dpkg', 'etc/machine-id', 'etc/hostname', 'etc/resolv.conf']) remove(join(folder, gone));
  symlinkSync('/run/systemd/resolve/stub-resolv.conf', join(folder, 'etc/resolv.conf'));
  return { folder, kernelVersion, packages };
}

/** From dpkg's status file, sorted. */
export function packageList(status: string): string[] {
  const field = (block: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  const blocks = status.split('\n\n').filter((block) => field(block, 'Status')?.endsWith(' installed'));
  return blocks.map((block) => `${field(block, 'Package')} ${field(block, 'Version')}`).sort();
}

async function addNode(folder: string, tgz: string): Promise<void> {
  await run('tar', ['-xzf', tgz, '-C', join(folder, 'usr'), '--strip-components=1', '--no-same-owner', 'package/bin/node']);
  const path = join(folder, 'usr/bin/node');
  const program = readFileSync(path);
  blankSymbols(program);
  writeFileSync(path, program);
  chmodSync(path, 0o755);
}

function addFiles({ folder, files, own, keyring }: RootOptions): void {
  cpSync(files, folder, { recursive: true });
  cpSync(own, join(folder, 'usr/lib/classpad'), { recursive: true });
  mkdirSync(join(folder, 'etc/rauc'), { recursive: true });
  writeFileSync(join(folder, 'etc/rauc/keyring.pem'), keyring);
  for (const name of ['setup', 'bootloader', 'watchdog']) {
    const path = join(folder, 'usr/lib/classpad', name);
    if (lstatSync(path, { throwIfNoEntry: false })) chmodSync(path, 0o755);
  }
}

function configure({ folder, board, version }: RootOptions): void {
  for (const name of ['data', 'slot', 'lower', 'boot']) mkdirSync(join(folder, name), { recursive: true });
  const about = { board: board.name, version, touch: board.touch, watchdog: board.watchdog };
  writeFileSync(join(folder, 'usr/lib/classpad/os.json'), `${JSON.stringify(about)}\n`);
  replace(join(folder, 'etc/rauc/system.conf'), '@BOARD@', board.name);
  const units = join(folder, 'etc/systemd/system');
  mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true });
  for (const unit of MASKED) {
    remove(join(units, unit));
    symlinkSync('/dev/null', join(units, unit));
  }
  for (const wants of readdirSync(units).filter((name) => name.endsWith('.wants'))) {
    for (const unit of readdirSync(join(units, wants))) if (MASKED.includes(unit)) remove(join(units, wants, unit));
  }
  for (const unit of ENABLED) {
    const link = join(units, 'multi-user.target.wants', unit);
    remove(link);
    symlinkSync(`${unit.startsWith('classpad') ? '/etc' : '/usr/lib'}/systemd/system/${unit}`, link);
  }
  remove(join(units, 'default.target'));
  symlinkSync('/usr/lib/systemd/system/multi-user.target', join(units, 'default.target'));
}

function replace(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(from, to));
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
