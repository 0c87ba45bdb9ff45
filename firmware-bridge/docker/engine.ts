import type { Readable } from 'node:stream';
import { EngineError, type EngineErrorCode } from '../../runtime/ports/index.ts';
import { parseEngineUrl } from './address.ts';
import { type Answer, createTransport, type Transport, type TransportRequest } from './transport.ts';

/** Oldest Engine API whose fields we use (Engine 20.10) and the newest whose documentation we wrote against (Engine 27). */
const OLDEST_API = '1.41';
const NEWEST_API = '1.47';

const DEADLINE_MS = 30_000;
const MEBIBYTE = 1024 * 1024;

export interface EngineCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the version, such as `/containers/json`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | URLSearchParams;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a tar archive. */
  readonly tar?: Uint8Array;
  readonly deadlineMs?: number;
  readonly maxBytes?: number;
}

/** The Docker Engine API, version negotiated on the first call and again after the engine was away. */
export interface Engine {
  readonly url: string;
  /** Of a call that names no deadline of its own. */
  readonly deadlineMs: number;
  /** Product and version, such as `Docker Engine 20.10.24`. */
  describe(): Promise<string>;
  /** Version of the API that is spoken. */
  api(): Promise<string>;
  /** Any status is an answer; only transport and version errors reject. */
  send(call: EngineCall): Promise<Answer>;
  /** The body of an answer of status 200 as it comes; rejects for any other. */
  download(call: EngineCall): Promise<Readable>;
  /** Sends a tar archive as it comes. */
  upload(call: EngineCall, body: Readable): Promise<Answer>;
  /** As {@link Transport.stream}. */
  stream(call: EngineCall, onLine: (line: string) => void, signal?: AbortSignal): Promise<Answer>;
}

/** @param deadlineMs For every call that names no deadline of its own. */
export function createEngine(url: string, deadlineMs = DEADLINE_MS): Engine {
  const transport = createTransport(parseEngineUrl(url));
  let negotiated: Promise<Negotiated> | undefined;
  const forget = (error: unknown) => {
    negotiated = undefined;
    throw error;
  };
  const version = () => {
    negotiated ??= negotiate(transport).catch(forget);
    return negotiated;
  };
  return {
    url: transport.url,
    deadlineMs,
    describe: async () => {
      negotiated = undefined;
      return (await version()).product;
    },
    api: async () => (await version()).api,
    send: async (call) => {
      const { api } = await version();
      return transport
        .exchange(build(api, { deadlineMs, ...call }))
        .catch((error) => (isAway(error) ? forget(error) : Promise.reject(error)));
    },
    download: async (call) => {
      const answer = await transport.download(build((await version()).api, { deadlineMs, ...call }));
      if (answer.statusCode === 200) return answer;
      answer.destroy();
      throw new EngineError(CODES[answer.statusCode ?? 0] ?? 'failed', `${call.path}: status ${answer.statusCode}`);
    },
    upload: async (call, body) => transport.upload(build((await version()).api, { deadlineMs, ...call }), body),
    stream: async (call, onLine, signal) => {
      const { api } = await version();
      return transport
        .stream(build(api, { deadlineMs, ...call }), onLine, signal)
        .catch((error) => (isAway(error) ? forget(error) : Promise.reject(error)));
    },
  };
}

interface Negotiated {
  readonly api: string;
  readonly product: string;
}

/** The smaller of both maxima; refuses an engine too old or too new for this client. */
async function negotiate(transport: Transport): Promise<Negotiated> {
  const answer = await transport.exchange({ method: 'GET', path: '/version', deadlineMs: 10_000, maxBytes: MEBIBYTE });
  if (answer.status !== 200)
    throw new EngineError('failed', `${transport.url} does not answer like a Docker Engine: ${sentence(answer)}`);
  const version = readJson(answer.body);
  const newest = text(version['ApiVersion']);
  const oldest = text(version['MinAPIVersion']) || '1.24';
  const release = text(version['Version']);
  if (!/^\d+\.\d+$/.test(newest))
    throw new EngineError('failed', `${transport.url} does not answer like a Docker Engine: it names no API version`);
  const product = `Docker Engine ${release.replace(/\+.*$/, '')}`;
  if (compare(newest, OLDEST_API) < 0) {
    throw new EngineError('failed', `${product} speaks API ${newest}; classpad needs ${OLDEST_API} (Engine 20.10) or newer`);
  }
  if (compare(oldest, NEWEST_API) > 0) {
    throw new EngineError('failed', `${product} asks for API ${oldest} or newer; this classpad speaks up to ${NEWEST_API}`);
  }
  return { api: compare(newest, NEWEST_API) < 0 ? newest : NEWEST_API, product };
}

function build(api: string, call: EngineCall): TransportRequest {
  const query = call.query ? `?${new URLSearchParams(call.query)}` : '';
  const body = call.json === undefined ? call.tar : Buffer.from(JSON.stringify(call.json));
  return {
    method: call.method,
    path: `/v${api}${call.path}${query}`,
    ...(body ? { body, contentType: call.tar ? 'application/x-tar' : 'application/json' } : {}),
    deadlineMs: call.deadlineMs ?? DEADLINE_MS,
    maxBytes: call.maxBytes ?? 4 * MEBIBYTE,
  };
}

/** Compares `1.9` and `1.41` number by number. */
export function compare(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number);
  return leftMajor - rightMajor || leftMinor - rightMinor;
}

/** An engine that went away may come back as another version. */
function isAway(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'unreachable';
}

export type Json = Readonly<Record<string, unknown>>;

/** The JSON object in an answer; an {@link EngineError} if it is none. */
export function readJson(body: Buffer | string): Json {
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null) return value as Json;
  } catch {}
  throw new EngineError('failed', 'the engine answered with something that is not JSON');
}

/** A field that should be an object. */
export function part(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

/** A field that should be text. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A field that should be an object of texts. */
export function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(part(value)).map(([name, entry]) => [name, text(entry)]));
}

/** A field that should be a number. */
export function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** The engine's own sentence for a refusal, at most 500 characters on one line. */
export function sentence(answer: Answer): string {
  let message = answer.body.toString('utf8', 0, 4096);
  try {
    message = text(part(JSON.parse(message))['message']) || message;
  } catch {}
  const line = message.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.slice(0, 500) || `status ${answer.status}`;
}

const CODES: Readonly<Record<number, EngineErrorCode>> = { 404: 'not-found', 409: 'conflict' };

/** Makes the answer an error if its status is not one of the accepted. */
export function accept(answer: Answer, accepted: readonly number[], doing: string): Answer {
  if (accepted.includes(answer.status)) return answer;
  throw new EngineError(CODES[answer.status] ?? 'failed', `${doing}: ${sentence(answer)}`);
}
