import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spareKernel } from './kernel.ts';
import { run } from './shell.ts';

export interface SlotOptions {
  /** The assembled root. */
  readonly root: string;
  readonly initrd: Uint8Array;
  readonly work: string;
  /** Of zstd: 1 is quick, 22 small. */
  readonly level: number;
  readonly epoch: number;
  /** What the file system's identifiers follow from. */
  readonly seed: string;
  /** Said while the packing goes on. */
  readonly onLine: (line: string) => void;
}

export interface Slot {
  /** The file system of a slot: kernel, initrd and root, so that going back covers all three. */
  readonly image: string;
  readonly squashfsBytes: number;
  readonly kernelBytes: number;
  readonly initrdBytes: number;
}

const MIB = 1024 * 1024;
/** Room for the file system's own tables. */
const SPARE_BYTES = 8 * MIB;

/** Packs a root, and makes the file system of a slot of it. */
export async function makeSlot({ root, initrd, work, level, epoch, seed, onLine }: SlotOptions): Promise<Slot> {
  const content = join(work, 'slot');
  rmSync(content, { recursive: true, force: true });
  mkdirSync(content, { recursive: true });
  const kernel = readdirSync(join(root, 'boot')).find((name) => name.startsWith('vmlinu'));
  if (kernel === undefined) throw new Error('the packages brought no kernel');
  // Out of the root: it lies beside it.
  writeFileSync(join(content, 'vmlinuz'), spareKernel(readFileSync(join(root, 'boot', kernel))));
  rmSync(join(root, 'boot', kernel));
  writeFileSync(join(content, 'initrd'), initrd);
  await squash(root, join(content, 'root.squashfs'), level, epoch, onLine);
  for (const name of ['vmlinuz', 'initrd', 'root.squashfs', '.']) utimesSync(join(content, name), epoch, epoch);
  const sizes = ['vmlinuz', 'initrd', 'root.squashfs'].map((name) => statSync(join(content, name)).size) as [
    number,
    number,
    number,
  ];
  const image = join(work, 'slot.ext4');
  const bytes = Math.ceil((sizes.reduce((sum, size) => sum + size, 0) * 1.02 + SPARE_BYTES) / MIB) * MIB;
  await makeExt4({ path: image, bytes, label: 'slot', seed: `${seed} slot`, epoch, content });
  return { image, kernelBytes: sizes[0], initrdBytes: sizes[1], squashfsBytes: sizes[2] };
}

async function squash(root: string, path: string, level: number, epoch: number, onLine: (line: string) => void): Promise<void> {
  // The environment's time must not be set as well: mksquashfs takes one or the other.
  const times = ['-mkfs-time', String(epoch), '-all-time', String(epoch)];
  const kind = [
    '-comp',
    'zstd',
    '-Xcompression-level',
    String(level),
    '-b',
    '128K',
    '-no-xattrs',
    '-noappend',
    '-no-progress',
    '-quiet',
  ];
  await run('mksquashfs', [root, path, ...kind, ...times], { onLine, env: { SOURCE_DATE_EPOCH: undefined } });
}

export interface Ext4Options {
  readonly path: string;
  readonly bytes: number;
  readonly label: string;
  readonly seed: string;
  readonly epoch: number;
  /** A folder whose files it holds. Absent: none. */
  readonly content?: string;
}

/** An ext4 file system that follows from its content; GRUB 2.06 reads it. */
export async function makeExt4({ path, bytes, label, seed, epoch, content }: Ext4Options): Promise<void> {
  rmSync(path, { force: true });
  writeFileSync(path, '');
  truncateSync(path, bytes);
  const features = content ? '^has_journal,^metadata_csum,^metadata_csum_seed,^orphan_file' : '^metadata_csum_seed,^orphan_file';
  const fixed = `hash_seed=${uuidOf(`${seed} hash`)},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0`;
  const from = content ? ['-d', content, '-m', '0', '-N', '64'] : ['-m', '1'];
  const args = ['-q', '-F', '-b', '4096', '-L', label, '-U', uuidOf(seed), '-E', fixed, '-O', features, ...from, path];
  const env = { E2FSPROGS_FAKE_TIME: String(epoch), SOURCE_DATE_EPOCH: String(epoch) };
  await run('mkfs.ext4', args, { env });
  // Nobody can set the change time of a file that is copied in: it is set where it has arrived.
  const orders = (content ? readdirSync(content) : []).map((name) => `set_inode_field /${name} ctime @${epoch}`);
  if (orders.length > 0) await run('debugfs', ['-w', '-f', '-', path], { env, input: `${orders.sort().join('\n')}\n` });
}

/** An identifier that follows from a text (RFC 9562, version 8). */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
