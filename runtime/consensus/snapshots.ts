import { bigintToBytes, bytesToHex, equalBytes } from '../bytes.ts';
import type { Chain } from '../ledger/chain.ts';
import { headerItem } from '../ledger/header.ts';
import type { ChunkVerdict, Logger, Snapshot, SnapshotVerdict, Store, Vm, Word } from '../ports/index.ts';
import { asBytes, asList, asNumber, decodeRlp, encodeRlp, type RlpItem } from '../rlp/index.ts';
import { CODE_PREFIX, NODE_PREFIX, type StoreEntry } from '../state/state.ts';
import { walkState } from '../state/walk.ts';
import { blocksUpTo, demandFew, headersUpTo, readBlocks, readHeaders, SnapshotRefused } from './snapshot-blocks.ts';
import { HEIGHT_SEAL_BYTES, Validators } from './validators.ts';

/** A chunk ends with the piece that brings it over this, in bytes. */
const CHUNK_BYTES = 512 * 1024;
/** The largest piece is a block; one message of the engine's peers could hold twice as much. */
const MAX_CHUNK_BYTES = 8 * 1024 * 1024;
/** RLP items of a chunk: three for each piece, of which few are shorter than a hash. */
const MAX_CHUNK_ITEMS = (3 * CHUNK_BYTES) / 16;
const MAX_CHUNKS = 8192;
const FORMAT = 1;
/** Snapshots of so many heights are given. */
const GIVEN = 2;

/** What a piece of a chunk is. */
const Kind = { header: 1, block: 2, validators: 3, node: 4, code: 5 } as const;

/** Chunks lie in the store under the height and their turn; what they are together, under the height. */
const PREFIX = 'snapshot/';
const MAX_KEYS = 4 * GIVEN * (MAX_CHUNKS + 1);

/** A height at which a snapshot may be taken, with the ledger's block and who decides then. */
export interface Point {
  readonly height: number;
  readonly number: number;
  readonly validators: Validators;
}

export interface SnapshotParts {
  readonly store: Store;
  readonly chain: Chain;
  readonly vm: Pick<Vm, 'keccak256' | 'recover'>;
  readonly log: Logger;
}

/** What a device begins with that has taken over the state of others. */
export interface Restored {
  readonly height: number;
  readonly validators: Validators;
}

/**
 * The ledger at one moment in chunks, so that a new device need not replay what led there. All devices cut it alike, so its chunks
 * may come from several. A chunk is checked by its hash, a piece of the state by its own, and the whole in the end: the head
 * is the block that the validators agreed on, and from its state root nothing is missing.
 */
export class Snapshots {
  private readonly parts: SnapshotParts;
  private restoring: Restoring | undefined;
  /** Heights that cannot be had any more. Any peer may ask, and looking through a state takes long. */
  private readonly missing = new Set<number>();

  constructor(parts: SnapshotParts) {
    this.parts = parts;
  }

  /** Takes those that have not been taken; one whose state is not here any more is none. */
  list(points: readonly Point[]): Snapshot[] {
    // Those that are given no more stay a little for whoever is in the midst of one.
    this.forget(points);
    const had = points.slice(-GIVEN).filter(({ height }) => !this.missing.has(height));
    return had.flatMap((point) => {
      try {
        return this.taken(point.height) ?? this.take(point);
      } catch (error) {
        this.missing.add(point.height);
        this.parts.log.write('warn', `there is no snapshot of height ${point.height}: ${(error as Error).message}`);
        return [];
      }
    });
  }

  chunk(height: number, format: number, index: number): Uint8Array | undefined {
    return format === FORMAT ? this.parts.store.get(chunkKey(height, index)) : undefined;
  }

  offer(snapshot: Snapshot, appHash: Uint8Array): SnapshotVerdict {
    if (snapshot.format !== FORMAT) return 'rejectFormat';
    try {
      this.restoring = {
        head: bytesToHex(appHash),
        ...readMetadata(snapshot, this.parts.vm.keccak256),
        height: snapshot.height,
        ...EMPTY_LISTS(),
      };
      return 'accept';
    } catch (error) {
      this.parts.log.write('warn', `a snapshot of height ${snapshot.height} is refused: ${(error as Error).message}`);
      return 'reject';
    }
  }

  /** `done` gets what the device begins with, after the last chunk, with the write that makes it so. */
  apply(
    index: number,
    chunk: Uint8Array,
    done: (restored: Restored, begin: (entries: readonly StoreEntry[]) => void) => void,
  ): ChunkVerdict {
    const { restoring, parts } = this;
    if (!restoring) return 'abort';
    const expected = restoring.hashes[index];
    if (!expected || !equalBytes(parts.vm.keccak256(chunk), expected)) return 'retry';
    try {
      if (chunk.length > MAX_CHUNK_BYTES) throw new SnapshotRefused(`a chunk of it has ${chunk.length} bytes`);
      this.unpack(restoring, chunk);
      if (index < restoring.hashes.length - 1) return 'accept';
      this.finish(restoring, done);
      return 'accept';
    } catch (error) {
      parts.log.write('warn', `the snapshot of height ${restoring.height} is refused: ${(error as Error).message}`);
      this.restoring = undefined;
      return 'rejectSnapshot';
    }
  }

  private taken(height: number): Snapshot | undefined {
    const metadata = this.parts.store.get(keyOf(height));
    if (!metadata) return undefined;
    const [, hashes] = asList(decodeRlp(metadata, MAX_CHUNKS + 3), 'a snapshot', 2);
    const chunks = asList(hashes, 'the hashes').length;
    return { height, format: FORMAT, chunks, hash: this.parts.vm.keccak256(metadata), metadata };
  }

  /** Chunk by chunk to the disk, so that one at a time is in memory. What was not finished counts as not taken. */
  private take({ height, number, validators }: Point): Snapshot | [] {
    const { vm, store } = this.parts;
    const hashes: Uint8Array[] = [];
    for (const chunk of cut(this.pieces(number, validators))) {
      store.write([[chunkKey(height, hashes.length), chunk]]);
      hashes.push(vm.keccak256(chunk));
    }
    store.write([[keyOf(height), encodeRlp([bigintToBytes(BigInt(number)), hashes])]]);
    return this.taken(height) ?? [];
  }

  private forget(kept: readonly Point[]): void {
    const { store } = this.parts;
    const prefixes = kept.map(({ height }) => keyOf(height));
    const gone = store.keys(PREFIX, MAX_KEYS).filter((key) => !prefixes.some((prefix) => key.startsWith(prefix)));
    if (gone.length > 0) store.write(gone.map((key) => [key, undefined]));
  }

  private *pieces(number: number, validators: Validators): Generator<RlpItem> {
    const { chain, store } = this.parts;
    for (const header of headersUpTo(chain, number)) yield piece(Kind.header, encodeRlp(headerItem(header)));
    for (const block of blocksUpTo(chain, number)) yield piece(Kind.block, encodeRlp(block));
    yield piece(Kind.validators, validators.encode());
    for (const { kind, bytes } of walkState(chain.headerAt(number)!.header.stateRoot, store)) yield piece(Kind[kind], bytes);
  }

  /** Pieces of the state are named by their hashes, so they may be written before all is known to be right. */
  private unpack(restoring: Restoring, chunk: Uint8Array): void {
    const { store, vm } = this.parts;
    const entries: StoreEntry[] = [];
    for (const item of asList(decodeRlp(chunk, MAX_CHUNK_ITEMS), 'a chunk')) {
      const [kindItem, bytesItem] = asList(item, 'a piece', 2);
      const kind = asNumber(kindItem, 'the kind of a piece');
      const bytes = asBytes(bytesItem, 'a piece').slice();
      if (kind === Kind.header) restoring.headers.push(bytes);
      else if (kind === Kind.block) restoring.blocks.push(bytes);
      else if (kind === Kind.validators) restoring.validators = Validators.decode(bytes);
      else entries.push([(kind === Kind.code ? CODE_PREFIX : NODE_PREFIX) + bytesToHex(vm.keccak256(bytes)), bytes]);
    }
    demandFew(restoring.headers, restoring.blocks);
    if (entries.length > 0) store.write(entries);
  }

  private finish(
    restoring: Restoring,
    done: (restored: Restored, begin: (entries: readonly StoreEntry[]) => void) => void,
  ): void {
    const { store, chain, vm } = this.parts;
    const { validators, height } = restoring;
    const headers = readHeaders(restoring.headers, restoring.head, vm.keccak256);
    const blocks = readBlocks(restoring.blocks, headers, vm);
    const { extraData, stateRoot } = headers.at(-1)!;
    if (
      !validators ||
      extraData.length !== HEIGHT_SEAL_BYTES ||
      !equalBytes(vm.keccak256(validators.encode()), extraData.subarray(8))
    )
      throw new SnapshotRefused('its validators are not those of its head');
    for (const _ of walkState(stateRoot, store));
    done({ height, validators }, (entries) => chain.begin(headers, blocks, entries));
    this.restoring = undefined;
  }
}

interface Restoring {
  readonly height: number;
  readonly head: Word;
  readonly hashes: readonly Uint8Array[];
  readonly headers: Uint8Array[];
  readonly blocks: Uint8Array[];
  validators?: Validators;
}

const EMPTY_LISTS = (): Pick<Restoring, 'headers' | 'blocks'> => ({ headers: [], blocks: [] });

function readMetadata({ metadata, hash, chunks }: Snapshot, keccak256: Vm['keccak256']): Pick<Restoring, 'hashes'> {
  if (!equalBytes(keccak256(metadata), hash)) throw new SnapshotRefused('its hash is not that of what it says');
  const [, hashItems] = asList(decodeRlp(metadata, MAX_CHUNKS + 3), 'what it says', 2);
  const hashes = asList(hashItems, 'the hashes').map((each) => asBytes(each, 'a hash', 32).slice());
  if (hashes.length !== chunks || chunks === 0) throw new SnapshotRefused(`${hashes.length} hashes for ${chunks} chunks`);
  return { hashes };
}

function keyOf(height: number): string {
  return PREFIX + height.toString().padStart(12, '0');
}

function chunkKey(height: number, index: number): string {
  return `${keyOf(height)}/${index}`;
}

function piece(kind: number, bytes: Uint8Array): RlpItem {
  return [Uint8Array.of(kind), bytes];
}

/** Every device cuts alike. */
function* cut(pieces: Iterable<RlpItem>): Generator<Uint8Array> {
  let items: RlpItem[] = [];
  let bytes = 0;
  for (const item of pieces) {
    items.push(item);
    bytes += ((item as readonly RlpItem[])[1] as Uint8Array).length;
    if (bytes < CHUNK_BYTES) continue;
    yield encodeRlp(items);
    items = [];
    bytes = 0;
  }
  if (items.length > 0) yield encodeRlp(items);
}
