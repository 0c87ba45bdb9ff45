import { type Agent, type ClientRequest, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Route } from '../../../runtime/ports/index.ts';
import { limitsOf } from '../../../runtime/proxy/limits.ts';
import type { Endpoint } from '../listen.ts';
import { back, behind, isFinal, onward, reasonOf, takesTrailers } from './headers.ts';
import { sayTo, type Visit } from './visit.ts';

/** One request on its way to one container. */
export interface Passage {
  readonly visit: Visit;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly target: Endpoint;
  readonly agent: Agent;
  readonly device: string;
  /** What the proxy adds to the answer. */
  readonly added: readonly (readonly [string, string])[];
}

/** A client that takes nothing for so many silences of the route is given up. */
const STALLS_LIMIT = 5;

/**
 * Sends the request on and streams the answer back; each side waits for the other. Answers, when all is over, whether the
 * container was reached: if not, not a byte of the request has left, and it may go elsewhere.
 */
export function pass(passage: Passage): Promise<boolean> {
  return new Promise((resolve) => {
    const { visit, response, route, target, agent, device } = passage;
    const { request, admitted } = visit;
    const limits = limitsOf(route);
    const outgoing = openRequest({
      agent,
      host: target.host,
      port: target.port,
      method: request.method,
      path: admitted.target,
      headers: onward(request, { device, host: admitted.host }),
      timeout: limits.answerMs,
      setHost: false,
    });
    let isReached = false;
    const leave = () => {
      outgoing.destroy();
      resolve(true);
    };
    response.once('close', leave);
    whenConnected(outgoing, limits.connectMs, () => {
      isReached = true;
      if (request.headers.expect !== undefined) response.writeContinue();
      sendBody(passage, outgoing);
    });
    outgoing.on('error', (error) => {
      if (isReached || response.closed) return broken(passage, error);
      response.removeListener('close', leave);
      resolve(false);
    });
    outgoing.on('information', ({ statusCode, headers }) => {
      if (statusCode === 103 && request.httpVersion === '1.1') hint(response, String(headers['link'] ?? ''));
    });
    outgoing.on('upgrade', (_, upstream) => {
      upstream.destroy();
      broken(passage, new Error('it speaks another protocol than it was asked for'));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(TOO_LATE)));
    outgoing.on('response', (incoming) => {
      if (isFinal(incoming)) answer(passage, outgoing, incoming);
      else outgoing.destroy(new Error('its status is none'));
    });
  });
}

const TOO_LATE = 'too late';

/** Passes on what an app says it will link to. Hints may get lost: those that Node does not take are left out. */
function hint(response: ServerResponse, links: string): void {
  try {
    response.writeEarlyHints({ link: links.split(/,\s*(?=<)/) });
  } catch {
    // The answer itself comes.
  }
}

/** Calls back as soon as there is a connection; without one in time the request fails. */
function whenConnected(outgoing: ClientRequest, withinMs: number, connected: () => void): void {
  const timer = setTimeout(() => outgoing.destroy(new Error(TOO_LATE)), withinMs);
  outgoing.once('close', () => clearTimeout(timer));
  const ready = () => {
    clearTimeout(timer);
    connected();
  };
  outgoing.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', ready);
    else ready();
  });
}

/** The client's body, as far as the route lets it be. A client that falls silent within it is given up. */
function sendBody({ visit, response, route }: Passage, outgoing: ClientRequest): void {
  const { request } = visit;
  const { bodyBytes, idleMs } = limitsOf(route);
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= bodyBytes) return;
    sayTo(response, 413, tooLong(bodyBytes));
    outgoing.destroy();
  });
  request.setTimeout(idleMs, () => {
    sayTo(response, 408, `The request fell silent for ${idleMs / 1000} seconds.`);
    outgoing.destroy();
  });
  request.once('end', () => {
    request.setTimeout(0);
    outgoing.addTrailers(behind(request.rawTrailers));
  });
  request.pipe(outgoing);
}

export function tooLong(limitBytes: number): string {
  return `The body is longer than this route takes: ${limitBytes} bytes.`;
}

function answer(passage: Passage, outgoing: ClientRequest, incoming: IncomingMessage): void {
  const { visit, response, route, added } = passage;
  const { idleMs } = limitsOf(route);
  if (response.headersSent || response.destroyed) return void outgoing.destroy();
  visit.headMs = performance.now();
  response.writeHead(incoming.statusCode!, reasonOf(incoming), back(incoming, added));
  incoming.on('data', (chunk: Buffer) => {
    visit.bytes += chunk.length;
  });
  watchSilence(outgoing, response, idleMs, () => {
    visit.failure = 'timeout';
    response.destroy();
  });
  incoming.on('error', () => {
    visit.failure ??= 'broken';
    response.destroy();
  });
  if (takesTrailers(visit.request)) incoming.once('end', () => response.addTrailers(behind(incoming.rawTrailers)));
  incoming.pipe(response);
}

/** Silence because the client does not take what is there is no fault of the container's, and borne for longer. */
function watchSilence(outgoing: ClientRequest, response: ServerResponse, idleMs: number, tooLong: () => void): void {
  const { socket } = outgoing;
  if (!socket) return;
  let stalls = 0;
  const silent = () => {
    if (response.writableNeedDrain && ++stalls < STALLS_LIMIT) socket.setTimeout(idleMs);
    else tooLong();
  };
  response.on('drain', () => {
    stalls = 0;
  });
  outgoing.removeAllListeners('timeout');
  socket.on('timeout', silent);
  // The connection goes on to other requests.
  outgoing.once('close', () => socket.removeListener('timeout', silent));
  socket.setTimeout(idleMs);
}

/** The container was reached and then failed. */
function broken({ visit, response, route, device, added }: Passage, error: Error): void {
  // The client has left, or has been answered already.
  if (response.destroyed || response.writableEnded) return;
  const who = `${route.app} r${route.revision} on ${device}`;
  const isLate = error.message === TOO_LATE;
  visit.failure ??= isLate ? 'timeout' : 'broken';
  if (isLate) sayTo(response, 504, `${who} did not answer within ${limitsOf(route).answerMs / 1000} seconds.`, added);
  else sayTo(response, 502, `${who} broke off.`, added);
}
