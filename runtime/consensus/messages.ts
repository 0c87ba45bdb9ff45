import { bigintToBytes, equalBytes, hexToBytes } from '../bytes.ts';
import { headerItem, headerOf } from '../ledger/header.ts';
import type { Word } from '../ports/index.ts';
import { asBytes, asList, asNumber, asWord, decodeRlp, encodeRlp, RlpError, type RlpItem } from '../rlp/index.ts';
import type { WireBlock } from './consensus.ts';

/** What nodes of a `solo` ledger tell each other. Any of it may be lost, late, repeated or reordered. */
export type PeerMessage =
  /** My newest block. Answered by one who has a newer one with theirs. */
  | { readonly kind: 'head'; readonly number: number; readonly hash: Word }
  /** Send me blocks from this number on. */
  | { readonly kind: 'want'; readonly from: number }
  /** Consecutive blocks. */
  | { readonly kind: 'blocks'; readonly blocks: readonly WireBlock[] }
  /** Transactions for whoever makes blocks. */
  | { readonly kind: 'transactions'; readonly transactions: readonly Uint8Array[] }
  /** Send me the pieces of the state with these hashes: mine are damaged. */
  | { readonly kind: 'wantPieces'; readonly hashes: readonly Word[] }
  /** Pieces of the state. */
  | { readonly kind: 'pieces'; readonly pieces: readonly Uint8Array[] };

type Kind = PeerMessage['kind'];
type Codec<M extends PeerMessage> = { readonly code: number; pack(message: M): RlpItem; unpack(item: RlpItem | undefined): M };

/** No message is larger, in bytes; one block (`MAX_BLOCK_BYTES`) fits. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** RLP items of a message. */
const MAX_ITEMS = 65_536;
/** An answer with blocks ends with the first that brings it over this. */
export const BLOCKS_ANSWER_BYTES = 256 * 1024;
export const MAX_BLOCKS_PER_ANSWER = 64;
export const MAX_TRANSACTIONS_PER_MESSAGE = 64;
/** A message with transactions of this node holds at most so many bytes of them. */
export const TRANSACTIONS_BYTES = 256 * 1024;
export const MAX_PIECES_PER_MESSAGE = 64;
/** An answer with pieces ends before the one that would bring it over this. */
export const PIECES_ANSWER_BYTES = 256 * 1024;

const CODECS: { readonly [K in Kind]: Codec<Extract<PeerMessage, { kind: K }>> } = {
  head: {
    code: 1,
    pack: ({ number, hash }) => [pack(number), hexToBytes(hash)],
    unpack(item) {
      const [number, hash] = asList(item, 'an announcement', 2);
      return { kind: 'head', number: asNumber(number, 'the number'), hash: asWord(hash, 'the hash') };
    },
  },
  want: {
    code: 2,
    pack: ({ from }) => pack(from),
    unpack: (item) => ({ kind: 'want', from: asNumber(item, 'the number') }),
  },
  blocks: {
    code: 3,
    pack: ({ blocks }) => packBlocks(blocks),
    unpack: (item) => ({ kind: 'blocks', blocks: unpackBlocks(item) }),
  },
  transactions: {
    code: 4,
    pack: ({ transactions }) => transactions,
    unpack(item) {
      const transactions = bounded(readTransactions(item), MAX_TRANSACTIONS_PER_MESSAGE);
      return { kind: 'transactions', transactions };
    },
  },
  wantPieces: {
    code: 5,
    pack: ({ hashes }) => hashes.map(hexToBytes),
    unpack(item) {
      const hashes = bounded(asList(item, 'the hashes'), MAX_PIECES_PER_MESSAGE);
      return { kind: 'wantPieces', hashes: hashes.map((hash) => asWord(hash, 'a hash')) };
    },
  },
  pieces: {
    code: 6,
    pack: ({ pieces }) => pieces,
    unpack(item) {
      const pieces = bounded(asList(item, 'the pieces'), MAX_PIECES_PER_MESSAGE);
      return { kind: 'pieces', pieces: pieces.map((piece) => asBytes(piece, 'a piece').slice()) };
    },
  },
};

const BY_CODE = new Map(Object.values(CODECS).map((codec) => [codec.code, codec]));

/** The ledger's first hash goes in front: nodes of different ledgers do not listen to each other. */
export function encodeMessage(genesisHash: Word, message: PeerMessage): Uint8Array {
  const { code, pack: packBody } = CODECS[message.kind] as Codec<PeerMessage>;
  return encodeRlp([bytesOf(genesisHash), pack(code), packBody(message)]);
}

/** Answers `undefined` for a message of another ledger or of an unknown kind. Throws `RlpError` for garbage. */
export function decodeMessage(genesisHash: Word, bytes: Uint8Array): PeerMessage | undefined {
  if (bytes.length > MAX_MESSAGE_BYTES) throw new RlpError(`it has ${bytes.length} bytes; at most ${MAX_MESSAGE_BYTES} are read`);
  const [ledger, code, body] = asList(decodeRlp(bytes, MAX_ITEMS), 'a message', 3);
  if (!equalBytes(asBytes(ledger, "the ledger's name", 32), bytesOf(genesisHash))) return undefined;
  return BY_CODE.get(asNumber(code, 'the kind'))?.unpack(body);
}

let lastName: { readonly hash: Word; readonly bytes: Uint8Array } | undefined;

/** A node speaks of one ledger in all that it says. */
function bytesOf(genesisHash: Word): Uint8Array {
  if (lastName?.hash !== genesisHash) lastName = { hash: genesisHash, bytes: hexToBytes(genesisHash) };
  return lastName.bytes;
}

/** Consecutive blocks as they are carried on a stick: the body of a message, without its envelope. */
export function encodeBlocks(blocks: readonly WireBlock[]): Uint8Array {
  return encodeRlp(packBlocks(blocks));
}

/** Throws `RlpError` for garbage. */
export function decodeBlocks(bytes: Uint8Array): WireBlock[] {
  if (bytes.length > MAX_MESSAGE_BYTES) throw new RlpError(`it has ${bytes.length} bytes; at most ${MAX_MESSAGE_BYTES} are read`);
  return unpackBlocks(decodeRlp(bytes, MAX_ITEMS));
}

function packBlocks(blocks: readonly WireBlock[]): RlpItem {
  return blocks.map((block) => [headerItem(block.header), block.transactions]);
}

function unpackBlocks(item: RlpItem | undefined): WireBlock[] {
  return bounded(asList(item, 'the blocks'), MAX_BLOCKS_PER_ANSWER).map((block) => {
    const [header, transactions] = asList(block, 'a block', 2);
    return { header: headerOf(header), transactions: readTransactions(transactions) };
  });
}

/** Copies, so that a transaction in the pool does not hold the message it came in. */
function readTransactions(item: RlpItem | undefined): Uint8Array[] {
  return asList(item, 'the transactions').map((raw) => asBytes(raw, 'a transaction').slice());
}

function bounded<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length > most) throw new RlpError(`it has ${list.length} items; at most ${most} are read`);
  return list;
}

function pack(number: number): Uint8Array {
  return bigintToBytes(BigInt(number));
}
