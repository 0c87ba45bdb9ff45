import { statSync } from 'node:fs';
import { Exit, Failure } from '../command.ts';
import { putFiles } from './fat.ts';
import { readTable, TABLE_BYTES } from './gpt.ts';
import { type Medium, openMedium } from './write.ts';

/** An image file, open for reading. */
export interface OpenImage extends Medium {
  readonly bytes: number;
  readonly path: string;
}

/** Opens what is an image for sure: it has our partitions. Throws {@link Failure}. */
export function openImage(path: string): OpenImage {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Failure(`${path} does not exist; make one: npm run image -- --board NAME`, Exit.badInput);
  const image = { ...openMedium(path, 'read'), bytes: stat.size, path };
  const names = tableOf(image).map(({ name }) => name);
  const out = tableOf(image).find(({ at, bytes }) => at + bytes > image.bytes);
  if (out !== undefined && out.name !== 'data')
    throw new Failure(`${path} is not whole: its table leads out of it (${out.name})`, Exit.badInput);
  const lacking = ['esp', 'slot-A', 'slot-B', 'data'].find((name) => !names.includes(name));
  if (lacking !== undefined)
    throw new Failure(`${path} is no image of a classpad: it has no partition ${lacking}`, Exit.badInput);
  return image;
}

function tableOf({ bytes, path, read }: OpenImage) {
  const table = Buffer.alloc(TABLE_BYTES);
  if (bytes < TABLE_BYTES) throw new Failure(`${path} is too short for an image`, Exit.badInput);
  read(table, 0);
  try {
    return readTable(table);
  } catch (error) {
    throw new Failure(`${path}: ${(error as Error).message}`, Exit.badInput);
  }
}

/** The boot partition of the image with these files in it, and where it belongs. */
export function bootPartition(image: OpenImage, files: ReadonlyMap<string, Uint8Array>): { at: number; bytes: Uint8Array } {
  const place = tableOf(image).find(({ name }) => name === 'esp')!;
  const bytes = Buffer.alloc(place.bytes);
  image.read(bytes, place.at);
  putFiles(bytes, 'classpad', files);
  return { at: place.at, bytes };
}
