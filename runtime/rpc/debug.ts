import { bytesToHex } from '../bytes.ts';
import type { Core } from '../ledger/core.ts';
import { headerItem } from '../ledger/header.ts';
import { encodeReceipt } from '../ledger/receipt.ts';
import type { Word } from '../ports/index.ts';
import { encodeRlp } from '../rlp/index.ts';
import * as read from './decode.ts';
import { blockItem, type Json } from './encode.ts';
import { existing } from './find.ts';
import { type Method, method } from './method.ts';
import { blockOverrides, stateOverrides } from './overrides.ts';
import { type CallOptions, traceBlock, traceCall, traceTransaction } from './trace.ts';
import { type Tracer, tracerOption } from './tracer.ts';

const exactly = ['block', read.block] as const;
const hash = ['hash', read.hash] as const;
const trace = ['options', tracerOption] as const;

/** What lies under the answers: the bytes, and what happened inside a transaction. */
export const debugMethods = {
  debug_getRawHeader: method([exactly], (core, of) => encodeRlp(headerItem(existing(core, of).header)), bytesToHex),
  debug_getRawBlock: method([exactly], rawBlock, bytesToHex),
  debug_getRawReceipts: method(
    [exactly],
    (core, of) => core.chain.receiptsAt(existing(core, of).header.number).map(encodeReceipt),
    (receipts) => receipts.map(bytesToHex),
  ),
  debug_getRawTransaction: method([hash], rawTransaction, bytesToHex),
  debug_traceTransaction: method([hash, trace], traceTransaction, (traced) => traced),
  debug_traceBlockByNumber: method([exactly, trace], traceAt, (traced) => traced),
  debug_traceBlockByHash: method(
    [hash, trace],
    (core, of, tracer) => traceAt(core, { by: 'hash', hash: of }, tracer),
    (traced) => traced,
  ),
  debug_traceCall: method(
    [
      ['call', read.call],
      ['block', read.blockOrLatest],
      ['options', callOptions],
    ],
    traceCall,
    (traced) => traced,
  ),
  eth_getRawTransactionByHash: method([hash], rawTransaction, bytesToHex),
} satisfies Record<string, Method>;

/** Those of a trace, and what the call is to find otherwise. */
function callOptions(value: unknown, name: string): CallOptions {
  const given = read.optional(read.record, {})(value, name) as Record<string, unknown>;
  const accounts = stateOverrides(given['stateOverrides'], `${name}.stateOverrides`);
  const block = blockOverrides(given['blockOverrides'], `${name}.blockOverrides`);
  return { tracer: tracerOption(value, name), overrides: [accounts, block] };
}

function traceAt(core: Core, of: read.BlockParameter, tracer: Tracer): Promise<Json> {
  return traceBlock(core, existing(core, of), tracer);
}

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
