import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deviceOf, identityOf } from '../../emulator/identity.ts';
import { seededRandom } from '../../emulator/random.ts';
import { readStatic } from '../../firmware-bridge/docker/hello.ts';
import { type DockerEngine, dockerEngine } from '../../firmware-bridge/docker/index.ts';
import type { NodeConfig } from '../../runtime/config.ts';
import { DeviceNode } from '../../runtime/device.ts';
import type { Clock, FoundContainer, Ports, Route } from '../../runtime/ports/index.ts';
import { createUnderWay } from '../../runtime/proxy/under-way.ts';
import { type PrivateDockerd, startDockerd } from '../support/dockerd.ts';
import { createFakeLedger, FLEET, nobleVm } from '../support/fake-ledger.ts';
import { mortal } from '../support/mortal.ts';
import { need, root } from '../support/need.ts';
import { quietNetwork } from '../support/network.ts';

import { pinnedBytes } from '../support/pins.ts';
import { pause } from '../support/wait.ts';

const s = suite('simulation: a real engine');
const identity = identityOf('seed', 'tablet');
const SEED = 'ten kills';
const KILLS = 10;

const config: NodeConfig = {
  genesis: { chainId: 4400, timestamp: 1_767_225_600, gasLimit: 60_000_000, baseFee: 0, sequencer: identity.address, alloc: {} },
  fleet: FLEET,
  consensus: 'solo',
  blockIntervalMs: 200,
  reconcileIntervalMs: 2000,
  version: '0.1.0',
};

function hello(engine: DockerEngine, environment: Record<string, string>): Promise<Uint8Array> {
  const test = ['CMD', 'wget', '-q', '-O-', 'http://127.0.0.1:8080/'];
  const healthcheck = { test, intervalMs: 500, timeoutMs: 2000, retries: 2 };
  const web = { image: 'classpad/hello:1', ports: [8080], environment, healthcheck };
  return pinnedBytes({ version: 1, services: { web } }, engine.containers);
}

/** A device on a real engine and the real time, with a ledger that decides at once. */
class Bench {
  readonly engine: DockerEngine;
  readonly ledger = createFakeLedger(identity.address, Date.now);
  routes: readonly Route[] = [];
  readonly underWay = createUnderWay();
  node: DeviceNode | undefined;
  private readonly miner = setInterval(() => this.ledger.mine(), 50);
  private life = 0;
  /** A killed process watches nothing; ours has to be told. */
  private unwatch = () => {};

  constructor(url: string) {
    this.engine = dockerEngine(url, 'tablet');
  }

  /** Starts the node, as after a kill: the one before hears nothing more. */
  boot(): void {
    this.unwatch();
    this.life++;
    const mine = this.life;
    const isAlive = () => this.life === mine;
    const clock: Clock = {
      nowMs: Date.now,
      after(delayMs, callback) {
        const timer = setTimeout(() => isAlive() && callback(), delayMs);
        timer.unref();
        return () => clearTimeout(timer);
      },
    };
    const ports: Ports = {
      vm: nobleVm,
      store: { get: () => undefined, keys: () => [], write: () => {} },
      clock,
      containers: {
        ...mortal(this.engine.containers, isAlive),
        watch: (changed) => {
          this.unwatch = this.engine.containers.watch(() => isAlive() && changed());
          return this.unwatch;
        },
      },
      network: {
        ...quietNetwork,
        drained: (id) => this.underWay.drained(id),
        serve: (routes) => {
          this.routes = routes;
        },
      },
      display: { draw: () => {} },
      device: deviceOf(identity),
      log: { write: () => {} },
    };
    this.node = new DeviceNode(ports, config, this.ledger);
  }

  /** What a browser gets. */
  async answer(): Promise<string> {
    const [route] = this.routes;
    if (!route) return '503';
    const end = this.underWay.begin(route.containerId);
    try {
      const { host, port } = await this.engine.reach(route.containerId, route.port);
      return (await (await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(2000) })).text()).trim();
    } catch {
      return '502';
    } finally {
      end();
    }
  }

  async until(what: string, condition: () => Promise<boolean> | boolean): Promise<number> {
    const startMs = Date.now();
    while (!(await condition())) {
      if (Date.now() - startMs > 60_000)
        throw new Error(`a minute was not enough for ${what}: ${JSON.stringify(this.node?.status())}`);
      await pause(20);
    }
    return Date.now() - startMs;
  }

  atRest(): boolean {
    const { state, releases } = this.node!.status();
    return state === 'healthy' && releases.every(({ phase, previous }) => phase === 'active' && previous === undefined);
  }

  list(): Promise<FoundContainer[]> {
    return this.engine.containers.list();
  }

  async end(): Promise<void> {
    this.life++;
    clearInterval(this.miner);
    this.node?.stop();
    await this.engine.clear();
    this.engine.close();
  }
}

async function story(daemon: PrivateDockerd): Promise<void> {
  const bench = new Bench(daemon.url);
  let id = '';

  s('a release runs, answers and becomes active', async () => {
    await bench.engine.ensureHelloImage();
    bench.boot();
    bench.ledger.release('hello', await hello(bench.engine, { GREETING: 'one' }));
    const servingMs = await bench.until('r1 to answer', async () => (await bench.answer()) === 'one');
    await bench.until('rest', () => bench.atRest());
    console.log(`from the block to the answer: ${servingMs} ms`);
    id = (await bench.list())[0]!.id;
    assert.is(bench.ledger.phaseOf('hello', 1), 'active');
  });

  s('a broken one rolls back, and the old one is the same container as before', async () => {
    bench.ledger.release('hello', await hello(bench.engine, { GREETING: 'two', BROKEN: '1' }));
    const answers = new Set<string>();
    await bench.until('the rollback', async () => {
      answers.add(await bench.answer());
      return bench.ledger.phaseOf('hello', 2) === 'rolled back';
    });
    const rolledBackMs = await bench.until('rest', () => bench.atRest());
    console.log(`from the last vote to the end of the rollback: ${rolledBackMs} ms`);
    assert.equal([...answers], ['one']);
    assert.equal(
      (await bench.list()).map((one) => one.id),
      [id],
    );
  });

  s('ten kills during roll-outs recreate nothing, and every one ends as agreed', async () => {
    const random = seededRandom(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      if (kill % 2 === 0)
        bench.ledger.release(
          'hello',
          await hello(bench.engine, { GREETING: `after ${kill}`, ...(kill % 4 === 0 ? {} : { BROKEN: '1' }) }),
        );
      await pause(random.between(0, 1200));
      const before = new Map((await bench.list()).map((one) => [one.name, one.id]));
      bench.boot();
      await pause(random.between(0, 600));
      const after = await bench.list();
      assert.equal(
        after.filter((one) => before.has(one.name) && before.get(one.name) !== one.id).map(({ name }) => name),
        [],
      );
      if (kill % 2 === 1) await bench.until('rest', () => bench.atRest());
    }
    assert.is(await bench.answer(), 'after 8');
    assert.is((await bench.list()).length, 1);
  });

  s('a container removed by hand is made anew', async () => {
    const [before] = await bench.list();
    await bench.engine.containers.remove(before!.id);
    await bench.until('a new one', async () => bench.atRest() && (await bench.answer()) === 'after 8');
    assert.is.not((await bench.list())[0]!.id, before!.id);
  });

  s('an engine that restarts is found again, with the same containers', async () => {
    const [before] = await bench.list();
    await daemon.restart();
    await bench.until('rest', async () => bench.atRest() && (await bench.answer()) === 'after 8');
    assert.equal(
      (await bench.list()).map((one) => one.id),
      [before!.id],
    );
  });

  s.after(async () => {
    await bench.end();
    await daemon.stop();
  });
}

const isBuilt = existsSync(join(root, 'build/contracts/Fleet.json'));
const isReady = need('the compiled Fleet contract', isBuilt, 'build it: npx tsx build.ts contracts');
const hasBusybox = need('busybox', readStatic('/bin/busybox') !== undefined, 'no static /bin/busybox to make images from');
const daemon = isReady && hasBusybox ? await startDockerd() : undefined;
if (daemon) await story(daemon);

s.run();
