import { execFileSync } from 'node:child_process';
import { parsePlist } from './plist.ts';

/** A disk that an image might be written to. */
export interface Disk {
  /** What is opened: `/dev/sdb`. */
  readonly path: string;
  /** What its user calls it and types to confirm: `sdb`. */
  readonly name: string;
  readonly model: string;
  /** Of the one disk; empty where it has none to tell. */
  readonly serial: string;
  readonly bytes: number;
  readonly isRemovable: boolean;
  readonly isReadOnly: boolean;
  /** A part of a disk, not the whole. */
  readonly isPart: boolean;
  /** Where it or one of its parts is mounted; `[SWAP]` counts. */
  readonly mounts: readonly string[];
}

/** The disks of this machine. Throws a sentence where they cannot be asked for. */
export function listDisks(platform: NodeJS.Platform = process.platform, run: Run = runProgram): Disk[] {
  if (platform === 'linux') return linuxDisks(run('lsblk', ['--json', '--bytes', '--output', LSBLK_COLUMNS]));
  if (platform === 'darwin') return macDisks(run);
  throw new Error(`disks cannot be listed on ${platform}; Linux and macOS can`);
}

type Run = (program: string, args: readonly string[]) => string;

function runProgram(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, [...args], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`${program} does not tell the disks: ${(error as Error).message.split('\n')[0]}`);
  }
}

const LSBLK_COLUMNS = 'PATH,NAME,TYPE,SIZE,MODEL,SERIAL,RM,HOTPLUG,RO,MOUNTPOINTS';
/** Of which `lsblk` says that they are disks; a loop device is one for trying out. */
const WHOLE = ['disk', 'loop'];

interface Row {
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly size: number | null;
  readonly model: string | null;
  readonly serial?: string | null;
  readonly rm: boolean;
  readonly hotplug: boolean;
  readonly ro: boolean;
  readonly mountpoints?: readonly (string | null)[];
  readonly children?: readonly Row[];
}

/** From `lsblk --json` (util-linux 2.37 and later). */
export function linuxDisks(printed: string): Disk[] {
  const { blockdevices } = JSON.parse(printed) as { blockdevices: readonly Row[] };
  return blockdevices.flatMap((row) => [linuxDisk(row), ...(row.children ?? []).map(linuxDisk)]).filter(({ bytes }) => bytes > 0);
}

function linuxDisk(row: Row): Disk {
  return {
    path: row.path,
    name: row.name,
    model: (row.model ?? (row.type === 'loop' ? 'loop device' : '')).trim(),
    serial: (row.serial ?? '').trim(),
    bytes: Number(row.size ?? 0),
    isRemovable: row.rm || row.hotplug || row.type === 'loop',
    isReadOnly: row.ro,
    isPart: !WHOLE.includes(row.type),
    mounts: mountsOf(row),
  };
}

function mountsOf({ mountpoints, children }: Row): string[] {
  const own = (mountpoints ?? []).filter((place): place is string => place !== null);
  return [...own, ...(children ?? []).flatMap(mountsOf)];
}

interface MacDisk {
  readonly DeviceIdentifier: string;
  readonly Size?: number;
  readonly MountPoint?: string;
  readonly Partitions?: readonly MacDisk[];
  readonly APFSVolumes?: readonly MacDisk[];
  readonly APFSPhysicalStores?: readonly { readonly DeviceIdentifier: string }[];
}

interface MacInfo {
  readonly MediaName?: string;
  readonly DiskUUID?: string;
  readonly Internal?: boolean;
  readonly RemovableMediaOrExternalDevice?: boolean;
  readonly WritableMedia?: boolean;
}

/** From `diskutil list -plist` and, for each whole disk, `diskutil info -plist`. */
function macDisks(run: Run): Disk[] {
  const list = parsePlist(run('diskutil', ['list', '-plist'])) as unknown as { AllDisksAndPartitions: readonly MacDisk[] };
  const disks = list.AllDisksAndPartitions;
  return disks
    .filter(({ APFSPhysicalStores }) => APFSPhysicalStores === undefined)
    .map((disk) => {
      const info = parsePlist(run('diskutil', ['info', '-plist', disk.DeviceIdentifier])) as MacInfo;
      return macDisk(disk, info, containersOn(disk, disks));
    });
}

/** APFS containers stand in the list by themselves; their volumes are mounted from the disk that stores them. */
function containersOn({ DeviceIdentifier, Partitions }: MacDisk, disks: readonly MacDisk[]): MacDisk[] {
  const parts = [DeviceIdentifier, ...(Partitions ?? []).map((part) => part.DeviceIdentifier)];
  return disks.filter(({ APFSPhysicalStores }) => APFSPhysicalStores?.some((store) => parts.includes(store.DeviceIdentifier)));
}

function macDisk(disk: MacDisk, info: MacInfo, containers: readonly MacDisk[]): Disk {
  const parts = [disk, ...(disk.Partitions ?? []), ...containers, ...containers.flatMap(({ APFSVolumes }) => APFSVolumes ?? [])];
  return {
    // The raw device knows no cache: what is read back comes from the medium.
    path: `/dev/r${disk.DeviceIdentifier}`,
    name: disk.DeviceIdentifier,
    model: info.MediaName ?? '',
    serial: info.DiskUUID ?? '',
    bytes: disk.Size ?? 0,
    isRemovable: info.RemovableMediaOrExternalDevice === true && info.Internal !== true,
    isReadOnly: info.WritableMedia === false,
    isPart: false,
    mounts: parts.map(({ MountPoint }) => MountPoint).filter((place): place is string => place !== undefined && place !== ''),
  };
}

/** The disk that an operand means: its path, or its name. */
export function findDisk(disks: readonly Disk[], text: string): Disk | undefined {
  const plain = text.replace(/^\/dev\/r?(?=disk\d)/, '');
  return disks.find(({ path, name }) => path === text || name === text || name === plain);
}

/** Whether it is the disk that it was, or another one under its name. */
export function isSameDisk(a: Disk, b: Disk): boolean {
  return a.path === b.path && a.model === b.model && a.serial === b.serial && a.bytes === b.bytes;
}

/** Why an image is not written to a disk, in a sentence with the way out; `undefined`: it may be. Pure. */
export function refusal(disk: Disk, imageBytes: number, isFixedAllowed: boolean): string | undefined {
  const { path, name, mounts, bytes } = disk;
  if (disk.isPart) return `${path} is a part of a disk; name the whole disk`;
  const system = mounts.find(
    (place) => place === '[SWAP]' || place === '/' || SYSTEM.some((folder) => place === folder || place.startsWith(`${folder}/`)),
  );
  if (system !== undefined) return `${path} holds this machine's own system (${system}); it is never written to`;
  if (mounts.length > 0) return `${path} is in use at ${mounts.join(', ')}; unmount it first`;
  if (disk.isReadOnly) return `${path} cannot be written to; is the card's lock on?`;
  if (bytes < imageBytes) return `${path} has ${inGigabytes(bytes)}, and the image needs ${inGigabytes(imageBytes)}`;
  if (!disk.isRemovable && !isFixedAllowed)
    return `${path} is built into this machine; if ${name} is meant all the same, say --fixed`;
  return undefined;
}

/** What a running system is made of, on Linux and macOS. */
const SYSTEM = ['/boot', '/usr', '/var', '/home', '/etc', '/nix', '/System', '/private'];

export function inGigabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
