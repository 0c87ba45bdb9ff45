import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import type { DeviceView, LedgerRow, Snapshot, TracePoint, ViewState } from '../../emulator/protocol.ts';
import { createScreen, type Screen, screenModel } from '../../runtime/display/index.ts';
import type { ReleaseStatus } from '../../runtime/node.ts';
import { MemoryDisplay } from './display.ts';
import { root } from './need.ts';
import { NOW_MS, nodeStatus } from './screens.ts';

/**
 * The page's side of the emulator without the emulator: an HTTP server of the built page and a `/live` stream
 * that says whatever a test tells it to. Screens are drawn by the firmware's own code.
 */
export class FakeEmulator {
  readonly devices: FakeDevice[];
  readonly ledger: LedgerRow[] = [];
  elapsedMs = 0;
  block = 0;
  verdict: Snapshot['verdict'] = { state: 'healthy', sentence: 'All quiet', detail: 'No release yet' };
  release: Snapshot['release'];
  private readonly sockets = new Set<WebSocket>();
  private readonly http = createServer((request, response) => this.answer(request.url ?? '/', response));

  constructor(count: number) {
    this.devices = Array.from({ length: count }, (_, index) => new FakeDevice(index));
    const server = new WebSocketServer({ server: this.http, path: '/live' });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      this.greet(socket);
    });
  }

  /** Answers the page's address. */
  async listen(): Promise<string> {
    this.http.listen(0, '127.0.0.1');
    await once(this.http, 'listening');
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/`;
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate();
    this.http.closeAllConnections();
    this.http.close();
  }

  /** Ends the stream but not the server, as when the emulator's process hangs up. */
  hangUp(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  /** Adds a block with the given events. */
  append(...events: readonly Omit<LedgerRow, 'block' | 'index' | 'timestamp'>[]): void {
    this.block++;
    events.forEach((event, index) => {
      this.ledger.push({ ...event, block: this.block, index, timestamp: Math.floor((NOW_MS + this.elapsedMs) / 1000) });
    });
    for (const device of this.devices) if (device.state !== 'offline') device.head = this.block;
  }

  /** Sends what changed to every page. */
  send(elapsedMs: number): void {
    this.elapsedMs += elapsedMs;
    for (const device of this.devices) {
      const connected = this.devices.filter((other) => other.state !== 'offline').length - 1;
      device.update(this.block, device.state === 'offline' ? 0 : connected, NOW_MS + this.elapsedMs);
      for (const message of device.takeDrawn()) for (const socket of this.sockets) socket.send(message);
    }
    const text = JSON.stringify(this.snapshot());
    for (const socket of this.sockets) socket.send(text);
  }

  snapshot(): Snapshot {
    const { elapsedMs, verdict, release, block, ledger } = this;
    return {
      version: '0.1.0',
      containers: 'virtual containers',
      elapsedMs,
      head: { number: block, hash: `0x${'5e'.repeat(32)}`, timestamp: Math.floor((NOW_MS + elapsedMs) / 1000) },
      verdict,
      ...(release ? { release } : {}),
      devices: this.devices.map((device) => device.view()),
      ledger: ledger.slice(-200),
    };
  }

  private greet(socket: WebSocket): void {
    socket.send(JSON.stringify(this.snapshot()));
    for (const device of this.devices) socket.send(device.whole());
  }

  private answer(url: string, response: import('node:http').ServerResponse): void {
    const files: Record<string, string> = { '/': 'index.html', '/page.js': 'page.js', '/style.css': 'style.css' };
    const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
    const name = files[url];
    if (!name) {
      response.writeHead(404).end();
      return;
    }
    const type = types[name.split('.')[1]!]!;
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(readFileSync(join(root, 'build/web', name)));
  }
}

/** One device of the fake: a test sets what it is, its LCD follows. */
export class FakeDevice {
  readonly name: string;
  state: ViewState = 'healthy';
  stateText = 'ready';
  head = 0;
  status: ReleaseStatus | undefined;
  steps: string[] = [];
  private readonly index: number;
  private peers = 0;
  private readonly display = new MemoryDisplay();
  private readonly screen: Screen = createScreen(this.display);
  private readonly trace: TracePoint[] = [];

  constructor(index: number) {
    this.index = index;
    this.name = `pad-${String(index + 1).padStart(2, '0')}`;
  }

  /** Sets state and release in one go. */
  is(state: ViewState, stateText: string, status: ReleaseStatus | undefined, steps: string[] = []): void {
    Object.assign(this, { state, stateText, status, steps });
  }

  update(block: number, peers: number, nowMs: number): void {
    const revision = this.status?.revision ?? 0;
    this.peers = peers;
    const last = this.trace.at(-1);
    if (last?.revision !== revision || last.state !== this.state) this.trace.push({ block, revision, state: this.state });
    const status = nodeStatus(this.state, this.status ? [this.status] : [], {
      name: this.name,
      head: { ...nodeStatus('healthy', []).head, number: this.head },
      peers: Array(peers).fill('peer'),
      steps: this.steps,
    });
    this.screen.show(screenModel(status, { batteryPercent: () => 82 - this.index * 9, memory: () => undefined }, nowMs));
  }

  view(): DeviceView {
    const { name, state, stateText, head, status, steps } = this;
    return {
      name,
      address: `0x7e5f4552091a69125d5dfcb7b8c2659029395bd${this.index % 10}`,
      state,
      stateText,
      sequencer: this.index === 0,
      head,
      peers: this.peers,
      release: status ? `${status.app} r${status.revision}` : '',
      revision: status?.revision ?? 0,
      ...(status?.vote ? { vote: status.vote } : {}),
      steps,
      proxyUrl: `http://127.0.0.1:${4401 + this.index}/`,
      screen: this.screen.text(),
      trace: this.trace.slice(-100),
    };
  }

  takeDrawn(): Uint8Array[] {
    return this.display.take().map(({ x, y, width, height, pixels }) => this.message(x, y, width, height, pixels));
  }

  whole(): Uint8Array {
    return this.message(0, 0, 320, 528, this.display.pixels);
  }

  private message(x: number, y: number, width: number, height: number, pixels: Uint16Array): Uint8Array {
    const message = new Uint8Array(10 + pixels.length * 2);
    const view = new DataView(message.buffer);
    message[0] = this.index;
    for (const [at, value] of [x, y, width, height, ...pixels].entries()) view.setUint16(2 + at * 2, value, true);
    return message;
  }
}
