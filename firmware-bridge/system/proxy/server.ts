import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { refusalOf, refuseOn, refuseTheRest } from '../refuse.ts';
import { sayTo } from './visit.ts';

/** What is done with what got through. */
export interface Handlers {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const MOST_CONNECTIONS = 2_048;
const MOST_HEADERS = 100;
const HEADERS_BYTES = 16 * 1024;
const HEADERS_MS = 10_000;
const KEEP_ALIVE_MS = 15_000;
/** Requests of one connection that wait for their answers. */
const MOST_IN_A_ROW = 32;

/** A server that bounds what a client may take up: connections, the time and size of headers, requests in a row. */
export function guardedServer(handlers: Handlers): Server {
  const inRow = new WeakMap<Socket, number>();
  const answers = new WeakMap<Socket, ServerResponse>();
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const waiting = (inRow.get(socket) ?? 0) + 1;
    inRow.set(socket, waiting);
    answers.set(socket, response);
    response.once('close', () => {
      inRow.set(socket, (inRow.get(socket) ?? 1) - 1);
      if (answers.get(socket) === response) answers.delete(socket);
    });
    if (waiting > MOST_IN_A_ROW) sayTo(response, 429, 'Too many requests of this connection wait for their answers.');
    else if (request.rawHeaders.length > 2 * MOST_HEADERS) sayTo(response, 431, `There are more than ${MOST_HEADERS} headers.`);
    else handlers.request(request, response);
  };
  // A length of headers beyond which Node would leave some out unsaid does not exist here: what a header says counts.
  const limits = { maxHeaderSize: HEADERS_BYTES, headersTimeout: HEADERS_MS, requestTimeout: 0 };
  const server = createServer({ ...limits, requireHostHeader: false }, take);
  server.maxHeadersCount = 0;
  server.maxConnections = MOST_CONNECTIONS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.on('checkContinue', take);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    handlers.upgrade(request, socket, head);
  });
  refuseTheRest(server);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Whoever is being answered gets that answer and no other.
    if (answers.get(socket as Socket)?.headersSent) socket.end();
    else refuseOn(socket, refusalOf(error));
  });
  return server;
}
