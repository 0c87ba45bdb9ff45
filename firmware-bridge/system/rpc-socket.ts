import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Session } from '../../runtime/node.ts';
import { type Refusal, refuseOn } from './refuse.ts';

/** Opens what stands behind a connection, and calls `ended` if that goes away; `undefined` while there is nothing. */
export type SessionDoor = (send: (text: string) => void, ended: () => void) => Session | undefined;

export interface RpcSocketOptions {
  readonly session: SessionDoor;
  /** Why a connection is not taken; `undefined`: it is. */
  readonly refusal: (request: IncomingMessage) => Refusal | undefined;
}

/** One connection. */
interface Guest {
  readonly socket: WebSocket;
  readonly session: Session;
  /** Of its host. */
  readonly address: string;
  /** It answered the last ping. */
  isAlive: boolean;
}

export const MAX_SOCKETS = 256;
const LARGEST_MESSAGE = 2 * 1024 * 1024;
/** A client that leaves so much unread is let go: it is not buffered for ever. */
export const LARGEST_BACKLOG = 16 * 1024 * 1024;
/** Of all clients together: beyond it the one goes that has left the most unread. */
const MOST_UNREAD = 64 * 1024 * 1024;
/** So little unread is looked at no further. */
const LITTLE_UNREAD = 64 * 1024;
const PING_MS = 30_000;
const TRY_AGAIN_LATER = 1013;

/**
 * JSON-RPC over WebSocket on a server that already answers it over HTTP. Carries text, and knows nothing of what it says.
 * Where all places are taken, a newcomer gets that of {@link leastMissed}.
 */
export function rpcOverWebSocket(server: Server, options: RpcSocketOptions): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false });
  /** The one that has been quiet for longest first. */
  const guests = new Set<Guest>();
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    const refusal = options.refusal(request);
    if (refusal) return refuseOn(stream, refusal);
    const address = request.socket.remoteAddress ?? '';
    sockets.handleUpgrade(request, stream, head, (socket) => {
      if (guests.size >= MAX_SOCKETS) dismiss(leastMissed(guests), guests);
      serve(socket, address, options.session, guests);
    });
  });
  const pinging = setInterval(() => [...guests].forEach(ping), PING_MS).unref();
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

function serve(socket: WebSocket, address: string, open: SessionDoor, guests: Set<Guest>): void {
  const send = (text: string) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > LARGEST_BACKLOG) return socket.terminate();
    socket.send(text);
    if (socket.bufferedAmount > LITTLE_UNREAD) relieve(guests);
  };
  socket.on('error', () => socket.terminate());
  const session = open(send, () => socket.close(TRY_AGAIN_LATER, 'the node is not running'));
  if (!session) return void socket.close(TRY_AGAIN_LATER, 'the node is not running');
  const guest: Guest = { socket, session, address, isAlive: true };
  guests.add(guest);
  socket.on('pong', () => {
    guest.isAlive = true;
  });
  socket.on('close', () => {
    guests.delete(guest);
    session.close();
  });
  socket.on('message', (data, isBinary) => {
    // What came before the end of a connection is still told of after it.
    if (socket.readyState !== socket.OPEN) return;
    if (isBinary) return void socket.close(1003, 'JSON-RPC comes as text');
    if (guests.delete(guest)) guests.add(guest);
    session.receive(textOf(data));
  });
}

/**
 * Of the host with the most connections, the one that has been quiet for longest; rather one that has subscribed to nothing,
 * for who listens has a reason to be quiet. So whoever opens hundreds and says nothing pushes out its own.
 */
function leastMissed(guests: ReadonlySet<Guest>): Guest {
  const hosts = new Map<string, Guest[]>();
  for (const guest of guests) hosts.set(guest.address, [...(hosts.get(guest.address) ?? []), guest]);
  const most = [...hosts.values()].reduce((a, b) => (b.length > a.length ? b : a));
  return most.find(({ session }) => !session.listens?.()) ?? most[0]!;
}

/** Hundreds that read nothing would else fill the memory, each within what one may. */
function relieve(guests: ReadonlySet<Guest>): void {
  const sockets = [...guests].map(({ socket }) => socket).filter(({ readyState, OPEN }) => readyState === OPEN);
  let unread = sockets.reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
  if (unread <= MOST_UNREAD) return;
  for (const socket of sockets.sort((a, b) => b.bufferedAmount - a.bufferedAmount)) {
    if (unread <= MOST_UNREAD) return;
    unread -= socket.bufferedAmount;
    socket.terminate();
  }
}

function dismiss(guest: Guest, guests: Set<Guest>): void {
  guests.delete(guest);
  guest.socket.close(TRY_AGAIN_LATER, 'others need the place');
  setTimeout(() => guest.socket.terminate(), 1_000).unref();
}

/** Whoever did not answer the last time is gone. */
function ping(guest: Guest): void {
  if (!guest.isAlive) return void guest.socket.terminate();
  guest.isAlive = false;
  guest.socket.ping();
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');
}
