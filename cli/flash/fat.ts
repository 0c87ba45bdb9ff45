/*
 * As much of FAT32 as putting a few small files into one folder takes (Microsoft, "FAT32 File System Specification" 1.03).
 * It works on the bytes of a whole partition in memory, so an enrolment is a part of the image that is written and verified.
 */

interface Volume {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly clusterBytes: number;
  readonly fats: readonly number[];
  readonly dataAt: number;
  readonly clusters: number;
  readonly root: number;
}

const END = 0x0fffffff;
const ENTRY = 32;
const FOLDER = 0x10;
const LONG_NAME = 0x0f;
const DELETED = 0xe5;

/** Puts files into a folder of the root that exists, in place. Files of the same name are replaced. Throws a sentence. */
export function putFiles(bytes: Uint8Array, folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  const volume = openVolume(bytes);
  const cluster = findFolder(volume, folder);
  for (const [name, content] of files) {
    removeFile(volume, cluster, name);
    addFile(volume, cluster, name, content);
  }
  countFree(volume);
}

/** The names and contents of the files in a folder of the root. */
export function readFiles(bytes: Uint8Array, folder: string): Map<string, Uint8Array> {
  const volume = openVolume(bytes);
  const found = entries(volume, findFolder(volume, folder)).filter(({ isFolder }) => !isFolder);
  return new Map(found.map(({ name, first, size }) => [name, content(volume, first).subarray(0, size)]));
}

function openVolume(bytes: Uint8Array): Volume {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [sector, perCluster, reserved] = [view.getUint16(11, true), bytes[13]!, view.getUint16(14, true)];
  const [count, fatSectors, root] = [bytes[16]!, view.getUint32(36, true), view.getUint32(44, true)];
  const isFat32 = bytes.length > 512 && view.getUint16(510, true) === 0xaa55 && view.getUint16(17, true) === 0 && sector === 512;
  if (!isFat32) throw new Error('the boot partition of the image is no FAT32');
  const dataAt = (reserved + count * fatSectors) * sector;
  const clusterBytes = perCluster * sector;
  const fats = Array.from({ length: count }, (_, index) => (reserved + index * fatSectors) * sector);
  return { bytes, view, clusterBytes, fats, dataAt, root, clusters: Math.floor((bytes.length - dataAt) / clusterBytes) };
}

/** The sector that tells how much is free: counted anew, so that a check finds nothing to mend. */
function countFree(volume: Volume): void {
  const { view, clusters } = volume;
  const at = view.getUint16(48, true) * 512;
  if (view.getUint32(at, true) !== 0x41615252) return;
  let free = 0;
  for (let cluster = 2; cluster < clusters + 2; cluster++) if (nextOf(volume, cluster) === 0) free++;
  view.setUint32(at + 488, free, true);
  // Where to look first: unknown.
  view.setUint32(at + 492, 0xffffffff, true);
}

function nextOf({ view, fats }: Volume, cluster: number): number {
  return view.getUint32(fats[0]! + cluster * 4, true) & END;
}

function link({ view, fats }: Volume, cluster: number, to: number): void {
  for (const at of fats) view.setUint32(at + cluster * 4, to, true);
}

/** The clusters of a file, in order. A chain that runs in a circle ends with the volume. */
function chain(volume: Volume, first: number): number[] {
  const list: number[] = [];
  for (let at = first; at >= 2 && at < volume.clusters + 2 && list.length <= volume.clusters; at = nextOf(volume, at))
    list.push(at);
  return list;
}

function at({ dataAt, clusterBytes }: Volume, cluster: number): number {
  return dataAt + (cluster - 2) * clusterBytes;
}

function content(volume: Volume, first: number): Uint8Array {
  const pieces = chain(volume, first).map((cluster) =>
    volume.bytes.subarray(at(volume, cluster), at(volume, cluster) + volume.clusterBytes),
  );
  return Buffer.concat(pieces);
}

interface Found {
  readonly name: string;
  readonly first: number;
  readonly size: number;
  readonly isFolder: boolean;
  /** Places of its directory entries, those of the long name included. */
  readonly places: readonly number[];
}

/** Places of all directory entries of a folder, used or not. */
function places(volume: Volume, folder: number): number[] {
  const perCluster = volume.clusterBytes / ENTRY;
  return chain(volume, folder).flatMap((cluster) =>
    Array.from({ length: perCluster }, (_, index) => at(volume, cluster) + index * ENTRY),
  );
}

function entries(volume: Volume, folder: number): Found[] {
  const { bytes, view } = volume;
  const list: Found[] = [];
  let long = '';
  let pending: number[] = [];
  for (const place of places(volume, folder)) {
    if (bytes[place] === 0) break;
    if (bytes[place] === DELETED) [long, pending] = ['', []];
    else if (bytes[place + 11] === LONG_NAME) {
      long = longPart(view, place) + long;
      pending.push(place);
    } else {
      const first = (view.getUint16(place + 20, true) << 16) | view.getUint16(place + 26, true);
      const isFolder = (bytes[place + 11]! & FOLDER) !== 0;
      list.push({
        name: long || shortName(bytes, place),
        first,
        size: view.getUint32(place + 28, true),
        isFolder,
        places: [...pending, place],
      });
      [long, pending] = ['', []];
    }
  }
  return list;
}

const LONG_AT = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

function longPart(view: DataView, place: number): string {
  const units = LONG_AT.map((offset) => view.getUint16(place + offset, true));
  const end = units.indexOf(0);
  return String.fromCharCode(...(end < 0 ? units : units.slice(0, end)).filter((unit) => unit !== 0xffff));
}

function shortName(bytes: Uint8Array, place: number): string {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(place + from, place + to)).trimEnd();
  const extension = text(8, 11);
  return extension === '' ? text(0, 8) : `${text(0, 8)}.${extension}`;
}

function findFolder(volume: Volume, name: string): number {
  const found = entries(volume, volume.root).find((entry) => entry.isFolder && entry.name.toLowerCase() === name.toLowerCase());
  if (found === undefined)
    throw new Error(`the boot partition of the image has no folder ${name}; was it made by "npm run image"?`);
  return found.first;
}

function removeFile(volume: Volume, folder: number, name: string): void {
  const found = entries(volume, folder).find((entry) => entry.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) return;
  for (const place of found.places) volume.bytes[place] = DELETED;
  for (const cluster of chain(volume, found.first)) link(volume, cluster, 0);
}

function addFile(volume: Volume, folder: number, name: string, file: Uint8Array): void {
  const clusters = allocate(volume, Math.ceil(file.length / volume.clusterBytes));
  clusters.forEach((cluster, index) => {
    const piece = file.subarray(index * volume.clusterBytes, (index + 1) * volume.clusterBytes);
    volume.bytes.fill(0, at(volume, cluster), at(volume, cluster) + volume.clusterBytes);
    volume.bytes.set(piece, at(volume, cluster));
  });
  const short = freeShortName(volume, folder);
  const rows = Math.ceil((name.length + 1) / 13);
  const room = freeRun(volume, folder, rows + 1);
  for (let row = 0; row < rows; row++) writeLongPart(volume, room[row]!, name, rows - row, row === 0, short);
  writeShort(volume, room[rows]!, short, clusters[0] ?? 0, file.length);
}

function allocate(volume: Volume, count: number): number[] {
  const free: number[] = [];
  for (let cluster = 2; cluster < volume.clusters + 2 && free.length < count; cluster++) {
    if (nextOf(volume, cluster) === 0) free.push(cluster);
  }
  if (free.length < count) throw new Error('the boot partition of the image is full');
  for (const [index, cluster] of free.entries()) link(volume, cluster, free[index + 1] ?? END);
  return free;
}

/** Room for so many entries in a row; the folder grows if it has none. */
function freeRun(volume: Volume, folder: number, count: number): number[] {
  const all = places(volume, folder);
  const isFree = (place: number) => volume.bytes[place] === 0 || volume.bytes[place] === DELETED;
  for (let from = 0; from + count <= all.length; from++) {
    const run = all.slice(from, from + count);
    if (run.every(isFree)) return run;
  }
  const [more] = allocate(volume, 1);
  volume.bytes.fill(0, at(volume, more!), at(volume, more!) + volume.clusterBytes);
  link(volume, chain(volume, folder).at(-1)!, more!);
  return freeRun(volume, folder, count);
}

/** A name of the old form that nothing else has: long names are what people see. */
function freeShortName(volume: Volume, folder: number): string {
  const taken = new Set(places(volume, folder).map((place) => String.fromCharCode(...volume.bytes.subarray(place, place + 11))));
  for (let number = 1; ; number++) {
    const name = `CP~${number}`.padEnd(8).concat('   ');
    if (!taken.has(name)) return name;
  }
}

function checksum(short: string): number {
  return [...short].reduce((sum, letter) => (((sum & 1) << 7) + (sum >> 1) + letter.charCodeAt(0)) & 0xff, 0);
}

function writeLongPart(
  { bytes, view }: Volume,
  place: number,
  name: string,
  order: number,
  isLast: boolean,
  short: string,
): void {
  bytes.fill(0, place, place + ENTRY);
  bytes[place] = isLast ? order | 0x40 : order;
  bytes[place + 11] = LONG_NAME;
  bytes[place + 13] = checksum(short);
  LONG_AT.forEach((offset, index) => {
    const from = (order - 1) * 13 + index;
    const unit = from < name.length ? name.charCodeAt(from) : from === name.length ? 0 : 0xffff;
    view.setUint16(place + offset, unit, true);
  });
}

function writeShort({ bytes, view }: Volume, place: number, short: string, first: number, size: number): void {
  bytes.fill(0, place, place + ENTRY);
  bytes.set(Buffer.from(short, 'latin1'), place);
  bytes[place + 11] = 0x20;
  view.setUint16(place + 20, first >>> 16, true);
  view.setUint16(place + 26, first & 0xffff, true);
  view.setUint32(place + 28, size, true);
}
