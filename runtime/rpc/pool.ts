import type { Core } from '../ledger/core.ts';
import type { Transaction } from '../ledger/transaction.ts';
import type { Address, Word } from '../ports/index.ts';
import * as read from './decode.ts';
import { encodeTransaction, type Json, type JsonObject, quantity } from './encode.ts';
import { ErrorCode, RpcError } from './errors.ts';
import { type Method, method } from './method.ts';
import { receiptAnswer } from './receipts.ts';

const SYNC_TIMEOUT_MS = 20_000;
const LONGEST_SYNC_TIMEOUT_MS = 60_000;

const raw = ['transaction', read.bytes] as const;
const timeout = ['timeout', read.optional(read.count, SYNC_TIMEOUT_MS)] as const;
const asIs = <T extends Json>(result: T): Json => result;

/** Methods of what waits for a block. */
export const poolMethods = {
  eth_sendRawTransaction: method([raw], (core, bytes) => core.submit(bytes), asIs),
  eth_sendRawTransactionSync: method([raw, timeout], sendAndWait, asIs),
  txpool_status: method([], poolStatus, asIs),
  txpool_content: method([], (core) => contentOf(core, (row) => row.map(encodeWaiting)), asIs),
  txpool_contentFrom: method([['address', read.address]], contentFrom, asIs),
  txpool_inspect: method([], (core) => contentOf(core, (row) => row.map(summary)), asIs),
} satisfies Record<string, Method>;

/** EIP-7966: the receipt, or error 4 with the hash when there is none in time. The transaction then stays in the pool. */
async function sendAndWait(core: Core, bytes: Uint8Array, timeoutMs: number): Promise<JsonObject> {
  const hash = await core.submit(bytes);
  const waitMs = Math.min(timeoutMs || SYNC_TIMEOUT_MS, LONGEST_SYNC_TIMEOUT_MS);
  await inBlock(core, hash, waitMs);
  const receipt = receiptAnswer(core, hash);
  if (receipt) return receipt;
  const sentence = `The transaction was added to the mempool but wasn't processed within ${waitMs} ms.`;
  throw new RpcError(ErrorCode.Timeout, sentence, hash);
}

/** Resolves when a block holds the transaction, or after the time given. */
function inBlock(core: Core, hash: Word, waitMs: number): Promise<void> {
  // What was sent may be in a block before its acknowledgement is here.
  if (core.chain.locate(hash)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      stop();
      resolve();
    };
    const cancel = core.after(waitMs, done);
    const stop = core.blocks.on(({ transactions }) => {
      if (transactions.some((transaction) => transaction.hash === hash)) done();
    });
  });
}

function poolStatus(core: Core): JsonObject {
  let pending = 0;
  for (const rows of core.pool.bySender().values()) pending += rows.pending.length;
  return { pending: quantity(pending), queued: quantity(core.pool.size - pending) };
}

type Entry = readonly [nonce: string, shown: Json];

function encodeWaiting(transaction: Transaction): Entry {
  return [transaction.nonce.toString(), encodeTransaction(transaction)];
}

function summary({ nonce, to, value, gasLimit, maxFeePerGas }: Transaction): Entry {
  return [nonce.toString(), `${to ?? 'contract creation'}: ${value} wei + ${gasLimit} gas × ${maxFeePerGas} wei`];
}

function contentOf(core: Core, show: (row: readonly Transaction[]) => readonly Entry[]): JsonObject {
  const [pending, queued]: [Record<string, Json>, Record<string, Json>] = [{}, {}];
  for (const [sender, rows] of core.pool.bySender()) {
    if (rows.pending.length > 0) pending[sender] = Object.fromEntries(show(rows.pending));
    if (rows.queued.length > 0) queued[sender] = Object.fromEntries(show(rows.queued));
  }
  return { pending, queued };
}

function contentFrom(core: Core, sender: Address): JsonObject {
  const { pending = [], queued = [] } = core.pool.bySender().get(sender) ?? {};
  return {
    pending: Object.fromEntries(pending.map(encodeWaiting)),
    queued: Object.fromEntries(queued.map(encodeWaiting)),
  };
}
