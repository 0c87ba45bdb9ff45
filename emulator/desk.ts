import { toHex } from 'viem';
import { parse } from 'yaml';
import { KEY_NAMES, type KeyName } from '../runtime/ports/index.ts';
import type { Board } from './board.ts';
import { looksOf } from './boards/index.ts';
import type { Cables } from './cables.ts';
import type { Controls } from './controls.ts';
import type { Membership } from './membership.ts';
import { DEVICES_LIMIT } from './options.ts';
import type { BrokenView, Command } from './protocol.ts';
import { parseSaved } from './recording.ts';
import { SCREEN_HEIGHT, SCREEN_WIDTH } from './screen.ts';
import { stepsTo } from './steps.ts';
import { pinnedManifest } from './story.ts';
import type { World } from './world.ts';

/** What a command came to: a sentence, and a value where one was asked for. */
export interface Done {
  readonly said: string;
  readonly value?: unknown;
}

/** The hands of the page on the world. */
export interface Desk {
  /** Rejects with a sentence for what cannot be done. */
  perform(command: Command): Promise<Done>;
  broken(): readonly BrokenView[];
}

/** Commands that concern one page alone are not for the desk. */
export type DeskCommand = Exclude<Command, { do: 'screens' | 'watch' }>;

export interface DeskOptions {
  readonly world: World;
  /** Absent: who comes joins no fleet, and who goes is not revoked. */
  readonly membership?: Membership;
  /** Hears what went wrong after its answer. */
  readonly trouble?: (sentence: string) => void;
  readonly controls: Controls;
  readonly cables: Cables;
}

const BROKEN_LIMIT = 200;

type Performers = { readonly [K in DeskCommand['do']]: (command: Extract<DeskCommand, { do: K }>) => Promise<Done> | Done };

export function createDesk({ world, controls, cables, membership, trouble = () => {} }: DeskOptions): Desk {
  let broken: (BrokenView & { readonly mendedBy: string })[] = [];
  let nextId = 1;

  const boardOf = (name: string): Board => {
    const found = world.boards.find(({ identity }) => identity.name === name);
    if (!found) throw new DeskRefused(`there is no device "${name}"`);
    return found;
  };

  const manifestOf = async (yaml: string): Promise<string> =>
    toHex(await pinnedManifest(parse(yaml), world.boards[0]!.engine.containers));

  /** Goes on after the answer: a world that stands still makes no block. */
  const later = (name: string, word: Promise<void> | undefined): void => {
    word?.catch(({ message, shortMessage }: Error & { shortMessage?: string }) => trouble(`${name}: ${shortMessage ?? message}`));
  };

  async function add({ site, looks }: Extract<Command, { do: 'add' }>): Promise<Done> {
    if (looks !== undefined) looksOf(looks);
    const board = await world.outside(() => world.add({ ...(site && { site }), ...(looks && { looks }) }));
    const { name } = board.identity;
    later(name, membership?.enrol(board));
    return { said: `${name} has come, and asks to join the fleet`, value: name };
  }

  async function remove(name: string): Promise<Done> {
    const board = boardOf(name);
    await world.outside(() => world.remove(name));
    broken = broken.filter(({ devices }) => !devices.includes(name) || devices.length > 1);
    later(name, membership?.revoke(board));
    return { said: `${name} is taken away, and the operators revoke it` };
  }

  async function mend(id: number | 'all'): Promise<Done> {
    const chosen = broken.filter((one) => id === 'all' || one.id === id);
    broken = broken.filter((one) => !chosen.includes(one));
    for (const { mendedBy, devices } of [...chosen].reverse()) {
      const there = devices.filter((name) => world.boards.some(({ identity }) => identity.name === name));
      if (there.length > 0) await controls.inject({ fault: mendedBy, devices: there });
    }
    if (id === 'all') {
      const { devices, trunks } = cables.look();
      if ([...devices, ...trunks].some((state) => state !== 'linked')) await controls.inject({ fault: 'heal-network' });
    }
    return { said: chosen.length === 0 && id !== 'all' ? 'it was mended already' : 'mended' };
  }

  async function fault({ fault: name, devices, amount }: Extract<Command, { do: 'fault' }>): Promise<Done> {
    const said = await controls.inject({ fault: name, devices, ...(amount !== undefined && { amount }) });
    const kind = controls.faults.find((one) => one.name === name)!;
    broken = broken.filter((one) => one.mendedBy !== name || !one.devices.every((device) => devices.includes(device)));
    if (kind.mendedBy !== undefined) {
      const title = amount === undefined ? kind.title : `${kind.title}, ${amount} ${kind.amount?.unit ?? ''}`.trimEnd();
      broken = [...broken, { id: nextId++, title, devices, mendedBy: kind.mendedBy }].slice(-BROKEN_LIMIT);
    }
    return { said };
  }

  const performers: Performers = {
    run: () => told(controls.run(), 'running'),
    pause: () => told(controls.pause(), 'paused'),
    step: async () => ({ said: `block ${await controls.stepBlock()}` }),
    back: async ({ block }) => told(await controls.stepBack(block), `back at block ${block}`),
    speed: ({ speed }) => told(controls.setSpeed(speed), `${speed}×`),
    'pause at': ({ condition }) =>
      told(controls.pauseAt(condition === '' ? undefined : condition), condition === '' ? 'forgotten' : `pauses at ${condition}`),
    restart: async ({ seed, devices }) => told(await controls.restart(seed === '' ? undefined : seed, devices), 'begun again'),
    load: async ({ world: saved }) => told(await controls.load(parseSaved(saved, 'this')), 'loaded'),
    steps: () => ({ said: 'what led here', value: stepsTo(world) }),
    save: async () => ({ said: 'saved', value: await world.outside(() => controls.save()) }),
    add,
    remove: ({ device }) => remove(device),
    enrol: async ({ device }) => told(later(device, membership?.enrol(boardOf(device))), `${device} asks to join the fleet`),
    fault,
    mend: ({ id }) => mend(id),
    cable: async ({ device, cut }) => ({ said: await cables.setCable(device, cut) }),
    trunk: async ({ site, cut }) => ({ said: await cables.setTrunk(site, cut) }),
    touch: async ({ device, phase, x, y }) =>
      told(await world.outside(() => boardOf(device).input({ kind: 'touch', phase, x, y })), 'touched'),
    key: async ({ device, key }) =>
      told(await world.outside(() => boardOf(device).input({ kind: 'key', key: key as KeyName })), 'pressed'),
    manifest: async ({ yaml }) => ({ said: 'read', value: await manifestOf(yaml) }),
  };

  return {
    broken: () => broken.map(({ id, title, devices }) => ({ id, title, devices })),
    perform: async (command) =>
      (performers[command.do as DeskCommand['do']] as (command: Command) => Promise<Done> | Done)(command),
  };
}

const told = (_: unknown, said: string): Done => ({ said });

type Check = (value: unknown) => boolean;
const text =
  (limit: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= limit;
const whole =
  (most: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
const oneOf =
  (words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(check);
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const either =
  (a: Check, b: Check): Check =>
  (value) =>
    a(value) || b(value);

const NAME = text(64);
const DEVICES_MOST = 4096;
const YAML_LIMIT = 64 * 1024;
/** A saved world holds everything that came from outside. */
export const WORLD_LIMIT = 32 * 1024 * 1024;

/** The fields of every command; what has others is refused before anything is done. */
const fields: { readonly [K in Command['do']]: { readonly [field: string]: Check } } = {
  run: {},
  pause: {},
  step: {},
  save: {},
  steps: {},
  load: { world: text(WORLD_LIMIT) },
  back: { block: whole(Number.MAX_SAFE_INTEGER) },
  speed: { speed: either(number, oneOf(['max'])) },
  'pause at': { condition: text(200) },
  restart: { seed: text(200), devices: maybe(whole(DEVICES_LIMIT)) },
  add: { site: maybe(NAME), looks: maybe(NAME) },
  remove: { device: NAME },
  enrol: { device: NAME },
  fault: { fault: NAME, devices: listOf(NAME, DEVICES_MOST), amount: maybe(number) },
  mend: { id: either(whole(Number.MAX_SAFE_INTEGER), oneOf(['all'])) },
  cable: { device: NAME, cut: oneOf([true, false]) },
  trunk: { site: whole(DEVICES_MOST), cut: oneOf([true, false]) },
  touch: { device: NAME, phase: oneOf(['down', 'up']), x: whole(SCREEN_WIDTH - 1), y: whole(SCREEN_HEIGHT - 1) },
  key: { device: NAME, key: oneOf(KEY_NAMES) },
  screens: { devices: listOf(whole(DEVICES_MOST), DEVICES_MOST) },
  watch: { device: NAME },
  manifest: { yaml: text(YAML_LIMIT) },
};

/** A message of the page; `undefined` for one that is none. */
export function parseRequest(message: string): { readonly id: number; readonly command: Command } | undefined {
  try {
    const { id, command } = JSON.parse(message) as { id: unknown; command: Record<string, unknown> };
    const name = command['do'];
    if (!whole(Number.MAX_SAFE_INTEGER)(id) || typeof name !== 'string' || !Object.hasOwn(fields, name)) return undefined;
    const checks = fields[name as Command['do']];
    const isKnown = Object.keys(command).every((field) => field === 'do' || Object.hasOwn(checks, field));
    const isRight = Object.entries(checks).every(([field, check]) => check(command[field]));
    return isKnown && isRight ? { id: id as number, command: command as unknown as Command } : undefined;
  } catch {
    return undefined;
  }
}

/** A command that cannot be done, in a sentence. */
export class DeskRefused extends Error {
  override readonly name = 'DeskRefused';
}
