import { type ClientRequest, type IncomingMessage, request as openRequest } from 'node:http';
import type { Readable } from 'node:stream';
import { EngineError } from '../../runtime/ports/index.ts';
import type { EngineAddress } from './address.ts';

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query, without the host. */
  readonly path: string;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  /** For the whole exchange; for a stream: longest silence. */
  readonly deadlineMs: number;
  /** A longer answer is an error; for a stream: longest line. */
  readonly maxBytes: number;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** HTTP to one engine: nothing above it knows of sockets. Every failure is an {@link EngineError}. */
export interface Transport {
  readonly url: string;
  exchange(request: TransportRequest): Promise<Answer>;
  /**
   * Hands over the lines of an endless or long answer as they come. Resolves with the status when the answer ended whole,
   * rejects if it was cut off. An answer other than 200 is not handed over but returned.
   */
  stream(request: TransportRequest, onLine: (line: string) => void, signal?: AbortSignal): Promise<Answer>;
}

/** The body of one answer, or of one request, as it comes: for what is too large to hold. */
export interface Transport {
  download(request: TransportRequest): Promise<IncomingMessage>;
  upload(request: TransportRequest, body: Readable): Promise<Answer>;
}

export function createTransport(address: EngineAddress): Transport {
  return {
    url: address.url,
    exchange: (request) => exchange(address, request),
    stream: (request, onLine, signal) => stream(address, request, onLine, signal),
    download: (request) => download(address, request),
    upload: (request, body) => upload(address, request, body),
  };
}

function exchange(address: EngineAddress, request: TransportRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = open(address, request);
    const fail = (error: Error) => {
      clearTimeout(deadline);
      outgoing.destroy();
      reject(explain(address, error));
    };
    const deadline = setTimeout(() => fail(tooLate(request)), request.deadlineMs);
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      collect(response, request.maxBytes).then((body) => {
        clearTimeout(deadline);
        resolve({ status: response.statusCode ?? 0, body });
      }, fail);
    });
    outgoing.end(request.body);
  });
}

const CLOSED = new EngineError('unreachable', 'the stream was closed');

function stream(
  address: EngineAddress,
  request: TransportRequest,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(CLOSED);
    const outgoing = open(address, request);
    const fail = (error: Error) => {
      clearTimeout(silence);
      outgoing.destroy();
      reject(explain(address, error));
    };
    const silence = setTimeout(() => fail(tooLate(request)), request.deadlineMs);
    const finish = (answer: Answer) => {
      clearTimeout(silence);
      resolve(answer);
    };
    signal?.addEventListener('abort', () => fail(CLOSED), { once: true });
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      const status = response.statusCode ?? 0;
      if (status !== 200) {
        collect(response, request.maxBytes).then((body) => finish({ status, body }), fail);
        return;
      }
      response.on('data', () => silence.refresh());
      readLines(response, request.maxBytes, onLine).then(() => finish({ status, body: Buffer.alloc(0) }), fail);
    });
    outgoing.end(request.body);
  });
}

/** Resolves with an answer of any status; the deadline is for the longest silence. */
function download(address: EngineAddress, request: TransportRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = open(address, request);
    const silence = setTimeout(() => outgoing.destroy(tooLate(request)), request.deadlineMs);
    outgoing.on('error', (error) => reject(explain(address, error)));
    outgoing.on('close', () => clearTimeout(silence));
    outgoing.on('response', (response) => {
      response.on('data', () => silence.refresh()).pause();
      resolve(response);
    });
    outgoing.end();
  });
}

function upload(address: EngineAddress, request: TransportRequest, body: Readable): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'classpad', 'content-type': 'application/x-tar', 'transfer-encoding': 'chunked' };
    const { method, path } = request;
    const outgoing = openRequest({ ...address.connect, method, path, headers, agent: false });
    const fail = (error: Error) => {
      clearTimeout(silence);
      outgoing.destroy();
      reject(explain(address, error));
    };
    const silence = setTimeout(() => fail(tooLate(request)), request.deadlineMs);
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      collect(response, request.maxBytes).then((bytes) => {
        clearTimeout(silence);
        resolve({ status: response.statusCode ?? 0, body: bytes });
      }, fail);
    });
    body.on('error', fail);
    body.on('data', () => silence.refresh());
    body.pipe(outgoing);
  });
}

function open(address: EngineAddress, request: TransportRequest): ClientRequest {
  const headers: Record<string, string | number> = { host: 'classpad' };
  if (request.body !== undefined || request.method === 'POST') headers['content-length'] = request.body?.length ?? 0;
  if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
  return openRequest({ ...address.connect, method: request.method, path: request.path, headers, agent: false });
}

async function collect(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new EngineError('failed', `the engine's answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readLines(response: IncomingMessage, maxBytes: number, onLine: (line: string) => void): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of response as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.toString('utf8', 0, end).trim();
      rest = rest.subarray(end + 1);
      if (line !== '') onLine(line);
    }
    if (rest.length > maxBytes) throw new EngineError('failed', `the engine sent a line longer than ${maxBytes} bytes`);
  }
  const last = rest.toString('utf8').trim();
  if (last !== '') onLine(last);
}

/** What an error of the socket means to the caller; sentences by code. */
const SOCKET_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; is the Docker Engine running?',
  ECONNREFUSED: 'nobody listens there; is the Docker Engine running?',
  EACCES: 'this user may not open it; add the user to the group "docker"',
  EPERM: 'this user may not open it; add the user to the group "docker"',
  ECONNRESET: 'the engine closed the connection before its answer was whole',
  EPIPE: 'the engine closed the connection before its answer was whole',
  ENOTFOUND: 'there is no host of that name',
  ENOTSOCK: 'that is a file, not a socket',
};

function explain(address: EngineAddress, error: Error): EngineError {
  if (error instanceof EngineError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return new EngineError(
    'unreachable',
    `cannot reach the Docker Engine at ${address.url}: ${SOCKET_ERRORS[code] ?? error.message}`,
  );
}

function tooLate(request: TransportRequest): EngineError {
  const what = `${request.method} ${request.path.split('?')[0]}`;
  return new EngineError('timeout', `the Docker Engine did not answer ${what} within ${request.deadlineMs} ms`);
}
