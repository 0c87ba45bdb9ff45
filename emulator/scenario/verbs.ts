import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Hex, toHex } from 'viem';
import { parse } from 'yaml';
import type { Board } from '../board.ts';
import { looksOf } from '../boards/index.ts';
import { injectFault } from '../faults.ts';
import { identityOf } from '../identity.ts';
import type { Operators } from '../operators.ts';
import { pinnedManifest } from '../story.ts';
import type { World } from '../world.ts';
import { conditionFields, conditionOptions, fewNames, missing, untilOptions, type Wanted } from './conditions.ts';
import { amount, duration, type Field, type Fields, flag, names, nothing, text, texts, whole } from './fields.ts';
import type { Play } from './play.ts';

/** One kind of step: how it is written, and what it does. Answers what is worth saying; throws a sentence if it failed. */
export interface Verb {
  readonly value: Field | Fields;
  readonly options: Fields;
  readonly holdsSteps?: boolean;
  readonly act: (play: Play, value: never, options: Readonly<Record<string, unknown>>) => Promise<string>;
}

const WITHIN_MS = 120_000;
const POLL_MS = 100;
const WINDOW_MS = 300_000;

const boot: Verb = {
  value: nothing,
  options: { devices: names },
  async act({ stage }, _: true, { devices }) {
    const { world } = stage;
    if (devices !== undefined) return world.outside(() => injectFault(world, { fault: 'boot', devices: devices as string[] }));
    await world.boot();
    return `${world.boards.length} devices boot`;
  },
};

const deploy: Verb = {
  value: nothing,
  options: {},
  async act({ stage, operators }) {
    return `the Fleet contract stands at ${await operators.deploy(stage.world.operators[0]!)}`;
  },
};

const enrol: Verb = {
  value: nothing,
  options: { devices: names },
  async act({ stage, operators }, _: true, { devices }) {
    const identities = boardsOf(stage.world.boards, devices, undefined).map(({ identity }) => identity);
    await operators.enrol(identities);
    return identities.length === 1 ? `${identities[0]!.name} is enrolled` : `${identities.length} devices are enrolled`;
  },
};

/** What a scenario may change in a Compose file. */
interface Service {
  environment?: object;
  deploy?: object;
}

/** Boards come while the world lives, and boot. They are not of the fleet before they are enrolled, or enrol themselves by a token. */
const add: Verb = {
  value: whole,
  options: { site: text, board: text, invited: flag },
  async act({ stage: { world }, operators }, count: number, { site, board: looks, invited }) {
    if (looks !== undefined) looksOf(looks as string);
    const added = { ...(site !== undefined && { site: site as string }), ...(looks !== undefined && { looks: looks as string }) };
    const names: string[] = [];
    for (let times = 0; times < count; times += 1) {
      const token = invited === true ? { token: await inviteNext(world, operators) } : {};
      names.push((await world.outside(() => world.add({ ...added, ...token }))).identity.name);
    }
    return `${fewNames(names)} ${names.length === 1 ? 'comes' : 'come'}`;
  },
};

const DAY_S = 86_400;

/** The operators post a one-time token for the board that comes next; it is good for a day. */
async function inviteNext(world: World, { byQuorum }: Operators): Promise<Hex> {
  const name = world.nextName();
  const { address, privateKey } = identityOf(world.seed, `token of ${name}`);
  await byQuorum('invite', [address, name, [], BigInt(Math.floor(world.clock.nowMs() / 1000) + DAY_S)]);
  return privateKey;
}

/** Boards go, with everything on them. */
const remove: Verb = {
  value: names,
  options: {},
  async act({ stage: { world } }, some: readonly string[]) {
    for (const name of some) await world.outside(() => world.remove(name));
    return `${fewNames(some)} ${some.length === 1 ? 'is' : 'are'} taken away`;
  },
};

/** The operators take devices out of the fleet, also those that are not there any more. */
const revoke: Verb = {
  value: names,
  options: {},
  async act({ stage: { world }, operators }, some: readonly string[]) {
    for (const name of some) await operators.byQuorum('revoke', [identityOf(world.seed, name).address]);
    return `${fewNames(some)} ${some.length === 1 ? 'is' : 'are'} revoked`;
  },
};

const release: Verb = {
  value: text,
  options: { environment: texts, limits: texts, window: duration, approvals: whole },
  async act(play, file: string, { environment, limits, window = WINDOW_MS, approvals = 2 }) {
    const { stage, operators, appWord, folder, iteration } = play;
    const compose = parse(readFileSync(join(folder, file), 'utf8')) as { services: Record<string, Service> };
    const given = { ...(environment as object), ...(iteration > 0 ? { ROUND: String(iteration) } : {}) };
    for (const service of Object.values(compose.services)) {
      service.environment = { ...service.environment, ...given };
      if (limits !== undefined) service.deploy = { ...service.deploy, resources: { limits } };
    }
    const manifest = toHex(await pinnedManifest(compose, stage.world.boards[0]!.engine.containers));
    const [first, ...others] = stage.world.operators;
    await operators.send(first!, 'propose', [appWord, manifest, BigInt(Math.round((window as number) / 1000))]);
    const { revision } = await play.latest();
    for (const other of others.slice(0, (approvals as number) - 1)) await operators.approve(other, appWord, revision);
    return `${play.app} r${revision} is proposed, with ${approvals} approvals`;
  },
};

const fault: Verb = {
  value: text,
  options: { devices: names, others: names, amount },
  async act({ stage, iteration }, name: string, { devices, others, amount: much }) {
    const call = {
      fault: name,
      ...(devices !== undefined && { devices: devices as string[] }),
      ...(others !== undefined && { others: others as string[] }),
      ...(much !== undefined && { amount: much === 'n' ? iteration : (much as number) }),
    };
    return stage.world.outside(() => injectFault(stage.world, call));
  },
};

const wait: Verb = {
  value: duration,
  options: {},
  async act({ stage }, ms: number) {
    await stage.sleep(ms);
    return `${ms / 1000} s pass`;
  },
};

const until: Verb = {
  value: conditionFields,
  options: untilOptions,
  async act(play, wanted: Wanted, { devices, except, within = WITHIN_MS }) {
    const { stage } = play;
    const boards = boardsOf(stage.world.boards, devices, except);
    const startMs = stage.nowMs();
    for (;;) {
      const what = await missing(play, wanted, boards);
      if (what === undefined) return `${told(wanted)}, after ${((stage.nowMs() - startMs) / 1000).toFixed(1)} s`;
      play.wait(what);
      if (stage.nowMs() - startMs >= (within as number))
        throw new Error(`waited ${(within as number) / 1000} s in vain for ${what}`);
      await stage.sleep(POLL_MS);
    }
  },
};

const expect: Verb = {
  value: conditionFields,
  options: conditionOptions,
  async act(play, wanted: Wanted, { devices, except }) {
    const what = await missing(play, wanted, boardsOf(play.stage.world.boards, devices, except));
    if (what !== undefined) throw new Error(`expected ${what}`);
    return told(wanted);
  },
};

/** Blocks go from one device to another on a stick: what a device has no network for. */
const carry: Verb = {
  value: nothing,
  options: { from: names, to: names },
  async act(play, _: true, { from, to }) {
    const [source, target] = [from, to].map((name) => boardsOf(play.stage.world.boards, name, undefined)[0]!);
    return play.carry(source!, target!);
  },
};

const repeat: Verb = {
  value: whole,
  options: {},
  holdsSteps: true,
  act: async () => '',
};

export const verbs: Readonly<Record<string, Verb>> = {
  boot,
  deploy,
  enrol,
  release,
  fault,
  wait,
  until,
  expect,
  carry,
  add,
  remove,
  revoke,
  repeat,
};

/** The boards of these names, without those; all if none are named. */
function boardsOf(boards: readonly Board[], some: unknown, except: unknown): readonly Board[] {
  const named = (some as readonly string[] | undefined) ?? boards.map(({ identity }) => identity.name);
  const unknown = [...named, ...((except as readonly string[] | undefined) ?? [])].filter(
    (name) => !boards.some(({ identity }) => identity.name === name),
  );
  if (unknown.length > 0)
    throw new Error(
      `there is no device ${fewNames(unknown)}; there are ${boards[0]!.identity.name} to ${boards.at(-1)!.identity.name}`,
    );
  return boards.filter(
    ({ identity }) => named.includes(identity.name) && !(except as readonly string[] | undefined)?.includes(identity.name),
  );
}

function told(wanted: Wanted): string {
  return Object.entries(wanted)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
