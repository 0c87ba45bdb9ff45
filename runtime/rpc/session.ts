import type { FinishedBlock } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import type { Transaction } from '../ledger/transaction.ts';
import type { Logger } from '../ports/index.ts';
import { allowanceOf, requestsIn } from './allowance.ts';
import * as read from './decode.ts';
import { encodeHeader, encodeLog, encodeTransaction, type Json } from './encode.ts';
import { ErrorCode, invalidParams, RpcError } from './errors.ts';
import { matches } from './logs.ts';
import { type Method, method } from './method.ts';
import { answer, refusalOf } from './server.ts';

/** Subscriptions of one connection. */
export const MAX_SUBSCRIPTIONS = 64;
/** Requests of one connection that may wait for their answers at once. */
export const MAX_WAITING = 64;
/** Of requests that come together, what is answered before what is ready goes out and others have a turn. */
const TURN_MS = 10;
/** A connection of a client that is told of what happens: a WebSocket, as its host sees it. */
export interface Session {
  /** Takes one message of the client. Answers and notifications go out by `send`, in the order in which they are to arrive. */
  receive(text: string): void;
  /** Whether it has subscriptions: then it may be quiet for long and is there nevertheless. */
  readonly listens?: () => boolean;
  /** The client is gone. Nothing is sent after it. */
  close(): void;
}

interface Subscription {
  block?(block: FinishedBlock): readonly Json[];
  transaction?(transaction: Transaction): readonly Json[];
}

/**
 * Opens a session. `send` must not wait: a host whose client reads too slowly ends the connection and closes the session.
 * What is new is encoded only while somebody has subscribed to it.
 */
export function openSession(core: Core, log: Logger, send: (text: string) => void): Session {
  const subscriptions = new Map<string, Subscription>();
  let isOpen = true;
  let waiting = 0;
  /** Taken and not begun. */
  const queue: string[] = [];
  let isBeginning = false;
  let spentMs = 0;
  const allowance = allowanceOf(() => core.nowMs());
  const out = (text: string) => {
    if (isOpen && text !== '') send(text);
  };
  const tell = (subscription: string, results: readonly Json[]) => {
    for (const result of results) {
      out(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription, result } }));
    }
  };
  const stops = [
    core.blocks.on((block) => {
      for (const [id, { block: encode }] of subscriptions) if (encode) tell(id, encode(block));
    }),
    core.transactions.on((transaction) => {
      for (const [id, { transaction: encode }] of subscriptions) if (encode) tell(id, encode(transaction));
    }),
  ];
  const own = ownMethods(subscriptions, () => `0x${core.nextId().toString(16)}`);
  /** Begins what is in the queue, and waits for none: what waits for the disk holds nothing up. */
  const begin = async () => {
    isBeginning = true;
    for (let text = queue.shift(); text !== undefined && isOpen; text = queue.shift()) {
      const beganMs = core.nowMs();
      void answer(core, log, text, own).then((answered) => {
        waiting--;
        out(answered);
      });
      spentMs += Math.max(0, core.nowMs() - beganMs);
      if (spentMs <= TURN_MS) continue;
      await core.pause();
      spentMs = 0;
    }
    isBeginning = false;
  };
  return {
    receive(text) {
      if (!isOpen) return;
      const isTooMuch = waiting >= MAX_WAITING || !allowance.take(requestsIn(text));
      if (isTooMuch) return out(refusalOf(text, new RpcError(ErrorCode.LimitExceeded, 'too many requests; ask more slowly')));
      waiting++;
      queue.push(text);
      if (!isBeginning) void begin();
    },
    listens: () => subscriptions.size > 0,
    close() {
      isOpen = false;
      queue.length = 0;
      subscriptions.clear();
      for (const stop of stops) stop();
    },
  };
}

/** The methods that only a session has. */
function ownMethods(subscriptions: Map<string, Subscription>, nextId: () => string): ReadonlyMap<string, Method> {
  const subscribe = method(
    [
      ['subscription', kind],
      ['options', (value: unknown) => value],
    ],
    (_core, name, options) => {
      const subscription = KINDS[name](options);
      if (subscriptions.size >= MAX_SUBSCRIPTIONS) {
        throw new RpcError(ErrorCode.LimitExceeded, `a connection has at most ${MAX_SUBSCRIPTIONS} subscriptions`);
      }
      const id = nextId();
      // What happens before the answer is on its way is not for a subscription that its client has not heard of.
      subscriptions.set(id, subscription);
      return id;
    },
    (id) => id,
  );
  const unsubscribe = method(
    [['subscription', text]],
    (_core, id) => {
      if (!subscriptions.delete(id)) throw new RpcError(ErrorCode.Server, 'subscription not found');
      return true;
    },
    (done) => done,
  );
  return new Map([
    ['eth_subscribe', subscribe],
    ['eth_unsubscribe', unsubscribe],
  ]);
}

const KINDS = {
  newHeads: (): Subscription => ({ block: (block) => [encodeHeader(block)] }),
  logs(options: unknown): Subscription {
    const filter = read.logFilter(options ?? {}, 'options');
    return { block: (block) => logsOf(block, filter) };
  },
  newPendingTransactions(options: unknown): Subscription {
    const whole = read.optional(read.flag, false)(options, 'options');
    return { transaction: (transaction) => [whole ? encodeTransaction(transaction) : transaction.hash] };
  },
} as const;

function kind(value: unknown, name: string): keyof typeof KINDS {
  if (typeof value === 'string' && Object.hasOwn(KINDS, value)) return value as keyof typeof KINDS;
  throw invalidParams(`${name} should be newHeads, logs or newPendingTransactions`);
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalidParams(`${name} should be the text that eth_subscribe answered`);
  return value;
}

function logsOf(block: FinishedBlock, filter: read.LogFilter): Json[] {
  const found: Json[] = [];
  let logIndex = 0;
  block.receipts.forEach((receipt, index) => {
    for (const log of receipt.logs) {
      if (matches(log, filter)) found.push(encodeLog(log, block.transactions[index]!.hash, { block, index }, logIndex));
      logIndex++;
    }
  });
  return found;
}
