import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Route } from '../../runtime/ports/index.ts';
import { bound, type Endpoint } from './listen.ts';

export interface ProxyOptions {
  /** Where a container's port answers; rejects if it does not run. */
  readonly reach: (containerId: string, port: number) => Promise<Endpoint>;
  /** Name of the device, for the sentences. */
  readonly device: string;
}

export interface ReverseProxy {
  readonly server: Server;
  /** Replaces all routes. Requests under way keep the container they have. */
  serve(routes: readonly Route[]): void;
}

/** Longest silence of a container within an answer. */
const SILENCE_MS = 60_000;
const MAX_CONNECTIONS = 1024;
/** A container may go just as its route does: what reached nobody is tried again. */
const ATTEMPTS = 3;
const RETRY_MS = 100;

/** Headers between two neighbours that are not passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A streaming reverse proxy for the device's routes. It owns the port, so containers need none on the host. */
export function createProxy(options: ProxyOptions): ReverseProxy {
  let routes: readonly Route[] = [];
  const server = createServer((request, response) => {
    response.setHeader('x-classpad-device', options.device);
    forward(options, () => routes, request, response).catch(() =>
      answer(response, 502, `The app on ${options.device} broke off.`),
    );
  });
  bound(server, MAX_CONNECTIONS);
  return {
    server,
    serve: (next) => {
      routes = next;
    },
  };
}

/** Finds the route and passes the request on; one that reached nobody and has no body is tried again on the routes of then. */
async function forward(
  options: ProxyOptions,
  routes: () => readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '/';
  if (!path.startsWith('/')) return answer(response, 400, 'A path begins with "/".');
  const attempts = request.method === 'GET' || request.method === 'HEAD' ? ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    const route = routes().find((row) => fits(row.path, path));
    if (!route) return answer(response, 503, absence(options.device, routes()));
    response.setHeader('x-classpad-release', `${route.app} r${route.revision}`);
    const target = await options.reach(route.containerId, route.port).catch(() => undefined);
    if (target && (await pass(options, route, target, request, response))) return;
    if (attempt === attempts)
      return answer(response, 502, `${route.app} r${route.revision} on ${options.device} does not answer.`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function absence(device: string, routes: readonly Route[]): string {
  if (routes.length === 0) return `${device} serves nothing yet.`;
  return `${device} serves nothing under this path; it serves ${routes.map((row) => row.path).join(', ')}.`;
}

/** Sends the request on and streams the answer back. Answers whether the container was reached, when the exchange is over. */
function pass(
  options: ProxyOptions,
  route: Route,
  target: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = openRequest({
      host: target.host,
      port: target.port,
      method: request.method,
      path: request.url,
      headers: forwarded(request),
      timeout: SILENCE_MS,
      agent: false,
    });
    let connected = false;
    const over = () => {
      outgoing.destroy();
      resolve(true);
    };
    outgoing.on('socket', (socket) => {
      socket.on('connect', () => {
        connected = true;
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', (error) => {
      if (!connected && !response.closed) {
        response.removeListener('close', over);
        return resolve(false);
      }
      const who = `${route.app} r${route.revision} on ${options.device}`;
      if (error.message === 'timeout') answer(response, 504, `${who} did not answer within ${SILENCE_MS / 1000} seconds.`);
      else answer(response, 502, `${who} broke off.`);
      resolve(true);
    });
    outgoing.on('response', (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, withoutHops(incoming.headers));
      incoming.on('error', () => response.destroy());
      incoming.pipe(response);
    });
    response.on('close', over);
    request.pipe(outgoing);
  });
}

/** Whether a path lies under a prefix, part by part: `/shop` holds `/shop/a` and `/shop?b`, not `/shops`. */
export function fits(prefix: string, path: string): boolean {
  if (prefix.endsWith('/')) return path.startsWith(prefix);
  if (!path.startsWith(prefix)) return false;
  const next = path[prefix.length];
  return next === undefined || next === '/' || next === '?';
}

function forwarded(request: IncomingMessage): IncomingHttpHeaders {
  const client = request.socket.remoteAddress ?? '';
  const before = request.headers['x-forwarded-for'];
  return {
    ...withoutHops(request.headers),
    // A body of unknown length stays one; without a body this header would promise one.
    ...(request.headers['transfer-encoding'] ? { 'transfer-encoding': 'chunked' } : {}),
    'x-forwarded-for': before ? `${before}, ${client}` : client,
    'x-forwarded-host': request.headers.host ?? '',
    'x-forwarded-proto': 'http',
  };
}

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = String(headers.connection ?? '')
    .toLowerCase()
    .split(/\s*,\s*/);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.includes(name)));
}

/** A sentence of the proxy's own; too late for one, the connection just ends. */
function answer(response: ServerResponse, status: number, sentence: string): void {
  if (response.headersSent) return void response.destroy();
  const body = Buffer.from(`${sentence}\n`);
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  });
  response.end(body);
}
