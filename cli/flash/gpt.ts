/** Where a partition lies on a disk, in bytes. */
export interface Place {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
}

const SECTOR = 512;
/** Of the table as images have it: header and 128 entries. */
export const TABLE_BYTES = 34 * SECTOR;

/** The partitions of a GPT, from the first 34 sectors of a disk (UEFI 2.10, 5.3). Throws a sentence for what is none. */
export function readTable(bytes: Uint8Array): Place[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const signature = Buffer.from(bytes.buffer, bytes.byteOffset + SECTOR, 8).toString('latin1');
  if (bytes.length < TABLE_BYTES || signature !== 'EFI PART') throw new Error('it has no partition table (GPT); is it an image?');
  const [count, size] = [view.getUint32(SECTOR + 80, true), view.getUint32(SECTOR + 84, true)];
  return Array.from({ length: Math.min(count, 128) }, (_, index) => 2 * SECTOR + index * size)
    .filter((at) => at + 128 <= bytes.length && view.getBigUint64(at + 32, true) > 0n)
    .map((at) => {
      const [first, last] = [Number(view.getBigUint64(at + 32, true)), Number(view.getBigUint64(at + 40, true))];
      const name = Buffer.from(bytes.buffer, bytes.byteOffset + at + 56, 72)
        .toString('utf16le')
        .replace(/\0.*$/s, '');
      return { name, at: first * SECTOR, bytes: (last - first + 1) * SECTOR };
    });
}
