import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Exchange, Route } from '../runtime/ports/index.ts';
import { answerHeaders, WELL_KNOWN } from '../runtime/proxy/answer-headers.ts';
import { limitsOf } from '../runtime/proxy/limits.ts';
import { absence, findRoute } from '../runtime/proxy/match.ts';
import type { Board } from './board.ts';
import { type Handler, sendText } from './http.ts';

/** A container may go just as its route does: a request that reached nobody is tried again this often, so much later. */
const ATTEMPTS = 4;
const RETRY_MS = 100;
/** Headers that belong to one connection and not to the message (RFC 9110, 7.6.1). */
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/** What phones and browsers nearby reach: the app that the device's routes lead to. */
export function boardProxy(board: Board, nowMs: () => number): Handler {
  return async (request, response) => {
    const startedMs = nowMs();
    if (request.url?.startsWith(WELL_KNOWN)) return sayWhoItIs(board, request.url, response);
    for (let attempt = 1; ; attempt += 1) {
      const route = findRoute(board.routes, request.headers.host ?? '', request.url ?? '/');
      if (!route) return sendText(response, 503, whyNot(board));
      const outcome = await attemptOf(board, route, request, response);
      if (outcome !== 'unreached' || attempt === ATTEMPTS) {
        if (outcome === 'unreached')
          sendText(response, 502, `${route.app} r${route.revision} on ${board.identity.name} does not answer.`);
        board.observed(toExchange({ route, request, outcome, startedMs, endedMs: nowMs() }));
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
}

async function sayWhoItIs(board: Board, target: string, response: ServerResponse): Promise<void> {
  const text = await board.wellKnown(target);
  if (text === undefined) return sendText(response, 404, `${board.identity.name} has nothing to say here.`);
  response.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'access-control-allow-origin': '*',
  });
  response.end(text);
}

interface Answered {
  readonly status: number;
  readonly bytes: number;
}

type Outcome = 'unreached' | Answered;

function whyNot(board: Board): string {
  const { name } = board.identity;
  return board.running ? absence(name, board.routes) : `${name} is not running.`;
}

/** A container that loses its route meanwhile is not stopped before the end of it. */
async function attemptOf(board: Board, route: Route, request: IncomingMessage, response: ServerResponse): Promise<Outcome> {
  const end = board.underWay.begin(route.containerId);
  try {
    return await forward(board, route, request, response);
  } finally {
    end();
  }
}

async function forward(board: Board, route: Route, request: IncomingMessage, response: ServerResponse): Promise<Outcome> {
  const { engine } = board;
  for (const [name, value] of answerHeaders(board.identity.name, route)) response.setHeader(name, value);
  if (engine.reach) return forwardReal(board, engine.reach, route, request, response);
  const { method = 'GET', url = '/' } = request;
  const answer = engine.answer?.(route.containerId, route.port, { method, path: url });
  if (!answer) return 'unreached';
  response.writeHead(answer.status, { 'content-type': answer.contentType }).end(method === 'HEAD' ? undefined : answer.body);
  return { status: answer.status, bytes: Buffer.byteLength(answer.body) };
}

async function forwardReal(
  board: Board,
  reach: NonNullable<Board['engine']['reach']>,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Outcome> {
  const address = await reach(route.containerId, route.port).catch(() => undefined);
  if (!address) return 'unreached';
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopByHop.has(name)));
  return new Promise((resolve) => {
    const { method, url: path } = request;
    const onward = httpRequest({ ...address, method, path, headers, timeout: limitsOf(route).answerMs, agent: false });
    let bytes = 0;
    let isReached = false;
    onward.once('socket', (socket) =>
      socket.once('connect', () => {
        isReached = true;
        request.pipe(onward);
      }),
    );
    onward.on('response', (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.pipe(response);
      // Too late to try again: the client has the first part of the answer.
      answer.on('error', () => response.destroy());
    });
    onward.on('timeout', () => onward.destroy());
    onward.on('error', () => {
      if (!isReached) resolve('unreached');
      else if (!response.destroyed)
        sendText(response, 502, `${route.app} r${route.revision} on ${board.identity.name} broke off.`);
    });
    response.on('close', () => {
      onward.destroy();
      resolve({ status: response.headersSent ? response.statusCode : 0, bytes });
    });
  });
}

interface Ended {
  readonly route: Route;
  readonly request: IncomingMessage;
  readonly outcome: Outcome;
  readonly startedMs: number;
  readonly endedMs: number;
}

function toExchange({ route, request, outcome, startedMs, endedMs }: Ended): Exchange {
  const isReached = outcome !== 'unreached';
  return {
    app: route.app,
    revision: route.revision,
    atMs: startedMs,
    tookUs: Math.round((endedMs - startedMs) * 1000),
    method: request.method ?? 'GET',
    host: request.headers.host ?? '',
    path: (request.url ?? '/').split('?')[0]!,
    status: isReached ? outcome.status : 502,
    ...(!isReached && { failure: 'connect' as const }),
    bytes: isReached ? outcome.bytes : 0,
  };
}
