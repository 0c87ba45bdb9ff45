import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Session } from '../../runtime/node.ts';

export interface RpcSocketOptions {
  /** Opens what stands behind a connection; `undefined` while there is nothing. */
  readonly session: (send: (text: string) => void) => Session | undefined;
  /** Why a connection is not taken: status and sentence; `undefined`: it is. */
  readonly refusal: (request: IncomingMessage) => { readonly status: string; readonly sentence: string } | undefined;
}

const MAX_CONNECTIONS = 256;
const LARGEST_MESSAGE = 2 * 1024 * 1024;
/** A client that leaves so much unread is let go: it is not buffered for ever. */
export const LARGEST_BACKLOG = 16 * 1024 * 1024;
const PING_MS = 30_000;

/** JSON-RPC over WebSocket on a server that already answers it over HTTP. Carries text, and knows nothing of what it says. */
export function rpcOverWebSocket(server: Server, options: RpcSocketOptions): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    const isFull = sockets.clients.size >= MAX_CONNECTIONS;
    const refusal = isFull
      ? { status: '503 Service Unavailable', sentence: `${MAX_CONNECTIONS} clients are connected; try again later` }
      : options.refusal(request);
    if (refusal) return void stream.end(refused(refusal.status, refusal.sentence));
    sockets.handleUpgrade(request, stream, head, (socket) => serve(socket, options));
  });
  const pinging = setInterval(() => sockets.clients.forEach(ping), PING_MS).unref();
  const end = () => {
    clearInterval(pinging);
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
  // A server that is told to close waits for its connections; those of WebSockets are not among them.
  const close = server.close.bind(server);
  server.close = (callback) => {
    end();
    return close(callback);
  };
}

const alive = new WeakSet<WebSocket>();

function serve(socket: WebSocket, { session: open }: RpcSocketOptions): void {
  const send = (text: string) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > LARGEST_BACKLOG) socket.terminate();
    else socket.send(text);
  };
  const session = open(send);
  if (!session) return void socket.close(1013, 'the node is starting');
  alive.add(socket);
  socket.on('error', () => socket.terminate());
  socket.on('pong', () => alive.add(socket));
  socket.on('close', () => session.close());
  socket.on('message', (data, isBinary) => {
    if (isBinary) socket.close(1003, 'JSON-RPC comes as text');
    else session.receive(textOf(data));
  });
}

/** Whoever did not answer the last time is gone. */
function ping(socket: WebSocket): void {
  if (!alive.delete(socket)) return void socket.terminate();
  socket.ping();
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');
}

function refused(status: string, sentence: string): string {
  const body = `${sentence}\n`;
  return `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
