import { bigintToBytes, bytesToHex, EMPTY, hexToBytes, ZERO_WORD } from '../bytes.ts';
import type { Address, Hex, Vm, Word } from '../ports/index.ts';
import { asAddress, asBigint, asBytes, asList, asNumber, asWord, encodeRlp, type RlpItem } from '../rlp/index.ts';
import { EMPTY_ROOT } from '../state/trie.ts';

/**
 * A block header. On the wire it has all of Ethereum's fields as of Osaka (EIP-1559, 4895, 4844, 4788, 7685), so that common
 * tools parse it and compute its hash; those that this ledger has no use for are the constants of {@link FIXED}.
 */
export interface Header {
  readonly parentHash: Word;
  /** Who made the block and receives the priority fees. */
  readonly coinbase: Address;
  readonly stateRoot: Word;
  readonly transactionsRoot: Word;
  readonly receiptsRoot: Word;
  /** 256 bytes. */
  readonly logsBloom: Uint8Array;
  readonly number: number;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** The consensus' seal; empty in what it signs. */
  readonly extraData: Uint8Array;
  /** PREVRANDAO. This ledger has no randomness to give: it is the parent's hash. */
  readonly mixHash: Word;
  /** Wei per gas. */
  readonly baseFee: bigint;
}

/** The fields that are the same in every block: no ommers, no work, no withdrawals, no blobs, no beacon chain, no requests. */
export const FIXED = {
  ommersHash: '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  difficulty: 0n,
  nonce: '0x0000000000000000',
  withdrawalsRoot: EMPTY_ROOT,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  parentBeaconBlockRoot: ZERO_WORD,
  /** sha256 of nothing. */
  requestsHash: '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
} as const satisfies Record<string, Hex | bigint>;

const FIXED_BYTES = {
  ommersHash: hexToBytes(FIXED.ommersHash),
  nonce: hexToBytes(FIXED.nonce),
  withdrawalsRoot: hexToBytes(FIXED.withdrawalsRoot),
  parentBeaconBlockRoot: hexToBytes(FIXED.parentBeaconBlockRoot),
  requestsHash: hexToBytes(FIXED.requestsHash),
};
const EXTRA_DATA = 12;
const WITHDRAWALS_ROOT = 16;
/** By their places; the other places are a header's own. */
const FIXED_ITEMS: readonly (Uint8Array | undefined)[] = fixedItems();

function fixedItems(): (Uint8Array | undefined)[] {
  const { ommersHash, nonce, withdrawalsRoot, parentBeaconBlockRoot, requestsHash } = FIXED_BYTES;
  const items: (Uint8Array | undefined)[] = new Array(21).fill(undefined);
  items[1] = ommersHash;
  items[7] = EMPTY; // difficulty
  items[14] = nonce;
  items[WITHDRAWALS_ROOT] = withdrawalsRoot;
  items[17] = EMPTY; // blobGasUsed
  items[18] = EMPTY; // excessBlobGas
  items[19] = parentBeaconBlockRoot;
  items[20] = requestsHash;
  return items;
}

/** A header in the forms in which it is sent, stored and hashed. */
interface Packed {
  readonly header: Header;
  readonly item: readonly RlpItem[];
  /** The same object for headers that differ in `extraData` alone. */
  readonly rest: object;
  bytes?: Uint8Array;
  hash?: Word;
}

/** The last few: a header that comes is hashed, checked, compared, stored and handed on right away. None ever changes. */
const recent: Packed[] = [];
const RECENT_LIMIT = 4;

/** In the order of the wire. */
export function headerItem(header: Header): readonly RlpItem[] {
  return packed(header).item;
}

/** RLP of {@link headerItem}. */
export function encodeHeader(header: Header): Uint8Array {
  const known = packed(header);
  known.bytes ??= encodeRlp(known.item);
  return known.bytes;
}

/** The same header with other `extraData`. */
export function withExtraData(header: Header, extraData: Uint8Array): Header {
  const { item, rest } = packed(header);
  const known = recent.find((each) => each.rest === rest && each.header.extraData === extraData);
  if (known) return known.header;
  const changed = item.slice();
  changed[EXTRA_DATA] = extraData;
  return keep({ header: { ...header, extraData }, item: changed, rest }).header;
}

function packed(header: Header): Packed {
  return recent.find((known) => known.header === header) ?? keep({ header, item: makeItem(header), rest: {} });
}

function keep(made: Packed): Packed {
  if (recent.length === RECENT_LIMIT) recent.shift();
  recent.push(made);
  return made;
}

function makeItem(header: Header): readonly RlpItem[] {
  const own: readonly (Uint8Array | undefined)[] = [
    hexToBytes(header.parentHash),
    undefined,
    hexToBytes(header.coinbase),
    hexToBytes(header.stateRoot),
    hexToBytes(header.transactionsRoot),
    hexToBytes(header.receiptsRoot),
    header.logsBloom,
    undefined,
    bigintToBytes(BigInt(header.number)),
    bigintToBytes(header.gasLimit),
    bigintToBytes(header.gasUsed),
    bigintToBytes(BigInt(header.timestamp)),
    header.extraData,
    hexToBytes(header.mixHash),
    undefined,
    bigintToBytes(header.baseFee),
  ];
  return FIXED_ITEMS.map((field, index) => field ?? own[index]!);
}

/** Throws `RlpError` if the item is no header of this ledger. */
export function headerOf(item: RlpItem | undefined): Header {
  const items = asList(item, 'a header', 21);
  const header: Header = {
    parentHash: asWord(items[0], 'the parent hash'),
    coinbase: asAddress(items[2], 'the coinbase'),
    stateRoot: asWord(items[3], 'the state root'),
    transactionsRoot: asWord(items[4], 'the transactions root'),
    receiptsRoot: asWord(items[5], 'the receipts root'),
    logsBloom: asBytes(items[6], 'the logs bloom', 256),
    number: asNumber(items[8], 'the block number'),
    gasLimit: asBigint(items[9], 'the gas limit', 8),
    gasUsed: asBigint(items[10], 'the gas used', 8),
    timestamp: asNumber(items[11], 'the timestamp'),
    extraData: asBytes(items[12], 'the extra data'),
    mixHash: asWord(items[13], 'the mix hash'),
    baseFee: asBigint(items[15], 'the base fee'),
  };
  // Its hash is asked for next, and what it came in is what it is sent in.
  return keep({ header, item: items.map((field, index) => FIXED_ITEMS[index] ?? field), rest: {} }).header;
}

/** keccak256 of the header's RLP: the block's hash, and what a consensus signs if `extraData` is left out of it. */
export function hashHeader(header: Header, keccak256: Vm['keccak256']): Word {
  const known = packed(header);
  known.hash ??= bytesToHex(keccak256(encodeHeader(header)));
  return known.hash;
}

/** In the order of the wire, with what no block of this ledger has: withdrawals. */
export function itemWithWithdrawals(header: Header, root: Word): readonly RlpItem[] {
  const item = headerItem(header).slice();
  item[WITHDRAWALS_ROOT] = hexToBytes(root);
  return item;
}
