import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Route } from '../runtime/ports/index.ts';
import type { Board } from './board.ts';
import { type Handler, sendText } from './http.ts';

const ANSWER_DEADLINE_MS = 15_000;
/** A container may go just as its route does: a request that reached nobody is tried again this often, so much later. */
const ATTEMPTS = 3;
const RETRY_MS = 100;
/** Headers that belong to one connection and not to the message (RFC 9110, 7.6.1). */
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/** What phones and browsers nearby reach: the app that the device's routes lead to. */
export function boardProxy(board: Board): Handler {
  return async (request, response) => {
    for (let attempt = 1; ; attempt += 1) {
      const route = findRoute(board.routes, request.url ?? '/');
      if (!route) {
        sendText(response, 503, absence(board));
        return;
      }
      const isLast = attempt === ATTEMPTS || (request.method !== 'GET' && request.method !== 'HEAD');
      if (await forward(board, route, request, response)) return;
      if (isLast) {
        sendText(response, 502, `${route.app} r${route.revision} on ${board.identity.name} does not answer`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
}

/** The first route whose path prefix fits. */
export function findRoute(routes: readonly Route[], url: string): Route | undefined {
  const path = url.split('?')[0]!;
  return routes.find(({ path: prefix }) => {
    const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
    return path === prefix || path.startsWith(folder);
  });
}

function absence(board: Board): string {
  const { name } = board.identity;
  if (!board.running) return `${name} is not running`;
  return board.routes.length === 0 ? `${name} serves nothing yet` : `${name} serves nothing under this path`;
}

/** Whether the container was reached; if not, nothing has been answered. */
function forward(board: Board, route: Route, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const { engine } = board;
  response.setHeader('x-classpad-device', board.identity.name);
  response.setHeader('x-classpad-release', `${route.app} r${route.revision}`);
  if (engine.reach) return forwardReal(engine.reach, route, request, response);
  const { method = 'GET', url = '/' } = request;
  const answer = engine.answer?.(route.containerId, route.port, { method, path: url });
  if (answer)
    response.writeHead(answer.status, { 'content-type': answer.contentType }).end(method === 'HEAD' ? undefined : answer.body);
  return Promise.resolve(answer !== undefined);
}

async function forwardReal(
  reach: NonNullable<Board['engine']['reach']>,
  { containerId, port }: Route,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const address = await reach(containerId, port).catch(() => undefined);
  if (!address) return false;
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopByHop.has(name)));
  return new Promise((resolve) => {
    const { method, url: path } = request;
    const onward = httpRequest({ ...address, method, path, headers, timeout: ANSWER_DEADLINE_MS, agent: false });
    onward.on('response', (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
      answer.pipe(response);
      // Too late to try again: the client has the first part of the answer.
      answer.on('error', () => response.destroy());
      resolve(true);
    });
    onward.on('timeout', () => onward.destroy());
    onward.on('error', () => resolve(false));
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
}
