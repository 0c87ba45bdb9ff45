import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Rectangle } from '../runtime/ports/index.ts';
import { isLocalName } from './http.ts';
import type { Observer } from './observer.ts';
import { SCREEN_HEIGHT, SCREEN_WIDTH, type Screen } from './screen.ts';

/** The page hears of changes this often, and at least once in {@link SILENCE_MS}. */
const LOOK_MS = 100;
const SILENCE_MS = 1000;
/** A page that reads slower than this is let go; it connects anew and gets whole screens. */
const BACKLOG_LIMIT_BYTES = 16 * 1024 * 1024;
const PAGES_LIMIT = 64;

/** The stream behind the page, as `protocol.ts` says it. */
export interface Live {
  /** Passes on what a device has just drawn. */
  draw(device: number, rectangle: Rectangle): void;
  stop(): void;
}

export interface LiveOptions {
  readonly server: Server;
  readonly observer: Observer;
  readonly screens: readonly Screen[];
  /** Counts up whenever something happened in the world. */
  readonly changes: () => number;
}

/** Serves `/live` on the given server. */
export function liveStream({ server, observer, screens, changes }: LiveOptions): Live {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024 });
  let latest = '';
  let seen = -1;
  let saidAtMs = 0;
  let isLooking = false;

  const look = async (): Promise<void> => {
    const count = changes();
    if (isLooking || (count === seen && performance.now() - saidAtMs < SILENCE_MS)) return;
    isLooking = true;
    seen = count;
    saidAtMs = performance.now();
    try {
      latest = JSON.stringify(await observer.look());
      for (const socket of sockets.clients) send(socket, latest);
    } finally {
      isLooking = false;
    }
  };

  server.on('upgrade', (request, socket, head) => {
    const { origin, host } = request.headers;
    const isOurs = isLocalName(host) && (origin === undefined || isLocalName(origin.replace(/^https?:\/\//, '')));
    if (request.url !== '/live' || !isOurs || sockets.clients.size >= PAGES_LIMIT) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nthe stream is at /live, for pages of this machine\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (page) => {
      page.on('error', () => page.terminate());
      if (latest) send(page, latest);
      for (const [device, { pixels }] of screens.entries()) {
        send(page, encodeRectangle(device, { x: 0, y: 0, width: SCREEN_WIDTH, height: SCREEN_HEIGHT, pixels }));
      }
    });
  });
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);

  return {
    draw(device, rectangle) {
      if (sockets.clients.size === 0) return;
      const message = encodeRectangle(device, rectangle);
      for (const page of sockets.clients) send(page, message);
    },
    stop() {
      clearInterval(timer);
      for (const page of sockets.clients) page.terminate();
      sockets.close();
    },
  };
}

function send(page: WebSocket, message: string | Buffer): void {
  if (page.readyState !== page.OPEN) return;
  if (page.bufferedAmount > BACKLOG_LIMIT_BYTES) page.terminate();
  else page.send(message);
}

/** `protocol.ts`: u8 device, u8 zero, u16 x, y, width, height, then the pixels; little-endian. */
export function encodeRectangle(device: number, { x, y, width, height, pixels }: Rectangle): Buffer {
  const message = Buffer.alloc(10 + pixels.length * 2);
  message.writeUInt8(device, 0);
  for (const [index, value] of [x, y, width, height].entries()) message.writeUInt16LE(value, 2 + index * 2);
  for (let index = 0; index < pixels.length; index += 1) message.writeUInt16LE(pixels[index]!, 10 + index * 2);
  return message;
}
