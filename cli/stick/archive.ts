import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';

/** What an entry of an archive is, its content only where that is small. */
interface Entry {
  readonly sha256: string;
  readonly text?: string;
  /** Where a symbolic link leads, within the archive. */
  readonly link?: string;
}

const BLOCK = 512;
const TEXT_LIMIT_BYTES = 1024 * 1024;
const ENTRIES_LIMIT = 10_000;

/**
 * Why the archive of an image is not that of this id; `undefined` if it is. By its content alone: the configuration hashes to the
 * id, and each layer to what the configuration says; and it brings no other image and no name.
 */
export async function wrongArchive(path: string, id: string): Promise<string | undefined> {
  try {
    return judge(await readEntries(path), id);
  } catch (error) {
    return `it is no archive of an image: ${(error as Error).message}`;
  }
}

interface ImageManifest {
  readonly Config?: unknown;
  readonly RepoTags?: unknown;
  readonly Layers?: unknown;
}

function judge(entries: ReadonlyMap<string, Entry>, id: string): string | undefined {
  const list = JSON.parse(entries.get('manifest.json')?.text ?? 'null') as readonly ImageManifest[] | null;
  if (!Array.isArray(list) || list.length !== 1) return 'it does not hold one image';
  const { Config, RepoTags, Layers } = list[0] as ImageManifest;
  if (Array.isArray(RepoTags) && RepoTags.length > 0) return `it would take the name ${RepoTags[0]}`;
  if (entries.has('repositories')) return 'it would take names';
  const config = resolve(entries, String(Config));
  if (config === undefined || `sha256:${config.sha256}` !== id) return `its configuration is not that of ${id}`;
  const diffs = (JSON.parse(config.text ?? '{}') as { rootfs?: { diff_ids?: unknown } }).rootfs?.diff_ids;
  if (!Array.isArray(diffs) || !Array.isArray(Layers) || diffs.length !== Layers.length)
    return 'its layers are not those it tells of';
  const wrong = diffs.findIndex((diff, index) => `sha256:${resolve(entries, String(Layers[index]))?.sha256}` !== diff);
  return wrong < 0 ? undefined : `its layer ${wrong + 1} is not what ${id} is made of`;
}

function resolve(entries: ReadonlyMap<string, Entry>, path: string): Entry | undefined {
  const entry = entries.get(path);
  return entry?.link === undefined ? entry : entries.get(posix.normalize(posix.join(posix.dirname(path), entry.link)));
}

/** Reads a tar archive (POSIX ustar, pax headers for long names passed over) as it comes: whatever its size, little is held. */
async function readEntries(path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  const reader = new Reader(path);
  for (let header = await reader.take(BLOCK); header !== undefined && header[0] !== 0; header = await reader.take(BLOCK)) {
    const { name, size, type, link } = readHeader(header);
    if (entries.has(name)) throw new Error(`${name} stands in it twice`);
    if (entries.size >= ENTRIES_LIMIT) throw new Error('it has too many entries');
    const { sha256, text } = await reader.hash(size);
    await reader.take((BLOCK - (size % BLOCK)) % BLOCK);
    if (type === '0' || type === '\0') entries.set(name, { sha256, ...(text !== undefined && { text }) });
    else if (type === '2') entries.set(name, { sha256, link });
    else if (type !== '5') throw new Error(`${name} is of a kind that no archive of an image has`);
  }
  await reader.close();
  return entries;
}

function readHeader(header: Buffer) {
  const field = (at: number, length: number) => header.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const size = Number.parseInt(field(124, 12).trim(), 8);
  if (!Number.isSafeInteger(size) || size < 0) throw new Error('an entry has no size');
  const prefix = field(345, 155);
  const name = prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
  return { name, size, type: String.fromCharCode(header[156]!), link: field(157, 100) };
}

/** A file, in pieces of any length. */
class Reader {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.chunks = (createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
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
    await this.each(length, (part) => {
      hash.update(part);
      seen += part.length;
      if (length <= TEXT_LIMIT_BYTES) kept.push(part);
    });
    if (seen < length) throw new Error('it ends too early');
    return { sha256: hash.digest('hex'), text: length <= TEXT_LIMIT_BYTES ? Buffer.concat(kept).toString() : undefined };
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  private async each(length: number, use: (part: Buffer) => void): Promise<void> {
    for (let left = length; left > 0; ) {
      if (this.rest.length === 0) {
        const { value, done } = await this.chunks.next();
        if (done) return;
        this.rest = value;
      }
      const part = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(part.length);
      left -= part.length;
      use(part);
    }
  }
}
