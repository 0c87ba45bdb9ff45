import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_MESSAGE_BYTES } from '../../runtime/consensus/messages.ts';
import { Exit, Failure } from '../command.ts';

/*
 * A stick is a folder:
 *
 *   stick.json            what is on it (written last: without it there is nothing), see {@link Stick}
 *   blocks/<from>.rlp     consecutive sealed blocks: an RLP list of [header, [signed transactions]], as nodes send them
 *   votes/<from>.json     where validators decide: what CometBFT tells of the votes for the last of those blocks, which bear all
 *                         before it (header, commit, validators); after a block that changes who decides another file begins
 *   transactions/0.json   signed transactions that wait, for the ledger that this stick comes to: the votes of a device, its log
 *   images/<id>.tar       the archive of an image, as the engine writes it (`docker save` of its id), without any name in it
 *
 * Nothing of it is believed. Every file is what stick.json says by its SHA-256; a block counts by its seal and by executing
 * it; an image counts by its id, which the content of its archive must give: the id is the hash of its configuration, and
 * that names the hash of each layer. An image that a release names by a registry's digest comes with the registry's manifests
 * (`proof`): the first has that digest, each names the next, and the last names the id.
 */
export const FORMAT = 'classpad-stick-1';
const INDEX = 'stick.json';
const INDEX_LIMIT_BYTES = 4 * 1024 * 1024;
const MAX_VOTES_BYTES = 1024 * 1024;
const MAX_TRANSACTIONS_BYTES = 1024 * 1024;

export interface StickFile {
  /** Relative to the folder. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
}

export interface StickBlocks extends StickFile {
  readonly from: number;
  readonly to: number;
  /** For block `to`. Absent: the blocks bear one device's seal. */
  readonly votes?: StickFile;
}

export interface StickImage extends StickFile {
  /** As a release names it: by its id or by a registry's digest. */
  readonly image: string;
  /** `sha256:<hex>`. */
  readonly id: string;
  /** Manifests of the registry, from the digest in the name to the id; none where it is named by its id. */
  readonly proof: readonly string[];
}

export interface Stick {
  readonly format: typeof FORMAT;
  readonly chainId: number;
  readonly genesisHash: string;
  readonly blocks: readonly StickBlocks[];
  readonly images: readonly StickImage[];
  /** Absent: none waited. */
  readonly transactions?: StickFile;
}

export const indexPath = (folder: string) => join(folder, INDEX);

/** Throws a {@link Failure} that says what is no stick about it. */
export function readStick(folder: string): Stick {
  const path = indexPath(folder);
  const stick = parse(path) as Partial<Stick> | null;
  const fits =
    stick?.format === FORMAT &&
    typeof stick.chainId === 'number' &&
    isHash(stick.genesisHash, '0x') &&
    Array.isArray(stick.blocks) &&
    stick.blocks.every(
      (row) => isFile(row, 'blocks', MAX_MESSAGE_BYTES) && isCount(row.from) && isCount(row.to) && isVotes(row.votes),
    ) &&
    (stick.transactions === undefined || isFile(stick.transactions, 'transactions', MAX_TRANSACTIONS_BYTES)) &&
    Array.isArray(stick.images) &&
    stick.images.every(
      (row) =>
        isFile(row, 'images', Number.MAX_SAFE_INTEGER) && isHash(row.id, 'sha256:') && isPinned(row.image) && isProof(row.proof),
    );
  if (fits) return stick as Stick;
  throw new Failure(`${path} is not the index of a stick in the form ${FORMAT}`, Exit.badInput);
}

function parse(path: string): unknown {
  try {
    if (statSync(path).size <= INDEX_LIMIT_BYTES) return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Failure(`there is no ${path}; a stick is made with: classpad export DIR`, Exit.badInput);
  }
  return null;
}

/** By its id, or by a registry's digest: then no other image can come under that name. */
export function isPinned(image: unknown): image is string {
  return typeof image === 'string' && image.length <= 255 && /^([\w./:-]+@)?sha256:[0-9a-f]{64}$/.test(image);
}

const isHash = (value: unknown, prefix: string) => typeof value === 'string' && new RegExp(`^${prefix}[0-9a-f]{64}$`).test(value);
const isProof = (value: unknown) => Array.isArray(value) && value.length <= 4 && value.every((one) => typeof one === 'string');

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/** In its folder, under a plain name: a stick's index leads to no other file of this machine. */
function isFile(value: unknown, folder: string, mostBytes: number): boolean {
  const { file, size, sha256 } = (value ?? {}) as Partial<StickFile>;
  return (
    typeof file === 'string' &&
    new RegExp(`^${folder}/[0-9a-f]+\\.(rlp|tar|json)$`).test(file) &&
    isCount(size) &&
    (size as number) <= mostBytes &&
    isHash(sha256, '')
  );
}

const isVotes = (value: unknown) => value === undefined || isFile(value, 'votes', MAX_VOTES_BYTES);

/** SHA-256 of a file, in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Whether a file is what the index says; answers what is wrong. */
export async function wrongFile(folder: string, { file, size, sha256 }: StickFile): Promise<string | undefined> {
  const stat = statSync(join(folder, file), { throwIfNoEntry: false });
  if (!stat?.isFile()) return `${file} is missing`;
  if (stat.size !== size) return `${file} has ${stat.size} bytes, and ${INDEX} says ${size}`;
  return (await sha256Of(join(folder, file))) === sha256 ? undefined : `${file} is not what ${INDEX} says: it was changed`;
}
