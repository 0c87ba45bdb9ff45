import { closeSync, ftruncateSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { run } from './shell.ts';
import { uuidOf } from './slot.ts';

export interface Partition {
  /** As the partition's name on the disk. */
  readonly name: 'esp' | 'slot-A' | 'slot-B' | 'data';
  readonly mib: number;
  /** What is written into it. Absent: nothing. */
  readonly image?: string;
}

const MIB = 1024 * 1024;
const TYPES = { esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4' };

/** A disk with a GPT whose identifiers follow from the seed. */
export async function makeDisk(path: string, partitions: readonly Partition[], seed: string): Promise<void> {
  const totalMib = 1 + partitions.reduce((sum, { mib }) => sum + mib, 0) + 1;
  rmSync(path, { force: true });
  const file = openSync(path, 'wx');
  ftruncateSync(file, totalMib * MIB);
  closeSync(file);
  let startMib = 1;
  const placed = partitions.map((partition) => {
    const at = startMib;
    startMib += partition.mib;
    return { ...partition, startMib: at };
  });
  const rows = placed.map(({ name, mib, startMib: start }) => {
    const type = name === 'esp' ? TYPES.esp : TYPES.linux;
    return `start=${start}MiB, size=${mib}MiB, type=${type}, uuid=${uuidOf(`${seed} ${name} partition`)}, name="${name}"`;
  });
  const script = ['label: gpt', `label-id: ${uuidOf(`${seed} disk`)}`, ...rows].join('\n');
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', path], { input: `${script}\n` });
  for (const { image, startMib: start, mib } of placed) if (image) copyInto(path, image, start * MIB, mib * MIB);
}

const CHUNK = 4 * MIB;

/** Copies a file into another at an offset; what is all zero stays a hole. */
function copyInto(path: string, image: string, at: number, room: number): void {
  const size = statSync(image).size;
  if (size > room) throw new Error(`${image} has ${size} bytes and its partition ${room}`);
  const [from, to] = [openSync(image, 'r'), openSync(path, 'r+')];
  const chunk = Buffer.alloc(CHUNK);
  for (let offset = 0; offset < size; ) {
    const count = readSync(from, chunk, 0, CHUNK, offset);
    if (count === 0) break;
    const bytes = chunk.subarray(0, count);
    if (bytes.some((byte) => byte !== 0)) writeSync(to, bytes, 0, count, at + offset);
    offset += count;
  }
  closeSync(from);
  closeSync(to);
}
