import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hex } from 'viem';
import type { Board } from '../../emulator/board.ts';
import { injectFault } from '../../emulator/faults.ts';
import { appName, type FleetArtifact } from '../../emulator/fleet.ts';
import { identityOf } from '../../emulator/identity.ts';
import { operatorsOn, THRESHOLD } from '../../emulator/operators.ts';
import { readScripts, type Scripts } from '../../emulator/quickjs/device.ts';
import { rogues } from '../../emulator/rogues.ts';
import { carryBlocks } from '../../emulator/scenario/play.ts';
import { virtualStage } from '../../emulator/stage.ts';
import { createWorld, deviceName, type World } from '../../emulator/world.ts';
import type { Vm } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { root } from '../support/need.ts';
import { type Act, APPS, type App, type Policy, type Terms } from './acts.ts';
import { fleetWith } from './bugs.ts';
import { everythingSaid, type Unsettled, Violation, type Watch, watchWorld } from './checkers.ts';
import { type Hands, handsOn, wordOf } from './hands.ts';
import type { Terms as LedgerTerms } from './ledger-model.ts';
import { amends, type Plan } from './plan.ts';
import { policyAllows, policyCode } from './policies.ts';
import { manifestOf, servicesOf } from './releases.ts';

export interface Parts {
  readonly scripts: Scripts;
  readonly vm: Vm;
  readonly fleet: FleetArtifact;
  /** `native` is faster; `inline` is the real thing. The worlds are the same. */
  readonly run: 'native' | 'inline';
  /** Name of a rogue that every device has: a bug planted on purpose in the firmware. */
  readonly bug?: string;
  /** How long it may take until all is well once nothing is broken any more; a quarter of an hour if absent. */
  readonly settleMs?: number;
}

export interface Lived {
  readonly violation: Violation | undefined;
  readonly virtualMs: number;
  readonly hash: string;
  /** What the ledger said, and how often. */
  readonly seen: Readonly<Record<string, number>>;
  /** Errors and warnings of the firmware, the newest last. */
  readonly complaints: readonly string[];
}

const START_MS = Date.UTC(2026, 0, 1);
const START_S = START_MS / 1000;
const LOOK_MS = 500;
/** Once nothing is broken any more, all must be well within that. */
const SETTLE_LIMIT_MS = 15 * 60_000;
const COMPLAINTS = 60;
const WINDOW_S = 120;
/** Longer than any world lasts, whatever its clocks do. */
const TOKEN_S = 3 * 365 * 86_400;
const NO_TERMS: Terms = { windowS: WINDOW_S, expiresAfterS: 0, canary: 0, inPercent: false, labels: [] };

/** Throws a sentence if there is no such bug. */
export async function readParts(run: Parts['run'], bug?: string): Promise<Parts> {
  const build = join(root, 'build');
  const fleet = await fleetWith(bug, build);
  const vm = createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) });
  return { scripts: readScripts(build), fleet, vm, run, ...(bug !== undefined && Object.hasOwn(rogues, bug) && { bug }) };
}

/** Lives a world from its first block to its last check. */
export async function live(plan: Plan, parts: Parts): Promise<Lived> {
  const complaints: string[] = [];
  const parted = new Set<string>();
  const world = makeWorld(plan, parts, (device, line) => {
    if (line.includes(`${device} the ledger has parted`)) parted.add(device);
    complaints.push(line);
    if (complaints.length > COMPLAINTS) complaints.shift();
  });
  const life = new Life(plan, parts.fleet, world, parted, parts.settleMs ?? SETTLE_LIMIT_MS);
  let violation: Violation | undefined;
  try {
    await life.run();
  } catch (error) {
    violation = error instanceof Violation ? error : new Violation('lives', (error as Error).message);
  }
  world.stop();
  return { violation, virtualMs: world.clock.nowMs() - START_MS, hash: world.trace.hash(), seen: life.watch.seen(), complaints };
}

function makeWorld(
  { seed, devices, liars, lies = [], forge }: Plan,
  { scripts, vm, run, bug }: Parts,
  complain: (device: string, line: string) => void,
): World {
  const additions: Record<string, string> = {};
  for (let index = 0; index < devices; index += 1) {
    const isLiar = index >= devices - liars;
    const lie = lies[index - devices + liars] ?? 'liar';
    const parts = [
      ...(isLiar ? [rogues[lie]!] : []),
      ...(isLiar && forge ? [rogues['forger']!] : []),
      ...(bug === undefined ? [] : [rogues[bug]!]),
    ];
    if (parts.length > 0) additions[deviceName(index)] = parts.join('\n');
  }
  const onLog = (device: string, level: string, message: string): void => {
    if (level === 'error' || level === 'warn')
      complain(device, `${((world.clock.nowMs() - START_MS) / 1000).toFixed(1)} ${device} ${message}`);
  };
  const world: World = createWorld({ seed, devices, startMs: START_MS, version: '0', scripts, vm, run, additions, onLog });
  return world;
}

class Life {
  private readonly plan: Plan;
  private readonly world: World;
  private readonly fleet: FleetArtifact;
  private readonly hands: Hands;
  readonly watch: Watch;
  private readonly settleMs: number;
  private readonly apps: readonly App[];
  private readonly policies = new Map<string, Policy>();
  /** Devices that say that they cannot follow any more. */
  private readonly parted: Set<string>;

  constructor(plan: Plan, fleet: FleetArtifact, world: World, parted: Set<string>, settleMs: number) {
    this.parted = parted;
    this.settleMs = settleMs;
    this.plan = plan;
    this.world = world;
    this.fleet = fleet;
    this.hands = handsOn(world, fleet);
    this.apps = APPS.filter((app) => plan.acts.some((act) => act.do === 'release' && (act.app ?? APPS[0]) === app));
    this.watch = watchWorld(world, () => this.honest(), {
      said: () => everythingSaid(world, fleet.abi),
      operators: world.operators.map(({ address }) => address),
      threshold: THRESHOLD,
      terms: (app, revision) => this.terms(app, revision),
      services: async (app) => servicesOf(app),
      allows: (policy, ...moment) => policyAllows(this.policies.get(policy)!, START_S, ...moment),
    });
  }

  async run(): Promise<void> {
    await this.begin();
    const startMs = this.world.clock.nowMs();
    for (const act of this.plan.acts) {
      await this.goTo(startMs + act.atMs);
      await (this.does[act.do] as (act: Act) => Promise<void>)(act);
    }
    await this.goTo(startMs + this.plan.faultsEndMs);
    for (const fault of amends) await injectFault(this.world, { fault });
    for (const board of this.world.boards) board.trapWrites(undefined);
    await this.settle();
  }

  /** Liars are the last of those who were there at first. */
  private honest(): readonly Board[] {
    const { devices, liars } = this.plan;
    const lying = new Set(Array.from({ length: liars }, (_, index) => deviceName(devices - 1 - index)));
    return this.world.boards.filter(({ identity }) => !lying.has(identity.name));
  }

  private async begin(): Promise<void> {
    const { world, plan } = this;
    const operators = operatorsOn(virtualStage(world), this.fleet);
    await world.boot();
    await operators.deploy(world.operators[0]!);
    const labels = plan.labels ?? [];
    await operators.enrol(world.boards.filter((_, index) => (labels[index] ?? []).length === 0).map(({ identity }) => identity));
    for (const [index, { identity }] of world.boards.entries()) {
      const own = (labels[index] ?? []).map(wordOf);
      if (own.length > 0) await operators.byQuorum('enrolLabelled', [identity.address, identity.name, own]);
    }
  }

  private async goTo(timeMs: number): Promise<void> {
    while (this.world.clock.nowMs() < timeMs) {
      await this.world.advance(Math.min(LOOK_MS, timeMs - this.world.clock.nowMs()));
      this.watch.look();
      await this.hands.approve(this.apps);
    }
  }

  private readonly does: { readonly [K in Act['do']]: (act: Extract<Act, { do: K }>) => Promise<void> } = {
    fault: async ({ call }) => {
      const present = (names: readonly string[] | undefined) => names?.filter((name) => this.board(name));
      const [devices, others] = [present(call.devices), present(call.others)];
      if (devices?.length === 0 || others?.length === 0) return;
      await injectFault(this.world, { ...call, ...(devices && { devices }), ...(others && { others }) });
    },
    release: async ({ good, number, app = APPS[0], by = 0, terms = NO_TERMS }) => {
      const { windowS, expiresAfterS, canary, inPercent, labels } = terms;
      const expiresAt = expiresAfterS === 0 ? 0n : BigInt(this.nowS() + expiresAfterS);
      const given = { healthWindow: BigInt(windowS), expiresAt, canary, inPercent, labels: labels.map(wordOf) };
      const args = [wordOf(app), await manifestOf(app, good, number), given, ''];
      await this.hands.propose(by, 'proposeWith', args, `proposal ${number}`);
    },
    return: async ({ app, by }) => {
      const earlier = await this.hands.earlier(app).catch(() => undefined);
      if (!earlier) return;
      const [to, releaseHash] = earlier;
      const args = [wordOf(app), BigInt(to), releaseHash, BigInt(WINDOW_S)];
      await this.hands.propose(by, 'rollback', args, `return to ${app} r${to}`);
    },
    arrive: async ({ join, labels }) => {
      const { world, hands } = this;
      const name = world.nextName();
      const { address: token, privateKey } = identityOf(world.seed, `token of ${name}`);
      const own = labels.map(wordOf);
      if (join === 'token')
        await hands.change('invite', [token, name, own, BigInt(this.nowS() + TOKEN_S)], `invitation of ${name}`, true);
      const { identity } = await world.outside(() => world.add(join === 'token' ? { token: privateKey } : {}));
      if (join === 'quorum') await hands.change('enrolLabelled', [identity.address, name, own], `enrolment of ${name}`, true);
    },
    depart: async ({ device, isRevoked }) => {
      const board = this.board(device);
      if (!board) return;
      await this.world.outside(() => this.world.remove(device));
      if (isRevoked) await this.hands.change('revoke', [board.identity.address], `leaving of ${device}`, true);
    },
    revoke: async ({ device }) => {
      const { address } = identityOf(this.world.seed, device);
      await this.hands.change('revoke', [address], `leaving of ${device}`);
    },
    relabel: async ({ device, labels }) => {
      const { address } = identityOf(this.world.seed, device);
      await this.hands.change('relabel', [address, labels.map(wordOf)], `labels of ${device}`);
    },
    operators: async ({ who, threshold }) => {
      const accounts = who.map((index) => identityOf(this.world.seed, `ops-${index + 1}`).address);
      await this.hands.change('setOperators', [accounts, threshold], `operators ${who.join(', ')}`);
    },
    policies: async ({ policies }) => {
      const addresses: Hex[] = [];
      for (const policy of policies) {
        const address = await this.hands.deploy(policyCode(policy, START_S)).catch(() => undefined);
        if (address === undefined) return;
        this.policies.set(address, policy);
        addresses.push(address);
      }
      await this.hands.change('setPolicies', [addresses], 'policies');
    },
    carry: async ({ from, to }) => {
      const [source, target] = [this.board(from), this.board(to)];
      const sleep = (ms: number) => this.world.advance(ms);
      // A stick whose blocks somebody does not take, or that meets a device that is down, is thrown away.
      if (source?.running && target?.running) await carryBlocks({ sleep }, source, target).catch(() => '');
    },
  };

  private board(name: string): Board | undefined {
    return this.world.boards.find(({ identity }) => identity.name === name);
  }

  /** What people take the time to be. */
  private nowS(): number {
    return Math.floor(this.world.clock.nowMs() / 1000);
  }

  private async terms(app: string, revision: number): Promise<LedgerTerms> {
    type Given = LedgerTerms & { healthWindow: bigint; expiresAt: bigint; labels: readonly Hex[] };
    const { terms } = await this.hands.read<{ terms: Given }>('proposal', [wordOf(app), BigInt(revision)]);
    const [healthWindow, expiresAt] = [Number(terms.healthWindow), Number(terms.expiresAt)];
    return { ...terms, healthWindow, expiresAt, labels: terms.labels.map(appName) };
  }

  private async settle(): Promise<void> {
    const untilMs = this.world.clock.nowMs() + this.settleMs;
    for (;;) {
      await this.goTo(this.world.clock.nowMs() + 2000);
      for (const name of this.parted) await this.beginAnew(name);
      const unsettled = await this.unsettled();
      if (unsettled === undefined) return;
      if (this.world.clock.nowMs() >= untilMs)
        throw new Violation(unsettled.rule, `${this.settleMs / 60_000} minutes after the last fault ${unsettled.what}`);
    }
  }

  /** What the device asks for in its log: an operator starts it without its ledger. The sequencer goes on with its own. */
  private async beginAnew(name: string): Promise<void> {
    this.parted.delete(name);
    const board = this.board(name);
    if (!board || board === this.world.sequencer) return;
    board.kill();
    board.store.put(board.store.entries().map(([key]) => [key, undefined] as const));
    await board.boot();
  }

  private async unsettled(): Promise<Unsettled | undefined> {
    return this.watch.unsettled(this.hands.acknowledged).catch((error: Error) => {
      if (error instanceof Violation) throw error;
      return { rule: 'settles', what: error.message };
    });
  }
}
