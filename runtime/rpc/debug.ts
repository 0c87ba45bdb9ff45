import { bytesToHex } from '../bytes.ts';
import type { Core } from '../ledger/core.ts';
import { headerItem } from '../ledger/header.ts';
import { encodeReceipt } from '../ledger/receipt.ts';
import type { Word } from '../ports/index.ts';
import { encodeRlp } from '../rlp/index.ts';
import * as read from './decode.ts';
import { blockItem } from './encode.ts';
import { existing } from './find.ts';
import { type Method, method } from './method.ts';

const exactly = ['block', read.block] as const;
const hash = ['hash', read.hash] as const;

/** What lies under the answers: the bytes. */
export const debugMethods = {
  debug_getRawHeader: method([exactly], (core, of) => encodeRlp(headerItem(existing(core, of).header)), bytesToHex),
  debug_getRawBlock: method([exactly], rawBlock, bytesToHex),
  debug_getRawReceipts: method(
    [exactly],
    (core, of) => core.chain.receiptsAt(existing(core, of).header.number).map(encodeReceipt),
    (receipts) => receipts.map(bytesToHex),
  ),
  debug_getRawTransaction: method([hash], rawTransaction, bytesToHex),
  eth_getRawTransactionByHash: method([hash], rawTransaction, bytesToHex),
} satisfies Record<string, Method>;

function rawBlock(core: Core, of: read.BlockParameter): Uint8Array {
  const { header } = existing(core, of);
  return encodeRlp(blockItem(header, core.chain.bodyAt(header.number)));
}

function rawTransaction(core: Core, of: Word): Uint8Array | undefined {
  const waiting = core.pool.get(of);
  if (waiting) return waiting.raw;
  const place = core.chain.locate(of);
  return place && core.chain.bodyAt(place.number)[place.index];
}
