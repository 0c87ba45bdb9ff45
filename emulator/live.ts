import type { Server } from 'node:http';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Rectangle } from '../runtime/ports/index.ts';
import { changeOf, whole } from './delta.ts';
import { type Desk, type DeskCommand, parseRequest, WORLD_LIMIT } from './desk.ts';
import { isLocalName } from './http.ts';
import type { Observer } from './observer.ts';
import type { Answer, Detail, Message, Setup, Snapshot } from './protocol.ts';
import { SCREEN_HEIGHT, SCREEN_WIDTH, type Screen } from './screen.ts';

/** The page hears of changes this often, more slowly with many devices, and at least once in {@link SILENCE_MS}. */
const LOOK_MS = 100;
const LOOK_PER_DEVICE_MS = 4;
const SILENCE_MS = 1000;
/** A page that reads slower than this is let go; it connects anew and gets everything. */
const BACKLOG_LIMIT_BYTES = 16 * 1024 * 1024;
const PAGES_LIMIT = 64;
const REQUEST_LIMIT_BYTES = WORLD_LIMIT + 128 * 1024;

/** The stream behind the page, as `protocol.ts` says it. */
export interface Live {
  /** Passes on what a device has just drawn. */
  draw(device: number, rectangle: Rectangle): void;
  stop(): void;
}

export interface LiveOptions {
  readonly server: Server;
  readonly setup: () => Setup;
  readonly observer: Pick<Observer, 'look'>;
  readonly desk: Desk;
  /** In the order of the boards. */
  readonly screens: () => readonly Screen[];
  /** Calls back when a board came or went. */
  readonly onBoards: (listener: () => void) => void;
  readonly detail: (device: string) => Promise<Detail | undefined>;
  /** Counts up whenever something happened in the world. */
  readonly changes: () => number;
  /** Calls back when something changed other than by time. */
  readonly onChange: (listener: () => void) => void;
  /** Hears, once for each reason, why the pages could not be told what there is. */
  readonly trouble: (sentence: string) => void;
}

/** One open page. */
interface Page {
  readonly socket: WebSocket;
  /** Devices whose LCD it shows. */
  screens: ReadonlySet<number>;
  /** The device that it watches, and what it was told of it last. */
  watched: string;
  detail: string;
}

/** Serves `/live` on the given server. */
export function liveStream(options: LiveOptions): Live {
  return new LiveStream(options);
}

class LiveStream implements Live {
  private readonly options: LiveOptions;
  private readonly sockets = new WebSocketServer({ noServer: true, maxPayload: REQUEST_LIMIT_BYTES });
  private readonly pages = new Set<Page>();
  private readonly timer: ReturnType<typeof setInterval>;
  private latest: Snapshot | undefined;
  private seen = -1;
  private saidAtMs = 0;
  private isLooking = false;
  private readonly told = new Set<string>();

  constructor(options: LiveOptions) {
    this.options = options;
    const everyMs = Math.max(LOOK_MS, options.screens().length * LOOK_PER_DEVICE_MS);
    this.timer = setInterval(() => void this.look().catch((error: Error) => this.fail(error)), everyMs);
    options.onChange(() => {
      this.seen = -1;
    });
    options.onBoards(() => this.begin());
    options.server.on('upgrade', (request, stream, head) => {
      const { origin, host } = request.headers;
      const isOurs = isLocalName(host) && (origin === undefined || isLocalName(origin.replace(/^https?:\/\//, '')));
      stream.on('error', () => stream.destroy());
      if (request.url !== '/live' || !isOurs || this.pages.size >= PAGES_LIMIT)
        stream.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nthe stream is at /live, for pages of this machine\n');
      else this.sockets.handleUpgrade(request, stream, head, (socket) => this.open(socket));
    });
  }

  draw(device: number, rectangle: Rectangle): void {
    let message: Buffer | undefined;
    for (const page of this.pages) {
      if (!page.screens.has(device)) continue;
      message ??= encodeRectangle(device, rectangle);
      send(page, message);
    }
  }

  stop(): void {
    clearInterval(this.timer);
    for (const { socket } of this.pages) socket.terminate();
    this.sockets.close();
  }

  private open(socket: WebSocket): void {
    const page: Page = { socket, screens: new Set(), watched: '', detail: '' };
    this.pages.add(page);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.pages.delete(page));
    socket.on('message', (data, isBinary) => void this.hear(page, isBinary ? '' : textOf(data)));
    say(page, { kind: 'setup', setup: this.options.setup() });
    if (this.latest) say(page, { kind: 'change', change: whole(this.latest) });
    else this.seen = -1;
  }

  /** The boards have other numbers now: pages hear everything anew, and ask anew for the LCDs that they show. */
  private begin(): void {
    const setup = JSON.stringify({ kind: 'setup', setup: this.options.setup() } satisfies Message);
    for (const page of this.pages) {
      page.screens = new Set();
      send(page, setup);
    }
    this.latest = undefined;
    this.seen = -1;
  }

  private async look(): Promise<void> {
    const { observer, changes } = this.options;
    const count = changes();
    if (this.isLooking || (count === this.seen && performance.now() - this.saidAtMs < SILENCE_MS)) return;
    this.isLooking = true;
    this.seen = count;
    this.saidAtMs = performance.now();
    try {
      const now = await observer.look();
      const change = this.latest ? changeOf(this.latest, now) : whole(now);
      this.latest = now;
      const text = JSON.stringify({ kind: 'change', change } satisfies Message);
      for (const page of this.pages) send(page, text);
      await Promise.all([...this.pages].map((page) => this.tellDetail(page)));
    } finally {
      this.isLooking = false;
    }
  }

  private fail({ message }: Error): void {
    if (!this.told.has(message)) this.options.trouble(`the page is not told what happens: ${message}`);
    this.told.add(message);
  }

  private async tellDetail(page: Page): Promise<void> {
    if (page.watched === '') return;
    const detail = await this.options.detail(page.watched);
    const text = JSON.stringify({ kind: 'detail', detail });
    if (!detail || text === page.detail) return;
    page.detail = text;
    send(page, text);
  }

  private async hear(page: Page, message: string): Promise<void> {
    const request = parseRequest(message);
    if (!request) {
      page.socket.close(1008, 'this is no request');
      return;
    }
    const { id, command } = request;
    if (command.do === 'screens') this.show(page, command.devices);
    else if (command.do === 'watch') await this.watch(page, command.device);
    else say(page, await this.answer(id, command));
  }

  private async answer(id: number, command: DeskCommand): Promise<Answer> {
    try {
      const { said, value } = await this.options.desk.perform(command);
      this.seen = -1;
      return { kind: 'answer', id, ok: true, said, ...(value !== undefined && { value }) };
    } catch (error) {
      return { kind: 'answer', id, ok: false, said: (error as Error).message };
    }
  }

  private show(page: Page, devices: readonly number[]): void {
    const before = page.screens;
    page.screens = new Set(devices);
    for (const device of page.screens) {
      const pixels = before.has(device) ? undefined : this.options.screens()[device]?.pixels;
      if (pixels) send(page, encodeRectangle(device, { x: 0, y: 0, width: SCREEN_WIDTH, height: SCREEN_HEIGHT, pixels }));
    }
  }

  private async watch(page: Page, device: string): Promise<void> {
    page.watched = device;
    page.detail = '';
    await this.tellDetail(page).catch((error: Error) => this.fail(error));
  }
}

function say(page: Page, message: Message): void {
  send(page, JSON.stringify(message));
}

function send({ socket }: Page, message: string | Buffer): void {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > BACKLOG_LIMIT_BYTES) socket.terminate();
  else socket.send(message);
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');
}

/** `protocol.ts`: u16 device, x, y, width, height, then the pixels; little-endian. */
export function encodeRectangle(device: number, { x, y, width, height, pixels }: Rectangle): Buffer {
  const message = Buffer.alloc(10 + pixels.length * 2);
  for (const [index, value] of [device, x, y, width, height].entries()) message.writeUInt16LE(value, index * 2);
  for (let index = 0; index < pixels.length; index += 1) message.writeUInt16LE(pixels[index]!, 10 + index * 2);
  return message;
}
