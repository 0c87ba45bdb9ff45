import type { Board } from './board.ts';
import { type FaultKind, FaultRefused, type Kind, kinds } from './fault-kinds.ts';
import type { World } from './world.ts';

export { type FaultKind, FaultRefused } from './fault-kinds.ts';

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

export const faultKinds: readonly FaultKind[] = kinds.map(({ make: _, ...kind }) => kind);

/** Throws a {@link FaultRefused} for what there is not. Answers what was done, in a sentence. */
export async function injectFault(world: World, call: FaultCall): Promise<string> {
  const kind = kinds.find(({ name }) => name === call.fault);
  if (!kind) throw new FaultRefused(`there is no fault "${call.fault}"; there are ${kinds.map(({ name }) => name).join(', ')}`);
  const amount = checkAmount(kind, call.amount);
  world.record({ do: 'fault', call });
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
