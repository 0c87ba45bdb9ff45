import type { NodeConfig } from '../../runtime/config.ts';
import type { Containers, Device, Exchange, InputEvent, Ports, Store, Vm } from '../../runtime/ports/index.ts';
import type { MemoryStore } from '../store.ts';
import type { ContainerVerb, Effect, EngineFailure, Moment, StoreEntry, WriteTrap } from './exchange.ts';

/** Ports that keep a list of what was done through them, and the other ends of what comes back. */
export interface RecordingPorts {
  readonly ports: Ports;
  /** Takes the list, leaving an empty one. */
  take(): Effect[];
  /** Adds to the list; the shell's own words. */
  add(effect: Effect): void;
  timer(id: number): void;
  changed(id: number): void;
  message(peer: string, bytes: Uint8Array): void;
  settled(id: number, value: unknown, error: EngineFailure | undefined): void;
  exchange(exchange: Exchange): void;
  hand(event: InputEvent): void;
  setTrap(trap: WriteTrap | undefined): void;
  /** From now on nothing that is done through the ports happens; what still runs inside does so for nobody. */
  cutPower(): void;
  readonly powerIsOut: boolean;
}

export interface PortParts {
  readonly vm: Vm;
  readonly store: MemoryStore;
  readonly device: Omit<Device, 'batteryPercent' | 'memory'>;
  readonly config: NodeConfig;
  readonly moment: () => Moment;
}

/** An error with a code, as the firmware's own EngineError has it; the firmware inside QuickJS makes its own. */
export type MakeError = (failure: EngineFailure) => Error;

const SENTENCE_LIMIT = 2000;

export function recordingPorts(parts: PortParts, makeError: MakeError): RecordingPorts {
  return new Recorder(parts, makeError);
}

class Recorder implements RecordingPorts {
  readonly ports: Ports;
  powerIsOut = false;
  private effects: Effect[] = [];
  private readonly parts: PortParts;
  private readonly makeError: MakeError;
  private readonly timers = new Map<number, () => void>();
  private readonly watchers = new Map<number, () => void>();
  private readonly waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private receiver: (peer: string, message: Uint8Array) => void = () => {};
  private observer: (exchange: Exchange) => void = () => {};
  private fingers: (event: InputEvent) => void = () => {};
  private trap: WriteTrap | undefined;
  private nextId = 1;

  constructor(parts: PortParts, makeError: MakeError) {
    this.parts = parts;
    this.makeError = makeError;
    this.ports = {
      vm: this.vm(),
      store: this.store(),
      clock: { nowMs: () => parts.moment().nowMs, after: (delayMs, callback) => this.after(delayMs, callback) },
      containers: this.containers(),
      network: {
        peers: () => parts.moment().peers,
        send: (peer, message) => this.add(['send', peer, message.slice()]),
        receive: (handler) => {
          this.receiver = handler;
        },
        serve: (routes) => this.add(['serve', routes]),
        drained: (containerId) => this.later((id) => ['drained', id, containerId]),
        observe: (handler) => {
          this.observer = handler;
        },
        sisters: () => parts.moment().sisters,
      },
      display: { draw: (rectangle) => this.add(['draw', { ...rectangle, pixels: rectangle.pixels.slice() }]) },
      input: {
        receive: (handler) => {
          this.fingers = handler;
        },
      },
      device: {
        ...parts.device,
        batteryPercent: () => parts.moment().batteryPercent,
        memory: () => parts.moment().memory,
      },
      log: { write: (level, message) => this.add(['log', level, message.slice(0, SENTENCE_LIMIT)]) },
    };
  }

  take(): Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  add(effect: Effect): void {
    if (!this.powerIsOut) this.effects.push(effect);
  }

  timer(id: number): void {
    const callback = this.timers.get(id);
    this.timers.delete(id);
    callback?.();
  }

  changed(id: number): void {
    this.watchers.get(id)?.();
  }

  message(peer: string, bytes: Uint8Array): void {
    this.receiver(peer, bytes);
  }

  settled(id: number, value: unknown, error: EngineFailure | undefined): void {
    const promise = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) promise?.reject(this.makeError(error));
    else promise?.resolve(value);
  }

  exchange(exchange: Exchange): void {
    this.observer(exchange);
  }

  hand(event: InputEvent): void {
    this.fingers(event);
  }

  setTrap(trap: WriteTrap | undefined): void {
    this.trap = trap;
  }

  cutPower(): void {
    this.powerIsOut = true;
  }

  private after(delayMs: number, callback: () => void): () => void {
    const id = this.nextId++;
    this.add(['after', id, delayMs]);
    this.timers.set(id, callback);
    return () => {
      if (this.timers.delete(id)) this.add(['cancel', id]);
    };
  }

  private store(): Store {
    const { store } = this.parts;
    return {
      get: (key) => store.get(key),
      keys: (prefix, limit) => store.keys(prefix, limit),
      write: (entries) => {
        if (this.powerIsOut) return;
        const sprung = this.spring();
        const kept = sprung ? keptOf(sprung, entries) : entries;
        store.write(kept);
        this.add(['write', kept.map(([key, value]) => [key, value?.slice()])]);
        if (sprung) this.powerIsOut = true;
        // What is deleted while the rest of its write is lost is gone by no fault of the firmware.
        if (typeof sprung?.keep === 'object') store.spoil(kept.filter(([, value]) => value === undefined));
      },
    };
  }

  /** Counts a write; the trap if it is its turn. */
  private spring(): WriteTrap | undefined {
    const { trap } = this;
    if (!trap) return undefined;
    this.trap = trap.write > 1 ? { ...trap, write: trap.write - 1 } : undefined;
    return this.trap ? undefined : trap;
  }

  private vm(): Vm {
    const { vm } = this.parts;
    return {
      fork: vm.fork,
      ...(vm.trace && { trace: (...args: Parameters<NonNullable<Vm['trace']>>) => vm.trace!(...args) }),
      keccak256: (data) => vm.keccak256(data),
      sha256: (data) => vm.sha256(data),
      recover: (hash, yParity, r, s) => vm.recover(hash, yParity, r, s),
      execute: (block, message, state, options) => {
        const result = vm.execute(block, message, state, options);
        if (result.kind === 'executed') this.add(['executed', result.status, String(result.gasUsed)]);
        else this.add(['refused', result.reason]);
        return result;
      },
    };
  }

  /** What is answered later, by its number. */
  private later<T>(effect: (id: number) => Effect): Promise<T> {
    const id = this.nextId++;
    const promise = new Promise<T>((resolve, reject) =>
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject }),
    );
    this.add(effect(id));
    return promise;
  }

  private containers(): Containers {
    const later =
      (verb: ContainerVerb) =>
      (...args: readonly unknown[]): Promise<never> =>
        this.later((id) => ['container', id, verb, args]);
    return {
      describe: later('describe'),
      list: later('list'),
      hasImage: later('hasImage'),
      pull: later('pull'),
      pin: later('pin'),
      create: later('create'),
      start: later('start'),
      stop: later('stop'),
      remove: later('remove'),
      images: later('images'),
      removeImage: later('removeImage'),
      space: later('space'),
      place: later('place'),
      logs: later('logs'),
      watch: (changed) => {
        const id = this.nextId++;
        this.add(['watch', id]);
        this.watchers.set(id, changed);
        return () => {
          if (this.watchers.delete(id)) this.add(['unwatch', id]);
        };
      },
    };
  }
}

function keptOf({ keep }: WriteTrap, entries: readonly StoreEntry[]): readonly StoreEntry[] {
  if (typeof keep === 'object') return shred(entries, keep.shredded);
  if (keep === 'all') return entries;
  return keep === 'none' ? [] : entries.slice(0, Math.floor(entries.length / 2));
}

/** Some of the entries, in no order; the first that is kept only up to its middle. */
export function shred(entries: readonly StoreEntry[], seed: number): readonly StoreEntry[] {
  let bits = seed;
  const kept = entries.filter(() => {
    bits = (Math.imul(bits, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (bits >> 16) % 2 === 0;
  });
  return kept.map(([key, value], index) => [key, index === 0 ? value?.subarray(0, value.length >> 1) : value]);
}
