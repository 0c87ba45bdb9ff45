/**
 * The half of the bridge that runs inside the device's QuickJS, before the firmware: it builds the ports from one host
 * function, and gives the host one function to enter by. The types of both ends stand in `wire.ts`.
 */
import type { NodeConfig } from '../../runtime/config.ts';
import type { Node, Session } from '../../runtime/node.ts';
import type { Containers, Exchange, InputEvent, Network, Ports, StateView, Store, Vm } from '../../runtime/ports/index.ts';
import { type Packed, pack, packed, unpack } from './codec.ts';
import { decodeOutcome, encodeAccount, encodeCall, isAnswered, type Read } from './execution.ts';
import {
  type BootFacts,
  type Enter,
  type EntryName,
  type HostFunctions,
  type HostMethod,
  type Reply,
  ROOM_LENGTH_AT,
  type Settled,
} from './wire.ts';

interface Firmware {
  readonly boot: (ports: Ports, config: NodeConfig) => Node | Promise<Node>;
  readonly EngineError?: new (code: string, message: string) => Error;
}

declare const host: HostFunctions;
const global = globalThis as unknown as Record<string, unknown> & { classpad: Firmware };

const views: StateView[] = [];
const timers = new Map<number, () => void>();
const watchers = new Map<number, () => void>();
const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
const sessions = new Map<string, Session>();
let receiver: ((peer: string, message: Uint8Array) => void) | undefined;
let observer: ((exchange: Exchange) => void) | undefined;
let hand: ((event: InputEvent) => void) | undefined;
let node: Node | undefined;
let nextId = 1;
/** What the host was asked since it last entered: between two entries no time passes, and nobody comes or goes. */
const answers = new Map<string, unknown>();

function once<T>(what: string, ask: () => T): T {
  if (!answers.has(what)) answers.set(what, ask());
  return answers.get(what) as T;
}

/** Nothing inside may ask what time it is, or draw lots, but through the ports. */
function removeChance(): void {
  for (const name of ['Date', 'performance', 'WeakRef', 'FinalizationRegistry']) delete global[name];
  Reflect.deleteProperty(Math, 'random');
}

const room = new Uint8Array(host.room, 0, ROOM_LENGTH_AT);
const roomLength = new Uint32Array(host.room, ROOM_LENGTH_AT, 1);
const HASH_BYTES = 32;

/** ECMAScript 2026's `fromHex` and `toHex`, which this engine lacks. */
function provideHex(): void {
  const fromHex = (digits: string): Uint8Array => {
    if (digits.length > 2 * room.length) return longFromHex(digits);
    host['room.bytes'](digits);
    // A zero among them ends the text for the host.
    if (2 * roomLength[0]! !== digits.length) throw new SyntaxError('not hexadecimal');
    return room.slice(0, roomLength[0]);
  };
  const longFromHex = (digits: string): Uint8Array => {
    const bytes = new Uint8Array(digits.length / 2);
    for (let from = 0; from < bytes.length; from += room.length)
      bytes.set(fromHex(digits.slice(2 * from, 2 * (from + room.length))), from);
    return bytes;
  };
  const toHex = function (this: Uint8Array): string {
    let digits = '';
    for (let from = 0; from < this.length; from += room.length) {
      const piece = this.length <= room.length ? this : this.subarray(from, from + room.length);
      room.set(piece);
      roomLength[0] = piece.length;
      digits += host['room.hex']();
    }
    return digits;
  };
  Object.defineProperty(Uint8Array, 'fromHex', { value: fromHex });
  Object.defineProperty(Uint8Array.prototype, 'toHex', { value: toHex });
}

function keccak256(data: Uint8Array): Uint8Array {
  if (data.length > room.length) return bytesOf(host['vm.keccak256']('', bufferOf(data)));
  room.set(data);
  roomLength[0] = data.length;
  host['room.keccak256']();
  return room.slice(0, HASH_BYTES);
}

const textOf = (reply: Reply): string => (typeof reply === 'string' ? reply : '');
const bytesOf = (reply: Reply): Uint8Array => new Uint8Array(reply as ArrayBuffer);

/** The bytes alone: a view into a larger buffer must not carry its neighbours along. */
function bufferOf(bytes: Uint8Array | Uint16Array): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}

function packedOf(reply: Reply): Packed {
  if (typeof reply === 'string') return { text: reply };
  const [text, buffer] = reply as readonly [string, ArrayBuffer];
  return { text, bytes: new Uint8Array(buffer) };
}

function send(method: HostMethod, text: string, bytes: Uint8Array | undefined): Reply {
  return bytes ? host[method](text, bufferOf(bytes)) : host[method](text);
}

function call(method: HostMethod, value: unknown): unknown {
  const { text, bytes } = pack(value);
  const reply = send(method, text, bytes);
  return reply === undefined ? undefined : unpack(packedOf(reply));
}

/** Calls what answers later; the host settles it by its number. */
function callLater(method: HostMethod, ...args: unknown[]): Promise<unknown> {
  const id = nextId++;
  const promise = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
  call(method, [id, ...args]);
  return promise;
}

/** Nothing of this device moves while its VM runs, its clock neither: gas is the bound, and no interruption crosses. */
function plain<T extends { readonly interrupt?: unknown }>(options: T): Omit<T, 'interrupt'> {
  const { interrupt, ...rest } = options;
  return rest;
}

function makeVm(fork: Vm['fork']): Vm {
  return {
    fork,
    execute(block, message, state, options) {
      views.push(state);
      try {
        const { text, bytes } = encodeCall(block, message, options);
        return decodeOutcome(packedOf(host['vm.execute'](text, bufferOf(bytes))));
      } finally {
        views.pop();
      }
    },
    trace(block, message, state, record) {
      views.push(state);
      try {
        return call('vm.trace', [block, message, plain(record)]) as ReturnType<NonNullable<Vm['trace']>>;
      } finally {
        views.pop();
      }
    },
    keccak256,
    sha256: (data) => bytesOf(host['vm.sha256']('', bufferOf(data))),
    recover: (hash, yParity, r, s) => {
      const reply = host['vm.recover'](`${yParity} 0x${r.toString(16)} 0x${s.toString(16)}`, bufferOf(hash));
      return reply === undefined ? undefined : (textOf(reply) as ReturnType<Vm['recover']>);
    },
  };
}

const store: Store = {
  get(key) {
    const reply = host['store.get'](key);
    return reply === undefined ? undefined : bytesOf(reply);
  },
  keys: (prefix, limit) => call('store.keys', [prefix, limit]) as string[],
  write(entries) {
    const texts = entries.map(([key, value]) => [key, value ? value.length : -1]);
    const { text, bytes } = packed(
      JSON.stringify(texts),
      entries.flatMap(([, value]) => value ?? []),
    );
    send('store.write', text, bytes);
  },
};

const clock: Ports['clock'] = {
  nowMs: () => once('now', () => Number(textOf(host['clock.now']()))),
  after(delayMs, callback) {
    const id = nextId++;
    timers.set(id, callback);
    host['clock.after'](`${id} ${delayMs}`);
    return () => {
      if (timers.delete(id)) host['clock.cancel'](String(id));
    };
  },
};

const containers: Containers = {
  describe: () => callLater('containers.describe') as Promise<string>,
  list: () => callLater('containers.list') as ReturnType<Containers['list']>,
  hasImage: (image) => callLater('containers.hasImage', image) as Promise<boolean>,
  pull: (image) => callLater('containers.pull', image) as Promise<void>,
  images: () => callLater('containers.images') as ReturnType<Containers['images']>,
  pin: (image) => callLater('containers.pin', image) as Promise<string>,
  removeImage: (image) => callLater('containers.removeImage', image) as Promise<void>,
  space: () => callLater('containers.space') as ReturnType<Containers['space']>,
  place: (name, secrets) => callLater('containers.place', name, secrets) as Promise<void>,
  create: (spec) => callLater('containers.create', spec) as Promise<string>,
  start: (id) => callLater('containers.start', id) as Promise<void>,
  stop: (id, graceMs) => callLater('containers.stop', id, graceMs) as Promise<void>,
  remove: (id) => callLater('containers.remove', id) as Promise<void>,
  logs: (id, lines) => callLater('containers.logs', id, lines) as Promise<string>,
  watch(changed) {
    const id = nextId++;
    watchers.set(id, changed);
    call('containers.watch', id);
    return () => {
      if (watchers.delete(id)) call('containers.unwatch', id);
    };
  },
};

/** The last answer holds until the host gives another. */
let peers: readonly string[] = [];

function readPeers(): readonly string[] {
  const reply = host['network.peers']();
  if (typeof reply === 'string') peers = Object.freeze(JSON.parse(reply) as string[]);
  return peers;
}

const network: Network = {
  peers: () => once('peers', readPeers),
  send(peer, message) {
    host['network.send'](peer, bufferOf(message));
  },
  receive(handler) {
    receiver = handler;
  },
  serve(routes) {
    call('network.serve', routes);
  },
  drained: (containerId) => callLater('network.drained', containerId) as Promise<void>,
  observe(handler) {
    observer = handler;
  },
  sisters: () => once('sisters', () => call('network.sisters', null) as ReturnType<Network['sisters']>),
};

function makePorts(facts: BootFacts): Ports {
  return {
    vm: makeVm(facts.fork),
    store,
    clock,
    containers,
    network,
    display: {
      draw: ({ x, y, width, height, pixels }) => void host['display.draw'](`[${x},${y},${width},${height}]`, bufferOf(pixels)),
    },
    input: {
      receive: (handler) => {
        hand = handler;
      },
    },
    device: {
      name: facts.name,
      address: facts.address,
      sign: (hash) => call('device.sign', hash) as ReturnType<Ports['device']['sign']>,
      ...(facts.publicKey && {
        publicKey: facts.publicKey,
        unseal: (sealed: Uint8Array) => callLater('device.unseal', sealed) as Promise<Uint8Array>,
      }),
      batteryPercent: () => once('battery', () => call('device.battery', null) as number | undefined),
      memory: () => once('memory', () => call('device.memory', null) as ReturnType<Ports['device']['memory']>),
    },
    log: { write: (level, message) => void host['log.write'](JSON.stringify([level, message])) },
  };
}

function settle({ id, value, error }: Settled): void {
  const promise = waiting.get(id);
  if (!waiting.delete(id) || !promise) return;
  const EngineError = global.classpad.EngineError;
  if (!error) promise.resolve(value);
  else promise.reject(EngineError && error.code ? new EngineError(error.code, error.message) : new Error(error.message));
}

/** What the host may enter by. The first five answer the VM's reads while `vm.execute` runs. */
const entries: Enter = {
  account(address) {
    return encodeAccount(views[views.length - 1]!.account(address as `0x${string}`));
  },
  slot(text) {
    const [address, slot] = text.split(',') as [`0x${string}`, `0x${string}`];
    return views[views.length - 1]!.slot(address, slot);
  },
  code: (hash) => bufferOf(views[views.length - 1]!.code(hash as `0x${string}`)),
  blockHash: (number) => views[views.length - 1]!.blockHash(BigInt(number)),
  agrees(text) {
    const state = views[views.length - 1]!;
    return (JSON.parse(text) as Read[]).every((read) => isAnswered(state, read)) ? 'yes' : 'no';
  },
  async boot(text) {
    const facts = JSON.parse(text) as BootFacts;
    try {
      node = await global.classpad.boot(makePorts(facts), facts.config);
      host['node.booted']();
    } catch (error) {
      host['node.failed'](sentenceOf(error));
    }
  },
  timer(text) {
    const callback = timers.get(Number(text));
    timers.delete(Number(text));
    callback?.();
  },
  changed: (text) => watchers.get(Number(text))?.(),
  message: (peer, bytes) => receiver?.(peer, new Uint8Array(bytes!)),
  exchange: (text) => observer?.(JSON.parse(text) as Exchange),
  input: (text) => hand?.(JSON.parse(text) as InputEvent),
  settled: (text, bytes) => settle(unpack(bytes ? { text, bytes: new Uint8Array(bytes) } : { text }) as Settled),
  async rpc(text) {
    const space = text.indexOf(' ');
    const answer = await node!.rpc(text.slice(space + 1)).catch(internalError);
    host['node.answer'](JSON.stringify([Number(text.slice(0, space)), answer]));
  },
  /** No text: there is nothing. */
  async wellKnown(text) {
    const space = text.indexOf(' ');
    const answer = await node!.wellKnown(text.slice(space + 1)).catch(() => undefined);
    host['node.answer'](JSON.stringify([Number(text.slice(0, space)), answer ?? '']));
  },
  'session.open'(id) {
    sessions.set(
      id,
      node!.session((text) => void host['session.send'](`${id} ${text}`)),
    );
  },
  'session.receive'(text) {
    const space = text.indexOf(' ');
    sessions.get(text.slice(0, space))?.receive(text.slice(space + 1));
  },
  'session.close'(id) {
    sessions.get(id)?.close();
    sessions.delete(id);
  },
  status: () => (node ? JSON.stringify(node.status()) : ''),
  stop: () => node?.stop(),
};

/** A node never rejects; should one do so, the client still gets an answer. */
function internalError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32603, message } });
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

removeChance();
provideHex();
/** Reads of the state come while the firmware itself waits for an answer. */
const inward: ReadonlySet<string> = new Set(['account', 'slot', 'code', 'blockHash', 'agrees']);
const refreshing = ([name, entry]: [string, Enter[EntryName]]): [string, Enter[EntryName]] => [
  name,
  inward.has(name)
    ? entry
    : (text, bytes) => {
        answers.clear();
        return entry(text, bytes);
      },
];
global['enter'] = Object.fromEntries(Object.entries(entries).map(refreshing));
