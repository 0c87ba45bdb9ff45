import { readFileSync } from 'node:fs';
import type { NodeConfig } from '../../runtime/config.ts';
import type { NodeStatus, Session } from '../../runtime/node.ts';
import type {
  BlockContext,
  ContainerSpec,
  Executed,
  LogLevel,
  Message,
  Ports,
  RecordOptions,
  Refused,
  Route,
  Word,
} from '../../runtime/ports/index.ts';
import type { BatchView } from '../process/remembered-executions.ts';
import { CodecError, type Packed, pack, unpack } from './codec.ts';
import { decodeAccount, decodeCall, encodeOutcome, type Read, whole } from './execution.ts';
import { createMachine, defaultLimits, type HostCall, type HostCalls, type Limits, type Machine } from './machine.ts';
import type { BootFacts, HostMethod, HostReply, Settled } from './wire.ts';

/** The scripts that a device boots: the bridge's inner half, then the firmware. */
export interface Scripts {
  readonly bridge: string;
  readonly firmware: string;
  /** Runs after the firmware's script and before its boot: what a test or a scenario changes about it. */
  readonly addition?: string;
}

/** Reads both from the build folder; throws a sentence if they are not there. */
export function readScripts(folder: string): Scripts {
  const read = (file: string): string => {
    try {
      return readFileSync(`${folder}/${file}`, 'utf8');
    } catch {
      throw new Error(`${folder}/${file} is missing; "npm run build" makes it`);
    }
  };
  return { bridge: read('inside.js'), firmware: read('firmware.js') };
}

/** A firmware that runs inside QuickJS. After a fault every call answers as a dead device does. */
export interface FirmwareProcess {
  /** Resolves when the node inside is up; rejects with its sentence if it is not. */
  readonly booted: Promise<void>;
  /** One JSON-RPC request or batch. Answers an error of JSON-RPC's own shape if the device is down. */
  rpc(request: string): Promise<string>;
  /** What its proxy says below `/.well-known/classpad`; `undefined` where there is nothing, and from a device that is down. */
  wellKnown(target: string): Promise<string | undefined>;
  /** A client that stays connected. `ended` is called when the device has gone away under it. `undefined` if it is down. */
  session(send: (text: string) => void, ended: () => void): Session | undefined;
  status(): NodeStatus | undefined;
  readonly fault: string | undefined;
  memoryHeldBytes(): number;
  /** Cuts the power: nothing inside runs any more. */
  kill(): void;
  /** Asks the node to end first. */
  stop(): void;
}

export interface FirmwareOptions {
  readonly scripts: Scripts;
  readonly config: NodeConfig;
  readonly ports: Ports;
  readonly limits?: Limits;
  readonly onFault?: (sentence: string) => void;
  /** A sign of life: called at every host call, and every so many steps. */
  readonly pulse?: () => void;
}

/** How many things of a kind a firmware may keep waiting: timers, watches, calls, requests. */
const WAITING_LIMIT = 4096;
const SENTENCE_LIMIT = 2000;
const SESSIONS_LIMIT = 256;

/** Boots the firmware in a QuickJS of its own and gives it the ports. */
export async function bootFirmware(options: FirmwareOptions): Promise<FirmwareProcess> {
  const process = new QuickJsFirmware(options.ports, options.onFault ?? (() => {}));
  await process.start(options);
  return process;
}

class QuickJsFirmware implements FirmwareProcess {
  readonly booted: Promise<void>;
  private readonly ports: Ports;
  private readonly onFault: (sentence: string) => void;
  private readonly timers = new Map<number, () => void>();
  private readonly watches = new Map<number, () => void>();
  private readonly requests = new Map<number, (answer: string) => void>();
  private readonly sessions = new Map<number, { readonly send: (text: string) => void; readonly ended: () => void }>();
  private isBooted = false;
  private machine: Machine | undefined;
  private dead = false;
  private nextRequest = 1;
  private peersTold: readonly string[] = [];
  private resolveBoot: () => void = () => {};
  private rejectBoot: (error: Error) => void = () => {};

  constructor(ports: Ports, onFault: (sentence: string) => void) {
    this.ports = ports;
    this.onFault = onFault;
    this.booted = new Promise((resolve, reject) => {
      this.resolveBoot = resolve;
      this.rejectBoot = reject;
    });
    // Whoever waits for the boot hears of it; nobody may be waiting yet.
    this.booted.catch(() => {});
  }

  async start({ scripts, config, ports, limits, pulse }: FirmwareOptions): Promise<void> {
    const calls = { ...this.hostCalls(), ...laterCalls(ports, this) };
    const first = [
      { source: scripts.bridge, file: 'inside.js' },
      { source: scripts.firmware, file: 'firmware.js' },
    ];
    const machine = await createMachine(calls, limits ?? defaultLimits, first, (sentence) => this.fail(sentence), pulse);
    this.machine = machine;
    if (scripts.addition !== undefined) machine.evaluate({ source: scripts.addition, file: 'addition.js' });
    const { name, address, publicKey } = ports.device;
    const facts: BootFacts = { name, address, ...(publicKey && { publicKey }), fork: ports.vm.fork, config };
    machine.enter('boot', JSON.stringify(facts));
  }

  get fault(): string | undefined {
    return this.machine?.fault;
  }

  rpc(request: string): Promise<string> {
    if (this.dead) return Promise.resolve(downAnswer(this.ports.device.name));
    return this.ask('rpc', request);
  }

  async wellKnown(target: string): Promise<string | undefined> {
    if (this.dead || !this.isBooted) return undefined;
    return (await this.ask('wellKnown', target)) || undefined;
  }

  private ask(entry: 'rpc' | 'wellKnown', text: string): Promise<string> {
    const id = this.nextRequest++;
    return new Promise((resolve) => {
      this.requests.set(id, resolve);
      this.machine?.enter(entry, `${id} ${text.replaceAll('\0', ' ')}`);
    });
  }

  session(send: (text: string) => void, ended: () => void): Session | undefined {
    if (this.dead || !this.isBooted || this.sessions.size >= SESSIONS_LIMIT) return undefined;
    const id = this.nextRequest++;
    this.sessions.set(id, { send, ended });
    this.machine?.enter('session.open', String(id));
    return {
      receive: (text) => {
        if (this.sessions.has(id)) this.machine?.enter('session.receive', `${id} ${text.replaceAll('\0', ' ')}`);
      },
      close: () => {
        if (this.sessions.delete(id)) this.machine?.enter('session.close', String(id));
      },
    };
  }

  status(): NodeStatus | undefined {
    if (this.dead) return undefined;
    const text = this.machine?.ask('status', '');
    return text ? (JSON.parse(text) as NodeStatus) : undefined;
  }

  memoryHeldBytes(): number {
    return this.machine?.memoryHeldBytes() ?? 0;
  }

  stop(): void {
    if (!this.dead) this.machine?.enter('stop', '');
    this.kill();
  }

  kill(): void {
    if (this.dead) return;
    this.dead = true;
    for (const cancel of [...this.timers.values(), ...this.watches.values()]) cancel();
    this.timers.clear();
    this.watches.clear();
    for (const answer of this.requests.values()) answer(downAnswer(this.ports.device.name));
    this.requests.clear();
    const ended = [...this.sessions.values()];
    this.sessions.clear();
    for (const session of ended) session.ended();
    this.machine?.close();
    this.rejectBoot(new Error(`${this.ports.device.name} lost its power while booting`));
  }

  /** Tells the firmware how a call that answers later has ended. */
  settle(settled: Settled): void {
    if (this.dead) return;
    const { text, bytes } = pack(settled);
    this.machine?.enter('settled', text, bytes);
  }

  watch(id: number, subscribe: (changed: () => void) => () => void): void {
    boundWaiting(this.watches, 'watches');
    this.watches.set(
      id,
      subscribe(() => void (this.dead || this.machine?.enter('changed', String(id)))),
    );
  }

  unwatch(id: number): void {
    this.watches.get(id)?.();
    this.watches.delete(id);
  }

  private fail(sentence: string): void {
    this.rejectBoot(new Error(sentence));
    this.kill();
    this.onFault(sentence);
  }

  private after(id: number, delayMs: number): void {
    boundWaiting(this.timers, 'timers');
    const cancel = this.ports.clock.after(Math.max(0, delayMs), () => {
      if (this.timers.delete(id)) this.machine?.enter('timer', String(id));
    });
    this.timers.set(id, cancel);
  }

  private hostCalls(): Omit<HostCalls, LaterMethod> {
    const { ports } = this;
    ports.network.receive((peer, message) => void (this.dead || this.machine?.enter('message', peer, message)));
    ports.network.observe((exchange) => void (this.dead || this.machine?.enter('exchange', JSON.stringify(exchange))));
    ports.input?.receive((event) => void (this.dead || this.machine?.enter('input', JSON.stringify(event))));
    return {
      'vm.execute': (text, bytes) => {
        const [block, message, options] = decodeCall(text, bytes ?? new Uint8Array(0));
        return packedOutcome(ports.vm.execute(block, message, this.stateView(), options));
      },
      'vm.trace': valueCall(([block, message, record]) => {
        if (!ports.vm.trace) throw new Error('this VM cannot trace');
        return ports.vm.trace(block as BlockContext, message as Message, this.stateView(), record as RecordOptions);
      }),
      'vm.keccak256': (_, bytes) => ports.vm.keccak256(bytes!),
      'vm.sha256': (_, bytes) => ports.vm.sha256(bytes!),
      'vm.recover': (text, bytes) => {
        const [yParity, r, s] = text.split(' ') as [string, string, string];
        return ports.vm.recover(bytes!, Number(yParity), whole(r), whole(s));
      },
      'store.get': (key) => ports.store.get(key),
      'store.keys': valueCall(([prefix, limit]) => ports.store.keys(prefix as string, limit as number)),
      'store.write': (text, bytes) => void ports.store.write(entriesOf(text, bytes ?? new Uint8Array(0))) as undefined,
      'clock.now': () => String(ports.clock.nowMs()),
      'clock.after': (text) => {
        const [id, delayMs] = text.split(' ').map(Number) as [number, number];
        if (!Number.isFinite(delayMs)) throw new CodecError(`the number ${delayMs}`);
        return void this.after(id, delayMs) as undefined;
      },
      'clock.cancel': (id) => {
        this.timers.get(Number(id))?.();
        this.timers.delete(Number(id));
        return undefined;
      },
      'network.peers': () => this.peersIfNew(),
      'network.sisters': () => JSON.stringify(ports.network.sisters()),
      'network.send': (peer, bytes) => void ports.network.send(peer, bytes!) as undefined,
      'network.serve': valueCall((routes) => ports.network.serve(routes as unknown as Route[])),
      'display.draw': (text, bytes) => {
        const [x, y, width, height] = JSON.parse(text) as [number, number, number, number];
        ports.display.draw({ x, y, width, height, pixels: new Uint16Array(bytes!.buffer) });
        return undefined;
      },
      'device.sign': (text, bytes) => replyOf(pack(ports.device.sign(unpack(packedOf(text, bytes)) as Uint8Array))),
      'device.battery': () => replyOf(pack(ports.device.batteryPercent())),
      'device.memory': () => replyOf(pack(ports.device.memory())),
      'log.write': (text) => {
        const [level, message] = JSON.parse(text) as [LogLevel, string];
        ports.log.write(level, String(message).slice(0, SENTENCE_LIMIT));
        return undefined;
      },
      'session.send': (text) => {
        const space = text.indexOf(' ');
        this.sessions.get(Number(text.slice(0, space)))?.send(text.slice(space + 1));
        return undefined;
      },
      'node.booted': () => {
        this.isBooted = true;
        this.resolveBoot();
        return undefined;
      },
      'node.failed': (sentence) => void this.rejectBoot(new Error(sentence)) as undefined,
      'node.answer': (text) => {
        const [id, answer] = JSON.parse(text) as [number, string];
        this.requests.get(id)?.(answer);
        this.requests.delete(id);
        return undefined;
      },
    };
  }

  /** Nothing while they are as they were told last. */
  private peersIfNew(): string | undefined {
    const peers = this.ports.network.peers();
    const told = this.peersTold;
    if (peers === told) return undefined;
    this.peersTold = peers;
    const isSame = peers.length === told.length && peers.every((peer, index) => peer === told[index]);
    return isSame ? undefined : JSON.stringify(peers);
  }

  /** The ledger's state as the firmware shows it to the VM: each read enters the firmware while it waits in `vm.execute`. */
  private stateView(): BatchView {
    const machine = this.machine!;
    return {
      agrees: (reads) => machine.ask('agrees', textOfReads(reads)) === 'yes',
      account: (address) => decodeAccount(machine.ask('account', address)),
      slot: (address, slot) => machine.ask('slot', `${address},${slot}`) as Word,
      code: (hash) => machine.askForBytes('code', hash)!,
      blockHash: (number) => machine.ask('blockHash', String(number)) as Word,
    };
  }
}

type LaterMethod = Extract<HostMethod, `containers.${string}`> | 'network.drained' | 'device.unseal';

/** The calls that answer later, each carrying the number of its promise inside. */
function laterCalls({ containers, device, network }: Ports, firmware: QuickJsFirmware): Pick<HostCalls, LaterMethod> {
  const later =
    (act: (...args: never[]) => Promise<unknown>): HostCall =>
    (text, bytes) => {
      const [id, ...args] = unpack(packedOf(text, bytes)) as [number, ...never[]];
      act(...args).then(
        (value) => firmware.settle({ id, value }),
        (error: Error & { code?: string }) =>
          firmware.settle({ id, error: { message: error.message, ...(error.code ? { code: error.code } : {}) } }),
      );
      return undefined;
    };
  return {
    'network.drained': later((containerId: string) => network.drained(containerId)),
    'containers.describe': later(() => containers.describe()),
    'containers.list': later(() => containers.list()),
    'containers.hasImage': later((image: string) => containers.hasImage(image)),
    'containers.pull': later((image: string) => containers.pull(image)),
    'containers.images': later(() => containers.images()),
    'containers.pin': later((image: string) => containers.pin(image)),
    'containers.removeImage': later((image: string) => containers.removeImage(image)),
    'containers.space': later(() => containers.space()),
    'containers.place': later((name: string, secrets: Record<string, Uint8Array>) => containers.place(name, secrets)),
    'device.unseal': later(async (sealed: Uint8Array) => device.unseal!(sealed)),
    'containers.create': later((spec: ContainerSpec) => containers.create(spec)),
    'containers.start': later((id: string) => containers.start(id)),
    'containers.stop': later((id: string, graceMs: number) => containers.stop(id, graceMs)),
    'containers.remove': later((id: string) => containers.remove(id)),
    'containers.logs': later((id: string, lines: number) => containers.logs(id, lines)),
    'containers.watch': (id) => void firmware.watch(Number(id), (changed) => containers.watch(changed)) as undefined,
    'containers.unwatch': (id) => void firmware.unwatch(Number(id)) as undefined,
  };
}

/** A call whose arguments come as one packed array and whose answer goes back packed. */
function valueCall(act: (args: readonly unknown[]) => unknown): HostCall {
  return (text, bytes) => replyOf(pack(act(unpack(packedOf(text, bytes)) as unknown[])));
}

const packedOf = (text: string, bytes: Uint8Array | undefined): Packed => (bytes ? { text, bytes } : { text });

function replyOf({ text, bytes }: Packed): HostReply {
  return bytes ? [text, bytes] : text;
}

/** What several devices are told in the same words. */
const outcomes = new WeakMap<object, HostReply>();
const readTexts = new WeakMap<readonly Read[], string>();

function packedOutcome(outcome: Executed | Refused): HostReply {
  const known = outcomes.get(outcome) ?? replyOf(encodeOutcome(outcome));
  outcomes.set(outcome, known);
  return known;
}

function textOfReads(reads: readonly Read[]): string {
  const known = readTexts.get(reads) ?? JSON.stringify(reads);
  readTexts.set(reads, known);
  return known;
}

/** Keys with the lengths of their values, -1 for none; then all values. */
function entriesOf(text: string, bytes: Uint8Array): [string, Uint8Array | undefined][] {
  let at = 0;
  return (JSON.parse(text) as [string, number][]).map(([key, length]) => {
    if (length < 0) return [String(key), undefined];
    at += length;
    if (!(at <= bytes.length)) throw new CodecError('a payload of wrong length');
    return [String(key), bytes.slice(at - length, at)];
  });
}

function boundWaiting(things: ReadonlyMap<number, unknown>, what: string): void {
  if (things.size >= WAITING_LIMIT) throw new Error(`more than ${WAITING_LIMIT} ${what} wait at once`);
}

/** JSON-RPC's answer for a device that is not running (EIP-1474: resource unavailable). */
export function downAnswer(name: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32002, message: `${name} is not running` } });
}
