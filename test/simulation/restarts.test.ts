import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeDeployData, encodeFunctionData, getContractAddress, stringToHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { virtualClock } from '../../emulator/clock.ts';
import { type VirtualContainers, virtualContainers } from '../../emulator/containers.ts';
import { deviceOf, identityOf } from '../../emulator/identity.ts';
import { virtualNetwork } from '../../emulator/network.ts';
import { seededRandom } from '../../emulator/random.ts';
import { memoryStore } from '../../emulator/store.ts';
import { bytesToHex } from '../../runtime/bytes.ts';
import type { NodeConfig } from '../../runtime/config.ts';
import { boot } from '../../runtime/index.ts';
import type { Node } from '../../runtime/node.ts';
import type { Address, Containers, Hex, Ports, Route } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { mortal } from '../support/mortal.ts';
import { need, root } from '../support/need.ts';
import { quietNetwork } from '../support/network.ts';
import { looselyPinned } from '../support/pins.ts';

const s = suite('simulation: restarts');
const START_MS = 1_767_225_600_000;
const SEEDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const KILLS = 10;
const NAMES = ['pad-01', 'pad-02', 'pad-03'];
const artifact = join(root, 'build/contracts/Fleet.json');
const operator = privateKeyToAccount(`0x${'77'.repeat(32)}`);
const fleet = getContractAddress({ from: operator.address, nonce: 0n }).toLowerCase() as Address;
const identities = NAMES.map((name) => identityOf('restarts', name));

const config: NodeConfig = {
  genesis: {
    chainId: 4400,
    timestamp: START_MS / 1000,
    gasLimit: 60_000_000,
    baseFee: 0,
    sequencer: identities[0]!.address,
    alloc: {},
  },
  fleet,
  consensus: 'solo',
  blockIntervalMs: 500,
  reconcileIntervalMs: 5000,
  version: '0.1.0',
};

const releases = [{ GREETING: 'one' }, { GREETING: 'two', BROKEN: '1' }, { GREETING: 'three' }];

function manifestOf(environment: Record<string, string>): Uint8Array {
  const healthcheck = { test: ['CMD', 'wget', 'http://127.0.0.1:8080/'], intervalMs: 500, timeoutMs: 200, retries: 2 };
  return looselyPinned({
    version: 1,
    services: { web: { image: 'classpad/hello:1', ports: [8080], environment, healthcheck } },
  });
}

/** One board: what survives a power cut, and the node that does not. */
interface Board {
  readonly name: string;
  readonly engine: VirtualContainers;
  /** Name and id of every container that was ever made. */
  readonly created: Set<string>;
  routes: readonly Route[];
  node: Node | undefined;
  kill(): void;
  boot(): void;
}

class World {
  readonly clock = virtualClock(START_MS);
  readonly random;
  readonly boards: Board[];
  private readonly network;
  private readonly vm = createVm({ fork: 'Osaka' });
  private nonce = 0;

  constructor(seed: string) {
    this.random = seededRandom(seed);
    this.network = virtualNetwork(this.clock, seededRandom(`${seed} network`));
    this.boards = NAMES.map((_, index) => this.createBoard(index, seed));
  }

  private createBoard(index: number, seed: string): Board {
    const { clock, vm } = this;
    const device = deviceOf(identities[index]!);
    const store = memoryStore();
    const draw = seededRandom(`${seed} ${index}`);
    const engine = virtualContainers({ device: device.name, clock, random: draw.next });
    let life = 0;
    const board: Board = {
      name: device.name,
      engine,
      created: new Set(),
      routes: [],
      node: undefined,
      kill: () => {
        life++;
        board.node = undefined;
        this.network.leave(device.name);
      },
      boot: () => {
        const mine = ++life;
        const isAlive = () => life === mine;
        const alive = <T>(act: () => T): T => {
          if (!isAlive()) throw new Error('no power');
          return act();
        };
        const network = this.network.join(device.name, {
          ...quietNetwork,
          serve: (routes) => void Object.assign(board, { routes }),
        });
        const ports: Ports = {
          vm,
          store: {
            get: (key) => store.get(key),
            keys: (prefix, limit) => store.keys(prefix, limit),
            write: (entries) => alive(() => store.write(entries)),
          },
          clock: { nowMs: clock.nowMs, after: (ms, callback) => clock.after(ms, () => isAlive() && callback()) },
          containers: mortal(
            noted(engine, (made) => board.created.add(made)),
            isAlive,
          ),
          network: { ...network, send: (peer, message) => alive(() => network.send(peer, message)) },
          display: { draw: () => {} },
          device,
          log: { write: () => {} },
        };
        board.node = boot(ports, config);
      },
    };
    return board;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceTo(this.clock.nowMs() + ms);
  }

  /** Sends a transaction of the operator through any board that is up. */
  async send(to: Address | undefined, data: Hex): Promise<void> {
    const fields = { chainId: 4400, nonce: this.nonce++, gas: 16_000_000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, data };
    const raw = await operator.signTransaction({ ...fields, ...(to ? { to } : {}), type: 'eip1559' });
    const board = this.boards.find(({ node }) => node !== undefined)!;
    const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params: [raw] });
    const answer = JSON.parse(await board.node!.rpc(request));
    if (answer.error) throw new Error(answer.error.message);
  }
}

/** Notes what is made, also what nobody hears of. */
function noted(engine: VirtualContainers, created: (made: string) => void): Containers {
  return {
    ...engine,
    create: async (spec) => {
      const id = await engine.create(spec);
      created(`${spec.name} ${id}`);
      return id;
    },
  };
}

async function story(seed: string): Promise<{ world: World; heads: string[] }> {
  const { abi, bytecode } = JSON.parse(readFileSync(artifact, 'utf8'));
  const world = new World(seed);
  const heads: string[] = [];
  for (const board of world.boards) board.boot();
  await world.pass(1000);
  await world.send(undefined, encodeDeployData({ abi, bytecode, args: [[operator.address], 1] }));
  await world.send(
    fleet,
    encodeFunctionData({ abi, functionName: 'enrol', args: [identities.map(({ address }) => address), NAMES] }),
  );
  await world.pass(2000);
  let kills = 0;
  for (const environment of releases) {
    const args = [stringToHex('hello', { size: 32 }), bytesToHex(manifestOf(environment)), 60n];
    await world.send(fleet, encodeFunctionData({ abi, functionName: 'propose', args }));
    for (let turn = 0; turn < 4 && kills < KILLS; turn++, kills++) heads.push(...(await killOne(world)));
    await world.pass(12_000);
  }
  await world.pass(10_000);
  return { world, heads };
}

/** Cuts one board's power at a random moment and boots it again; answers its heads before and after. */
async function killOne({ random, boards, clock }: World): Promise<string[]> {
  await clock.advanceTo(clock.nowMs() + random.between(0, 1500));
  const board = boards[random.between(0, boards.length - 1)]!;
  const before = board.node!.status().head.hash;
  board.kill();
  if (random.chance(0.5)) await clock.advanceTo(clock.nowMs() + random.between(0, 2000));
  board.boot();
  const after = board.node!.status().head.hash;
  return [before === after ? 'same' : `${board.name} came back with ${after} instead of ${before}`];
}

const isBuilt = existsSync(artifact) && existsSync(join(root, 'build/vm.wasm'));
if (need('the VM and the compiled Fleet contract', isBuilt, 'build them: npx tsx build.ts vm contracts')) {
  for (const seed of SEEDS) {
    s(`ten power cuts during a story, seed ${seed}`, async () => {
      const { world, heads } = await story(seed);
      assert.equal(
        heads,
        Array.from({ length: KILLS }, () => 'same'),
      );
      const states = world.boards.map(({ node }) => node!.status());
      assert.equal(new Set(states.map(({ head }) => head.hash)).size, 1);
      for (const [index, { engine, created, routes, name }] of world.boards.entries()) {
        const { releases: shown } = states[index]!;
        assert.equal(
          shown.map(({ app, revision, phase, health }) => `${app} ${revision} ${phase} ${health}`),
          ['hello 3 active healthy'],
          name,
        );
        assert.is(engine.answer(routes[0]!.containerId, routes[0]!.port, { method: 'GET', path: '/' })?.body, 'three\n', name);
        const list = engine.list();
        await world.pass(50);
        assert.equal(
          (await list).map((one) => one.name),
          [`classpad-${name}-hello-r3-web-1`],
        );
        const made = [...created].map((one) => one.split(' ')[0]);
        assert.is(new Set(made).size, made.length, `made twice: ${[...created].join(', ')}`);
      }
    });
  }
}

s.run();
