import { bigintToBytes, bytesToHex, equalBytes } from '../bytes.ts';
import type { Chain } from '../ledger/chain.ts';
import { headerItem } from '../ledger/header.ts';
import type { ChunkVerdict, Logger, Snapshot, SnapshotVerdict, Store, Vm, Word } from '../ports/index.ts';
import { asBytes, asList, asNumber, decodeRlp, encodeRlp, type RlpItem } from '../rlp/index.ts';
import { CODE_PREFIX, NODE_PREFIX, type StoreEntry } from '../state/state.ts';
import { walkState } from '../state/walk.ts';
import { blocksUpTo, headersUpTo, readBlocks, readHeaders, SnapshotRefused } from './snapshot-blocks.ts';
import { HEIGHT_SEAL_BYTES, Validators } from './validators.ts';

/** A chunk ends with the piece that brings it over this, in bytes. One message of the engine's peers holds 16 MiB. */
const CHUNK_BYTES = 512 * 1024;
const MAX_CHUNKS = 8192;
const FORMAT = 1;
/** Snapshots of so many heights are kept at hand. */
const KEPT = 2;

/** What a piece of a chunk is. */
const Kind = { header: 1, block: 2, validators: 3, node: 4, code: 5 } as const;

/** A height at which a snapshot may be taken, with the ledger's block then. */
export interface Point {
  readonly height: number;
  readonly number: number;
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
  private readonly kept = new Map<number, { readonly snapshot: Snapshot; readonly chunks: readonly Uint8Array[] }>();
  private restoring: Restoring | undefined;

  constructor(parts: SnapshotParts) {
    this.parts = parts;
  }

  list(points: readonly Point[], validatorsAt: (point: Point) => Validators | undefined): Snapshot[] {
    for (const height of this.kept.keys()) if (!points.some((point) => point.height === height)) this.kept.delete(height);
    return points.slice(-KEPT).flatMap((point) => {
      const validators = validatorsAt(point);
      if (validators && !this.kept.has(point.height)) this.kept.set(point.height, this.take(point, validators));
      return this.kept.get(point.height)?.snapshot ?? [];
    });
  }

  chunk(height: number, format: number, index: number): Uint8Array | undefined {
    return format === FORMAT ? this.kept.get(height)?.chunks[index] : undefined;
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

  private take({ height, number }: Point, validators: Validators) {
    const { keccak256 } = this.parts.vm;
    const chunks = [...cut(this.pieces(number, validators))];
    const metadata = encodeRlp([bigintToBytes(BigInt(number)), chunks.map((chunk) => keccak256(chunk))]);
    const snapshot = { height, format: FORMAT, chunks: chunks.length, hash: keccak256(metadata), metadata };
    return { snapshot, chunks };
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
    for (const item of asList(decodeRlp(chunk), 'a chunk')) {
      const [kindItem, bytesItem] = asList(item, 'a piece', 2);
      const kind = asNumber(kindItem, 'the kind of a piece');
      const bytes = asBytes(bytesItem, 'a piece').slice();
      if (kind === Kind.header) restoring.headers.push(decodeRlp(bytes));
      else if (kind === Kind.block) restoring.blocks.push(decodeRlp(bytes));
      else if (kind === Kind.validators) restoring.validators = Validators.decode(bytes);
      else entries.push([(kind === Kind.code ? CODE_PREFIX : NODE_PREFIX) + bytesToHex(vm.keccak256(bytes)), bytes]);
    }
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
  readonly headers: RlpItem[];
  readonly blocks: RlpItem[];
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
