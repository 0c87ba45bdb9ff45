import {
  type Clock,
  type ContainerSpec,
  EngineError,
  type FoundConfig,
  type FoundContainer,
  Label,
} from '../../runtime/ports/index.ts';
import { type Box, finish, KILLED, type World } from './box.ts';
import { createImages, type Images } from './images.ts';
import { type Appetite, MACHINE, type Machine, settle, shortageMs, speed, starving } from './machine.ts';
import type { RegistryImage } from './programs.ts';

export interface VirtualContainersOptions {
  /** Name of the device, as its containers' label carries it. */
  readonly device: string;
  readonly clock: Clock;
  /** A number from 0 (inclusive) to 1 (exclusive), drawn from the world's seed. */
  readonly random: () => number;
  readonly registry?: readonly RegistryImage[];
  /** Memory and processors that its containers share. */
  readonly machine?: Machine;
}

/** One virtual engine, with everything on it. */
export interface Engine extends World {
  readonly options: VirtualContainersOptions;
  readonly boxes: Map<string, Box>;
  readonly images: Images;
  /** By the name of a container: the secrets it was given. They are in memory, so a power cut takes them. */
  readonly placed: Map<string, ReadonlySet<string>>;
  /** By name: the app whose it is. */
  readonly volumes: Map<string, string>;
  readonly watchers: Set<() => void>;
  powered: boolean;
  reachable: boolean;
  pullFailure: string | undefined;
  slowness: number;
  corrupt: boolean;
  flakiness: number;
  readonly machine: Machine;
  /** Of every program of this device, by a fault. */
  appetite: Appetite;
  cancelShortage: () => void;
}

/** Least latency of each verb; up to half of it is added by chance. */
export const LATENCY_MS = { list: 4, hasImage: 2, create: 30, start: 120, stop: 5, remove: 20, logs: 4, describe: 2 } as const;
const HINT_MS = 5;

export function createEngine(options: VirtualContainersOptions): Engine {
  const watchers = new Set<() => void>();
  const engine: Engine = {
    options,
    clock: options.clock,
    boxes: new Map(),
    images: createImages(),
    placed: new Map(),
    volumes: new Map(),
    watchers,
    powered: true,
    reachable: true,
    pullFailure: undefined,
    slowness: 1,
    corrupt: false,
    flakiness: 0,
    machine: options.machine ?? MACHINE,
    appetite: { leak: 0, threads: 0 },
    cancelShortage: () => {},
    settle: () => settle(engine.boxes.values(), engine.machine, options.clock.nowMs()),
    watchMemory: () => watchMemory(engine),
    appetiteOf: (box) => appetiteOf(engine, box),
    stretched: (box, ms) => Math.ceil(ms / speed(box, engine.boxes.values(), engine.machine)),
    spoils: () => engine.corrupt || (engine.flakiness > 0 && options.random() < engine.flakiness),
    changed: () => {
      for (const watcher of watchers) options.clock.after(HINT_MS, () => watchers.has(watcher) && watcher());
    },
  };
  return engine;
}

/** A program takes what it takes by itself, and one of ours also what a fault makes it take. */
function appetiteOf({ appetite, options }: Engine, { program, spec }: Box): Appetite {
  const own = program.appetite?.(spec) ?? { leak: 0, threads: 0 };
  if (spec.labels[Label.device] !== options.device) return own;
  return { leak: own.leak + appetite.leak, threads: own.threads + appetite.threads };
}

export function setAppetite(engine: Engine, appetite: Partial<Appetite>): void {
  engine.settle();
  engine.appetite = { ...engine.appetite, ...appetite };
  for (const box of engine.boxes.values()) box.appetite = appetiteOf(engine, box);
  engine.watchMemory();
}

/** Sets the alarm for the moment in which memory is short; then the kernel ends who has too much. */
function watchMemory(engine: Engine): void {
  engine.cancelShortage();
  const ms = shortageMs(engine.boxes.values(), engine.machine);
  if (ms === undefined) return;
  engine.cancelShortage = engine.clock.after(ms, () => {
    engine.settle();
    for (const box of starving(engine.boxes.values(), engine.machine)) finish(box, engine, KILLED, true);
    watchMemory(engine);
  });
}

/** Acts after the verb's latency; the engine must be there when the request leaves and when it arrives. */
export async function verb<T>(engine: Engine, name: keyof typeof LATENCY_MS, act: () => T): Promise<T> {
  await sleep(engine, LATENCY_MS[name] * (1 + engine.options.random() / 2));
  return act();
}

export async function sleep(engine: Engine, ms: number): Promise<void> {
  requireEngine(engine);
  const pace = speed(undefined, engine.boxes.values(), engine.machine);
  await new Promise<void>((resolve) => engine.clock.after(Math.round((ms * engine.slowness) / pace), resolve));
  requireEngine(engine);
}

export function requireEngine(engine: Engine): void {
  if (!engine.powered || !engine.reachable)
    throw new EngineError('unreachable', 'cannot reach the virtual engine: it is switched off');
}

/** As the port shows it. */
export function report(box: Box): FoundContainer {
  return {
    id: box.id,
    name: box.spec.name,
    image: box.spec.image,
    state: box.state,
    health: box.health,
    ...(box.state === 'exited' ? { exitCode: box.exitCode } : {}),
    ...(box.outOfMemory ? { outOfMemory: true } : {}),
    ...(box.startedAtMs !== undefined ? { startedAtMs: box.startedAtMs } : {}),
    restartCount: box.restartCount,
    labels: box.spec.labels,
    config: { ...configOf(box.spec), ...box.changed },
  };
}

function configOf(spec: ContainerSpec): FoundConfig {
  return {
    command: spec.command ?? [],
    entrypoint: spec.entrypoint ?? [],
    environment: spec.environment,
    user: spec.user ?? '',
    readOnly: spec.readOnly,
    memoryBytes: spec.memoryBytes ?? 0,
    nanoCpus: spec.nanoCpus ?? 0,
    hasSecrets: (spec.secrets ?? []).length > 0,
    oddities: [],
  };
}
