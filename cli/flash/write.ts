import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, readSync, statSync, writeSync } from 'node:fs';

/** What an image is read from and a disk is written through; tests put a faulty one in its place. */
export interface Medium {
  readonly read: (buffer: Uint8Array, at: number) => number;
  readonly write: (buffer: Uint8Array, at: number) => void;
  /** All that was written is on the medium, and what is read next comes from it. */
  readonly flush: () => void;
  readonly close: () => void;
}

export interface WriteOptions {
  readonly image: Pick<Medium, 'read'>;
  readonly bytes: number;
  readonly disk: Medium;
  /** Pieces of the image that are other than in its file, by their place: the boot partition with the enrolment. */
  readonly patch?: { readonly at: number; readonly bytes: Uint8Array };
  /** Leave what is right already: an earlier attempt was broken off. */
  readonly isResumed: boolean;
  readonly onProgress: (phase: 'writing' | 'verifying', done: number, total: number) => void;
  /** Asked between two pieces: the user wants it to end. */
  readonly isEnding: () => boolean;
}

export interface Written {
  /** SHA-256 of what is on the disk now. */
  readonly sha256: string;
  readonly skippedBytes: number;
}

const CHUNK = 4 * 1024 * 1024;

/** Writes an image, reads all of it back, and compares. Throws a sentence; what is half-written does not start, because its table is missing. */
export async function writeImage(options: WriteOptions): Promise<Written> {
  const { bytes, disk } = options;
  const offsets = Array.from({ length: Math.ceil(bytes / CHUNK) }, (_, index) => index * CHUNK);
  const source = Buffer.alloc(CHUNK);
  const target = Buffer.alloc(CHUNK);
  let skippedBytes = 0;
  // The first piece holds the partition table: it comes last.
  const order = [...offsets.slice(1), 0];
  // An old table must not lead into a half-written image.
  if (!options.isResumed) disk.write(Buffer.alloc(Math.min(CHUNK, bytes)), 0);
  for (const [index, offset] of order.entries()) {
    await turn();
    if (options.isEnding()) throw new FlashEnded(`stopped; "--resume" goes on where this ended`);
    const piece = pieceOf(options, source, offset);
    const isThere = options.isResumed && isEqual(disk, target, piece, offset);
    if (isThere) skippedBytes += piece.length;
    else disk.write(piece, offset);
    options.onProgress('writing', Math.min(bytes, (index + 1) * CHUNK), bytes);
  }
  disk.flush();
  const hash = createHash('sha256');
  for (const offset of offsets) {
    await turn();
    if (options.isEnding()) throw new FlashEnded('stopped before all was verified; "--resume" verifies it again');
    const piece = pieceOf(options, source, offset);
    if (!isEqual(disk, target, piece, offset))
      throw new Error(
        `what was read back at byte ${offset + firstDifference(piece, target)} is not what was written; the disk may be broken`,
      );
    hash.update(piece);
    options.onProgress('verifying', offset + piece.length, bytes);
  }
  return { sha256: hash.digest('hex'), skippedBytes };
}

/** Lets a signal arrive. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A part of the image, with what was patched over it. */
function pieceOf({ image, bytes, patch }: WriteOptions, buffer: Buffer, offset: number): Buffer {
  const piece = buffer.subarray(0, Math.min(CHUNK, bytes - offset));
  readAll(image, piece, offset);
  if (patch === undefined) return piece;
  const [from, to] = [Math.max(offset, patch.at), Math.min(offset + piece.length, patch.at + patch.bytes.length)];
  if (from < to) piece.set(patch.bytes.subarray(from - patch.at, to - patch.at), from - offset);
  return piece;
}

function isEqual(disk: Medium, target: Buffer, piece: Buffer, offset: number): boolean {
  const found = target.subarray(0, piece.length);
  readAll(disk, found, offset);
  return found.equals(piece);
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  return a.findIndex((byte, index) => byte !== b[index]);
}

function readAll(medium: Pick<Medium, 'read'>, buffer: Uint8Array, at: number): void {
  for (let done = 0; done < buffer.length; ) {
    const count = medium.read(buffer.subarray(done), at + done);
    if (count === 0) throw new Error(`it ends after ${at + done} bytes`);
    done += count;
  }
}

/** A file or a device. `O_EXCL` on a block device: the kernel refuses one that is in use. */
export function openMedium(path: string, mode: 'read' | 'write'): Medium {
  const isDevice = statSync(path, { throwIfNoEntry: false })?.isBlockDevice() === true;
  const flags =
    mode === 'read' ? constants.O_RDONLY : constants.O_RDWR | (isDevice && process.platform === 'linux' ? constants.O_EXCL : 0);
  const file = open(path, flags);
  return {
    read: (buffer, at) => readSync(file, buffer, 0, buffer.length, at),
    write: (buffer, at) => {
      for (let done = 0; done < buffer.length; ) done += writeSync(file, buffer, done, buffer.length - done, at + done);
    },
    flush: () => {
      fsyncSync(file);
      if (isDevice) dropCache(path);
    },
    close: () => closeSync(file),
  };
}

function open(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') throw new Error(`${path} cannot be opened: this needs root; run it with sudo`);
    if (code === 'EBUSY') throw new Error(`${path} is in use; unmount it first`);
    throw new Error(`${path} cannot be opened (${code})`);
  }
}

/** So that reading back asks the medium; macOS' raw devices have no cache. Throws where it would not: then nothing is verified. */
function dropCache(path: string): void {
  if (process.platform !== 'linux') return;
  // Not every root has the folders of its own programs in its path.
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  try {
    execFileSync('blockdev', ['--flushbufs', path], { stdio: 'ignore', env });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'the program blockdev (util-linux) is missing' : message;
    throw new Error(`what was written to ${path} cannot be read back from the medium: ${why}`);
  }
}

/** The user ended it. */
export class FlashEnded extends Error {
  override readonly name = 'FlashEnded';
}
