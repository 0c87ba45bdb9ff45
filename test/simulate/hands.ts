import { type Abi, decodeFunctionResult, encodeFunctionData, getContractAddress, type Hex, keccak256, stringToHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { FleetArtifact } from '../../emulator/fleet.ts';
import { type Identity, identityOf } from '../../emulator/identity.ts';
import { ask } from '../../emulator/rpc.ts';
import { CHAIN_ID, type World } from '../../emulator/world.ts';
import type { App } from './acts.ts';
import { PEOPLE } from './draw-fleet.ts';

const GAS = 10_000_000n;
const AGAIN_MS = 10_000;
const TRIES = 6;
const Phase = { proposed: 1, superseded: 5 } as const;

/** A left-aligned word, as names and labels stand on the ledger. */
export const wordOf = (text: string): Hex => stringToHex(text, { size: 32 });

interface Release {
  readonly phase: number;
  readonly startedAt: bigint;
  readonly releaseHash: Hex;
}

/** A call that is sent again until a node takes it. */
interface Errand {
  readonly what: string;
  readonly call: Hex;
}

/** Everybody who may be an operator, at the doors of the device that makes the blocks. */
export interface Hands {
  /** Hash of each transaction that a node has told us it took, and what it was. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** One of the present operators proposes; while the node is down or says no, nothing has been promised and nothing is tried again. */
  propose(by: number, functionName: string, args: readonly unknown[], what: string): Promise<void>;
  /** A change of the fleet itself, proposed once, or again until a node has taken it. */
  change(functionName: string, args: readonly unknown[], what: string, isDue?: boolean): Promise<void>;
  /** What is due is sent, and whatever waits for approvals gets the next. */
  approve(apps: readonly App[]): Promise<void>;
  /** A revision to go back to, and the hash that names it so. */
  earlier(app: App): Promise<readonly [revision: number, releaseHash: Hex] | undefined>;
  read<T>(functionName: string, args: readonly unknown[]): Promise<T>;
  /** A contract with nothing around it; answers where it will stand. */
  deploy(bytecode: Hex): Promise<Hex>;
}

export function handsOn(world: World, { abi }: FleetArtifact): Hands {
  return new People(world, abi);
}

class People implements Hands {
  readonly acknowledged = new Map<string, string>();
  private readonly world: World;
  private readonly abi: Abi;
  private readonly people: readonly Identity[];
  private readonly errands: Errand[] = [];
  /** What was signed by whom, how often, and when it may be tried again. */
  private readonly signed = new Map<string, { readonly tries: number; readonly againMs: number }>();
  private readonly settled = new Map<App, bigint>();
  private actions: readonly bigint[] = [];
  private lastAction = 0n;

  constructor(world: World, abi: Abi) {
    this.world = world;
    this.abi = abi;
    this.people = Array.from({ length: PEOPLE }, (_, index) => identityOf(world.seed, `ops-${index + 1}`));
  }

  async propose(by: number, functionName: string, args: readonly unknown[], what: string): Promise<void> {
    const operators = await this.operators().catch(() => []);
    if (operators.length > 0) await this.send(operators[by % operators.length]!, this.call(functionName, args), what);
  }

  async change(functionName: string, args: readonly unknown[], what: string, isDue = false): Promise<void> {
    const errand = { what, call: this.call('proposeAction', [this.call(functionName, args)]) };
    if (!(await this.run(errand)) && isDue) this.errands.push(errand);
  }

  async approve(apps: readonly App[]): Promise<void> {
    if (!this.world.sequencer.running) return;
    while (this.errands.length > 0 && (await this.run(this.errands[0]!))) this.errands.shift();
    for (const app of apps) await this.approveReleases(app).catch(() => {});
    await this.approveActions().catch(() => {});
  }

  async earlier(app: App): Promise<readonly [number, Hex] | undefined> {
    const latest = await this.read<bigint>('latest', [wordOf(app)]).catch(() => 0n);
    for (let revision = 1n; revision <= latest; revision += 1n) {
      const { phase, startedAt, releaseHash } = await this.release(app, revision);
      if (phase === Phase.superseded && startedAt > 0n) return [Number(revision), releaseHash];
    }
    return undefined;
  }

  async read<T>(functionName: string, args: readonly unknown[]): Promise<T> {
    const { abi, world } = this;
    const request = [{ to: world.config.fleet, data: this.call(functionName, args) }, 'latest'];
    const data = await ask<Hex>((text) => world.sequencer.rpc(text), 'eth_call', request);
    return decodeFunctionResult({ abi, functionName, data }) as T;
  }

  async deploy(bytecode: Hex): Promise<Hex> {
    const { address } = this.people[0]!;
    const nonce = await this.nonce(address);
    await this.send(this.people[0]!, bytecode, 'a policy', null);
    return getContractAddress({ from: address, nonce: BigInt(nonce) }).toLowerCase() as Hex;
  }

  private release(app: App, revision: bigint): Promise<Release> {
    return this.read<Release>('release', [wordOf(app), revision]);
  }

  private async operators(): Promise<Identity[]> {
    const accounts = await this.read<readonly string[]>('operators', []);
    const present = new Set(accounts.map((account) => account.toLowerCase()));
    return this.people.filter(({ address }) => present.has(address));
  }

  private async run({ call, what }: Errand): Promise<boolean> {
    const [first] = await this.operators().catch(() => []);
    return first !== undefined && this.send(first, call, what);
  }

  /** Of the latest two: several may propose at once. Nothing more is asked once nothing can come of them. */
  private async approveReleases(app: App): Promise<void> {
    const latest = await this.read<bigint>('latest', [wordOf(app)]);
    if (latest === (this.settled.get(app) ?? 0n) || (await this.read<bigint>('rollingOut', [wordOf(app)])) !== 0n) return;
    let isOpen = false;
    for (const revision of latest > 1n ? [latest - 1n, latest] : [latest]) {
      const { phase, releaseHash } = await this.release(app, revision);
      if (phase !== Phase.proposed) continue;
      isOpen = true;
      const call = this.call('approve', [wordOf(app), revision, releaseHash]);
      await this.sign(`approval of ${app} r${revision}`, call);
    }
    if (!isOpen) this.settled.set(app, latest);
  }

  private async approveActions(): Promise<void> {
    const latest = await this.read<bigint>('actions', []);
    for (; this.lastAction < latest; this.lastAction += 1n) this.actions = [...this.actions, this.lastAction + 1n];
    const open: bigint[] = [];
    for (const id of this.actions) {
      const { isDone, call } = await this.read<{ isDone: boolean; call: Hex }>('action', [id]);
      const isOver = isDone || !(await this.sign(`approval of action ${id}`, this.call('approveAction', [id, keccak256(call)])));
      if (!isOver) open.push(id);
    }
    this.actions = open;
  }

  /** The next who has not signed does. Answers false if all have, as often as they would. */
  private async sign(what: string, call: Hex): Promise<boolean> {
    const operators = await this.operators();
    const nowMs = this.world.clock.nowMs();
    const willing = operators.filter(({ address }) => (this.signed.get(`${what} by ${address}`)?.tries ?? 0) < TRIES);
    const next = willing.find(({ address }) => (this.signed.get(`${what} by ${address}`)?.againMs ?? 0) <= nowMs);
    if (next) {
      const key = `${what} by ${next.address}`;
      this.signed.set(key, { tries: (this.signed.get(key)?.tries ?? 0) + 1, againMs: nowMs + AGAIN_MS });
      await this.send(next, call, what);
    }
    return willing.length > 0;
  }

  private call(functionName: string, args: readonly unknown[]): Hex {
    return encodeFunctionData({ abi: this.abi, functionName, args });
  }

  private async nonce(address: Hex): Promise<number> {
    return Number(await ask<Hex>((text) => this.world.sequencer.rpc(text), 'eth_getTransactionCount', [address, 'pending']));
  }

  /** Signs and sends to the device that makes the blocks. False while it is down, or says no: then nothing has been promised. */
  private async send(by: Identity, data: Hex, what: string, to: Hex | null = this.world.config.fleet): Promise<boolean> {
    try {
      const raw = await privateKeyToAccount(by.privateKey).signTransaction({
        chainId: CHAIN_ID,
        ...(to && { to }),
        data,
        nonce: await this.nonce(by.address),
        gas: GAS,
        maxFeePerGas: 0n,
        maxPriorityFeePerGas: 0n,
      });
      await ask((text) => this.world.sequencer.rpc(text), 'eth_sendRawTransaction', [raw]);
      this.acknowledged.set(keccak256(raw), what);
      return true;
    } catch {
      return false;
    }
  }
}
