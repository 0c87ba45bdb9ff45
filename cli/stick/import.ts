import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Engine } from '../../firmware-bridge/docker/engine.ts';
import { loadImage, removeImage } from '../../firmware-bridge/docker/images.ts';
import { localName } from '../../firmware-bridge/docker/pull.ts';
import { bytesToHex, isHex } from '../../runtime/bytes.ts';
import { engineChainId } from '../../runtime/consensus/cometbft.ts';
import type { WireBlock } from '../../runtime/consensus/consensus.ts';
import { decodeBlocks } from '../../runtime/consensus/messages.ts';
import { verifyHeaderSeal } from '../../runtime/consensus/seal.ts';
import { heightOf } from '../../runtime/consensus/validators.ts';
import { hashHeader } from '../../runtime/ledger/header.ts';
import { readLightBlock, verifyVotes } from '../../runtime/light/index.ts';
import type { Hex } from '../../runtime/ports/index.ts';
import { listRoot } from '../../runtime/state/list-root.ts';
import { askerOf } from '../audit/fetch.ts';
import { cryptography } from '../audit/verify.ts';
import { Failure } from '../command.ts';
import type { Connection } from '../fleet/connection.ts';
import { checkArchive, readChecked } from './archive.ts';
import { imagesOfReleases } from './export.ts';
import { readStick, type Stick, type StickBlocks, type StickFile, type StickImage, wrongFile } from './format.ts';
import { wrongProof } from './proof.ts';
import type { Seal } from './tar.ts';

export interface ImportOptions {
  readonly folder: string;
  /** Absent: blocks only. */
  readonly engine: Engine | undefined;
  readonly say: (line: string) => void;
}

export interface Imported {
  readonly blocks: number;
  readonly head: number;
  readonly images: readonly string[];
  /** Those that the node took into its pool. */
  readonly transactions: number;
}

/**
 * Takes in a stick. First everything on it is checked, and nothing is used if anything is wrong; then images, which run nothing
 * by themselves, then blocks, each of which the node checks again by executing it. Broken off, it may be done again.
 */
export async function importStick(connection: Connection, { folder, engine, say }: ImportOptions): Promise<Imported> {
  const stick = readStick(folder);
  checkLedger(stick, connection);
  for (const file of filesOf(stick)) refuse(file.file, await wrongFile(folder, file));
  checkBlocks(folder, stick, connection);
  const raws = readTransactions(folder, stick);
  const seals = engine ? await checkImages(folder, stick, say) : new Map();
  const loaded = engine ? await loadImages(folder, stick, seals, engine, say) : [];
  const { blocks, head } = await importBlocks(folder, stick, connection, say);
  const transactions = await handOn(raws, connection);
  if (engine) await checkNamed(stick, loaded, engine, connection);
  return { blocks, head, images: loaded, transactions };
}

function checkLedger({ chainId, genesisHash }: Stick, { config, rpc }: Connection): void {
  if (!config) throw new Failure(`${rpc} does not say what ledger it follows`);
  if (chainId !== config.chainId || genesisHash !== config.genesisHash)
    throw new Failure(
      `this stick is of another ledger: its chain id is ${chainId} and its first block ${genesisHash}, not ${config.chainId} and ${config.genesisHash}`,
    );
}

/** That they follow one another and bear the seal; executing them is the node's part. */
function checkBlocks(folder: string, { blocks }: Stick, { config }: Connection): void {
  let previous: WireBlock | undefined;
  for (const row of blocks) {
    for (const block of readBlocks(folder, row)) {
      refuse(row.file, wrongBlock(block, previous, isAgreed(config!) ? undefined : config!.sequencer));
      previous = block;
    }
    const last = previous?.header.number;
    if (last !== row.to) refuse(row.file, `it ends with block ${last}, and stick.json says ${row.to}`);
    if (row.votes) refuse(row.votes.file, wrongVotes(previous!, readJson(folder, row.votes), config!.chainId));
    else if (isAgreed(config!)) refuse(row.file, 'its blocks count by votes on this ledger, and there are none with them');
  }
}

function wrongBlock(
  { header, transactions }: WireBlock,
  previous: WireBlock | undefined,
  sequencer: `0x${string}` | undefined,
): string | undefined {
  const { keccak256 } = cryptography;
  const what = `block ${header.number}`;
  if (previous && header.number !== previous.header.number + 1) return `${what} does not follow block ${previous.header.number}`;
  if (previous && header.parentHash !== hashHeader(previous.header, keccak256))
    return `${what} does not follow the block before it`;
  // Where validators decide, there is no one sequencer, and the votes for the last block bear them.
  if (sequencer !== undefined && !verifyHeaderSeal(header, sequencer, cryptography))
    return `${what} does not bear the seal of the sequencer ${sequencer}`;
  return listRoot(transactions, keccak256) === header.transactionsRoot
    ? undefined
    : `${what} has other transactions than its header commits to`;
}

/** Whether the votes hold and are for this block. Whether they are of those who decide there, the node finds by executing the blocks before. */
function wrongVotes({ header }: WireBlock, told: unknown, chainId: number): string | undefined {
  const what = `the votes for block ${header.number}`;
  try {
    const block = readLightBlock(told);
    verifyVotes(block, engineChainId(chainId));
    if (block.header.height !== (heightOf(header.extraData) ?? 0) + 1) return `${what} are those of another height`;
    const isOurs = bytesToHex(block.header.appHash) === hashHeader(header, cryptography.keccak256);
    return isOurs ? undefined : `${what} are for another block`;
  } catch (error) {
    return `${what} do not hold: ${(error as Error).message}`;
  }
}

/** Whether validators decide, so that blocks bear no device's seal. */
function isAgreed({ validators }: NonNullable<Connection['config']>): boolean {
  return validators !== undefined;
}

function filesOf({ blocks, images, transactions }: Stick): StickFile[] {
  const votes = blocks.flatMap((row) => (row.votes ? [row.votes] : []));
  return [...blocks, ...votes, ...images, ...(transactions ? [transactions] : [])];
}

function readJson(folder: string, { file }: StickFile): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, file), 'utf8'));
  } catch {
    return refuse(file, 'it is no JSON');
  }
}

function readTransactions(folder: string, { transactions }: Stick): Hex[] {
  if (!transactions) return [];
  const raws = readJson(folder, transactions);
  const fits = Array.isArray(raws) && raws.every((raw) => isHex(raw));
  return fits ? (raws as Hex[]) : (refuse(transactions.file, 'it holds no signed transactions') as never);
}

/** What a node does not take is there already, or came too late. Answers how many were new. */
async function handOn(raws: readonly Hex[], { client }: Connection): Promise<number> {
  const ask = askerOf(client);
  let taken = 0;
  for (const raw of raws) {
    const isTaken = await ask('eth_sendRawTransaction', [raw]).then(
      () => true,
      (error: Error) => demandRefusal(error),
    );
    if (isTaken) taken++;
  }
  return taken;
}

/** What a node says no to is no reason to stop; that it does not answer is. */
function demandRefusal(error: Error): false {
  for (let each: unknown = error; each; each = (each as { cause?: unknown }).cause)
    if (typeof (each as { code?: unknown }).code === 'number') return false;
  throw error;
}

function readBlocks(folder: string, { file }: StickBlocks): WireBlock[] {
  try {
    return decodeBlocks(readFileSync(join(folder, file)));
  } catch (error) {
    return refuse(file, `its blocks cannot be read: ${(error as Error).message}`) as never;
  }
}

/** By the file: what its bytes were when they were checked. */
async function checkImages(folder: string, { images }: Stick, say: (line: string) => void): Promise<Map<string, Seal>> {
  const seals = new Map<string, Seal>();
  for (const image of images) {
    say(`checking ${image.image}`);
    const { wrong, seal } = await checkArchive(join(folder, image.file), image.id);
    refuse(image.file, wrongImage(image) ?? wrong);
    seals.set(image.file, seal);
  }
  return seals;
}

function wrongImage({ image, id, proof }: StickImage): string | undefined {
  try {
    return wrongProof(image, id, proof);
  } catch {
    return 'its manifests cannot be read';
  }
}

/** A medium may answer otherwise when it is asked again: the engine gets what was checked, or the load breaks off. */
async function loadImages(
  folder: string,
  { images }: Stick,
  seals: ReadonlyMap<string, Seal>,
  engine: Engine,
  say: (line: string) => void,
): Promise<string[]> {
  const loaded: string[] = [];
  for (const { image, id, file } of images) {
    if ((await localName(engine, image)) !== undefined) continue;
    say(`loading ${image}`);
    await loadImage(engine, Readable.from(readChecked(join(folder, file), seals.get(file)!)), image, id);
    loaded.push(image);
  }
  return loaded;
}

async function importBlocks(folder: string, { blocks }: Stick, { client }: Connection, say: (line: string) => void) {
  const ask = askerOf(client);
  let imported = 0;
  let head = Number(await ask<string>('eth_blockNumber', []));
  for (const { file, to, votes } of blocks.filter((row) => row.to > head)) {
    const bytes = bytesToHex(readFileSync(join(folder, file)));
    const params = votes ? [bytes, readJson(folder, votes)] : [bytes];
    const answer = await ask<{ imported: number; head: number }>('classpad_importBlocks', params);
    imported += answer.imported;
    head = answer.head;
    say(`blocks up to ${to}`);
  }
  return { blocks: imported, head };
}

/** An image that no release names has no business here, however right it is. */
async function checkNamed({ images }: Stick, loaded: readonly string[], engine: Engine, connection: Connection): Promise<void> {
  const named = await imagesOfReleases(connection);
  const strange = images.filter(({ image }) => !named.includes(image));
  for (const { image } of strange) if (loaded.includes(image)) await removeImage(engine, image);
  if (strange[0])
    throw new Failure(
      `${strange[0].file}: no release that is active or rolls out names the image ${strange[0].image}; it was taken away again`,
    );
}

function refuse(file: string, wrong: string | undefined): void {
  if (wrong !== undefined)
    throw new Failure(`${wrong.startsWith(file) ? '' : `${file}: `}${wrong}; nothing of the stick was used`);
}
