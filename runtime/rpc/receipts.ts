import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import type { Receipt } from '../ledger/receipt.ts';
import type { Transaction } from '../ledger/transaction.ts';
import type { Word } from '../ports/index.ts';
import type { BlockParameter } from './decode.ts';
import { encodeReceipt, type Json, type JsonObject } from './encode.ts';
import { whole } from './pending.ts';

export function blockReceipts(core: Core, of: BlockParameter): Json[] | undefined {
  const block = whole(core, of);
  return block?.receipts.map((_, place) => receiptOf(block, block.receipts, block.transactions, place));
}

/** The receipt of a transaction; `undefined` while no block holds it. */
export function receiptAnswer(core: Core, of: Word): JsonObject | undefined {
  const place = core.chain.locate(of);
  const block = place && core.chain.wholeAt(place.number);
  if (!block) return undefined;
  const receipts = core.chain.receiptsAt(place.number);
  return receiptOf(block, receipts, core.chain.transactionsAt(place.number, receipts), place.index);
}

function receiptOf(block: HashedHeader, receipts: readonly Receipt[], transactions: readonly Transaction[], place: number) {
  const firstLog = receipts.slice(0, place).reduce((sum, { logs }) => sum + logs.length, 0);
  return encodeReceipt(receipts[place]!, transactions[place]!, { block, index: place }, firstLog);
}
