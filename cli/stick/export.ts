import { createWriteStream, existsSync, lstatSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hexToString } from 'viem';
import type { Engine } from '../../firmware-bridge/docker/engine.ts';
import { saveImage } from '../../firmware-bridge/docker/images.ts';
import { imageId, localName } from '../../firmware-bridge/docker/pull.ts';
import { hexToBytes } from '../../runtime/bytes.ts';
import { decodeBlocks } from '../../runtime/consensus/messages.ts';
import { parseManifest } from '../../runtime/manifest/parse.ts';
import { askerOf } from '../audit/fetch.ts';
import { Exit, Failure } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { type Connection, readFleet } from '../fleet/connection.ts';
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
  /** The first block that is not known where the stick goes. */
  readonly from: number;
  /** Absent: blocks only. */
  readonly engine: Engine | undefined;
  readonly say: (line: string) => void;
}

/** Writes a stick, each file whole or not at all and the index last; what an earlier run has written is not written again. */
export async function exportStick(connection: Connection, { folder, from, engine, say }: ExportOptions): Promise<Stick> {
  if (!connection.config) throw new Failure(`${connection.rpc} does not say what ledger it follows`);
  for (const inner of ['blocks', 'images']) makeFolder(join(folder, inner));
  const before = existsSync(indexPath(folder)) ? readStick(folder) : undefined;
  const blocks = await exportBlocks(connection, folder, from, say);
  const images = engine ? await exportImages(connection, engine, folder, before?.images ?? [], say) : [];
  const { chainId, genesisHash } = connection.config;
  const stick: Stick = { format: FORMAT, chainId, genesisHash, blocks, images };
  await whole(indexPath(folder), async (path) => writeFileSync(path, `${JSON.stringify(stick, null, 2)}\n`, { flag: 'wx' }));
  return stick;
}

async function exportBlocks(
  { client }: Connection,
  folder: string,
  from: number,
  say: (line: string) => void,
): Promise<StickBlocks[]> {
  const ask = askerOf(client);
  const files: StickBlocks[] = [];
  for (let next = from; ; next = files.at(-1)!.to + 1) {
    const bytes = hexToBytes(await ask<string>('classpad_exportBlocks', [next]));
    const numbers = decodeBlocks(bytes).map(({ header }) => header.number);
    if (numbers.length === 0) return files;
    const to = numbers.at(-1)!;
    const file = `blocks/${String(next).padStart(9, '0')}.rlp`;
    await whole(join(folder, file), async (path) => writeFileSync(path, bytes, { flag: 'wx' }));
    files.push({ from: next, to, ...(await fileRow(folder, file)) });
    say(`blocks up to ${to}`);
  }
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
