import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';

/** What an entry of an archive is, its content only where that is JSON and small. */
export interface TarEntry {
  readonly kind: 'file' | 'folder' | 'link';
  readonly sha256: string;
  readonly text?: string;
  /** Which entry a symbolic link leads to. */
  readonly target?: string;
}

/** The hashes of a file's pieces: by them it is the same when it is read again. */
export interface Seal {
  readonly pieces: readonly string[];
}

const BLOCK = 512;
const PIECE_BYTES = 1024 * 1024;
const TEXT_LIMIT_BYTES = 1024 * 1024;
const TEXTS_LIMIT_BYTES = 64 * 1024 * 1024;
const ENTRIES_LIMIT = 10_000;
/** POSIX.1-1988: other forms have a prefix elsewhere or none, so that a name would be another one to somebody else. */
const MAGIC = 'ustar\u000000';
const PLAIN = /^[\w.:@+-]+(\/[\w.:@+-]+)*$/;
const KINDS: Readonly<Record<string, TarEntry['kind']>> = { '0': 'file', '\0': 'file', '2': 'link', '5': 'folder' };

/**
 * Reads an archive (POSIX ustar) as it comes: whatever its size, little is held. Only what every reader reads alike is taken: plain
 * names, each once and under no file or link; no content but that of files; nothing behind the end. Throws a sentence.
 */
export async function readTar(path: string): Promise<{ readonly entries: ReadonlyMap<string, TarEntry>; readonly seal: Seal }> {
  const entries = new Map<string, TarEntry>();
  const reader = new Reader(path);
  let textBytes = 0;
  try {
    for (let header = await reader.take(BLOCK); header !== undefined; header = await reader.take(BLOCK)) {
      if (isZero(header)) await reader.demandZeros();
      else {
        const { name, size, kind, target } = readHeader(header);
        if (entries.has(name)) throw new Error(`${name} stands in it twice`);
        if (entries.size >= ENTRIES_LIMIT) throw new Error('it has too many entries');
        const { sha256, text } = await reader.hash(size);
        textBytes += text?.length ?? 0;
        if (textBytes > TEXTS_LIMIT_BYTES) throw new Error('it has too much to be read');
        await reader.take((BLOCK - (size % BLOCK)) % BLOCK);
        entries.set(name, { kind, sha256, ...(text !== undefined && { text }), ...(target !== undefined && { target }) });
      }
    }
  } finally {
    await reader.close();
  }
  demandTree(entries);
  return { entries, seal: reader.seal };
}

/** The bytes of a file that was read before, each piece compared before it is given. Throws where it is another by now. */
export async function* readAgain(path: string, { pieces }: Seal): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  const changed = new Error(`${path} was changed while it was read`);
  try {
    for (const hash of pieces) {
      const piece = await readPiece(file);
      if (hashOf(piece) !== hash) throw changed;
      yield piece;
    }
    if ((await readPiece(file)).length > 0) throw changed;
  } finally {
    await file.close();
  }
}

function readHeader(header: Buffer) {
  const field = (at: number, length: number) => header.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const size = Number.parseInt(field(124, 12).trim(), 8);
  if (!Number.isSafeInteger(size) || size < 0) throw new Error('an entry has no size');
  const isPosix = header.toString('latin1', 257, 265) === MAGIC && isZero(header.subarray(500));
  if (!isPosix) throw new Error('it is no POSIX archive (ustar)');
  const prefix = field(345, 155);
  const name = prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
  const kind = KINDS[String.fromCharCode(header[156]!)];
  if (kind === undefined) throw new Error(`${name} is of a kind that no archive of an image has`);
  const plain = kind === 'folder' ? name.replace(/\/$/, '') : name;
  const isPlain = PLAIN.test(plain) && !plain.split('/').some((part) => part === '.' || part === '..');
  if (!isPlain) throw new Error(`${name} is no plain name`);
  if (kind !== 'file' && size > 0) throw new Error(`${name} is a folder or a link and has content`);
  return { name: plain, size, kind, target: kind === 'link' ? targetOf(plain, field(157, 100)) : undefined };
}

/** Within the archive, else a name that no entry has. */
function targetOf(name: string, link: string): string {
  return link.startsWith('/') ? link : posix.normalize(posix.join(posix.dirname(name), link));
}

/** Links lead to files of the archive, and nothing lies under a file or a link. */
function demandTree(entries: ReadonlyMap<string, TarEntry>): void {
  for (const [name, { target }] of entries) {
    if (target !== undefined && entries.get(target)?.kind !== 'file') throw new Error(`${name} leads to nothing in it`);
    for (let above = posix.dirname(name); above !== '.'; above = posix.dirname(above)) {
      const kind = entries.get(above)?.kind ?? 'folder';
      if (kind !== 'folder') throw new Error(`${name} stands under a ${kind}`);
    }
  }
}

/** A file, in pieces of any length. */
class Reader {
  private readonly path: string;
  private file: Awaited<ReturnType<typeof open>> | undefined;
  private rest: Buffer = Buffer.alloc(0);
  private readonly pieces: string[] = [];

  constructor(path: string) {
    this.path = path;
  }

  /** Of what was read. */
  get seal(): Seal {
    return { pieces: this.pieces };
  }

  /** `undefined` at the end. Throws if the file ends within. */
  async take(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    await this.each(length, (part) => parts.push(part));
    const taken = Buffer.concat(parts);
    if (taken.length === length) return taken;
    if (taken.length === 0) return undefined;
    throw new Error('it ends too early');
  }

  async hash(length: number): Promise<{ readonly sha256: string; readonly text: string | undefined }> {
    const hash: Hash = createHash('sha256');
    const kept: Buffer[] = [];
    let seen = 0;
    let isText = length <= TEXT_LIMIT_BYTES;
    await this.each(length, (part) => {
      hash.update(part);
      if (seen === 0) isText &&= part[0] === OBJECT || part[0] === LIST;
      seen += part.length;
      if (isText) kept.push(part);
    });
    if (seen < length) throw new Error('it ends too early');
    return { sha256: hash.digest('hex'), text: isText ? Buffer.concat(kept).toString() : undefined };
  }

  /** To the end of the file. */
  async demandZeros(): Promise<void> {
    await this.each(Number.POSITIVE_INFINITY, (part) => {
      if (!isZero(part)) throw new Error('there is more behind its end');
    });
  }

  async close(): Promise<void> {
    await this.file?.close();
  }

  private async each(length: number, use: (part: Buffer) => void): Promise<void> {
    for (let left = length; left > 0; ) {
      if (this.rest.length === 0) this.rest = await this.next();
      if (this.rest.length === 0) return;
      const part = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(part.length);
      left -= part.length;
      use(part);
    }
  }

  private async next(): Promise<Buffer> {
    this.file ??= await open(this.path, 'r');
    const piece = await readPiece(this.file);
    if (piece.length > 0) this.pieces.push(hashOf(piece));
    return piece;
  }
}

const [OBJECT, LIST] = [0x7b, 0x5b];

/** Shorter than a piece only at the end of the file. */
async function readPiece(file: NonNullable<Awaited<ReturnType<typeof open>>>): Promise<Buffer> {
  const piece = Buffer.alloc(PIECE_BYTES);
  let length = 0;
  for (let got = -1; got !== 0 && length < PIECE_BYTES; length += got)
    ({ bytesRead: got } = await file.read(piece, length, PIECE_BYTES - length));
  return piece.subarray(0, length);
}

function hashOf(piece: Buffer): string {
  return createHash('sha256').update(piece).digest('hex');
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
