import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Payloads, Wanted } from './payloads.ts';

/** Where nodes give one another bundles: `/payload/<sha256>` beside the peers' connections. */
const PATH = /^\/payload\/([0-9a-f]{64})$/;
/** Longest silence of whoever brings one. */
const SILENCE_MS = 20_000;

/**
 * Answers a request for a bundle, or takes one: `GET` (with a range) for those who fetch, `PUT` for whoever brings it. Nothing is
 * taken that the ledger does not name, and no more of it than the ledger says. Answers false if the request is for something else.
 */
export function servePayload(
  request: IncomingMessage,
  response: ServerResponse,
  payloads: Payloads,
  wanted: (sha256: string) => Wanted | undefined,
): boolean {
  const sha256 = PATH.exec(request.url ?? '')?.[1];
  if (sha256 === undefined) return false;
  if (request.method === 'GET' || request.method === 'HEAD') give(request, response, payloads.find(sha256));
  else if (request.method === 'PUT') void receive(request, response, payloads, wanted(sha256), sha256);
  else say(response, 405, 'Bundles are fetched by GET and brought by PUT.');
  return true;
}

function give(request: IncomingMessage, response: ServerResponse, path: string | undefined): void {
  const size = path === undefined ? 0 : statSync(path).size;
  const start = Number(/^bytes=(\d{1,12})-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (path === undefined) say(response, 404, 'That bundle is not here.');
  else if (start >= size) say(response, 416, 'The bundle ends before that.');
  else send(request, response, path, { start, size });
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  { start, size }: { readonly start: number; readonly size: number },
): void {
  response.writeHead(start > 0 ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': size - start,
    'accept-ranges': 'bytes',
    ...(start > 0 && { 'content-range': `bytes ${start}-${size - 1}/${size}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const stream = createReadStream(path, { start });
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  payloads: Payloads,
  wanted: Wanted | undefined,
  sha256: string,
): Promise<void> {
  if (payloads.find(sha256) !== undefined) return say(response, 200, 'It is here already.');
  if (wanted === undefined) {
    response.setHeader('connection', 'close');
    return say(response, 403, 'The ledger names no such bundle; propose the release first.');
  }
  request.setTimeout(SILENCE_MS, () => request.destroy());
  try {
    await payloads.bring(wanted, request as AsyncIterable<Buffer>);
    say(response, 201, 'Taken.');
  } catch (error) {
    response.setHeader('connection', 'close');
    say(response, 422, `Not taken: ${(error as Error).message}.`);
  }
}

function say(response: ServerResponse, status: number, sentence: string): void {
  const body = Buffer.from(`${sentence}\n`);
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length }).end(body);
}
