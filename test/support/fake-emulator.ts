import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { boards, looksOf } from '../../emulator/boards/index.ts';
import { faultKinds } from '../../emulator/faults.ts';
import type {
  CableState,
  Change,
  Command,
  DeviceView,
  LedgerRow,
  Message,
  Request,
  Setup,
  Snapshot,
  TracePoint,
  ViewState,
} from '../../emulator/protocol.ts';
import { sitesOf } from '../../emulator/sites.ts';
import { staticFiles } from '../../emulator/static-files.ts';
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
  release: Snapshot['release'] = null;
  revisions: Snapshot['revisions'] = [];
  broken: Snapshot['broken'] = [];
  paused = false;
  pauseAt: string | undefined;
  crashed: string | undefined;
  /** What the pages asked for, oldest first; what shows and watches is left out. */
  readonly commands: Command[] = [];
  /** What is refused, with the sentence. */
  readonly refusals = new Map<Command['do'], string>();
  /** What is answered besides that it was done. */
  readonly answers = new Map<Command['do'], unknown>();
  private readonly board: string;
  private readonly sockets = new Set<WebSocket>();
  private readonly http = createServer(staticFiles(join(root, 'build/web')));

  constructor(count: number, board = 'handheld') {
    this.board = board;
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

  /** A block in which one device has voted, told as the emulator tells it: only what changed. */
  tick(index: number): void {
    const device = this.devices[index]!;
    this.append({ who: device.name, what: 'Attested', text: 'hello r1 is healthy', state: 'healthy', gas: 52_871 });
    this.elapsedMs += 100;
    const { clock, head } = this.change();
    const rows = this.ledger.slice(-1);
    this.tell({ kind: 'change', change: { clock: clock!, head: head!, devices: [[index, device.view()]], rows } });
  }

  /** Sends what changed to every page. */
  send(elapsedMs: number): void {
    this.elapsedMs += elapsedMs;
    for (const device of this.devices) {
      const connected = this.devices.filter((other) => other.state !== 'offline').length - 1;
      device.update(this.block, device.state === 'offline' ? 0 : connected, NOW_MS + this.elapsedMs);
      for (const message of device.takeDrawn()) for (const socket of this.sockets) socket.send(message);
    }
    this.tell({ kind: 'change', change: this.change() });
  }

  /** Everything anew: a fake has no need to find out what changed. */
  private change(): Change {
    const { elapsedMs, verdict, release, revisions, broken, block, ledger, paused, pauseAt, crashed } = this;
    return {
      fresh: true,
      clock: { elapsedMs, paused, speed: 1, ...(pauseAt && { pauseAt }), ...(crashed && { crashed }) },
      head: { number: block, hash: `0x${'5e'.repeat(32)}`, timestamp: Math.floor((NOW_MS + elapsedMs) / 1000) },
      verdict,
      release,
      revisions,
      broken,
      trunks: sitesOf(this.devices.length)
        .slice(1)
        .map(() => 'linked'),
      delays: delaysOf(this.devices.length),
      devices: this.devices.map((device, index) => [index, device.view()]),
      rows: ledger.slice(-200),
      samples: Array.from({ length: Math.floor(elapsedMs / 1000) }, (_, at) => ({
        at,
        blockTime: 1 + (at % 3),
        gas: 50_000 + ((at * 7919) % 90_000),
        memory: 64 + at / 10,
        requests: at % 5,
        latency: 2 + (at % 4),
      })),
    };
  }

  private setup(): Setup {
    return {
      version: '0.1.0',
      containers: 'virtual containers',
      seed: 'page',
      chainId: 4400,
      fleet: `0x${'f1'.repeat(20)}`,
      operators: [],
      sites: sitesOf(this.devices.length),
      looks: looksOf(this.board),
      boards: Object.values(boards),
      faults: faultKinds,
      abi: [],
      examples: [],
    };
  }

  private tell(message: Message): void {
    const text = JSON.stringify(message);
    for (const socket of this.sockets) socket.send(text);
  }

  private greet(socket: WebSocket): void {
    socket.send(JSON.stringify({ kind: 'setup', setup: this.setup() } satisfies Message));
    socket.send(JSON.stringify({ kind: 'change', change: this.change() } satisfies Message));
    socket.on('message', (data) => this.hear(socket, JSON.parse(String(data)) as Request));
  }

  private hear(socket: WebSocket, { id, command }: Request): void {
    if (command.do === 'watch') return;
    if (command.do === 'screens') {
      for (const device of command.devices) socket.send(this.devices[device]!.whole());
      return;
    }
    this.commands.push(command);
    const refusal = this.refusals.get(command.do);
    if (refusal === undefined) this.perform(command);
    socket.send(
      JSON.stringify({
        kind: 'answer',
        id,
        ok: refusal === undefined,
        said: refusal ?? 'done',
        value: this.answers.get(command.do),
      } satisfies Message),
    );
    this.send(0);
  }

  private perform(command: Command): void {
    if (command.do === 'pause' || command.do === 'run') this.paused = command.do === 'pause';
    if (command.do === 'pause at') this.pauseAt = command.condition;
    if (command.do === 'cable') this.devices.find(({ name }) => name === command.device)!.cable = command.cut ? 'cut' : 'linked';
  }
}

/** What the cables of a real one might be like. */
function delaysOf(devices: number): Snapshot['delays'] {
  const sites = sitesOf(devices);
  const delay = ({ from, to }: { from: number; to: number }, at: number) => (to - from > 1 ? 7 + (at % 3) : 0);
  return { sites: sites.map(delay), trunks: sites.slice(1).map((_, at) => 19 + ((at * 7) % 13)) };
}

/** One device of the fake: a test sets what it is, its LCD follows. */
export class FakeDevice {
  readonly name: string;
  state: ViewState = 'healthy';
  stateText = 'ready';
  head = 0;
  status: ReleaseStatus | undefined;
  steps: string[] = [];
  cable: CableState = 'linked';
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
    this.screen.show(screenModel(status, { batteryPercent: () => 82 - (this.index % 9) * 9, memory: () => undefined }, nowMs));
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
      powered: true,
      cable: state === 'offline' ? 'cut' : this.cable,
      group: state === 'offline' || this.cable === 'cut' ? this.index + 1 : 0,
      memoryBytes: 19 * 1024 ** 2 + this.index * 400_000,
      battery: 82 - (this.index % 9) * 9,
      skewMs: this.index * 3,
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
    for (const [at, value] of [this.index, x, y, width, height, ...pixels].entries()) view.setUint16(at * 2, value, true);
    return message;
  }
}
