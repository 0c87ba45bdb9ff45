import { virtualClock } from '../../emulator/clock.ts';
import { type RegistryImage, type VirtualContainers, virtualContainers } from '../../emulator/containers.ts';
import { deviceOf, identityOf } from '../../emulator/identity.ts';
import { memoryStore } from '../../emulator/store.ts';
import type { NodeConfig } from '../../runtime/config.ts';
import { DeviceNode, vaultOf } from '../../runtime/device.ts';
import type { Service } from '../../runtime/manifest/index.ts';
import type { Ports, Route, Store } from '../../runtime/ports/index.ts';
import type { Vault } from '../../runtime/secrets/vault.ts';
import { createFakeLedger, type FakeLedger, nobleVm } from './fake-ledger.ts';
import { mortal, type Verb, wrapped } from './mortal.ts';
import { quietNetwork } from './network.ts';
import { soleConfig } from './node-config.ts';
import { looselyPinned } from './pins.ts';
import { seeded } from './virtual-clock.ts';

const START_MS = 1_800_000_000_000;
export const identity = identityOf('virtual device', 'tablet');

const deviceConfig: NodeConfig = { ...soleConfig(identity.address, START_MS), keepRevisions: 0 };

/** Verbs that change something. */
const DOING: readonly Verb[] = ['pull', 'removeImage', 'create', 'place', 'start', 'stop', 'remove'];

type Call = (...args: unknown[]) => Promise<unknown>;
/** What becomes of one call of the engine. */
export type Meddle = (verb: Verb, call: Call, args: readonly unknown[]) => Promise<unknown>;

const check = { test: ['CMD', 'wget', '-q', 'http://127.0.0.1:8080/'], intervalMs: 500, timeoutMs: 200, retries: 2 };

/** A release of one service whose image is its revision's own. */
export function releaseOf(revision: number, over: Partial<Service> = {}): Uint8Array {
  const web: Service = { image: `app:${revision}`, ports: [8080], healthcheck: check, ...over };
  return looselyPinned({ version: 1, services: { web } });
}

/** A device on a virtual engine and a ledger that decides at once: its process dies and comes back, its store and engine last. */
export class VirtualDevice {
  readonly clock = virtualClock(START_MS);
  readonly ledger: FakeLedger = createFakeLedger(identity.address, () => this.clock.nowMs());
  readonly engine: VirtualContainers;
  /** `verb name`, of verbs that change something, as the engine hears them. */
  readonly calls: string[] = [];
  readonly lines: string[] = [];
  /** Ids of all containers ever made, by name. */
  readonly made = new Map<string, Set<string>>();
  routes: readonly Route[] = [];
  node: DeviceNode | undefined;
  vault!: Vault;
  /** While set, writing to the store fails with it. */
  storeFails: string | undefined;
  meddle: Meddle = (_, call, args) => call(...args);
  private life = 0;
  private isSick = false;
  private readonly store: Store;

  constructor() {
    const memory = memoryStore();
    this.store = {
      get: (key) => memory.get(key),
      keys: (prefix, limit) => memory.keys(prefix, limit),
      write: (entries) => {
        if (this.storeFails !== undefined) throw new Error(this.storeFails);
        memory.write(entries);
      },
    };
    const registry = Array.from({ length: 9 }, (_, index): RegistryImage => this.image(`app:${index + 1}`));
    this.engine = virtualContainers({ device: 'tablet', clock: this.clock, random: seeded(1), registry });
  }

  boot(): void {
    this.node?.stop();
    const mine = ++this.life;
    const isAlive = () => this.life === mine;
    const heard = wrapped(
      this.engine,
      (verb, call) =>
        (...args) =>
          this.hear(verb, call, args),
    );
    const meddled = wrapped(
      heard,
      (verb, call) =>
        (...args) =>
          this.meddle(verb, call, args),
    );
    const ports: Ports = {
      vm: nobleVm,
      store: this.store,
      clock: { nowMs: this.clock.nowMs, after: (ms, callback) => this.clock.after(ms, () => isAlive() && callback()) },
      containers: mortal(meddled, isAlive),
      network: {
        ...quietNetwork,
        peers: () => ['other'],
        serve: (routes) => isAlive() && this.serve(routes),
      },
      display: { draw: () => {} },
      // Real ciphers take real time, which has no place here.
      device: { ...deviceOf(identity), unseal: async (sealed) => sealed },
      log: { write: (level, message) => void (isAlive() && this.lines.push(`${level} ${message}`)) },
    };
    this.vault = vaultOf(ports, deviceConfig);
    this.node = new DeviceNode(ports, deviceConfig, this.ledger, this.vault);
  }

  /** The process ends between two of its breaths. */
  kill(): void {
    this.life++;
    this.node = undefined;
  }

  /** What runs answers with errors until it is started again. */
  sicken(): void {
    this.isSick = true;
  }

  /** Lets so much time pass, with a block whenever there is something for one. */
  async pass(seconds: number): Promise<void> {
    for (let step = 0; step < seconds * 5; step++) {
      await this.clock.advanceTo(this.clock.nowMs() + 200);
      this.ledger.mine();
    }
  }

  /** Lets time pass until it is so; throws after `seconds`. */
  async until(what: string, condition: () => boolean, seconds = 3600): Promise<void> {
    for (let second = 0; !condition(); second++) {
      if (second === seconds)
        throw new Error(
          `${seconds} s were not enough for ${what}: ${JSON.stringify(this.node?.status())}\n${this.lines.slice(-20).join('\n')}`,
        );
      await this.pass(1);
    }
  }

  isAtRest(): boolean {
    const { state, releases } = this.node?.status() ?? {};
    return state === 'healthy' && releases!.every(({ phase, previous }) => phase === 'active' && previous === undefined);
  }

  async ask<T>(promise: Promise<T>): Promise<T> {
    await this.clock.advanceTo(this.clock.nowMs() + 50);
    return promise;
  }

  /** `name state`, without what all names have in common. */
  async names(): Promise<string[]> {
    return (await this.ask(this.engine.list())).map(({ name, state }) => `${short(name)} ${state}`);
  }

  async images(): Promise<string[]> {
    return (await this.ask(this.engine.images())).flatMap(({ references }) => references.map(short));
  }

  /** Gives it a secret as an operator would. */
  async give(name: string, value: string, version = this.clock.nowMs()): Promise<void> {
    const order = { name, version, sealed: Buffer.from(value) };
    const signed = new Uint8Array(65).fill(1);
    signed[64] = 27;
    await this.vault.obey(order, signed, () => true);
  }

  private async hear(verb: Verb, call: Call, args: readonly unknown[]): Promise<unknown> {
    if (DOING.includes(verb)) this.calls.push(`${verb} ${short(this.nameOf(args[0]))}`);
    const answer = await call(...args);
    if (verb === 'create') {
      const { name } = args[0] as { name: string };
      this.made.set(name, (this.made.get(name) ?? new Set()).add(answer as string));
    }
    return answer;
  }

  private nameOf(argument: unknown): string {
    if (typeof argument === 'object') return (argument as { name: string }).name;
    return this.engine.peek(argument as string)?.name ?? (argument as string);
  }

  private serve(routes: readonly Route[]): void {
    this.routes = routes;
  }

  private image(image: string): RegistryImage {
    const program = {
      bootMs: 40,
      greet: () => {
        this.isSick = false;
        return [`${image} listens`];
      },
      answer: () => ({ status: this.isSick ? 500 : 200, contentType: 'text/plain', body: image }),
      stopMs: () => 20,
      end: () => undefined,
    };
    return { image, pullMs: 900, program };
  }
}

function short(name: string): string {
  return name.replace('classpad-tablet-', '').replace(/@sha256:0+$/, '');
}
