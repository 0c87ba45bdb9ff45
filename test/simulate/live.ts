import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Abi, decodeFunctionResult, encodeFunctionData, type Hex, keccak256, stringToHex, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { virtualRegistry } from '../../emulator/containers/images.ts';
import { injectFault } from '../../emulator/faults.ts';
import type { FleetArtifact } from '../../emulator/fleet.ts';
import type { Identity } from '../../emulator/identity.ts';
import { type Operators, operatorsOn } from '../../emulator/operators.ts';
import { readScripts, type Scripts } from '../../emulator/quickjs/device.ts';
import { rogues } from '../../emulator/rogues.ts';
import { ask } from '../../emulator/rpc.ts';
import { virtualStage } from '../../emulator/stage.ts';
import { readManifest } from '../../emulator/story.ts';
import { CHAIN_ID, createWorld, deviceName, type World } from '../../emulator/world.ts';
import type { Vm } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { root } from '../support/need.ts';
import { fleetWith } from './bugs.ts';
import { type Unsettled, Violation, type Watch, watchWorld } from './checkers.ts';
import { type Act, amends, type Plan } from './plan.ts';

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
  /** Errors and warnings of the firmware, the newest last. */
  readonly complaints: readonly string[];
}

const START_MS = Date.UTC(2026, 0, 1);
const LOOK_MS = 500;
/** Once nothing is broken any more, all must be well within that. */
const SETTLE_LIMIT_MS = 15 * 60_000;
const GAS = 10_000_000n;
const COMPLAINTS = 60;
const APP = stringToHex('hello', { size: 32 });
const WINDOW_S = 120n;
const examples = join(root, 'examples/hello');
const manifests = {
  good: await readManifest(join(examples, 'compose.yaml'), virtualRegistry),
  broken: await readManifest(join(examples, 'compose.broken.yaml'), virtualRegistry),
};

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
  let violation: Violation | undefined;
  try {
    await new Life(plan, parts.fleet, world, parted, parts.settleMs ?? SETTLE_LIMIT_MS).run();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
  }
  world.stop();
  return { violation, virtualMs: world.clock.nowMs() - START_MS, hash: world.trace.hash(), complaints };
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
  private readonly operators: Operators;
  private readonly fleet: FleetArtifact;
  private readonly watch: Watch;
  private readonly settleMs: number;
  /** Devices that say that they cannot follow any more. */
  private readonly parted: Set<string>;
  /** Hash of each transaction that a node has told us it took, and what it was. */
  private readonly acknowledged = new Map<string, string>();
  private approved = 0n;
  private approvedActions = 0n;

  constructor(plan: Plan, fleet: FleetArtifact, world: World, parted: Set<string>, settleMs: number) {
    this.parted = parted;
    this.settleMs = settleMs;
    this.plan = plan;
    this.world = world;
    this.fleet = fleet;
    this.operators = operatorsOn(virtualStage(world), fleet);
    const honest = world.boards.slice(0, plan.devices - plan.liars);
    this.watch = watchWorld(world, honest, {
      abi: fleet.abi,
      active: async () => Number(await this.operators.read('active', [APP])),
      isEnrolled: async (address) => (await this.operators.read('isEnrolled', [address])) === true,
    });
  }

  async run(): Promise<void> {
    await this.begin();
    const startMs = this.world.clock.nowMs();
    for (const act of this.plan.acts) {
      await this.goTo(startMs + act.atMs);
      await this.do(act);
    }
    await this.goTo(startMs + this.plan.faultsEndMs);
    for (const fault of amends) await injectFault(this.world, { fault });
    for (const board of this.world.boards) board.trapWrites(undefined);
    await this.settle();
  }

  private async begin(): Promise<void> {
    const { world, operators } = this;
    await world.boot();
    await operators.deploy(world.operators[0]!);
    const identities = world.boards.map(({ identity }) => identity);
    await operators.enrol(identities);
    this.approvedActions = (await operators.read('actions')) as bigint;
  }

  private async goTo(timeMs: number): Promise<void> {
    while (this.world.clock.nowMs() < timeMs) {
      await this.world.advance(Math.min(LOOK_MS, timeMs - this.world.clock.nowMs()));
      this.watch.look();
      await this.approve();
    }
  }

  private async do(act: Act): Promise<void> {
    if (act.do === 'fault') {
      await injectFault(this.world, act.call);
      return;
    }
    if (act.do === 'revoke') {
      const { address } = this.world.boards.find(({ identity }) => identity.name === act.device)!.identity;
      const data = encodeFunctionData({ abi: this.fleet.abi, functionName: 'revoke', args: [address] });
      await this.send(this.world.operators[0]!, 'proposeAction', [data], `leaving of ${act.device}`);
      return;
    }
    // Each release differs from the one before, as releases do.
    const manifest = toHex(act.good ? manifests.good : manifests.broken);
    await this.send(this.world.operators[0]!, 'propose', [APP, manifest, WINDOW_S], `proposal ${act.number}`);
  }

  /** The second operator approves whatever waits for it. */
  private async approve(): Promise<void> {
    if (!this.world.sequencer.running) return;
    const revision = await this.waitingRelease().catch(() => undefined);
    if (revision !== undefined)
      await this.send(this.world.operators[1]!, 'approve', [APP, ...revision], `approval of r${revision[0]}`);
    const action = await this.waitingAction().catch(() => undefined);
    if (action !== undefined)
      await this.send(this.world.operators[1]!, 'approveAction', action, `approval of action ${action[0]}`);
  }

  private async ask<T>(functionName: string, args: readonly unknown[]): Promise<T> {
    const { fleet, world } = this;
    const abi = fleet.abi as Abi;
    const request = [{ to: world.config.fleet, data: encodeFunctionData({ abi, functionName, args }) }, 'latest'];
    const data = await ask<Hex>((text) => world.sequencer.rpc(text), 'eth_call', request);
    return decodeFunctionResult({ abi, functionName, data }) as T;
  }

  /** The revision and the hash by which it is approved. */
  private async waitingRelease(): Promise<[bigint, Hex] | undefined> {
    const latest = await this.ask<bigint>('latest', [APP]);
    if (latest <= this.approved || (await this.ask<bigint>('rollingOut', [APP])) !== 0n) return undefined;
    const { releaseHash } = await this.ask<{ releaseHash: Hex }>('release', [APP, latest]);
    this.approved = latest;
    return [latest, releaseHash];
  }

  /** The action and the hash of its call. */
  private async waitingAction(): Promise<[bigint, Hex] | undefined> {
    if (!this.plan.acts.some((act) => act.do === 'revoke')) return undefined;
    const latest = await this.ask<bigint>('actions', []);
    if (latest <= this.approvedActions) return undefined;
    const { call } = await this.ask<{ call: Hex }>('action', [latest]);
    this.approvedActions = latest;
    return [latest, keccak256(call)];
  }

  /** Signs and sends to the device that makes the blocks. While it is down, or says no, nothing has been promised. */
  private async send(by: Identity, functionName: string, args: readonly unknown[], what: string): Promise<void> {
    const { world, fleet } = this;
    const door = (request: string) => world.sequencer.rpc(request);
    try {
      const nonce = Number(await ask<Hex>(door, 'eth_getTransactionCount', [by.address, 'pending']));
      const raw = await privateKeyToAccount(by.privateKey).signTransaction({
        chainId: CHAIN_ID,
        to: world.config.fleet,
        data: encodeFunctionData({ abi: fleet.abi, functionName, args }),
        nonce,
        gas: GAS,
        maxFeePerGas: 0n,
        maxPriorityFeePerGas: 0n,
      });
      await ask(door, 'eth_sendRawTransaction', [raw]);
      this.acknowledged.set(keccak256(raw), what);
    } catch {
      // An operator would try again; here the next act does.
    }
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
    const board = this.world.boards.find(({ identity }) => identity.name === name)!;
    if (board === this.world.sequencer) return;
    board.kill();
    board.store.put(board.store.entries().map(([key]) => [key, undefined] as const));
    await board.boot();
  }

  private async unsettled(): Promise<Unsettled | undefined> {
    return this.watch.unsettled(this.acknowledged).catch((error: Error) => {
      if (error instanceof Violation) throw error;
      return { rule: 'settles', what: error.message };
    });
  }
}
