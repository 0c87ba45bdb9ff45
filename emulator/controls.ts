import { type FaultCall, type FaultKind, faultKinds, injectFault } from './faults.ts';
import type { SavedWorld } from './recording.ts';
import type { World } from './world.ts';

export type { FaultCall, FaultKind } from './faults.ts';
export type { SavedWorld } from './recording.ts';

/** Virtual seconds per real second; `max`: as fast as this machine can. */
export type Speed = number | 'max';

export const SPEED_LIMITS = { least: 0.1, most: 1000 } as const;

/** Where time stands, for whoever shows it. */
export interface ControlState {
  readonly paused: boolean;
  readonly speed: Speed;
  readonly seed: string;
  readonly nowMs: number;
  /** Since the world began. */
  readonly elapsedMs: number;
  /** Blocks on the sequencer; 0 while it is down. */
  readonly block: number;
  /** What the world will pause at, in the user's words. */
  readonly pauseAt: string | undefined;
  /** Why it paused by itself, if it did. */
  readonly pausedBecause: string | undefined;
}

/** The hands on a running world. What cannot be done is refused with a sentence and changes nothing. */
export interface Controls {
  state(): ControlState;
  run(): void;
  pause(): void;
  setSpeed(speed: Speed): void;
  /** Goes on to the next block, then pauses. Resolves with its number; rejects if none came within a virtual minute. */
  stepBlock(): Promise<number>;
  /** Pauses right after the moment that makes the condition hold; `undefined` forgets it. Throws a sentence for one that cannot be read. */
  pauseAt(condition: string | undefined): void;
  /** Every fault there is, for buttons and menus. */
  readonly faults: readonly FaultKind[];
  /** Makes a fault happen, or mends it. Resolves with a sentence on what was done. */
  inject(call: FaultCall): Promise<string>;
  /** The world as it is between two moments. */
  save(): SavedWorld;
  load(saved: SavedWorld): Promise<void>;
  /** Goes back to the moment when that block had just been made, and pauses. */
  stepBack(block: number): Promise<void>;
  /** Begins again; without a seed, with the same one, and without a number with as many devices as before. */
  restart(seed?: string, devices?: number): Promise<void>;
  /** Calls back whenever the state above changes other than by time. Answers how to stop. */
  onChange(listener: () => void): () => void;
}

/** What drives the world asks these. */
export interface Pace {
  /** How much virtual time may pass for that much real time; 0 while paused. */
  due(realMs: number): number;
  /** Called after each moment in which something happened; whether the world is to stand still from then on. */
  passed(): boolean;
  readonly isMax: boolean;
}

const STEP_LIMIT_MS = 60_000;
const DEVICES_MOST = 256;

/** How another world takes the place of this one: a saved one, up to a block, or a fresh one of a seed. */
export type Again =
  | { readonly saved: SavedWorld; readonly block?: number }
  | { readonly seed: string; readonly devices?: number };

export interface ControlOptions {
  /** Absent: this world can neither be saved nor replaced. */
  readonly again?: (what: Again) => void;
  readonly version?: string;
  readonly rogues?: Readonly<Record<string, string>>;
}

export function createControls(world: World, options: ControlOptions = {}): Controls & Pace {
  return new WorldControls(world, options);
}

class WorldControls implements Controls, Pace {
  readonly faults = faultKinds;
  private readonly world: World;
  private readonly options: ControlOptions;
  private readonly listeners = new Set<() => void>();
  private paused = false;
  private speed: Speed = 1;
  private pausedBecause: string | undefined;
  private condition: { readonly text: string; readonly holds: (world: World) => boolean } | undefined;
  private stepping:
    | { readonly from: number; readonly untilMs: number; readonly done: (block: number | undefined) => void }
    | undefined;

  constructor(world: World, options: ControlOptions) {
    this.world = world;
    this.options = options;
  }

  get isMax(): boolean {
    return this.speed === 'max' && !this.paused;
  }

  state(): ControlState {
    const nowMs = this.world.clock.nowMs();
    return {
      paused: this.paused,
      speed: this.speed,
      seed: this.world.seed,
      nowMs,
      elapsedMs: nowMs - this.world.startMs,
      block: blockOf(this.world),
      pauseAt: this.condition?.text,
      pausedBecause: this.pausedBecause,
    };
  }

  run(): void {
    this.paused = false;
    this.pausedBecause = undefined;
    this.changed();
  }

  pause(): void {
    this.halt(undefined);
  }

  setSpeed(speed: Speed): void {
    this.speed = checkSpeed(speed);
    this.changed();
  }

  stepBlock(): Promise<number> {
    if (this.stepping) return Promise.reject(new ControlRefused('a step is under way; wait for it or pause'));
    const from = blockOf(this.world);
    const answer = new Promise<number>((resolve, reject) => {
      const failure = new ControlRefused(`no block came within ${STEP_LIMIT_MS / 1000} s: without transactions none is made`);
      const done = (block: number | undefined) => (block === undefined ? reject(failure) : resolve(block));
      this.stepping = { from, untilMs: this.world.clock.nowMs() + STEP_LIMIT_MS, done };
    });
    this.run();
    return answer;
  }

  pauseAt(condition: string | undefined): void {
    this.condition = condition === undefined ? undefined : { text: condition, holds: parseCondition(condition) };
    this.changed();
  }

  inject(call: FaultCall): Promise<string> {
    return this.world.outside(() => injectFault(this.world, call));
  }

  save(): SavedWorld {
    this.requireAgain('saved');
    const { world, options } = this;
    return {
      format: 'classpad world 1',
      version: options.version ?? '',
      seed: world.seed,
      devices: world.devicesAtFirst,
      startMs: world.startMs,
      rogues: options.rogues ?? {},
      nowMs: world.clock.nowMs(),
      moment: world.clock.moments(),
      inputs: [...world.inputs],
    };
  }

  async load(saved: SavedWorld): Promise<void> {
    const again = this.requireAgain('replaced');
    again({ saved });
  }

  async stepBack(block: number): Promise<void> {
    const again = this.requireAgain('taken back');
    const now = blockOf(this.world);
    if (!Number.isInteger(block) || block < 1 || block >= now)
      throw new ControlRefused(`a step back goes to a block from 1 to ${now - 1}`);
    again({ saved: this.save(), block });
  }

  async restart(seed = this.world.seed, devices?: number): Promise<void> {
    const again = this.requireAgain('begun again');
    if (seed.length === 0 || seed.length > 200) throw new ControlRefused('a seed has 1 to 200 characters');
    if (devices !== undefined && !(devices >= 1 && devices <= DEVICES_MOST))
      throw new ControlRefused(`a world has 1 to ${DEVICES_MOST} devices`);
    again({ seed, ...(devices !== undefined && { devices }) });
  }

  private requireAgain(what: string): NonNullable<ControlOptions['again']> {
    if (this.options.again) return this.options.again;
    throw new ControlRefused(`this world cannot be ${what}: not all of it is the emulator's own`);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  due(realMs: number): number {
    if (this.paused) return 0;
    return this.speed === 'max' ? Number.POSITIVE_INFINITY : realMs * this.speed;
  }

  passed(): boolean {
    const { stepping, condition, world } = this;
    if (stepping) {
      const block = blockOf(world);
      if (block > stepping.from) this.halt(undefined, block);
      else if (world.clock.nowMs() >= stepping.untilMs) this.halt(undefined);
    }
    if (!this.paused && condition?.holds(world)) {
      this.condition = undefined;
      this.halt(condition.text);
    }
    return this.paused;
  }

  private halt(because: string | undefined, block?: number): void {
    this.paused = true;
    this.pausedBecause = because;
    this.stepping?.done(block);
    this.stepping = undefined;
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

function blockOf(world: World): number {
  return world.sequencer.status()?.head.number ?? 0;
}

function checkSpeed(speed: Speed): Speed {
  const { least, most } = SPEED_LIMITS;
  if (speed === 'max' || (speed >= least && speed <= most)) return speed;
  throw new ControlRefused(`a speed is a number from ${least} to ${most}, or max`);
}

type Condition = (world: World, value: string) => boolean;

/** The first word of a condition, and what it means of the second. */
const conditions: { readonly [word: string]: Condition } = {
  block: (world, value) => blockOf(world) >= Number(value),
  fault: (world, value) =>
    world.boards.some(({ fault, identity }) => fault !== undefined && ['any', identity.name].includes(value)),
  failed: (world, value) => anyBoard(world, value, 'failed'),
  healthy: (world, value) => anyBoard(world, value, 'healthy'),
  changing: (world, value) => anyBoard(world, value, 'changing'),
  offline: (world, value) => anyBoard(world, value, 'offline'),
};

function anyBoard(world: World, name: string, state: string): boolean {
  return world.boards.some((board) => ['any', board.identity.name].includes(name) && board.status()?.state === state);
}

/** `block 12`, `fault any`, `failed pad-02`, `healthy pad-01`. */
function parseCondition(text: string): (world: World) => boolean {
  const [word = '', value = '', ...more] = text.trim().split(/\s+/);
  const condition = Object.hasOwn(conditions, word) ? conditions[word] : undefined;
  const isRight = condition && more.length === 0 && (word === 'block' ? /^\d+$/.test(value) : /^[a-z0-9-]+$/.test(value));
  if (!isRight)
    throw new ControlRefused(`"${text}" is no condition; "block 12", "fault any", "failed pad-02", "healthy pad-01" are`);
  return (world) => condition!(world, value);
}

/** What the controls cannot do now, in one sentence. */
export class ControlRefused extends Error {
  override readonly name = 'ControlRefused';
}
