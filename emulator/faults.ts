import type { Board } from './board.ts';
import type { VirtualContainers } from './containers.ts';
import type { World } from './world.ts';

/** One fault to be made, or mended. */
export interface FaultCall {
  /** Name of a {@link FaultKind}. */
  readonly fault: string;
  /** Names of devices; all of them if absent. */
  readonly devices?: readonly string[];
  /** For faults of the network: the other ends; everyone else if absent. */
  readonly others?: readonly string[];
  /** In the unit of the kind. */
  readonly amount?: number;
}

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

type Kind = FaultKind & { readonly make: (target: Target) => Promise<void> | void };

const kinds: readonly Kind[] = [
  { name: 'cut-power', title: 'Pull the plug', on: 'device', mendedBy: 'restore-power', make: each((board) => board.cutPower()) },
  {
    name: 'restore-power',
    title: 'Plug it in',
    on: 'device',
    make: ({ boards }) => inTurn(boards, (board) => board.restorePower()),
  },
  { name: 'kill-firmware', title: 'Kill the firmware', on: 'device', mendedBy: 'boot', make: each((board) => board.kill()) },
  { name: 'boot', title: 'Boot the firmware', on: 'device', make: ({ boards }) => inTurn(boards, (board) => board.boot()) },
  {
    name: 'cut-network',
    title: 'Cut the network',
    on: 'network',
    mendedBy: 'heal-network',
    make: (target) => links(target, { cut: true }),
  },
  {
    name: 'heal-network',
    title: 'Heal the network',
    on: 'network',
    make: (target) => links(target, { cut: false, lossRate: 0, minDelayMs: 2, maxDelayMs: 12 }),
  },
  {
    name: 'delay',
    title: 'Delay messages',
    on: 'network',
    mendedBy: 'heal-network',
    amount: { unit: 'ms', fallback: 500, least: 0, most: 600_000 },
    make: (target) => links(target, { minDelayMs: target.amount, maxDelayMs: target.amount * 2 }),
  },
  {
    name: 'loss',
    title: 'Lose messages',
    on: 'network',
    mendedBy: 'heal-network',
    amount: { unit: '%', fallback: 30, least: 0, most: 100 },
    make: (target) => links(target, { lossRate: target.amount / 100 }),
  },
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
  { name: 'crash-container', title: 'Crash the containers', on: 'containers', make: ({ boards }) => inTurn(boards, crash) },
  {
    name: 'slow-engine',
    title: 'Slow the container engine',
    on: 'containers',
    amount: { unit: '×', fallback: 10, least: 1, most: 1000 },
    make: ({ boards, amount }) => {
      for (const board of boards) virtual(board).setSlowness(amount);
    },
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

export const faultKinds: readonly FaultKind[] = kinds.map(({ make: _, ...kind }) => kind);

/** Throws a {@link FaultRefused} for what there is not. Answers what was done, in a sentence. */
export async function injectFault(world: World, call: FaultCall): Promise<string> {
  const kind = kinds.find(({ name }) => name === call.fault);
  if (!kind) throw new FaultRefused(`there is no fault "${call.fault}"; there are ${kinds.map(({ name }) => name).join(', ')}`);
  const amount = checkAmount(kind, call.amount);
  const boards = call.devices?.map((name) => boardOf(world, name)) ?? world.boards;
  for (const name of call.others ?? []) boardOf(world, name);
  await kind.make({ world, boards, others: call.others, amount });
  const where = call.devices ? call.devices.join(', ') : 'all devices';
  return `${kind.title.toLowerCase()}: ${where}${kind.amount ? `, ${amount} ${kind.amount.unit}` : ''}`;
}

function checkAmount({ name, amount: range }: Kind, amount: number | undefined): number {
  if (!range) {
    if (amount !== undefined) throw new FaultRefused(`${name} takes no amount`);
    return 0;
  }
  const value = amount ?? range.fallback;
  if (value >= range.least && value <= range.most) return value;
  throw new FaultRefused(`${name} takes ${range.least} to ${range.most} ${range.unit}`);
}

function boardOf(world: World, name: string): Board {
  const board = world.boards.find(({ identity }) => identity.name === name);
  if (board) return board;
  const last = world.boards[world.boards.length - 1]!.identity.name;
  throw new FaultRefused(`there is no device "${name}"; there are ${world.boards[0]!.identity.name} to ${last}`);
}

function each(act: (board: Board) => void): Kind['make'] {
  return ({ boards }) => {
    for (const board of boards) act(board);
  };
}

async function inTurn(boards: readonly Board[], act: (board: Board) => Promise<void>): Promise<void> {
  for (const board of boards) await act(board);
}

function links({ world, boards, others }: Target, change: Parameters<World['network']['setLink']>[2]): void {
  const names = boards.map(({ identity }) => identity.name);
  const inside = new Set(names);
  const ends =
    others ??
    world.boards.map(({ identity }) => identity.name).filter((name) => names.length === world.boards.length || !inside.has(name));
  for (const name of names) for (const other of ends) if (name !== other) world.network.setLink(name, other, change);
}

function virtual(board: Board): VirtualContainers {
  if (board.engine.virtual) return board.engine.virtual;
  throw new FaultRefused(`${board.identity.name} runs on a real container engine, which the emulator does not break`);
}

async function crash(board: Board): Promise<void> {
  virtual(board).crashAll(1);
}

/** A fault that cannot be made, in one sentence. */
export class FaultRefused extends Error {
  override readonly name = 'FaultRefused';
}
