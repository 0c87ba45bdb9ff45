import { bigintToBytes, bytesToHex, hexToBytes } from '../bytes.ts';
import type { Chain, FinishedBlock } from '../ledger/chain.ts';
import { type Header, hashHeader, headerOf } from '../ledger/header.ts';
import { type Receipt, receiptItem, receiptOf, receiptsRoot } from '../ledger/receipt.ts';
import { decodeTransaction, type Transaction } from '../ledger/transaction.ts';
import type { Address, Vm, Word } from '../ports/index.ts';
import { asBytes, asList, decodeRlp, encodeRlp, type RlpItem } from '../rlp/index.ts';
import { listRoot } from '../state/list-root.ts';

/** As far as BLOCKHASH reaches. */
const HEADERS = 256;
/** A device that begins with a snapshot has so many blocks of history, */
const BLOCKS = 128;
/** unless they are large: bytes of transactions and receipts. */
const BLOCKS_BYTES = 4 * 1024 * 1024;
/** No header and no block has more items of RLP than these and one for each so many of its bytes. */
const FEW_ITEMS = 32;
const BYTES_PER_ITEM = 4;

type Cryptography = Pick<Vm, 'keccak256' | 'recover'>;

/** The headers up to a block that a device must know, ascending. */
export function headersUpTo(chain: Chain, number: number): Header[] {
  const headers: Header[] = [];
  for (let at = Math.max(1, number - HEADERS); at <= number; at++) {
    const hashed = chain.headerAt(at);
    if (hashed) headers.push(hashed.header);
  }
  return headers;
}

/** The last blocks up to this one as they travel, ascending: transactions and receipts. */
export function blocksUpTo(chain: Chain, number: number): RlpItem[] {
  const items: RlpItem[] = [];
  let bytes = 0;
  for (let at = number; at > Math.max(0, number - BLOCKS) && at >= chain.firstWhole(); at--) {
    const item: RlpItem = [chain.bodyAt(at), chain.receiptsAt(at).map(receiptItem)];
    bytes += encodeRlp(item).length;
    if (bytes > BLOCKS_BYTES && items.length > 0) break;
    items.push(item);
  }
  return items.reverse();
}

/** Throws {@link SnapshotRefused} for more headers or blocks than anybody sends: they are kept in memory until all are there. */
export function demandFew(headers: readonly Uint8Array[], blocks: readonly Uint8Array[]): void {
  if (headers.length > HEADERS + 1) throw new SnapshotRefused(`it has ${headers.length} headers or more`);
  const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
  if (blocks.length > BLOCKS || (blocks.length > 1 && bytes > BLOCKS_BYTES))
    throw new SnapshotRefused(`it has ${blocks.length} whole blocks of ${bytes} bytes or more`);
}

/** Checks that the headers are a chain that ends with the block of this hash. Throws {@link SnapshotRefused}. */
export function readHeaders(pieces: readonly Uint8Array[], head: Word, keccak256: Vm['keccak256']): Header[] {
  if (pieces.length === 0) throw new SnapshotRefused('it has no headers');
  const headers = pieces.map((bytes) => headerOf(decode(bytes)));
  let hash = head;
  for (const header of [...headers].reverse()) {
    if (hashHeader(header, keccak256) !== hash) throw new SnapshotRefused(`block ${header.number} is not the one agreed on`);
    hash = header.parentHash;
  }
  return headers;
}

/** Checks the last blocks against their headers. Throws {@link SnapshotRefused}. */
export function readBlocks(
  pieces: readonly Uint8Array[],
  headers: readonly Header[],
  cryptography: Cryptography,
): FinishedBlock[] {
  if (pieces.length === 0 || pieces.length > headers.length) throw new SnapshotRefused(`it has ${pieces.length} whole blocks`);
  const older = headers.length - pieces.length;
  return pieces.map((bytes, index) => readBlock(decode(bytes), headers[older + index]!, cryptography));
}

function decode(bytes: Uint8Array): RlpItem {
  return decodeRlp(bytes, FEW_ITEMS + bytes.length / BYTES_PER_ITEM);
}

function readBlock(item: RlpItem, header: Header, cryptography: Cryptography): FinishedBlock {
  const { keccak256 } = cryptography;
  const [body, receiptItems] = asList(item, 'a block', 2);
  const raws = asList(body, 'the transactions').map((raw) => asBytes(raw, 'a transaction'));
  if (listRoot(raws, keccak256) !== header.transactionsRoot)
    throw new SnapshotRefused(`the transactions of block ${header.number} are not those of its header`);
  const transactions = raws.map((raw) => decodeTransaction(raw, cryptography));
  const shown = asList(receiptItems, 'the receipts').map((each) => receiptOf(each, keccak256));
  if (receiptsRoot(shown, keccak256) !== header.receiptsRoot || shown.length !== transactions.length)
    throw new SnapshotRefused(`the receipts of block ${header.number} are not those of its header`);
  const receipts = shown.map((receipt, index) =>
    withDerived(receipt, transactions[index]!, shown[index - 1]?.cumulativeGasUsed ?? 0n, header, keccak256),
  );
  return { header, hash: hashHeader(header, keccak256), transactions, receipts };
}

/** What the receipts root does not cover is computed anew, so that nobody has to be believed. */
function withDerived(
  { type, succeeded, cumulativeGasUsed, logsBloom, logs }: Receipt,
  { sender, nonce, to, maxFeePerGas, maxPriorityFeePerGas }: Transaction,
  gasBefore: bigint,
  { baseFee }: Header,
  keccak256: Vm['keccak256'],
): Receipt {
  const most = baseFee + maxPriorityFeePerGas;
  return {
    type,
    succeeded,
    cumulativeGasUsed,
    logsBloom,
    logs,
    gasUsed: cumulativeGasUsed - gasBefore,
    gasPrice: most < maxFeePerGas ? most : maxFeePerGas,
    sender,
    ...(to === undefined && succeeded && { created: createdBy(sender, nonce, keccak256) }),
  };
}

/** Address of the contract that an account's transaction creates (Yellow Paper, 7). */
function createdBy(sender: Address, nonce: bigint, keccak256: Vm['keccak256']): Address {
  return bytesToHex(keccak256(encodeRlp([hexToBytes(sender), bigintToBytes(nonce)])).subarray(12));
}

/** A snapshot that is not what the validators agreed on. */
export class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused';
}
