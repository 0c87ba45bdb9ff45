import type { Board } from './board.ts';
import type { VirtualContainers } from './containers.ts';
import type { liars } from './liars.ts';
import type { Link } from './network.ts';
import type { WriteTrap } from './process/exchange.ts';
import { rogues } from './rogues.ts';
import { STORE_BYTES } from './store.ts';
import type { World } from './world.ts';

export interface FaultKind {
  readonly name: string;
  /** For a button: a verb and a noun. */
  readonly title: string;
  /** A device, the cables between devices, or the containers of a device. */
  readonly on: 'device' | 'network' | 'containers' | 'storage' | 'hardware';
  /** The kind that undoes it. */
  readonly mendedBy?: string;
  readonly amount?: { readonly unit: string; readonly fallback: number; readonly least: number; readonly most: number };
}

interface Target {
  readonly world: World;
  readonly boards: readonly Board[];
  readonly others: readonly string[] | undefined;
  readonly amount: number;
}

export type Kind = FaultKind & { readonly make: (target: Target) => Promise<void> | void };

const ms = (fallback: number, least: number, most: number) => ({ unit: 'ms', fallback, least, most });
const percent = (fallback: number) => ({ unit: '%', fallback, least: 0, most: 100 });
const count = (unit: string, fallback: number, most: number) => ({ unit, fallback, least: 1, most });
const DAY_MS = 86_400_000;
const MEBIBYTE = 1024 * 1024;

const device: readonly Kind[] = [
  { name: 'cut-power', title: 'Pull the plug', on: 'device', mendedBy: 'restore-power', make: each((board) => board.cutPower()) },
  {
    name: 'restore-power',
    title: 'Plug it in',
    on: 'device',
    make: ({ boards }) => inTurn(boards, (board) => board.restorePower()),
  },
  { name: 'kill-firmware', title: 'Kill the firmware', on: 'device', mendedBy: 'boot', make: each((board) => board.kill()) },
  lying('lie', 'Let it vote falsely', 'liar'),
  lying('contradict', 'Let it tell each neighbour something else', 'two-tongued'),
  lying('vote-twice', 'Let it vote again and again', 'double-voter'),
  lying('impersonate', 'Let it vote for others', 'impostor'),
  {
    name: 'be-honest',
    title: 'Let it be honest again',
    on: 'device',
    make: ({ world, boards }) => inTurn(boards, reboot(world)),
  },
  { name: 'boot', title: 'Boot the firmware', on: 'device', make: ({ boards }) => inTurn(boards, (board) => board.boot()) },
];

const network: readonly Kind[] = [
  {
    name: 'cut-network',
    title: 'Cut the network',
    on: 'network',
    mendedBy: 'heal-network',
    make: (target) => links(target, { cut: true }),
  },
  { name: 'heal-network', title: 'Heal the network', on: 'network', make: mendLinks },
  {
    name: 'delay',
    title: 'Delay messages',
    on: 'network',
    mendedBy: 'heal-network',
    amount: ms(500, 0, 600_000),
    make: (target) => links(target, { minDelayMs: target.amount, maxDelayMs: target.amount * 2 }),
  },
  {
    name: 'loss',
    title: 'Lose messages',
    on: 'network',
    mendedBy: 'heal-network',
    amount: percent(30),
    make: (target) => links(target, { lossRate: target.amount / 100 }),
  },
  {
    name: 'repeat',
    title: 'Repeat messages',
    on: 'network',
    mendedBy: 'heal-network',
    amount: percent(30),
    make: (target) => links(target, { repeatRate: target.amount / 100 }),
  },
  {
    name: 'reorder',
    title: 'Reorder messages',
    on: 'network',
    mendedBy: 'heal-network',
    amount: percent(30),
    make: (target) => links(target, { reorderRate: target.amount / 100 }),
  },
  {
    name: 'slow-network',
    title: 'Slow the network',
    on: 'network',
    mendedBy: 'heal-network',
    amount: count('bytes/s', 20_000, 1e9),
    make: (target) => links(target, { bytesPerSecond: target.amount }),
  },
];

const storage: readonly Kind[] = [
  {
    name: 'cut-power-at-write',
    title: 'Pull the plug before a write',
    on: 'storage',
    mendedBy: 'restore-power',
    amount: count('writes', 1, 1e6),
    make: ({ boards, amount }) => trap(boards, amount, 'none'),
  },
  {
    name: 'cut-power-after-write',
    title: 'Pull the plug after a write',
    on: 'storage',
    mendedBy: 'restore-power',
    amount: count('writes', 1, 1e6),
    make: ({ boards, amount }) => trap(boards, amount, 'all'),
  },
  {
    name: 'tear-write',
    title: 'Tear a write',
    on: 'storage',
    mendedBy: 'restore-power',
    amount: count('writes', 1, 1e6),
    make: ({ boards, amount }) => trap(boards, amount, 'half'),
  },
  {
    name: 'shred-write',
    title: 'Shred a write',
    on: 'storage',
    mendedBy: 'restore-power',
    amount: count('writes', 1, 1e6),
    make: ({ world, boards, amount }) =>
      forEach(boards, (board) => trap([board], amount, { shredded: world.random.between(1, 2 ** 31) })),
  },
  {
    name: 'delay-writes',
    title: 'Lose the last writes with the power',
    on: 'storage',
    mendedBy: 'safe-writes',
    amount: count('writes', 3, 1000),
    make: ({ boards, amount }) => forEach(boards, (board) => board.store.delayWrites(amount)),
  },
  { name: 'safe-writes', title: 'Write safely', on: 'storage', make: each((board) => board.store.delayWrites(0)) },
  {
    name: 'rot',
    title: 'Rot bits in the store',
    on: 'storage',
    amount: count('bits', 1, 1000),
    make: ({ world, boards, amount }) => forEach(boards, (board) => rot(world, board, amount)),
  },
  {
    name: 'fill-store',
    title: 'Fill the store',
    on: 'storage',
    mendedBy: 'free-store',
    make: each((board) => capacity(board, board.store.sizeBytes)),
  },
  { name: 'free-store', title: 'Free the store', on: 'storage', make: each((board) => capacity(board, STORE_BYTES)) },
];

const containers: readonly Kind[] = [
  {
    name: 'stop-engine',
    title: 'Stop the container engine',
    on: 'containers',
    mendedBy: 'start-engine',
    make: each((board) => virtual(board).setReachable(false)),
  },
  {
    name: 'start-engine',
    title: 'Start the container engine',
    on: 'containers',
    make: each((board) => virtual(board).setReachable(true)),
  },
  { name: 'restart-engine', title: 'Restart the container engine', on: 'containers', make: each(restartEngine) },
  { name: 'crash-container', title: 'Crash the containers', on: 'containers', make: each((board) => virtual(board).crashAll(1)) },
  {
    name: 'corrupt-image',
    title: 'Corrupt the images',
    on: 'containers',
    mendedBy: 'mend-image',
    make: each((board) => virtual(board).setCorrupt(true)),
  },
  { name: 'mend-image', title: 'Mend the images', on: 'containers', make: each((board) => virtual(board).setCorrupt(false)) },
  {
    name: 'flaky-health',
    title: 'Let health checks fail at times',
    on: 'containers',
    mendedBy: 'steady-health',
    amount: percent(20),
    make: ({ boards, amount }) => forEach(boards, (board) => virtual(board).setFlakiness(amount / 100)),
  },
  {
    name: 'steady-health',
    title: 'Steady the health checks',
    on: 'containers',
    make: each((board) => virtual(board).setFlakiness(0)),
  },
  {
    name: 'leak-memory',
    title: 'Let the containers leak memory',
    on: 'containers',
    mendedBy: 'stop-leaks',
    amount: count('MiB/s', 16, 1000),
    make: ({ boards, amount }) => forEach(boards, (board) => virtual(board).setAppetite({ leak: amount * MEBIBYTE })),
  },
  {
    name: 'stop-leaks',
    title: 'Stop the leaks',
    on: 'containers',
    make: each((board) => virtual(board).setAppetite({ leak: 0 })),
  },
  {
    name: 'hog-cpu',
    title: 'Let the containers hog the processors',
    on: 'containers',
    mendedBy: 'calm-cpu',
    amount: count('threads', 200, 1000),
    make: ({ boards, amount }) => forEach(boards, (board) => virtual(board).setAppetite({ threads: amount })),
  },
  {
    name: 'calm-cpu',
    title: 'Calm the containers',
    on: 'containers',
    make: each((board) => virtual(board).setAppetite({ threads: 0 })),
  },
  {
    name: 'slow-engine',
    title: 'Slow the container engine',
    on: 'containers',
    mendedBy: 'quick-engine',
    amount: count('×', 10, 1000),
    make: ({ boards, amount }) => forEach(boards, (board) => virtual(board).setSlowness(amount)),
  },
  {
    name: 'quick-engine',
    title: 'Speed the container engine up again',
    on: 'containers',
    make: each((board) => virtual(board).setSlowness(1)),
  },
  {
    name: 'fail-pulls',
    title: 'Fail all pulls',
    on: 'containers',
    mendedBy: 'allow-pulls',
    make: each((board) => virtual(board).failPulls('the registry does not answer')),
  },
  {
    name: 'allow-pulls',
    title: 'Let pulls succeed',
    on: 'containers',
    make: each((board) => virtual(board).failPulls(undefined)),
  },
];

const hardware: readonly Kind[] = [
  {
    name: 'drain-battery',
    title: 'Drain the battery',
    on: 'hardware',
    mendedBy: 'charge-battery',
    amount: { unit: '% left', fallback: 5, least: 0, most: 100 },
    make: ({ boards, amount }) => forEach(boards, (board) => board.battery.drain(amount)),
  },
  { name: 'charge-battery', title: 'Back on mains', on: 'hardware', make: each((board) => board.battery.charge()) },
  {
    name: 'skew-clock',
    title: 'Let the clock jump',
    on: 'hardware',
    mendedBy: 'set-clock',
    amount: ms(3_600_000, -10_000 * DAY_MS, 10_000 * DAY_MS),
    make: ({ boards, amount }) => forEach(boards, (board) => board.hardwareClock.jump(amount)),
  },
  {
    name: 'drift-clock',
    title: 'Let the clock drift',
    on: 'hardware',
    mendedBy: 'set-clock',
    amount: { unit: 'ppm', fallback: 500, least: -500_000, most: 500_000 },
    make: ({ boards, amount }) => forEach(boards, (board) => board.hardwareClock.drift(amount)),
  },
  { name: 'set-clock', title: 'Set the clock right', on: 'hardware', make: each((board) => board.hardwareClock.set()) },
];

/** Every fault there is. */
export const kinds: readonly Kind[] = [...device, ...network, ...storage, ...containers, ...hardware];

function forEach(boards: readonly Board[], act: (board: Board) => void): void {
  for (const board of boards) act(board);
}

function each(act: (board: Board) => void): Kind['make'] {
  return ({ boards }) => forEach(boards, act);
}

function trap(boards: readonly Board[], write: number, keep: WriteTrap['keep']): void {
  forEach(boards, (board) => board.trapWrites({ write, keep }));
}

/** Flips bits that are drawn, of values that are drawn; nothing in an empty store. */
function rot(world: World, board: Board, bits: number): void {
  for (let flipped = 0; flipped < bits; flipped += 1) {
    const keys = board.store.keys('', Number.POSITIVE_INFINITY);
    const key = keys[world.random.between(0, keys.length - 1)];
    const value = key === undefined ? undefined : board.store.get(key);
    if (key === undefined || !value || value.length === 0) continue;
    value[world.random.between(0, value.length - 1)]! ^= 1 << world.random.between(0, 7);
    board.store.spoil([[key, value]]);
    board.storeChanged([key]);
  }
}

function capacity(board: Board, bytes: number): void {
  board.store.setCapacity(bytes);
  board.storeChanged([]);
}

/** As after a package update: the engine is away for a moment, and what has a restart policy comes back. */
function restartEngine(board: Board): void {
  const engine = virtual(board);
  engine.powerOff();
  engine.powerOn();
}

/** The device starts again, with firmware that lies in this way. */
function lying(name: string, title: string, rogue: keyof typeof liars): Kind {
  const make: Kind['make'] = ({ world, boards }) => inTurn(boards, reboot(world, rogues[rogue]));
  return { name, title, on: 'device', mendedBy: 'be-honest', make };
}

function reboot(world: World, addition?: string): (board: Board) => Promise<void> {
  return async (board) => {
    world.install(board.identity.name, addition);
    if (!board.running) return;
    board.kill();
    await board.boot();
  };
}

async function inTurn(boards: readonly Board[], act: (board: Board) => Promise<void>): Promise<void> {
  for (const board of boards) await act(board);
}

/** Calls back for every pair of a device and another end. */
function eachLink({ world, boards, others }: Target, act: (a: string, b: string) => void): void {
  const names = boards.map(({ identity }) => identity.name);
  const inside = new Set(names);
  const ends =
    others ??
    world.boards.map(({ identity }) => identity.name).filter((name) => names.length === world.boards.length || !inside.has(name));
  for (const name of names) for (const other of ends) if (name !== other) act(name, other);
}

function links(target: Target, change: Partial<Link>): void {
  eachLink(target, (a, b) => target.world.network.setLink(a, b, change));
}

function mendLinks(target: Target): void {
  eachLink(target, (a, b) => target.world.network.mend(a, b));
}

function virtual(board: Board): VirtualContainers {
  if (board.engine.virtual) return board.engine.virtual;
  throw new FaultRefused(`${board.identity.name} runs on a real container engine, which the emulator does not break`);
}

/** A fault that cannot be made, in one sentence. */
export class FaultRefused extends Error {
  override readonly name = 'FaultRefused';
}
