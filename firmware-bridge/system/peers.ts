import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { MAX_MESSAGE_BYTES } from '../../runtime/consensus/messages.ts';
import type { Logger, Sister } from '../../runtime/ports/index.ts';

export interface PeersOptions {
  /** Name of this node; peers know it by it. */
  readonly name: string;
  /** What all nodes of a ledger know: the bytes of its genesis, and a secret if the operator set one. */
  readonly ledger: string;
  readonly secret?: string;
  /** Addresses to connect to and to stay connected with: `ws://host:port`. */
  readonly connect: readonly string[];
  /** Where this node's proxy is, once that is known: its address, or `:port` of the one by which others reach this node. */
  readonly proxy?: () => string | undefined;
  readonly log: Logger;
}

export interface Peers {
  names(): string[];
  /** Those that have said where their proxies are. */
  sisters(): Sister[];
  send(peer: string, message: Uint8Array): void;
  receive(handler: (peer: string, message: Uint8Array) => void): void;
  /** Begins to connect, and to take connections that arrive at a server. */
  open(server: Server | undefined): void;
  close(): void;
}

/** As large as any that the firmware reads: whoever has not greeted yet may make this node keep so much, too. */
const LARGEST_MESSAGE = MAX_MESSAGE_BYTES;
/** A peer that does not read: what it would have got is dropped, and it asks again. Dozens may do that at once. */
const LARGEST_BACKLOG = 2 * LARGEST_MESSAGE;
const MOST_PEERS = 64;
const GREETING_MS = 5_000;
const PING_MS = 20_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;

interface Peer {
  readonly name: string;
  readonly socket: WebSocket;
  /** Whether this node opened the connection. */
  readonly outgoing: boolean;
  /** Of its proxy. */
  readonly url: string | undefined;
}

/** Of a proxy, without a path. */
const PROXY_URL = /^https?:\/\/(?:\[[0-9a-fA-F:]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?$/;

export function isProxyUrl(text: string): boolean {
  return PROXY_URL.test(text) && URL.canParse(text);
}

/**
 * Connections to the other nodes of the ledger, over WebSocket, in both directions. Each side proves that it knows the
 * ledger (and the secret) by an HMAC over the other's random bytes, before anything else is read. There is no encryption
 * and no proof of a peer's name: blocks and transactions carry signatures of their own.
 */
export function createPeers(options: PeersOptions): Peers {
  const peers = new Map<string, Peer>();
  const stops: (() => void)[] = [];
  let handler: (peer: string, message: Uint8Array) => void = () => {};
  const welcome: Welcome = (socket, { name, url }, outgoing) => {
    const peer: Peer = { name, socket, outgoing, url };
    if (!takesPlace(peer, peers.get(name), options.name)) return socket.close(1000, 'already connected');
    peers.get(name)?.socket.close(1000, 'replaced');
    peers.set(name, peer);
    options.log.write('info', `connected with ${name}`);
    socket.on('message', (data) => handler(name, toBytes(data)));
    socket.on('close', () => {
      if (peers.get(name)?.socket !== socket) return;
      peers.delete(name);
      options.log.write('info', `lost the connection with ${name}`);
    });
  };
  return {
    names: () => [...peers.keys()].sort(),
    sisters: () =>
      [...peers.values()]
        .flatMap(({ name, url }) => (url === undefined ? [] : [{ name, url }]))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    send: (name, message) => {
      const peer = peers.get(name);
      if (!peer || message.length > LARGEST_MESSAGE || peer.socket.bufferedAmount > LARGEST_BACKLOG) return;
      peer.socket.send(message);
    },
    receive: (next) => {
      handler = next;
    },
    open: (server) => {
      if (server) stops.push(acceptConnections(server, options, peers, welcome));
      for (const url of options.connect) stops.push(keepConnected(url, options, peers, welcome));
    },
    close: () => {
      for (const stop of stops) stop();
      for (const { socket } of peers.values()) socket.terminate();
    },
  };
}

/** Another node, as its greeting and its connection show it. */
interface Other {
  readonly name: string;
  readonly url: string | undefined;
}

type Welcome = (socket: WebSocket, other: Other, outgoing: boolean) => void;

/** Of two connections between the same nodes the one stays that the node with the smaller name opened; a newer of its kind wins. */
function takesPlace(next: Peer, now: Peer | undefined, own: string): boolean {
  if (!now || now.socket.readyState !== WebSocket.OPEN || now.outgoing === next.outgoing) return true;
  return next.outgoing === own < next.name;
}

function acceptConnections(server: Server, options: PeersOptions, peers: Map<string, Peer>, welcome: Welcome): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false });
  server.on('upgrade', (request, stream: Duplex, head) => {
    stream.on('error', () => stream.destroy());
    if (peers.size + sockets.clients.size >= 2 * MOST_PEERS) return stream.destroy();
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const host = request.socket.remoteAddress ?? '';
      const isTrusted = options.secret !== undefined;
      greet(
        socket,
        options,
        { host, isTrusted },
        { welcome: (other) => welcome(socket, other, false), refused: () => socket.terminate() },
      );
    });
  });
  return () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
}

/** Connects again and again, with growing pauses, while there is no connection with that node. */
function keepConnected(url: string, options: PeersOptions, peers: Map<string, Peer>, welcome: Welcome): () => void {
  let stopped = false;
  let retryMs = FIRST_RETRY_MS;
  let known = '';
  let complaint = '';
  let timer: NodeJS.Timeout | undefined;
  let socket: WebSocket | undefined;
  const again = () => {
    if (stopped) return;
    timer = setTimeout(attempt, retryMs * (0.75 + Math.random() / 2));
    retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
  };
  const attempt = () => {
    if (peers.has(known)) return again();
    socket = new WebSocket(url, { maxPayload: LARGEST_MESSAGE, perMessageDeflate: false, handshakeTimeout: GREETING_MS });
    const opened = socket;
    opened.on('close', again);
    greet(
      opened,
      options,
      { host: new URL(url).hostname, isTrusted: true },
      {
        welcome: (other) => {
          known = other.name;
          retryMs = FIRST_RETRY_MS;
          complaint = '';
          welcome(opened, other, true);
        },
        refused: (reason) => {
          complain(`cannot connect with ${url}: ${reason}`);
          opened.terminate();
        },
      },
    );
  };
  const complain = (sentence: string) => {
    if (sentence !== complaint) options.log.write('warn', sentence);
    complaint = sentence;
  };
  attempt();
  return () => {
    stopped = true;
    clearTimeout(timer);
    socket?.terminate();
  };
}

interface Greeted {
  readonly welcome: (other: Other) => void;
  readonly refused: (reason: string) => void;
}

/**
 * Both sides say their name and 32 random bytes, then prove that they know the ledger. Calls back once, at once: the next
 * message may already be there.
 */
function greet(socket: WebSocket, options: PeersOptions, from: Whence, greeted: Greeted): void {
  const nonce = randomBytes(32).toString('hex');
  const own = options.proxy?.() ?? '';
  let other: { readonly name: string; readonly nonce: string; readonly proxy: string } | undefined;
  const settle = (refusal: string | undefined) => {
    if (deadline === undefined) return;
    clearTimeout(deadline);
    deadline = undefined;
    socket.removeListener('message', read);
    if (refusal === undefined) greeted.welcome({ name: other?.name ?? '', url: proxyUrl(other?.proxy ?? '', from) });
    else greeted.refused(refusal);
  };
  const read = (data: RawData) => {
    const { name, nonce: theirs, proof: shown, proxy = '' } = readGreeting(data);
    if (other) {
      const proven = shown !== undefined && isEqual(shown, proof(options, { ...other, nonce }));
      return settle(proven ? undefined : 'it follows another ledger, or has another secret');
    }
    if (name === undefined || theirs === undefined) return settle('it does not greet like a classpad node');
    if (name === options.name) return settle(`it calls itself ${name} too; every node needs a name of its own`);
    other = { name, nonce: theirs, proxy };
    socket.send(JSON.stringify({ proof: proof(options, { name: options.name, proxy: own, nonce: theirs }) }));
  };
  let deadline: NodeJS.Timeout | undefined = setTimeout(() => settle('it said nothing within 5 seconds'), GREETING_MS);
  keepAlive(socket);
  socket.on('message', read);
  socket.on('close', () => settle('it closed the connection'));
  socket.on('error', (error) => settle(error.message));
  const hello = () => socket.send(JSON.stringify({ name: options.name, nonce, ...(own && { proxy: own }) }));
  if (socket.readyState === WebSocket.OPEN) hello();
  else socket.once('open', hello);
}

/** Ends a connection whose other side has not answered a ping since the last one. */
function keepAlive(socket: WebSocket): void {
  let heard = true;
  socket.on('pong', () => {
    heard = true;
  });
  const timer = setInterval(() => {
    if (!heard) return socket.terminate();
    heard = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, PING_MS);
  socket.on('close', () => clearInterval(timer));
}

/** Over what the prover said of itself and the other's random bytes. */
function proof(options: PeersOptions, { name, proxy, nonce }: Required<Omit<Greeting, 'proof'>>): string {
  const key = createHash('sha256')
    .update(`${options.secret ?? ''}\n${options.ledger}`)
    .digest();
  return createHmac('sha256', key).update(`classpad peer 2\n${name}\n${proxy}\n${nonce}`).digest('hex');
}

function isEqual(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}

/** The fields of a greeting that are of the right form. */
function readGreeting(data: RawData): Greeting {
  const bytes = toBytes(data);
  if (bytes.length > 1024) return {};
  try {
    const fields: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof fields !== 'object' || fields === null) return {};
    return Object.fromEntries(
      Object.entries(FORMS).flatMap(([name, form]) => {
        const value = (fields as Record<string, unknown>)[name];
        return typeof value === 'string' && form.test(value) ? [[name, value]] : [];
      }),
    );
  } catch {
    return {};
  }
}

type Greeting = { readonly [field in 'name' | 'nonce' | 'proof' | 'proxy']?: string };

const FORMS: Readonly<Record<string, RegExp>> = {
  name: /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/,
  nonce: /^[0-9a-f]{64}$/,
  proof: /^[0-9a-f]{64}$/,
  proxy: new RegExp(`^:\\d{1,5}$|${PROXY_URL.source}`),
};

/** Where another node is, and whether it is known for one of the fleet: this node was told to connect to it, or it has the secret. */
interface Whence {
  readonly host: string;
  readonly isTrusted: boolean;
}

/**
 * What a node said of its proxy, as an address: whoever asks this node for its sisters is sent there, so anybody at all is believed
 * only that he is where he is. One on the loopback is of use on its own machine only.
 */
function proxyUrl(said: string, { host, isTrusted }: Whence): string | undefined {
  const plain = host.replace(/^::ffff:/, '').replace(/^\[|\]$/g, '');
  const url = said.startsWith(':') ? `http://${plain.includes(':') ? `[${plain}]` : plain}${said}` : said;
  if (!URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  const isThere = hostname.replace(/^\[|\]$/g, '') === plain || (isLoopback(hostname) && isLoopback(plain));
  return isThere || (isTrusted && !isLoopback(hostname)) ? url : undefined;
}

export function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host);
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
