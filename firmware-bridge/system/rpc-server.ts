import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { type Allowance, allowanceOf, requestsIn } from '../../runtime/rpc/allowance.ts';
import { keepRoom } from './crowd.ts';
import { bound } from './listen.ts';
import { type QuickAnswer, type QuickRequest, quickLane } from './quick-lane.ts';
import type { Refusal } from './refuse.ts';
import { rpcOverWebSocket, type SessionDoor } from './rpc-socket.ts';

export interface RpcServerOptions {
  /** Answers one request or batch; never rejects. */
  readonly rpc: (request: string) => Promise<string>;
  /** What stands behind a WebSocket; `undefined` while the node starts. */
  readonly session: SessionDoor;
  /** Said to a person who opens the address in a browser. */
  readonly title: string;
  /** Web pages that may call: origins such as `https://app.example`, or `*`. None: no page may. */
  readonly cors: readonly string[];
  /** Names by which clients may call this node, besides `localhost` and its IP addresses (against DNS rebinding). */
  readonly hosts: readonly string[];
  /** What is read by GET under a path, as JSON; `undefined`: nothing is. Never rejects. */
  readonly document?: (target: string) => Promise<string | undefined>;
}

/** A signed transaction has at most 128 KiB; a batch may hold a few. */
const LONGEST_BODY = 2 * 1024 * 1024;
const MAX_CONNECTIONS = 512;
const SLOWEST_REQUEST_MS = 30_000;
/** How often slow requests are looked for. */
const CHECKING_MS = 1_000;
const JSON_TYPE = /^application\/json\b/i;
const TOO_FAST = refusal(-32_005, 'too many requests; ask more slowly');
const allowances = new WeakMap<Socket, Allowance>();

/** Ethereum JSON-RPC over HTTP (POST only) and WebSocket, on one port: bounded, and every refusal is a sentence. */
export function createRpcServer(options: RpcServerOptions): Server {
  const server = createServer({ connectionsCheckingInterval: CHECKING_MS, requireHostHeader: false }, (request, response) => {
    handle(options, request, response, room).catch(() => refuse(response, 500, -32_603, 'internal error'));
  });
  bound(server, MAX_CONNECTIONS);
  const room = keepRoom(server, MAX_CONNECTIONS);
  server.requestTimeout = SLOWEST_REQUEST_MS;
  quickLane(server, {
    longest: LONGEST_BODY,
    accepts: (headers) =>
      isOurName(hostName(headers.get('host') ?? ''), options.hosts) && JSON_TYPE.test(headers.get('content-type') ?? ''),
    answer: (request) => answerQuickly(options, request, room),
  });
  rpcOverWebSocket(server, { session: options.session, refusal: (request) => socketRefusal(options, request) });
  return server;
}

async function answerQuickly(
  { rpc }: RpcServerOptions,
  { socket, body }: QuickRequest,
  room: ReturnType<typeof keepRoom>,
): Promise<QuickAnswer> {
  if (!allowanceFor(socket).take(requestsIn(body))) return { status: '429 Too Many Requests', text: TOO_FAST };
  const rest = room.busy({ socket });
  const text = await rpc(body);
  rest();
  return { status: '200 OK', text };
}

async function handle(
  options: RpcServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  room: ReturnType<typeof keepRoom>,
): Promise<void> {
  const { host } = request.headers;
  if (host === undefined && request.httpVersion === '1.1') return plain(response, 400, 'A request names its host.');
  const name = hostName(host ?? '');
  if (!isOurName(name, options.hosts)) return plain(response, 403, notOurName(name));
  allowOrigin(options.cors, request, response);
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  if (request.method === 'GET' || request.method === 'HEAD') {
    const document = await options.document?.(request.url ?? '/');
    if (document !== undefined) return json(response, 200, document);
    return plain(response, 200, `${options.title} Send JSON-RPC 2.0 requests here by POST.`);
  }
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST, GET, OPTIONS');
    return plain(response, 405, 'JSON-RPC requests come by POST.');
  }
  // Without this a form on any web page could send transactions.
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    return refuse(response, 415, -32_600, 'invalid request: the content type must be application/json');
  }
  const body = await readBody(request);
  if (body === undefined) {
    response.setHeader('connection', 'close');
    return refuse(response, 413, -32_600, `invalid request: longer than ${LONGEST_BODY} bytes`);
  }
  if (!allowanceFor(request.socket).take(requestsIn(body))) return json(response, 429, TOO_FAST);
  const rest = room.busy(request);
  response.once('close', rest);
  json(response, 200, await options.rpc(body));
}

function allowanceFor(socket: Socket): Allowance {
  const allowance = allowances.get(socket) ?? allowanceOf(() => performance.now());
  allowances.set(socket, allowance);
  return allowance;
}

/** Browsers let any page open a WebSocket anywhere: whose page it is has to be looked at here. */
function socketRefusal({ cors, hosts }: RpcServerOptions, { headers }: IncomingMessage): Refusal | undefined {
  const name = hostName(headers.host ?? '');
  if (!isOurName(name, hosts)) return ['403 Forbidden', notOurName(name)];
  const { origin } = headers;
  if (origin === undefined || cors.includes('*') || cors.includes(origin)) return undefined;
  return ['403 Forbidden', 'Pages of this origin may not call; add it to rpc.cors to allow it.'];
}

function notOurName(name: string): string {
  return `This node is not called "${name.slice(0, 100)}"; add it to rpc.hosts to allow it.`;
}

/** The body as text; `undefined` if it is too long. Rejects if the client goes away before its end. */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > LONGEST_BODY) return Promise.resolve(undefined);
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > LONGEST_BODY) {
        request.pause();
        done(undefined);
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => done((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8')));
    request.on('error', fail);
    request.on('close', () => {
      if (!request.complete) fail(new Error('the client went away'));
    });
  });
}

function hostName(header: string): string {
  return header
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

function isOurName(name: string, hosts: readonly string[]): boolean {
  return name === '' || name === 'localhost' || isIP(name) !== 0 || hosts.includes(name) || hosts.includes('*');
}

function allowOrigin(cors: readonly string[], request: IncomingMessage, response: ServerResponse): void {
  const origin = request.headers.origin;
  if (origin === undefined) return;
  response.setHeader('vary', 'origin');
  if (!cors.includes('*') && !cors.includes(origin)) return;
  response.setHeader('access-control-allow-origin', cors.includes('*') ? '*' : origin);
  response.setHeader('access-control-allow-methods', 'POST');
  response.setHeader('access-control-allow-headers', 'content-type');
  response.setHeader('access-control-max-age', '600');
}

function refuse(response: ServerResponse, status: number, code: number, message: string): void {
  if (response.headersSent) return void response.destroy();
  json(response, status, refusal(code, message));
}

function refusal(code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } });
}

function json(response: ServerResponse, status: number, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}

function plain(response: ServerResponse, status: number, sentence: string): void {
  const body = Buffer.from(`${sentence}\n`);
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length }).end(body);
}
