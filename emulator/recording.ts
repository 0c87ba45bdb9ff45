import type { OutsideInput } from './board.ts';
import { type FaultCall, injectFault } from './faults.ts';
import type { Added } from './population.ts';
import type { Effect, Output } from './process/exchange.ts';
import { rogues } from './rogues.ts';
import { ScenarioError } from './scenario/unreadable.ts';
import type { World } from './world.ts';

/** What came from outside and changed a world. Together with the seed it is the world. */
export type RecordedInput = Stamp &
  (
    | { readonly do: 'boot' }
    | { readonly do: 'add'; readonly added: Added }
    | { readonly do: 'remove'; readonly device: string }
    | (OutsideInput & { readonly device: string })
    | { readonly do: 'fault'; readonly call: FaultCall }
  );

/** When something came: the instant, and after how many of its moments. */
interface Stamp {
  readonly atMs: number;
  readonly moment?: number;
}

/** A world as a file: what is needed to live it again, exactly. */
export interface SavedWorld {
  readonly format: 'classpad world 1';
  readonly version: string;
  readonly seed: string;
  readonly devices: number;
  readonly startMs: number;
  /** Misbehaving firmware, by device. */
  readonly rogues: Readonly<Record<string, string>>;
  /** When it was saved: the instant, and after how many of its moments. */
  readonly nowMs: number;
  readonly moment?: number;
  readonly inputs: readonly RecordedInput[];
}

const DEVICES_MOST = 256;

/** Requests that change what is on no wire and in no store, such as which filters there are. */
const LEAVES_A_MARK = /"(eth_sendRawTransaction|eth_new\w*Filter|classpad_\w+)"/;
/** What follows from a question: its answer, and what was executed to find it. */
const OF_A_QUESTION: ReadonlySet<Effect[0]> = new Set(['answer', 'session', 'executed', 'refused']);

/**
 * Whether a JSON-RPC request has to be asked again when a world is lived again. Whoever only looks at a world leaves it as it is: a page
 * that looks at one that is lived again must not make another of it.
 */
export function leavesMark(request: string, { effects, end }: Output): boolean {
  return LEAVES_A_MARK.test(request) || end !== undefined || effects.some(([what]) => !OF_A_QUESTION.has(what));
}

/** Reads a saved world; throws a sentence for anything else. */
export function parseSaved(text: string, file: string): SavedWorld {
  let saved: Partial<SavedWorld> | undefined;
  try {
    saved = JSON.parse(text) as Partial<SavedWorld>;
  } catch {
    saved = undefined;
  }
  const isRight =
    saved?.format === 'classpad world 1' &&
    typeof saved.seed === 'string' &&
    Array.isArray(saved.inputs) &&
    saved.inputs.every(isInput) &&
    isObject(saved.rogues) &&
    Object.values(saved.rogues).every((name) => typeof name === 'string' && Object.hasOwn(rogues, name)) &&
    Number.isInteger(saved.devices) &&
    saved.devices! >= 1 &&
    saved.devices! <= DEVICES_MOST &&
    Number.isInteger(saved.startMs) &&
    Number.isInteger(saved.nowMs);
  if (isRight) return saved as SavedWorld;
  throw new ScenarioError(`${file} is no saved world; "classpad emulate SCENARIO --record FILE" and the page's "save" make one`);
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isNames = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((name) => typeof name === 'string'));

/** The form of each input; what it means is checked where it is done. */
const FORMS: { readonly [K in RecordedInput['do']]: (input: Fields) => boolean } = {
  boot: () => true,
  add: ({ added }) =>
    isObject(added) &&
    [added['site'], added['looks'], added['token']].every((each) => each === undefined || typeof each === 'string'),
  remove: ({ device }) => typeof device === 'string',
  fault: ({ call }) => isObject(call) && typeof call['fault'] === 'string' && isNames(call['devices']) && isNames(call['others']),
  rpc: ({ device, text }) => typeof device === 'string' && typeof text === 'string',
  hand: ({ device, event }) => typeof device === 'string' && isObject(event),
  exchange: ({ device, exchange }) => typeof device === 'string' && isObject(exchange),
};

function isInput(input: unknown): boolean {
  if (!isObject(input) || !Number.isInteger(input['atMs'])) return false;
  const { moment } = input;
  const known =
    typeof input['do'] === 'string' && Object.hasOwn(FORMS, input['do']) ? (input['do'] as keyof typeof FORMS) : undefined;
  return known !== undefined && (moment === undefined || Number.isInteger(moment)) && FORMS[known](input);
}

/** Lives a saved world again, in a fresh one of the same seed, as fast as this machine can; or up to the given block. */
export async function replay(world: World, saved: SavedWorld, untilBlock = Number.POSITIVE_INFINITY): Promise<void> {
  const reached = (): boolean =>
    untilBlock < Number.POSITIVE_INFINITY && (world.sequencer.status()?.head.number ?? 0) >= untilBlock;
  const { clock } = world;
  for (const input of saved.inputs) {
    await clock.advanceTo(input.atMs, reached, input.moment);
    if (reached()) return;
    await apply(world, input);
  }
  await clock.advanceTo(saved.nowMs, reached, saved.moment);
}

async function apply(world: World, input: RecordedInput): Promise<void> {
  if (input.do === 'boot') return world.boot();
  if (input.do === 'fault') {
    await world.outside(() => injectFault(world, input.call));
    return;
  }
  if (input.do === 'add') {
    await world.outside(() => world.add(input.added));
    return;
  }
  if (input.do === 'remove') return world.outside(() => world.remove(input.device));
  const board = world.boards.find(({ identity }) => identity.name === input.device);
  if (!board) throw new Error(`the saved world speaks of a device "${input.device}" that it does not have`);
  if (input.do === 'rpc') void board.rpc(input.text);
  else if (input.do === 'hand') await world.outside(() => board.input(input.event));
  else board.observed(input.exchange);
  // It comes to rest, and no further moment passes.
  await world.clock.advanceTo(world.clock.nowMs(), undefined, 0);
}
