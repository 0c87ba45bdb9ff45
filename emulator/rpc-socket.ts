import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Session } from '../runtime/node.ts';
import { isLocalName } from './http.ts';

/** Opens a session with a device; `ended` is called when the device goes away. `undefined` while it is down. */
export type SessionDoor = (send: (text: string) => void, ended: () => void) => Session | undefined;

const CONNECTIONS_LIMIT = 128;
const MESSAGE_LIMIT_BYTES = 2 * 1024 * 1024;
/** A client that reads slower than this is let go. */
const BACKLOG_LIMIT_BYTES = 16 * 1024 * 1024;
const TRY_AGAIN_LATER = 1013;

/** JSON-RPC over WebSocket on a server that answers it over HTTP, for programs of this machine. Answers how to end it. */
export function rpcOverWebSocket(server: Server, door: SessionDoor): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    if (!isOurs(request) || sockets.clients.size >= CONNECTIONS_LIMIT) {
      stream.end(
        'HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nJSON-RPC is for programs of this machine, not for web pages\n',
      );
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => serve(socket, door));
  });
  return () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
}

/** A page of another site could otherwise speak to the fleet through its visitor's browser. */
function isOurs({ headers: { host, origin } }: IncomingMessage): boolean {
  return isLocalName(host) && (origin === undefined || isLocalName(origin.replace(/^https?:\/\//, '')));
}

function serve(socket: WebSocket, door: SessionDoor): void {
  const send = (text: string) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > BACKLOG_LIMIT_BYTES) socket.terminate();
    else socket.send(text);
  };
  const session = door(send, () => socket.close(TRY_AGAIN_LATER, 'the device is not running'));
  socket.on('error', () => socket.terminate());
  if (!session) return void socket.close(TRY_AGAIN_LATER, 'the device is not running');
  socket.on('close', () => session.close());
  socket.on('message', (data, isBinary) => {
    if (isBinary) socket.close(1003, 'JSON-RPC comes as text');
    else session.receive(textOf(data));
  });
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');
}
