import type { NodeConfig } from '../runtime/config.ts';
import type { NodeStatus, Session } from '../runtime/node.ts';
import type { Clock, Containers, InputEvent, LogLevel, Ports, Rectangle, Route, Vm } from '../runtime/ports/index.ts';
import type { VirtualContainers, VirtualRequest } from './containers.ts';
import { deviceOf, type Identity } from './identity.ts';
import type { VirtualNetwork } from './network.ts';
import { bootFirmware, downAnswer, type FirmwareProcess, type Scripts } from './quickjs/device.ts';
import type { Limits } from './quickjs/machine.ts';
import { framebuffer, type Screen } from './screen.ts';
import { memoryStore } from './store.ts';
import type { Trace } from './trace.ts';

/** The containers of one board, and the way to what listens in them. */
export interface BoardEngine {
  readonly containers: Containers;
  /** What the emulator may do to them; absent where they are real. */
  readonly virtual?: VirtualContainers;
  /** Answers at once where containers are virtual; absent where they are real. */
  readonly answer?: (containerId: string, port: number, request: VirtualRequest) => BoardAnswer | undefined;
  /** Where a port of a real container answers. Rejects if it does not run. */
  readonly reach?: (containerId: string, port: number) => Promise<{ readonly host: string; readonly port: number }>;
  powerOff?(): void;
  powerOn?(): void;
}

export interface BoardAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface BoardOptions {
  readonly identity: Identity;
  readonly config: NodeConfig;
  readonly scripts: Scripts;
  readonly vm: Vm;
  readonly clock: Clock;
  readonly network: VirtualNetwork;
  readonly engine: BoardEngine;
  readonly trace: Trace;
  readonly limits?: Limits;
  readonly onDraw?: (rectangle: Rectangle) => void;
  readonly onLog?: (level: LogLevel, message: string) => void;
}

/** One emulated device: a store and containers that last, and a firmware that comes and goes. */
export interface Board {
  readonly identity: Identity;
  readonly engine: BoardEngine;
  readonly screen: Screen;
  /** What its proxy serves now; none while it is down. */
  readonly routes: readonly Route[];
  /** Why its firmware was stopped; `undefined` while all is well. */
  readonly fault: string | undefined;
  readonly running: boolean;
  /** Starts the firmware; does nothing while one runs. Why it did not come up stands in {@link Board.fault}. */
  boot(): Promise<void>;
  /** Ends the firmware without warning. Store and containers stay as they are. */
  kill(): void;
  /** Ends the firmware in good order. */
  stop(): void;
  /** Takes the power from firmware and containers. */
  cutPower(): void;
  /** Gives it back and boots. */
  restorePower(): Promise<void>;
  status(): NodeStatus | undefined;
  /** A hand touches the LCD or presses a key. Nothing happens while no firmware runs. */
  input(event: InputEvent): void;
  /** JSON-RPC as text. Never rejects. */
  rpc(request: string): Promise<string>;
  /** A client that stays connected; `ended` is called when the device goes away under it. `undefined` while it is down. */
  session(send: (text: string) => void, ended: () => void): Session | undefined;
  memoryHeldBytes(): number;
}

export function createBoard(options: BoardOptions): Board {
  return new EmulatedBoard(options);
}

class EmulatedBoard implements Board {
  readonly identity: Identity;
  readonly engine: BoardEngine;
  readonly screen: Screen;
  routes: readonly Route[] = [];
  fault: string | undefined;
  private readonly options: BoardOptions;
  private readonly lasting: Pick<Ports, 'vm' | 'store' | 'clock' | 'containers' | 'display' | 'input' | 'device' | 'log'>;
  private firmware: FirmwareProcess | undefined;
  private hand: ((event: InputEvent) => void) | undefined;

  constructor(options: BoardOptions) {
    this.options = options;
    this.identity = options.identity;
    this.engine = options.engine;
    this.screen = framebuffer(options.onDraw ?? (() => {}));
    this.lasting = {
      vm: this.tracedVm(),
      store: this.tracedStore(),
      clock: options.clock,
      containers: options.engine.containers,
      display: this.tracedDisplay(),
      input: {
        receive: (handler) => {
          this.hand = handler;
        },
      },
      device: deviceOf(options.identity),
      log: { write: (level, message) => this.log(level, message) },
    };
  }

  get running(): boolean {
    return this.firmware !== undefined;
  }

  async boot(): Promise<void> {
    if (this.firmware) return;
    this.note('boot');
    this.fault = undefined;
    const network = this.options.network.join(this.identity.name, (routes) => this.serve(routes));
    const { scripts, config, limits } = this.options;
    const ports: Ports = { ...this.lasting, network: this.tracedNetwork(network) };
    const onFault = (sentence: string) => this.fail(sentence);
    const firmware = await bootFirmware({ scripts, config, ports, onFault, ...(limits ? { limits } : {}) });
    // A firmware that broke while its scripts ran has already reported its fault.
    if (this.fault === undefined) this.firmware = firmware;
    firmware.booted.catch((error: Error) => {
      if (this.firmware === firmware) this.fail(`the firmware did not boot: ${error.message}`);
    });
  }

  kill(): void {
    this.note('kill');
    this.firmware?.kill();
    this.release();
  }

  stop(): void {
    this.firmware?.stop();
    this.release();
  }

  cutPower(): void {
    this.kill();
    this.engine.powerOff?.();
    this.screen.clear();
  }

  async restorePower(): Promise<void> {
    this.engine.powerOn?.();
    await this.boot();
  }

  status(): NodeStatus | undefined {
    return this.firmware?.status();
  }

  input(event: InputEvent): void {
    if (!this.firmware) return;
    this.note('input', JSON.stringify(event));
    this.hand?.(event);
  }

  rpc(request: string): Promise<string> {
    return this.firmware?.rpc(request) ?? Promise.resolve(downAnswer(this.identity.name));
  }

  session(send: (text: string) => void, ended: () => void): Session | undefined {
    return this.firmware?.session(send, ended);
  }

  memoryHeldBytes(): number {
    return this.firmware?.memoryHeldBytes() ?? 0;
  }

  private fail(sentence: string): void {
    if (this.fault !== undefined) return;
    this.fault = sentence;
    this.log('error', sentence);
    this.firmware?.kill();
    this.release();
  }

  private release(): void {
    this.firmware = undefined;
    this.routes = [];
    this.options.network.leave(this.identity.name);
  }

  private serve(routes: readonly Route[]): void {
    this.routes = routes;
    this.note('serve', JSON.stringify(routes));
  }

  private log(level: LogLevel, message: string): void {
    this.note('log', level, message);
    this.options.onLog?.(level, message);
  }

  private note(what: string, ...details: readonly (string | number | Uint8Array)[]): void {
    this.options.trace.add(this.options.clock.nowMs(), this.identity.name, what, ...details);
  }

  private tracedVm(): Vm {
    const { vm } = this.options;
    return {
      fork: vm.fork,
      ...(vm.trace && { trace: (...args: Parameters<NonNullable<Vm['trace']>>) => vm.trace!(...args) }),
      keccak256: (data) => vm.keccak256(data),
      sha256: (data) => vm.sha256(data),
      recover: (hash, yParity, r, s) => vm.recover(hash, yParity, r, s),
      execute: (block, message, state, options) => {
        const result = vm.execute(block, message, state, options);
        if (result.kind === 'executed') this.note('execute', result.status, String(result.gasUsed));
        else this.note('refuse', result.reason);
        return result;
      },
    };
  }

  private tracedStore(): Ports['store'] {
    const store = memoryStore();
    return {
      get: (key) => store.get(key),
      keys: (prefix, limit) => store.keys(prefix, limit),
      write: (entries) => {
        for (const [key, value] of entries) this.note('write', key, value ?? '');
        store.write(entries);
      },
    };
  }

  private tracedNetwork(network: Ports['network']): Ports['network'] {
    return {
      ...network,
      send: (peer, message) => {
        this.note('send', peer, message);
        network.send(peer, message);
      },
    };
  }

  private tracedDisplay(): Ports['display'] {
    return {
      draw: (rectangle) => {
        const { x, y, width, height, pixels } = rectangle;
        this.note('draw', x, y, width, height, new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
        this.screen.draw(rectangle);
      },
    };
  }
}
