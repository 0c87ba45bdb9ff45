import { BlockDamaged } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import { TransactionRefused } from '../ledger/transaction.ts';
import { nestsDeeper } from '../nesting.ts';
import type { Logger } from '../ports/index.ts';
import { StateGone } from '../state/trie-node.ts';
import { giveBack, lendTimed } from './deadline.ts';
import type { Json } from './encode.ts';
import { ErrorCode, RpcError } from './errors.ts';
import type { Method } from './method.ts';
import { methods } from './methods.ts';

/** Characters of a request; a transaction of 128 KiB in hexadecimal fits. */
const MAX_REQUEST_CHARACTERS = 512 * 1024;
export const MAX_BATCH = 100;
/** Lists and objects in one another; a call with an access list in a batch has seven. */
const MAX_NESTING = 32;
/** Of a batch, what is answered before others have a turn. */
const CALLS_A_TURN = 10;
const TURN_MS = 10;
/** Characters after which no further call of a batch is executed. */
const MAX_RESPONSE_CHARACTERS = 8 * 1024 * 1024;

/** Of one answer. Nothing but a very long list, or all that a call can return, is as long as this. */
const MAX_ANSWER_CHARACTERS = 16 * 1024 * 1024;

type Methods = ReadonlyMap<string, Method>;
interface Asked {
  readonly core: Core;
  readonly log: Logger;
  /** Methods that only this connection has. */
  readonly own: Methods;
}

const table: Methods = new Map(Object.entries(methods));
const NONE: Methods = new Map();
const NEEDS_SESSION: ReadonlySet<string> = new Set(['eth_subscribe', 'eth_unsubscribe']);

/**
 * Answers one request or batch, as text (JSON-RPC 2.0). Never rejects; an empty text where nothing is to be answered.
 * All of it together has the time of {@link lendTimed}.
 */
export async function answer(core: Core, log: Logger, text: string, own: Methods = NONE): Promise<string> {
  const request = requestIn(text);
  if (request instanceof RpcError) return failure(null, request);
  const timed = lendTimed(core);
  const ask = { core: timed.core, log, own };
  const answered = Array.isArray(request) ? answerBatch(ask, request) : answerOne(ask, request);
  const told = answered instanceof Promise ? await answered : answered;
  giveBack(core, timed);
  return told ?? '';
}

function requestIn(text: string): unknown {
  if (text.length > MAX_REQUEST_CHARACTERS) {
    const size = `the request has ${text.length} characters; at most ${MAX_REQUEST_CHARACTERS} are read`;
    return new RpcError(ErrorCode.InvalidRequest, size);
  }
  if (nestsDeeper(text, MAX_NESTING)) {
    return new RpcError(ErrorCode.InvalidRequest, `the request is nested more than ${MAX_NESTING} deep`);
  }
  try {
    return JSON.parse(text);
  } catch {
    return new RpcError(ErrorCode.Parse, 'the request is not JSON');
  }
}

async function answerBatch(ask: Asked, requests: readonly unknown[]): Promise<string> {
  if (requests.length === 0) return failure(null, new RpcError(ErrorCode.InvalidRequest, 'the batch is empty'));
  if (requests.length > MAX_BATCH) {
    const size = `the batch has ${requests.length} requests; at most ${MAX_BATCH} are taken`;
    return failure(null, new RpcError(ErrorCode.InvalidRequest, size));
  }
  const answers: string[] = [];
  let characters = 0;
  let beganMs = ask.core.nowMs();
  for (const [index, request] of requests.entries()) {
    if (index % CALLS_A_TURN === CALLS_A_TURN - 1 || ask.core.nowMs() - beganMs > TURN_MS) {
      await ask.core.pause();
      beganMs = ask.core.nowMs();
    }
    const one = characters > MAX_RESPONSE_CHARACTERS ? tooLarge(request) : await answerOne(ask, request);
    if (one === undefined) continue;
    answers.push(one);
    characters += one.length;
  }
  return answers.length === 0 ? '' : `[${answers.join(',')}]`;
}

/** `undefined` for a notification: it is executed and not answered. At once, where nothing has to be waited for. */
function answerOne({ core, log, own }: Asked, request: unknown): string | undefined | Promise<string | undefined> {
  const id = idOf(request);
  const failed = (error: unknown) => {
    const told = errorOf(error, log);
    return id === undefined && told.code !== ErrorCode.InvalidRequest ? undefined : failure(id ?? null, told);
  };
  try {
    const { name, params } = callOf(request);
    const result = rowOf(name, own).answer(core, params);
    return result instanceof Promise ? result.then((value) => success(id, value)).catch(failed) : success(id, result);
  } catch (error) {
    return failed(error);
  }
}

function rowOf(name: string, own: Methods): Method {
  const row = own.get(name) ?? table.get(name);
  if (row) return row;
  if (NEEDS_SESSION.has(name)) throw new RpcError(ErrorCode.MethodNotFound, `${name}: notifications come by WebSocket only`);
  throw new RpcError(ErrorCode.MethodNotFound, `the method ${name} does not exist/is not available`);
}

function success(id: Id | undefined, result: Json): string | undefined {
  const text = JSON.stringify(result);
  if (text.length > MAX_ANSWER_CHARACTERS) throw new RpcError(ErrorCode.LimitExceeded, tooLong(text.length));
  return id === undefined ? undefined : `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}`;
}

type Id = string | number | null;

/** `undefined`: the request has none, it is a notification. */
function idOf(request: unknown): Id | undefined {
  const id = (request as { id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' || id === null ? id : undefined;
}

function callOf(request: unknown): { readonly name: string; readonly params: readonly unknown[] } {
  if (typeof request !== 'object' || request === null)
    throw new RpcError(ErrorCode.InvalidRequest, 'the request is not an object');
  const { jsonrpc, method: name, params = [] } = request as Record<string, unknown>;
  if (jsonrpc !== '2.0') throw new RpcError(ErrorCode.InvalidRequest, 'jsonrpc should be "2.0"');
  if (typeof name !== 'string') throw new RpcError(ErrorCode.InvalidRequest, 'method should be a text');
  if (!Array.isArray(params)) throw new RpcError(ErrorCode.InvalidParams, 'params should be a list');
  return { name: name.slice(0, 100), params };
}

/** Errors whose sentence is for the client. */
const SAID = [TransactionRefused, StateGone, BlockDamaged];

function errorOf(error: unknown, log: Logger): RpcError {
  if (error instanceof RpcError) return error;
  if (SAID.some((kind) => error instanceof kind)) return new RpcError(ErrorCode.Server, (error as Error).message);
  log.write('error', `a request failed inside: ${(error as Error).message}`);
  return new RpcError(ErrorCode.Internal, `internal error: ${(error as Error).message}`);
}

/** The answer to a request that is not even looked at. */
export function refusalOf(text: string, error: RpcError): string {
  const id = /"id"\s*:\s*(\d{1,15}|"[\w-]{1,64}")/.exec(text.slice(0, 1000))?.[1];
  return failure(id === undefined ? null : (JSON.parse(id) as Id), error);
}

function failure(id: Id, { code, message, data }: RpcError): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data !== undefined && { data }) } });
}

function tooLong(characters: number): string {
  return `the answer has ${characters} characters; at most ${MAX_ANSWER_CHARACTERS} are sent: ask for less at once`;
}

function tooLarge(request: unknown): string | undefined {
  const id = idOf(request);
  return id === undefined
    ? undefined
    : failure(id, new RpcError(ErrorCode.LimitExceeded, 'the answers of this batch are too large'));
}
