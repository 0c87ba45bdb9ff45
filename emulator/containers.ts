import {
  type ContainerSpec,
  type Containers,
  EngineError,
  type FoundConfig,
  type FoundContainer,
  Label,
  refusal,
  type Space,
} from '../runtime/ports/index.ts';
import { ask, type Box, begin, clearTimers, createBox, cut, finish, halt, recover } from './containers/box.ts';
import {
  createEngine,
  type Engine,
  LATENCY_MS,
  report,
  requireEngine,
  setAppetite,
  sleep,
  type VirtualContainersOptions,
  verb,
} from './containers/engine.ts';
import { carried, requireRoom, virtualPin } from './containers/images.ts';
import type { Appetite, Machine } from './containers/machine.ts';
import { lookUp, REGISTRY, type VirtualRequest, type VirtualResponse } from './containers/programs.ts';

export type { VirtualContainersOptions } from './containers/engine.ts';
export type { RegistryImage, VirtualRequest, VirtualResponse } from './containers/programs.ts';

/**
 * The {@link Containers} of one emulated device: an engine that exists on the clock only. It keeps every promise of the
 * port, and its ids, latencies and programs follow from clock and seed. The containers outlive the device's reboots.
 */
export interface VirtualContainers extends Containers {
  /** What a container answers on one of its ports, at once; `undefined`: nobody listens there. */
  answer(containerId: string, port: number, request: VirtualRequest): VirtualResponse | undefined;
  /** The program ends with this code by itself; the restart policy does the rest. */
  crash(containerId: string, exitCode: number): void;
  /** Every program of this device ends with this code by itself. */
  crashAll(exitCode: number): void;
  /** Somebody changes it past the port; the program goes on. */
  change(containerId: string, changed: Partial<FoundConfig>): void;
  /** The device loses its power: everything stops and the engine does not answer. */
  powerOff(): void;
  /** The engine starts and restarts what its restart policy tells it to. */
  powerOn(): void;
  /** While `false`, every method rejects with `unreachable`; containers keep running. */
  setReachable(reachable: boolean): void;
  /** An image comes on a stick. `as`: it is the program of that name; an image id stands for itself. */
  load(image: string, as?: string): void;
  /** The room on its disk; with no byte free, pulls and creations fail as on a full disk. `undefined`: nobody knows. */
  setSpace(space: Space | undefined): void;
  /** While a sentence is set, every pull fails with it. */
  failPulls(reason: string | undefined): void;
  /** Every latency and pull takes that many times as long; 1 is normal. */
  setSlowness(factor: number): void;
  /** While set, no program of this device answers well: its image is damaged. */
  setCorrupt(corrupt: boolean): void;
  /** The share of health checks that fails without a reason, 0 to 1. */
  setFlakiness(rate: number): void;
  /** What every program of this device takes from now on, beside what it takes by itself. */
  setAppetite(appetite: Partial<Appetite>): void;
  /** Processor time of the present run of a container, in milliseconds. */
  cpuMs(containerId: string): number;
  /** Somebody else's container on the same engine, running. Answers its id. */
  plant(name: string): string;
  /** This device's containers as they are now, at once. */
  own(): readonly FoundContainer[];
  /** State of any container, also somebody else's; `undefined` if it is gone. */
  peek(containerId: string): FoundContainer | undefined;
  /** The device's own, as `list` would answer, at once and without leaving a trace. */
  look(): readonly FoundContainer[];
  /** Names of the volumes there are, ascending. */
  volumes(): readonly string[];
}

export function virtualContainers(options: VirtualContainersOptions): VirtualContainers {
  const engine = createEngine(options);
  return {
    describe: () => verb(engine, 'describe', () => 'virtual containers'),
    list: () => verb(engine, 'list', () => ours(engine).map(report).sort(byName)),
    hasImage: (image) => verb(engine, 'hasImage', () => engine.images.get(image) !== undefined),
    pull: (image) => pull(engine, image),
    pin: async (image) => pinned(engine, image),
    images: () => verb(engine, 'list', () => engine.images.list()),
    removeImage: (image) => verb(engine, 'remove', () => removeImage(engine, image)),
    space: () => verb(engine, 'describe', () => engine.images.room),
    place: (name, secrets) => verb(engine, 'describe', () => void engine.placed.set(name, new Set(Object.keys(secrets)))),
    create: (spec) => verb(engine, 'create', () => create(engine, spec)),
    start: (id) => verb(engine, 'start', () => start(engine, id)),
    stop: (id, graceMs) => stop(engine, id, graceMs),
    remove: (id) => verb(engine, 'remove', () => remove(engine, id)),
    logs: (id, lines) => verb(engine, 'logs', () => tail(mine(engine, id), lines)),
    watch: (changed) => {
      // A wrapper of its own, so that the same function watches twice and stops once.
      const watcher = () => changed();
      engine.watchers.add(watcher);
      return () => engine.watchers.delete(watcher);
    },
    ...stage(engine),
  };
}

/** The emulator's side: what nobody could do through the port. */
function stage(engine: Engine): Omit<VirtualContainers, keyof Containers> {
  return {
    answer: (id, port, request) => {
      const box = engine.boxes.get(id);
      return box && engine.powered && !engine.corrupt ? ask(box, port, request) : undefined;
    },
    crash: (id, exitCode) => {
      const box = engine.boxes.get(id);
      if (box?.state === 'running') finish(box, engine, exitCode);
    },
    crashAll: (exitCode) => {
      for (const box of ours(engine)) if (box.state === 'running') finish(box, engine, exitCode);
    },
    change: (id, changed) => {
      const box = engine.boxes.get(id);
      engine.settle();
      if (box) box.changed = { ...box.changed, ...changed };
      engine.watchMemory();
      engine.changed();
    },
    powerOff: () => {
      engine.powered = false;
      engine.placed.clear();
      for (const box of engine.boxes.values()) cut(box);
      engine.watchMemory();
    },
    powerOn: () => {
      if (engine.powered) return;
      engine.powered = true;
      for (const box of engine.boxes.values()) if (missingSecret(engine, box) === undefined) recover(box, engine);
    },
    setReachable: (reachable) => {
      engine.reachable = reachable;
      engine.changed();
    },
    load: (image, as = image) => engine.images.add(image, carried(engine.options.registry ?? REGISTRY, image, as)),
    setSpace: (space) => {
      engine.images.room = space;
    },
    failPulls: (reason) => {
      engine.pullFailure = reason;
    },
    setSlowness: (factor) => {
      engine.slowness = factor;
    },
    setCorrupt: (corrupt) => {
      engine.corrupt = corrupt;
    },
    setFlakiness: (rate) => {
      engine.flakiness = rate;
    },
    setAppetite: (appetite) => setAppetite(engine, appetite),
    cpuMs: (id) => {
      engine.settle();
      return engine.boxes.get(id)?.usage.cpuMs ?? 0;
    },
    plant: (name) => plant(engine, name),
    own: () => ours(engine).map(report).sort(byName),
    peek: (id) => {
      const box = engine.boxes.get(id);
      return box && report(box);
    },
    look: () => ours(engine).map(report).sort(byName),
    volumes: () => [...engine.volumes.keys()].sort(),
  };
}

async function pull(engine: Engine, image: string): Promise<void> {
  const row = lookUp(engine.options.registry ?? REGISTRY, image);
  if (engine.images.get(image)) return sleep(engine, LATENCY_MS.hasImage);
  await sleep(engine, row ? row.pullMs * (0.8 + engine.options.random() * 0.4) : 50);
  if (engine.pullFailure !== undefined) throw new EngineError('failed', `pull ${image}: ${engine.pullFailure}`);
  if (!row) throw new EngineError('no-image', `pull ${image}: manifest unknown: the registry has no such image`);
  requireRoom(engine.images, `pull ${image}`);
  engine.images.add(image, row);
}

/** At once, for it is the registry that knows. */
function pinned(engine: Engine, image: string): string {
  if (engine.images.get(image)?.image !== image && !lookUp(engine.options.registry ?? REGISTRY, image))
    throw new EngineError('no-image', `image ${image}: manifest unknown: the registry has no such image`);
  return virtualPin(image);
}

function removeImage(engine: Engine, image: string): void {
  const user = [...engine.boxes.values()].find(({ spec }) => spec.image === image);
  if (user) throw new EngineError('conflict', `image ${image}: container ${user.spec.name} is made of it`);
  engine.images.delete(image);
}

function create(engine: Engine, spec: ContainerSpec): string {
  const reason = refusal(spec, engine.options.device);
  if (reason !== undefined) throw new EngineError('refused', `container ${String(spec.name).slice(0, 200)}: ${reason}`);
  const row = engine.images.get(spec.image);
  if (!row) throw new EngineError('no-image', `container ${spec.name}: No such image: ${spec.image}`);
  const holder = [...engine.boxes.values()].find((box) => box.spec.name === spec.name);
  const app = spec.labels[Label.app] ?? '';
  if (holder && (holder.foreign || holder.spec.labels[Label.app] !== app))
    throw new EngineError('conflict', `container ${spec.name}: a container of that name exists and is not this app's`);
  if (holder && sameLabels(holder.spec.labels, spec.labels)) return holder.id;
  if (holder) remove(engine, holder.id);
  requireRoom(engine.images, `container ${spec.name}`);
  requireCpus(engine.machine, spec);
  const names = (spec.volumes ?? []).map((volume) => volume.split(':')[0]!);
  const others = names.find((name) => (engine.volumes.get(name) ?? app) !== app);
  if (others !== undefined) throw new EngineError('conflict', `volume ${others} exists and is not this app's own`);
  for (const volume of names) engine.volumes.set(volume, app);
  const box = createBox(newId(engine), spec, row.program, false);
  engine.boxes.set(box.id, box);
  engine.changed();
  return box.id;
}

/** As the Engine says it. */
function requireCpus({ cpus }: Machine, { name, nanoCpus = 0 }: ContainerSpec): void {
  if (nanoCpus > cpus * 1e9) {
    const range = `Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`;
    throw new EngineError('failed', `container ${name}: ${range}`);
  }
}

function start(engine: Engine, id: string): void {
  const box = mine(engine, id);
  if (box.state === 'running') return;
  const missing = missingSecret(engine, box);
  if (missing !== undefined) throw new EngineError('failed', `start ${box.spec.name}: the secret ${missing} was not placed`);
  box.stopped = false;
  box.restartCount = 0;
  begin(box, engine);
}

async function stop(engine: Engine, id: string, graceMs: number): Promise<void> {
  await sleep(engine, LATENCY_MS.stop * (1 + engine.options.random() / 2));
  const box = touchable(engine, id);
  if (!box) return;
  const runs = box.state === 'running' || box.state === 'restarting';
  if (runs) await new Promise<void>((resolve) => halt(box, engine, graceMs, resolve));
  requireEngine(engine);
}

function remove(engine: Engine, id: string): void {
  const box = touchable(engine, id);
  if (!box) return;
  clearTimers(box);
  engine.settle();
  box.state = 'dead';
  engine.placed.delete(box.spec.name);
  engine.boxes.delete(id);
  engine.watchMemory();
  engine.changed();
}

function plant(engine: Engine, name: string): string {
  const spec: ContainerSpec = {
    name,
    image: 'somebody/else:1',
    environment: {},
    ports: [80],
    restarts: 0,
    stopGraceMs: 0,
    readOnly: false,
    init: false,
    tmpfs: [],
    labels: {},
  };
  const row = lookUp(REGISTRY, spec.image);
  if (!row) throw new Error('the generic program is missing');
  const box = createBox(newId(engine), spec, row.program, true);
  engine.boxes.set(box.id, box);
  begin(box, engine);
  return box.id;
}

function missingSecret(engine: Engine, { spec }: Box): string | undefined {
  return spec.secrets?.find((name) => !engine.placed.get(spec.name)?.has(name));
}

function ours(engine: Engine): Box[] {
  return [...engine.boxes.values()].filter((box) => box.spec.labels[Label.device] === engine.options.device);
}

/** The door before every touch, as in the Docker bridge: somebody else's container is left alone. */
function touchable(engine: Engine, id: string): Box | undefined {
  const box = engine.boxes.get(id);
  if (box?.foreign) throw new EngineError('refused', `container ${box.spec.name} is not this device's and is left alone`);
  return box;
}

function mine(engine: Engine, id: string): Box {
  const box = touchable(engine, id);
  if (!box) throw new EngineError('not-found', `there is no container ${id.slice(0, 12)}`);
  return box;
}

function tail(box: Box, lines: number): string {
  const last = box.log.slice(-Math.max(1, Math.trunc(lines) || 1));
  return last.map((line) => `${line}\n`).join('');
}

function newId(engine: Engine): string {
  const digit = () => Math.floor(engine.options.random() * 16).toString(16);
  return Array.from({ length: 64 }, digit).join('');
}

function byName(left: FoundContainer, right: FoundContainer): number {
  return left.name < right.name ? -1 : 1;
}

function sameLabels(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}
