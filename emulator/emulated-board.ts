import type { NodeStatus, Session } from '../runtime/node.ts';
import type { Exchange, InputEvent, LogLevel, Network, Rectangle, Route } from '../runtime/ports/index.ts';
import { createUnderWay } from '../runtime/proxy/under-way.ts';
import { type Battery, createBattery } from './battery.ts';
import type { Board, BoardEngine, BoardOptions } from './board.ts';
import { type BoardClock, boardClock } from './board-clock.ts';
import type { Identity } from './identity.ts';
import type { ContainerVerb, Effect, End, Input, Moment, Output, ShellDoor, WriteTrap } from './process/exchange.ts';
import { downAnswer } from './quickjs/device.ts';
import { leavesMark } from './recording.ts';
import { framebuffer, type Screen } from './screen.ts';
import { type MemoryStore, memoryStore } from './store.ts';

/** A watchdog reboots what was stopped, later each time it happens again soon. */
const FIRST_REBOOT_MS = 5_000;
const LAST_REBOOT_MS = 300_000;
const MOST_BEGUN_AGAIN = 3;
const SESSIONS_LIMIT = 256;

export function createBoard(options: BoardOptions): Board {
  return new EmulatedBoard(options);
}

/** One boot of the firmware, to its end. */
interface Life {
  readonly door: ShellDoor;
  readonly network: Network;
  readonly timers: Map<number, () => void>;
  readonly watches: Map<number, () => void>;
  readonly requests: Map<number, (answer: string) => void>;
  readonly sessions: Map<number, { readonly send: (text: string) => void; readonly ended: () => void }>;
  booted: boolean;
}

type Request = Input & { readonly do: 'rpc' | 'session.receive'; readonly text: string };
type Appliers = { readonly [K in Effect[0]]: (life: Life, effect: Extract<Effect, readonly [K, ...unknown[]]>) => void };

class EmulatedBoard implements Board {
  readonly identity: Identity;
  readonly looks: string | undefined;
  readonly engine: BoardEngine;
  readonly screen: Screen;
  readonly store: MemoryStore = memoryStore();
  readonly hardwareClock: BoardClock;
  readonly battery: Battery;
  readonly underWay = createUnderWay();
  routes: readonly Route[] = [];
  fault: string | undefined;
  faults = 0;
  powered = true;
  private readonly options: BoardOptions;
  private isGone = false;
  private life: Life | undefined;
  private nextId = 1;
  private rebootMs = FIRST_REBOOT_MS;
  /** How often its firmware began again for a neighbour's sake since it last was up. */
  private begunAgain = 0;
  private cancelReboot = (): void => {};
  private cancelSteady = (): void => {};

  constructor(options: BoardOptions) {
    this.options = options;
    this.identity = options.identity;
    this.looks = options.looks;
    this.engine = options.engine;
    this.screen = framebuffer(options.onDraw ?? (() => {}));
    this.hardwareClock = boardClock(options.clock);
    this.battery = createBattery(options.clock, () => this.cutPower());
  }

  get waiting(): number {
    const { life } = this;
    return life ? life.timers.size + life.watches.size + life.requests.size : 0;
  }

  get running(): boolean {
    return this.life !== undefined;
  }

  async boot(): Promise<void> {
    if (this.life || !this.powered || this.isGone) return;
    this.cancelReboot();
    this.note('boot');
    this.fault = undefined;
    const { network, shell } = this.options;
    const life: Life = {
      door: shell(this.store),
      network: network.join(this.identity.name),
      timers: new Map(),
      watches: new Map(),
      requests: new Map(),
      sessions: new Map(),
      booted: false,
    };
    this.life = life;
    life.network.receive((peer, bytes) => this.enter(life, { do: 'message', peer, bytes }));
    this.enter(life, { do: 'boot' });
    await this.options.rounds.idle();
  }

  kill(): void {
    this.cancelReboot();
    this.note('kill');
    this.release();
  }

  stop(): void {
    this.cancelReboot();
    const { life } = this;
    if (!life) return;
    this.life = undefined;
    void life.door.enter({ do: 'stop' }, this.moment(life)).then(() => life.door.close());
    this.letGo(life);
  }

  cutPower(): void {
    if (!this.powered) return;
    this.kill();
    this.powerOut();
  }

  takeAway(): void {
    this.note('take away');
    this.isGone = true;
    this.cutPower();
  }

  async restorePower(): Promise<void> {
    if (this.isGone) return;
    this.powered = true;
    this.battery.charge();
    this.engine.powerOn?.();
    await this.boot();
  }

  trapWrites(trap: WriteTrap | undefined): void {
    this.life?.door.setTrap(trap);
  }

  storeChanged(keys: readonly string[]): void {
    const entries = keys.map((key) => [key, this.store.get(key)] as const);
    if (!this.options.storeIsShared) this.life?.door.setStored(entries, this.store.capacityBytes);
  }

  status(): NodeStatus | undefined {
    const text = this.life?.door.status(this.moment(this.life));
    return text === undefined ? undefined : (JSON.parse(text) as NodeStatus);
  }

  input(event: InputEvent): void {
    if (!this.life) return;
    this.options.record({ do: 'hand', event });
    this.note('input', JSON.stringify(event));
    this.enter(this.life, { do: 'hand', event });
  }

  observed(exchange: Exchange): void {
    const { life } = this;
    if (!life?.booted) return;
    void this.options.rounds.outside(() => {
      this.options.record({ do: 'exchange', exchange });
      this.enter(life, { do: 'exchange', exchange });
    });
  }

  rpc(request: string): Promise<string> {
    return this.ask('rpc', request, downAnswer(this.identity.name));
  }

  async wellKnown(target: string): Promise<string | undefined> {
    const text = this.life?.booted ? await this.ask('wellKnown', target, '') : '';
    // A device that went down meanwhile answers as JSON-RPC does.
    return text === '' || text === downAnswer(this.identity.name) ? undefined : text;
  }

  private async ask(what: 'rpc' | 'wellKnown', text: string, down: string): Promise<string> {
    const answer = await this.options.rounds.outside(() => {
      const { life } = this;
      if (!life) return Promise.resolve(down);
      const id = this.nextId++;
      if (what === 'rpc') this.request(life, { do: 'rpc', id, text });
      else this.enter(life, { do: 'wellKnown', id, text });
      return { later: new Promise<string>((resolve) => life.requests.set(id, resolve)) };
    });
    return typeof answer === 'object' && 'later' in answer ? answer.later : answer;
  }

  session(send: (text: string) => void, ended: () => void): Session | undefined {
    const { life } = this;
    if (!life?.booted || life.sessions.size >= SESSIONS_LIMIT) return undefined;
    const id = this.nextId++;
    const later = (input: Input): void => {
      void this.options.rounds.outside(() => this.enter(life, input));
    };
    life.sessions.set(id, { send, ended });
    later({ do: 'session.open', id });
    return {
      receive: (text) => {
        void this.options.rounds.outside(() => {
          this.request(life, { do: 'session.receive', id, text });
        });
      },
      close: () => {
        if (life.sessions.delete(id)) later({ do: 'session.close', id });
      },
    };
  }

  memoryHeldBytes(): number {
    return this.life?.door.memoryHeldBytes() ?? 0;
  }

  /** Of a mere question nothing is kept. */
  private request(life: Life, input: Request): void {
    const takeBack = this.options.record({ do: 'rpc', text: input.text });
    this.enter(life, input, (output) => {
      if (leavesMark(input.text, output)) return this.apply(life, output);
      takeBack();
      this.apply(life, { effects: output.effects.filter(([what]) => what === 'answer' || what === 'session') });
    });
  }

  /** The input is dealt with now; what the firmware does about it is applied when its turn in the round comes. */
  private enter(life: Life, input: Input, apply = (output: Output): void => this.apply(life, output)): void {
    if (life !== this.life) return;
    this.options.rounds.entered(life.door.enter(input, this.moment(life)), apply);
  }

  private moment(life: Life): Moment {
    return {
      nowMs: this.hardwareClock.nowMs(),
      peers: life.network.peers(),
      sisters: life.network.sisters(),
      batteryPercent: this.battery.percent(),
      memory: undefined,
    };
  }

  private apply(life: Life, { effects, end }: Output): void {
    for (const effect of effects) {
      if (life !== this.life) return;
      (this.appliers[effect[0]] as (life: Life, effect: Effect) => void)(life, effect);
    }
    if (end && life === this.life) this.endedBy(end);
  }

  private readonly appliers: Appliers = {
    after: (life, [, id, delayMs]) => {
      const ring = (): void => {
        if (life.timers.delete(id)) this.enter(life, { do: 'timer', id });
      };
      life.timers.set(id, this.options.clock.after(delayMs, ring));
    },
    cancel: (life, [, id]) => {
      life.timers.get(id)?.();
      life.timers.delete(id);
    },
    send: (life, [, peer, message]) => {
      this.note('send', peer, message);
      life.network.send(peer, message);
    },
    serve: (_, [, routes]) => {
      this.routes = routes;
      this.note('serve', JSON.stringify(routes));
    },
    drained: (life, [, id, containerId]) =>
      void this.underWay.drained(containerId).then(() => this.enter(life, { do: 'settled', id })),
    draw: (_, [, rectangle]) => this.draw(rectangle),
    log: (_, [, level, message]) => this.log(level, message),
    container: (life, [, id, verb, args]) => this.act(life, id, verb, args),
    watch: (life, [, id]) => {
      life.watches.set(
        id,
        this.engine.containers.watch(() => this.enter(life, { do: 'changed', id })),
      );
    },
    unwatch: (life, [, id]) => {
      life.watches.get(id)?.();
      life.watches.delete(id);
    },
    answer: (life, [, id, text]) => {
      life.requests.get(id)?.(text);
      life.requests.delete(id);
    },
    session: (life, [, id, text]) => life.sessions.get(id)?.send(text),
    write: (_, [, entries]) => {
      for (const [key, value] of entries) this.note('write', key, value ?? '');
      if (!this.options.storeIsShared) this.store.write(entries);
    },
    executed: (_, [, status, gasUsed]) => this.note('execute', status, gasUsed),
    refused: (_, [, reason]) => this.note('refuse', reason),
    booted: (life) => {
      life.booted = true;
      this.begunAgain = 0;
      this.cancelSteady = this.options.clock.after(LAST_REBOOT_MS, () => {
        this.rebootMs = FIRST_REBOOT_MS;
      });
    },
    failed: (_, [, sentence]) => this.fail(`the firmware did not boot: ${sentence}`),
  };

  private act(life: Life, id: number, verb: ContainerVerb, args: readonly unknown[]): void {
    const call = this.engine.containers[verb] as (...args: readonly unknown[]) => Promise<unknown>;
    call(...args).then(
      (value) => this.enter(life, { do: 'settled', id, value }),
      ({ message, code }: Error & { code?: string }) =>
        this.enter(life, { do: 'settled', id, error: { message, ...(code === undefined ? {} : { code }) } }),
    );
  }

  private draw(rectangle: Rectangle): void {
    const { x, y, width, height, pixels } = rectangle;
    this.note('draw', x, y, width, height, new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
    try {
      this.screen.draw(rectangle);
    } catch (error) {
      this.fail(`the firmware was stopped: ${(error as Error).message}`);
    }
  }

  private endedBy(end: End): void {
    if (end.by === 'fault') this.fail(end.sentence);
    else if (end.by === 'neighbour' && this.begunAgain < MOST_BEGUN_AGAIN) {
      // Not its fault: it goes on from its store in the same moment.
      this.begunAgain += 1;
      this.log('warn', 'the firmware begins again: another device on its thread had to be stopped');
      this.release();
      void this.boot();
    } else if (end.by === 'neighbour') {
      // Whoever is stopped each time before it is up may be the one whose boot is too slow: it waits, ever longer.
      this.fail('the firmware does not boot: its thread had to be stopped again and again');
    } else {
      this.note('power out');
      this.release();
      this.powerOut();
    }
  }

  private fail(sentence: string): void {
    if (!this.life) return;
    this.fault = sentence;
    this.faults += 1;
    this.log('error', sentence);
    this.release();
    this.cancelReboot = this.options.clock.after(this.rebootMs, () => void this.boot());
    this.rebootMs = Math.min(this.rebootMs * 2, LAST_REBOOT_MS);
  }

  private powerOut(): void {
    this.powered = false;
    this.store.loseWrites(this.store.unsafeWrites);
    this.engine.powerOff?.();
    this.screen.clear();
  }

  private release(): void {
    const { life } = this;
    this.life = undefined;
    if (life) {
      life.door.close();
      this.letGo(life);
    }
    this.routes = [];
  }

  private letGo(life: Life): void {
    this.cancelSteady();
    this.options.network.leave(this.identity.name);
    for (const cancel of [...life.timers.values(), ...life.watches.values()]) cancel();
    for (const answer of life.requests.values()) answer(downAnswer(this.identity.name));
    for (const { ended } of life.sessions.values()) ended();
  }

  private log(level: LogLevel, message: string): void {
    this.note('log', level, message);
    this.options.onLog?.(level, message);
  }

  private note(what: string, ...details: readonly (string | number | Uint8Array)[]): void {
    this.options.trace.add(this.options.clock.nowMs(), this.identity.name, what, ...details);
  }
}
