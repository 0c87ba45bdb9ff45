import { type IncomingMessage, request as openRequest, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { Route } from '../../../runtime/ports/index.ts';
import { limitsOf, UPGRADED_IDLE_MS } from '../../../runtime/proxy/limits.ts';
import type { Endpoint } from '../listen.ts';
import { back, isFinal, onward, reasonOf } from './headers.ts';
import { sayTo, type Visit } from './visit.ts';

/** A connection that asks for another protocol, on its way to one container. */
export interface Passenger {
  readonly visit: Visit;
  readonly socket: Duplex;
  /** What the client has sent after its request already. */
  readonly head: Buffer;
  readonly route: Route;
  readonly target: Endpoint;
  readonly device: string;
  readonly added: readonly (readonly [string, string])[];
}

/** How an upgrade ended: `unreached`, and then nothing has been said to the client; else the status it got. */
export type Landing = 'unreached' | number;

/** An answer to a request that came with an upgrade, for which Node makes none. The connection ends with it. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(socket as Socket);
  response.shouldKeepAlive = false;
  response.on('finish', () => socket.end());
  return response;
}

/**
 * Asks the container for the protocol that the client wants (WebSocket, or any other) and joins the two connections.
 * A container that says no is passed on as it speaks. Resolves when all is over.
 */
export function passUpgrade(passenger: Passenger): Promise<Landing> {
  return new Promise((resolve) => {
    const { visit, socket, route, target, device } = passenger;
    const { request, admitted } = visit;
    const { connectMs, answerMs } = limitsOf(route);
    const outgoing = openRequest({
      agent: false,
      host: target.host,
      port: target.port,
      method: request.method,
      path: admitted.target,
      headers: onward(request, { device, host: admitted.host }, isTunnel(request) ? undefined : request.headers.upgrade),
      timeout: answerMs,
      setHost: false,
    });
    let isReached = false;
    /** What the client was told, once it was. */
    let told = 0;
    const timer = setTimeout(() => outgoing.destroy(), connectMs);
    const end = (landing: Landing) => {
      clearTimeout(timer);
      outgoing.destroy();
      resolve(landing);
    };
    socket.once('close', () => end(told));
    outgoing.once('socket', (own) =>
      own.once('connect', () => {
        isReached = true;
        clearTimeout(timer);
      }),
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('too late')));
    outgoing.on('error', (error) => {
      if (!isReached && !socket.destroyed) return end('unreached');
      if (told !== 0 || socket.destroyed) return end(told);
      visit.failure = error.message === 'too late' ? 'timeout' : 'broken';
      told = visit.failure === 'timeout' ? 504 : 502;
      sayTo(responseOn(request, socket), told, `${route.app} r${route.revision} on ${device} broke off.`, passenger.added);
      end(told);
    });
    outgoing.on('upgrade', (answer, upstream, early) => {
      told = 101;
      join(passenger, answer, upstream, early);
    });
    outgoing.on('response', (answer) => {
      if (!isFinal(answer)) return void outgoing.destroy(new Error('its status is none'));
      told = answer.statusCode!;
      decline(passenger, answer, told);
    });
    outgoing.end();
  });
}

/**
 * HTTP/2 in the clear carries requests of its own, past routes, limits and log: whoever offers it is answered in HTTP/1.1, which its
 * clients take as well (RFC 9110, 7.8).
 */
function isTunnel({ headers }: IncomingMessage): boolean {
  return /\bh2c\b/i.test(String(headers.upgrade));
}

/** From here on both ends speak as they like; what one says the other hears, at the pace of the slower. */
function join({ visit, socket, head, route, added }: Passenger, answer: IncomingMessage, upstream: Duplex, early: Buffer): void {
  visit.headMs = performance.now();
  const idleMs = route.limits?.idleMs ?? UPGRADED_IDLE_MS;
  const headers = [
    'Connection',
    'Upgrade',
    'Upgrade',
    String(answer.headers.upgrade ?? visit.request.headers.upgrade),
    ...back(answer, added),
  ];
  const lines = Array.from({ length: headers.length / 2 }, (_, index) => `${headers[2 * index]}: ${headers[2 * index + 1]}\r\n`);
  socket.write(`HTTP/1.1 101 ${reasonOf(answer) || 'Switching Protocols'}\r\n${lines.join('')}\r\n`);
  (socket as Socket).setTimeout(idleMs, () => socket.destroy());
  (upstream as Socket).setTimeout(0);
  const part = () => {
    socket.destroy();
    upstream.destroy();
  };
  for (const end of [socket, upstream]) end.on('error', part).on('close', part);
  upstream.on('data', (chunk: Buffer) => {
    visit.bytes += chunk.length;
  });
  if (early.length > 0) socket.write(early);
  if (head.length > 0) upstream.write(head);
  socket.pipe(upstream);
  upstream.pipe(socket);
}

/** The container's own no; the connection ends with it. */
function decline({ visit, socket, added }: Passenger, answer: IncomingMessage, status: number): void {
  visit.headMs = performance.now();
  const response = responseOn(visit.request, socket);
  response.writeHead(status, reasonOf(answer), back(answer, added));
  answer.on('error', () => socket.destroy());
  answer.pipe(response);
}
