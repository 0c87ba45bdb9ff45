import { createWriteStream, existsSync, lstatSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hexToString } from 'viem';
import type { Engine } from '../../firmware-bridge/docker/engine.ts';
import { saveImage } from '../../firmware-bridge/docker/images.ts';
import { imageId, localName } from '../../firmware-bridge/docker/pull.ts';
import { hexToBytes } from '../../runtime/bytes.ts';
import type { WireBlock } from '../../runtime/consensus/consensus.ts';
import { borneTogether, decidersAfter, foundersOf } from '../../runtime/consensus/follower.ts';
import { decodeBlocks, encodeBlocks } from '../../runtime/consensus/messages.ts';
import { heightOf } from '../../runtime/consensus/validators.ts';
import { parseManifest } from '../../runtime/manifest/parse.ts';
import type { Word } from '../../runtime/ports/index.ts';
import { type Founders, readFounders } from '../audit/deciders.ts';
import { askerOf } from '../audit/fetch.ts';
import { cryptography } from '../audit/verify.ts';
import { Exit, Failure } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { type Connection, isUnknownMethod, readFleet } from '../fleet/connection.ts';
import { askVotes } from '../light.ts';
import { checkArchive } from './archive.ts';
import {
  FORMAT,
  indexPath,
  isPinned,
  readStick,
  type Stick,
  type StickBlocks,
  type StickFile,
  type StickImage,
  sha256Of,
} from './format.ts';
import { fetchProof } from './proof.ts';

export interface ExportOptions {
  readonly folder: string;
  /** The first block that is not known where the stick goes. Absent: no blocks, but what waits in the pool for its way into the ledger. */
  readonly from: number | undefined;
  /** Absent: blocks only. */
  readonly engine: Engine | undefined;
  readonly say: (line: string) => void;
}

/** Writes a stick, each file whole or not at all and the index last; what an earlier run has written is not written again. */
export async function exportStick(connection: Connection, { folder, from, engine, say }: ExportOptions): Promise<Stick> {
  if (!connection.config) throw new Failure(`${connection.rpc} does not say what ledger it follows`);
  for (const inner of ['blocks', 'votes', 'transactions', 'images']) makeFolder(join(folder, inner));
  const before = existsSync(indexPath(folder)) ? readStick(folder) : undefined;
  const blocks = from === undefined ? [] : await exportBlocks(connection, folder, from, say);
  const transactions = from === undefined ? await exportTransactions(connection, folder) : undefined;
  const images = engine ? await exportImages(connection, engine, folder, before?.images ?? [], say) : [];
  const { chainId, genesisHash } = connection.config;
  const stick: Stick = { format: FORMAT, chainId, genesisHash, blocks, images, ...(transactions && { transactions }) };
  await whole(indexPath(folder), async (path) => writeFileSync(path, `${JSON.stringify(stick, null, 2)}\n`, { flag: 'wx' }));
  return stick;
}

async function exportBlocks(connection: Connection, folder: string, from: number, say: (line: string) => void) {
  const files: StickBlocks[] = [];
  const { client, config } = connection;
  const ask = askerOf(client);
  const blocksFrom = async (number: number) => decodeBlocks(hexToBytes(await ask<string>('classpad_exportBlocks', [number])));
  const isAgreed = config?.validators !== undefined;
  let before = isAgreed ? await decidersBefore(connection, from, blocksFrom) : undefined;
  for (let next = from; ; next = files.at(-1)!.to + 1) {
    const given = await blocksFrom(next);
    const blocks = before === undefined ? given : borneTogether(given, before);
    const last = blocks.at(-1);
    if (!last) return files;
    files.push(await exportTogether(connection, folder, next, blocks, isAgreed));
    if (before !== undefined) before = decidersAfter(last);
    say(`blocks up to ${last.header.number}`);
  }
}

/** Who decided before a block, as the one before it names them. */
async function decidersBefore(
  { config }: Connection,
  from: number,
  blocksFrom: (number: number) => Promise<WireBlock[]>,
): Promise<Word> {
  if (from === 1) return foundersOf(readFounders(config as unknown as Founders), cryptography.keccak256);
  const [block] = await blocksFrom(from - 1);
  if (!block) throw new Failure(`there is no block ${from - 1}, which would come before those of the stick`, Exit.badInput);
  return decidersAfter(block);
}

async function exportTogether(
  { rpc }: Connection,
  folder: string,
  from: number,
  blocks: readonly WireBlock[],
  isAgreed: boolean,
): Promise<StickBlocks> {
  const { header } = blocks.at(-1)!;
  const row = await writeFile(folder, `blocks/${padded(from)}.rlp`, encodeBlocks(blocks));
  if (!isAgreed) return { from, to: header.number, ...row };
  const told = await askVotes(rpc, (heightOf(header.extraData) ?? 0) + 1).catch((error: Error) => {
    throw new Failure(
      `the votes for block ${header.number} cannot be had: ${error.message}; ask a validator that keeps older blocks. A device that ` +
        'only follows has none: what waits there goes on a stick with --no-blocks',
    );
  });
  const votes = await writeFile(folder, `votes/${padded(from)}.json`, Buffer.from(JSON.stringify(told)));
  return { from, to: header.number, ...row, votes };
}

/** What waits in the pool. A node of another version has none to show. */
async function exportTransactions({ client }: Connection, folder: string): Promise<StickFile | undefined> {
  const raws = await askerOf(client)<string[]>('classpad_exportTransactions', []).catch((error: Error) => {
    if (isUnknownMethod(error)) return [];
    throw error;
  });
  return raws.length === 0 ? undefined : writeFile(folder, 'transactions/0.json', Buffer.from(JSON.stringify(raws)));
}

async function writeFile(folder: string, file: string, bytes: Uint8Array): Promise<StickFile> {
  await whole(join(folder, file), async (path) => writeFileSync(path, bytes, { flag: 'wx' }));
  return fileRow(folder, file);
}

function padded(number: number): string {
  return String(number).padStart(9, '0');
}

async function exportImages(
  connection: Connection,
  engine: Engine,
  folder: string,
  before: readonly StickImage[],
  say: (line: string) => void,
): Promise<StickImage[]> {
  const rows: StickImage[] = [];
  for (const image of await imagesOfReleases(connection)) {
    say(`image ${image}`);
    const name = await localName(engine, image);
    const id = name && (await imageId(engine, name));
    if (!id) throw new Failure(`${image} is not on the engine ${engine.url}; export where it runs, or pull it first`);
    const known = before.find((row) => row.image === image && row.id === id);
    rows.push(known && (await isThere(folder, known)) ? known : await exportImage(engine, folder, image, id));
  }
  return rows;
}

async function exportImage(engine: Engine, folder: string, image: string, id: string): Promise<StickImage> {
  const file = `images/${id.slice('sha256:'.length)}.tar`;
  const proof = await fetchProof(image, id);
  await whole(join(folder, file), async (path) =>
    pipeline(await saveImage(engine, id), createWriteStream(path, { flags: 'wx' })),
  );
  const { wrong } = await checkArchive(join(folder, file), id);
  if (wrong) throw new Failure(`${image}: the engine gave an archive that cannot be checked later: ${wrong}`);
  return { image, id, proof, ...(await fileRow(folder, file)) };
}

/** Those of releases that are active or roll out. */
export async function imagesOfReleases(connection: Connection): Promise<string[]> {
  const fleet = readFleet(connection);
  const images = new Set<string>();
  for (const app of await fleet.apps()) {
    for (const revision of [await fleet.active(app), await fleet.rollingOut(app)].filter((one) => one > 0n)) {
      for (const image of await imagesOf(connection, app, revision)) images.add(image);
    }
  }
  return [...images].sort();
}

async function imagesOf({ client, fleet }: Connection, app: `0x${string}`, revision: bigint): Promise<string[]> {
  const bytes = await client.readContract({ address: fleet, abi: fleetAbi, functionName: 'manifest', args: [app, revision] });
  const images = Object.values(parseManifest(hexToBytes(bytes)).services).map(({ image }) => image);
  const loose = images.find((image) => !isPinned(image));
  if (loose === undefined) return images;
  const name = hexToString(app, { size: 32 });
  throw new Failure(
    `${name} revision ${revision} names the image ${loose} without a digest, so nobody could check it on a stick; ` +
      'release it pinned by digest or image id, or give --no-images',
    Exit.failed,
  );
}

async function fileRow(folder: string, file: string): Promise<StickFile> {
  const path = join(folder, file);
  return { file, size: statSync(path).size, sha256: await sha256Of(path) };
}

async function isThere(folder: string, { file, size, sha256 }: StickFile): Promise<boolean> {
  const path = join(folder, file);
  return statSync(path, { throwIfNoEntry: false })?.size === size && (await sha256Of(path)) === sha256;
}

/** Whoever gave the stick may have put a link there that leads to files of this machine. */
function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true });
  if (!lstatSync(path).isDirectory()) throw new Failure(`${path} is no folder but a link; a stick has none`, Exit.badInput);
}

/** The file is there when it is whole, and as it was before until then. What is written is a new file, never what a link leads to. */
async function whole(path: string, write: (path: string) => Promise<void>): Promise<void> {
  const part = `${path}.part`;
  try {
    rmSync(part, { force: true });
    await write(part);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw error instanceof Failure
      ? error
      : new Failure(`${path} cannot be written: ${code === 'ENOSPC' ? 'there is no room left' : message}`);
  }
}
