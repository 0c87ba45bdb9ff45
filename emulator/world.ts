import { getContractAddress } from 'viem';
import type { Genesis, JoinSignature, NodeConfig } from '../runtime/config.ts';
import type { Address, LogLevel, Rectangle, Vm } from '../runtime/ports/index.ts';
import type { Board, BoardEngine } from './board.ts';
import { type VirtualClock, virtualClock } from './clock.ts';
import { virtualContainers } from './containers.ts';
import { createBoard } from './emulated-board.ts';
import { deviceOf, type Identity, identityOf, joinBy } from './identity.ts';
import { type VirtualNetwork, virtualNetwork } from './network.ts';
import { type Added, deviceName, inherit, type Population, populate } from './population.ts';
import type { ShellDoor } from './process/exchange.ts';
import { rememberingVm } from './process/remembering-vm.ts';
import { createShell } from './process/shell.ts';
import { createThreads, type ThreadKit } from './process/threads.ts';
import type { Scripts } from './quickjs/device.ts';
import type { Limits } from './quickjs/machine.ts';
import { type Random, seededRandom } from './random.ts';
import type { RecordedInput } from './recording.ts';
import { createRounds, type Rounds } from './rounds.ts';
import type { Site } from './sites.ts';
import type { MemoryStore } from './store.ts';
import { runningTrace, type Trace } from './trace.ts';

export { deviceName } from './population.ts';

/** The ledger of an emulated fleet, for wallets. */
export const CHAIN_ID = 4400;
export const OPERATORS = 3;
/** As a kernel that has a hundred of them a second. What a fleet does within one it does side by side. */
const TICK_MS = 10;
const OPERATOR_BALANCE = '1000000000000000000000';
const GAS_LIMIT = 60_000_000;

export interface WorldOptions {
  /** Everything that looks random follows from it. */
  readonly seed: string;
  readonly devices: number;
  /** What the clock says at the beginning, in milliseconds since 1970. */
  readonly startMs: number;
  readonly version: string;
  readonly scripts: Scripts;
  readonly vm: Vm;
  readonly limits?: Limits;
  /**
   * Where the firmware runs. `inline`: each in a QuickJS of its own, on this thread. A kit: likewise, on threads: one
   * each, or shared in a large fleet. `native`: as JavaScript of this process, which is fastest and knows no limits. The world is the same.
   */
  readonly run?: 'inline' | 'native' | ThreadKit;
  /** Whether what one device had computed may serve another that asks for the very same; yes, if absent. The world is the same. */
  readonly remember?: boolean;
  /** Devices, by name, whose firmware is changed: a script that runs after it and before its boot. */
  readonly additions?: Readonly<Record<string, string>>;
  /** Absent: containers are virtual. */
  readonly engine?: (device: string) => BoardEngine;
  readonly onDraw?: (device: number, rectangle: Rectangle) => void;
  readonly onLog?: (device: string, level: LogLevel, message: string) => void;
}

/** Devices that share a ledger, a network and one clock. */
export interface World {
  readonly seed: string;
  /** What its clock said at the beginning. */
  readonly startMs: number;
  /** Those that are there now. */
  readonly boards: readonly Board[];
  /** Where they stand: side by side. */
  readonly sites: readonly Site[];
  /** How many boards there were at the beginning. */
  readonly devicesAtFirst: number;
  readonly operators: readonly Identity[];
  readonly config: NodeConfig;
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly trace: Trace;
  /** For faults: a stream that no other draw disturbs. */
  readonly random: Random;
  /** The device whose key makes blocks. */
  readonly sequencer: Board;
  /** Name of the board that comes next. */
  nextName(): string;
  /** One more board comes, and boots; it is not of the fleet before somebody enrols it, or its token does. To be called from {@link World.outside}. */
  add(added: Added): Promise<Board>;
  /** A board is taken away for good, with its containers. Likewise. */
  remove(device: string): void;
  /** Calls back after a board came or went. */
  onBoards: Population['onChange'];
  /** Boots all devices, in order. */
  boot(): Promise<void>;
  /** Lets that much virtual time pass, or less: up to the moment after which there was `enough`. */
  advance(durationMs: number, enough?: () => boolean): Promise<void>;
  /** Does something from outside as soon as the present moment has come to rest; no time passes until it is done. */
  outside<T>(act: () => T): Promise<Awaited<T>>;
  /** Everything that came from outside so far and left a mark. */
  readonly inputs: readonly RecordedInput[];
  /** Keeps one more; what it answers takes it back. */
  record(input: Unstamped<RecordedInput>): () => void;
  /** From its next boot on a device runs what this script makes of the firmware; without one, the fleet's as it is. */
  install(device: string, addition: string | undefined): void;
  /** Ends all firmware in good order. */
  stop(): void;
}

type Unstamped<T> = T extends unknown ? Omit<T, 'atMs' | 'moment'> : never;

/** A world in which nothing happens until {@link World.boot}. The same options make the same world, event by event. */
export function createWorld(options: WorldOptions): World {
  const random = seededRandom(options.seed);
  const rounds = createRounds();
  const { hold, rest } = holding(rounds);
  const clock = virtualClock(options.startMs, rest, TICK_MS);
  const network = virtualNetwork(clock, random.fork('network'), (from, to) => population.usual(from, to));
  const trace = runningTrace();
  const operators = Array.from({ length: OPERATORS }, (_, index) => identityOf(options.seed, `ops-${index + 1}`));
  const config = nodeConfig(options, operators, identityOf(options.seed, deviceName(0)).address);
  const invited = new Map<string, JoinSignature>();
  const { shells, install } = shellMaker(options, config, invited);
  const { inputs, record } = recorder(clock);
  const { onDraw, onLog } = options;
  const population = populate(options.devices, random.fork('cables'), (name, looks): Board => {
    const identity = identityOf(options.seed, name);
    const board: Board = createBoard({
      identity,
      looks,
      clock,
      rounds,
      network,
      trace,
      shell: (store) => shells(identity, store),
      storeIsShared: typeof options.run !== 'object',
      engine: options.engine?.(identity.name) ?? virtualEngine(identity.name, clock, random.fork(identity.name)),
      record: (input) => record({ ...input, device: identity.name }),
      onDraw: (rectangle) => onDraw?.(population.boards.indexOf(board), rectangle),
      onLog: (level, message) => onLog?.(identity.name, level, message),
    });
    return board;
  });
  const { boards } = population;
  return {
    seed: options.seed,
    startMs: options.startMs,
    boards,
    get sites() {
      return population.sites();
    },
    devicesAtFirst: options.devices,
    operators,
    config,
    clock,
    network,
    trace,
    random: random.fork('faults'),
    sequencer: boards[0]!,
    inputs,
    record,
    install,
    nextName: () => population.nextName(),
    async add(added) {
      const board = population.add(added);
      if (added.token !== undefined) invited.set(board.identity.name, joinBy(added.token, config, board.identity.address));
      record({ do: 'add', added });
      inherit(population, network, board);
      trace.add(clock.nowMs(), board.identity.name, 'add');
      await board.boot();
      return board;
    },
    remove(name) {
      population.remove(name);
      record({ do: 'remove', device: name });
    },
    onBoards: (listener) => population.onChange(listener),
    boot: () =>
      hold(
        rounds.outside(async () => {
          record({ do: 'boot' });
          for (const board of boards) await board.boot();
        }),
      ),
    advance: (durationMs, enough) => clock.advanceTo(clock.nowMs() + durationMs, enough),
    outside: (act) => hold(rounds.outside(act)),
    stop() {
      for (const board of boards) board.stop();
    },
  };
}

function recorder(clock: VirtualClock): Pick<World, 'record'> & { readonly inputs: RecordedInput[] } {
  const inputs: RecordedInput[] = [];
  return {
    inputs,
    record(input) {
      const kept = { ...input, atMs: clock.nowMs(), moment: clock.moments() } as RecordedInput;
      inputs.push(kept);
      return () => void inputs.splice(inputs.lastIndexOf(kept), 1);
    },
  };
}

/** Time waits for what is held: what somebody from outside does takes time of his, but none of the world's. */
function holding(rounds: Rounds) {
  const held = new Set<Promise<unknown>>();
  return {
    hold<T>(act: Promise<T>): Promise<T> {
      // Whether it went well is for whoever asked.
      const ended: Promise<unknown> = act.catch(() => {}).then(() => held.delete(ended));
      held.add(ended);
      return act;
    },
    async rest(): Promise<void> {
      await rounds.idle();
      while (held.size > 0) {
        await Promise.all(held);
        await rounds.idle();
      }
    },
  };
}

function shellMaker(
  { scripts, vm: given, limits, devices, run = 'inline', additions = {}, remember = true }: WorldOptions,
  config: NodeConfig,
  invited: ReadonlyMap<string, JoinSignature>,
): { shells(identity: Identity, store: MemoryStore): ShellDoor; install: World['install'] } {
  const changed = new Map<string, Scripts>();
  const install = (name: string, addition: string | undefined): void => {
    if (addition === undefined) changed.delete(name);
    else changed.set(name, { ...scripts, addition });
  };
  for (const [name, addition] of Object.entries(additions)) install(name, addition);
  const threads = typeof run === 'object' ? createThreads(run, devices) : undefined;
  const vm = remember ? rememberingVm(given) : given;
  const shells = (identity: Identity, store: MemoryStore): ShellDoor => {
    const join = invited.get(identity.name);
    const own = join ? { ...config, join } : config;
    const parts = { scripts: changed.get(identity.name) ?? scripts, config: own, store, ...(limits && { limits }) };
    if (threads) return threads.shell({ ...parts, identity });
    return createShell({ ...parts, vm, device: deviceOf(identity), native: run === 'native' });
  };
  return { shells, install };
}

function nodeConfig(options: WorldOptions, operators: readonly Identity[], sequencer: Address): NodeConfig {
  const genesis: Genesis = {
    chainId: CHAIN_ID,
    timestamp: Math.floor(options.startMs / 1000),
    gasLimit: GAS_LIMIT,
    baseFee: 0,
    sequencer,
    alloc: Object.fromEntries(operators.map(({ address }) => [address, { balance: OPERATOR_BALANCE }])),
  };
  return {
    genesis,
    // The first thing that the first operator does is to deploy the Fleet contract.
    fleet: getContractAddress({ from: operators[0]!.address, nonce: 0n }).toLowerCase() as Address,
    consensus: 'solo',
    blockIntervalMs: 200,
    trailingBlocks: 5,
    reconcileIntervalMs: 5000,
    version: options.version,
  };
}

function virtualEngine(device: string, clock: VirtualClock, random: Random): BoardEngine {
  const engine = virtualContainers({ device, clock, random: () => random.next() });
  return {
    containers: engine,
    virtual: engine,
    answer: (containerId, port, request) => engine.answer(containerId, port, request),
    powerOff: () => engine.powerOff(),
    powerOn: () => engine.powerOn(),
  };
}
