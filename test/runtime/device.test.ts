import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../emulator/clock.ts';
import { type VirtualContainers, virtualContainers } from '../../emulator/containers.ts';
import { deviceOf, identityOf } from '../../emulator/identity.ts';
import { logKinds } from '../../runtime/contracts/log-kinds.ts';
import { DeviceNode } from '../../runtime/device.ts';
import type { Service } from '../../runtime/manifest/index.ts';
import type { Containers, Ports, Route, Updater } from '../../runtime/ports/index.ts';
import { createFakeLedger, type FakeLedger, nobleVm } from '../support/fake-ledger.ts';
import { need, root } from '../support/need.ts';
import { quietNetwork } from '../support/network.ts';
import { soleConfig } from '../support/node-config.ts';
import { looselyPinned } from '../support/pins.ts';

const s = suite('device');
const START_MS = 1_767_225_600_000;
const identity = identityOf('seed', 'tablet');

const config = soleConfig(identity.address, START_MS);

const check = { test: ['CMD', 'wget', '-q', 'http://127.0.0.1:8080/'], intervalMs: 500, timeoutMs: 200, retries: 2 };

const HELLO = `classpad/hello:1@sha256:${'0'.repeat(64)}`;

function hello(environment: Record<string, string>, over: Partial<Service> = {}): Uint8Array {
  const web: Service = { image: HELLO, ports: [8080], environment, healthcheck: check, ...over };
  return looselyPinned({ version: 1, services: { web } });
}

/** A device with its engine, its ledger and a clock that the test moves. */
class Bench {
  readonly clock = virtualClock(START_MS);
  readonly ledger: FakeLedger = createFakeLedger(identity.address, () => this.clock.nowMs());
  readonly containers: VirtualContainers;
  readonly calls: string[] = [];
  readonly lines: string[] = [];
  routes: readonly Route[] = [];
  peers: string[] = ['other'];
  drained: () => Promise<void> = () => Promise.resolve();
  node: DeviceNode | undefined;
  /** After so many calls of the engine the device loses its power. */
  cutAfterCalls = Number.POSITIVE_INFINITY;
  over: Partial<Ports> = {};

  constructor() {
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    this.containers = virtualContainers({ device: 'tablet', clock: this.clock, random });
  }

  boot(): void {
    this.node?.stop();
    let isAlive = true;
    const guard = <T>(act: () => T): T => {
      if (!isAlive) throw new Error('no power');
      return act();
    };
    const counted = Object.fromEntries(
      (['list', 'hasImage', 'pull', 'create', 'start', 'stop', 'remove'] as const).map((verb) => [
        verb,
        async (...args: unknown[]) => {
          if (!isAlive) return new Promise(() => {});
          if (!['list', 'hasImage'].includes(verb)) this.calls.push(`${verb} ${this.nameOf(args[0])}`);
          const answer = await (this.containers[verb] as (...args: unknown[]) => Promise<unknown>)(...args);
          this.cutAfterCalls--;
          if (this.cutAfterCalls !== 0) return answer;
          // The power fails right after the engine has done it, and before anyone hears of it.
          isAlive = false;
          return new Promise(() => {});
        },
      ]),
    ) as unknown as Containers;
    const ports: Ports = {
      vm: nobleVm,
      store: { get: () => undefined, keys: () => [], write: () => {} },
      clock: { nowMs: this.clock.nowMs, after: (ms, callback) => this.clock.after(ms, () => isAlive && callback()) },
      containers: { ...this.containers, ...counted },
      network: {
        ...quietNetwork,
        peers: () => this.peers,
        drained: () => this.drained(),
        serve: (routes) => guard(() => Object.assign(this, { routes })),
      },
      display: { draw: () => {} },
      device: deviceOf(identity),
      log: { write: (_, message) => void this.lines.push(message) },
      ...this.over,
    };
    this.node = new DeviceNode(ports, config, this.ledger);
  }

  private nameOf(argument: unknown): string {
    if (typeof argument === 'object') return (argument as { name: string }).name.replace('classpad-tablet-', '');
    return this.containers.peek(argument as string)?.name.replace('classpad-tablet-', '') ?? (argument as string);
  }

  /** Lets so much time pass, with a block whenever there is something for one. */
  async pass(seconds: number): Promise<void> {
    for (let step = 0; step < seconds * 5; step++) {
      await this.clock.advanceTo(this.clock.nowMs() + 200);
      this.ledger.mine();
    }
  }

  /** What a browser gets. */
  get answer(): string {
    const route = this.routes[0];
    if (!route) return '503';
    return this.containers.answer(route.containerId, route.port, { method: 'GET', path: '/' })?.body.trim() ?? '502';
  }

  async names(): Promise<string[]> {
    const pending = this.containers.list();
    await this.clock.advanceTo(this.clock.nowMs() + 20);
    return (await pending).map(({ name, state }) => `${name.replace('classpad-tablet-', '')} ${state}`);
  }
}

async function running(environment: Record<string, string> = { GREETING: 'one' }): Promise<Bench> {
  const bench = new Bench();
  bench.boot();
  bench.ledger.release('hello', hello(environment));
  await bench.pass(8);
  return bench;
}

if (
  need(
    'the compiled Fleet contract',
    existsSync(join(root, 'build/contracts/Fleet.json')),
    'build it: npx tsx build.ts contracts',
  )
) {
  s('a first release is pulled, run, served, judged and becomes active', async () => {
    const bench = await running();
    assert.equal(bench.calls, [`pull ${HELLO}`, 'create hello-r1-web-1', 'start hello-r1-web-1']);
    assert.equal(bench.ledger.votes, ['hello 1 healthy']);
    assert.is(bench.ledger.phaseOf('hello', 1), 'active');
    assert.is(bench.answer, 'one');
    const { state, releases } = bench.node!.status();
    assert.is(state, 'healthy');
    assert.equal(releases, [{ app: 'hello', revision: 1, phase: 'active', health: 'healthy', vote: 'healthy' }]);
  });

  s('at rest nothing is done', async () => {
    const bench = await running();
    bench.calls.length = 0;
    await bench.pass(60);
    assert.equal(bench.calls, []);
    assert.equal(bench.ledger.votes.length, 1);
  });

  s('what others remove is made again, and the status tells of it', async () => {
    const bench = await running();
    assert.equal(bench.node!.status().drifts, []);
    const removed = bench.containers.remove(bench.routes[0]!.containerId);
    await bench.pass(1);
    await removed;
    await bench.pass(8);
    assert.is(bench.answer, 'one');
    const [drift, ...others] = bench.node!.status().drifts;
    assert.equal([drift?.app, drift?.what, drift?.service, others.length], ['hello', 'removed', 'web', 0]);
    assert.equal(bench.ledger.votes, ['hello 1 healthy'], 'no vote: it is agreed already');
  });

  s('a good second release takes over without a gap, and the first goes only when the second is active', async () => {
    const bench = await running();
    bench.ledger.quorum = 99;
    bench.ledger.release('hello', hello({ GREETING: 'two' }));
    const answers = new Set<string>();
    for (let step = 0; step < 50; step++) {
      await bench.pass(0.2);
      answers.add(bench.answer);
    }
    assert.equal([...answers], ['one', 'two']);
    assert.equal(await bench.names(), ['hello-r1-web-1 running', 'hello-r2-web-1 running']);
  });

  s('promoted, the old one is stopped after the routes have moved', async () => {
    const bench = await running();
    bench.calls.length = 0;
    bench.ledger.release('hello', hello({ GREETING: 'two' }));
    await bench.pass(10);
    assert.equal(bench.calls, ['create hello-r2-web-1', 'start hello-r2-web-1', 'stop hello-r1-web-1', 'remove hello-r1-web-1']);
    assert.is(bench.answer, 'two');
    assert.equal(await bench.names(), ['hello-r2-web-1 running']);
  });

  s('a broken release is voted down and rolled back, and the old one never stops answering', async () => {
    const bench = await running();
    const before = bench.routes[0]!.containerId;
    bench.calls.length = 0;
    bench.ledger.release('hello', hello({ GREETING: 'two', BROKEN: '1' }));
    for (let step = 0; step < 60; step++) {
      await bench.pass(0.2);
      assert.is(bench.answer, 'one');
    }
    assert.equal(bench.ledger.votes.slice(1), ['hello 2 unhealthy: web: its health check fails']);
    assert.is(bench.ledger.phaseOf('hello', 2), 'rolled back');
    assert.is(bench.routes[0]!.containerId, before);
    assert.equal(bench.calls, ['create hello-r2-web-1', 'start hello-r2-web-1', 'stop hello-r2-web-1', 'remove hello-r2-web-1']);
    assert.is(bench.node!.status().state, 'healthy');
  });

  s('overruled, it routes back at once and lets the last requests be answered', async () => {
    const bench = await running();
    let answered = () => {};
    bench.drained = () =>
      new Promise((resolve) => {
        answered = resolve;
      });
    bench.ledger.quorum = 99;
    bench.ledger.release('hello', hello({ GREETING: 'two' }));
    await bench.pass(5);
    assert.is(bench.answer, 'two');
    bench.ledger.rollBack('hello');
    await bench.pass(0.2);
    assert.is(bench.answer, 'one');
    await bench.pass(4);
    assert.equal(await bench.names(), ['hello-r1-web-1 running', 'hello-r2-web-1 running']);
    answered();
    await bench.pass(1);
    assert.equal(await bench.names(), ['hello-r1-web-1 running']);
  });

  s('the last requests are waited for no longer than the grace period', async () => {
    const bench = await running();
    bench.drained = () => new Promise(() => {});
    bench.ledger.quorum = 99;
    bench.ledger.release('hello', hello({ GREETING: 'two' }, { stopGraceMs: 3000 }));
    await bench.pass(5);
    bench.ledger.rollBack('hello');
    await bench.pass(2.5);
    assert.equal(await bench.names(), ['hello-r1-web-1 running', 'hello-r2-web-1 running']);
    await bench.pass(1.5);
    assert.equal(await bench.names(), ['hello-r1-web-1 running']);
  });

  const unhealthy: [name: string, manifest: Uint8Array, vote: RegExp][] = [
    ['a crash loop', hello({ CRASH_AFTER: '0' }), /^hello 1 unhealthy: web: it crashed \d+ times in a row/],
    [
      'an image that nobody has',
      hello({}, { image: 'nowhere.invalid/x:1' }),
      /unhealthy: web: pull nowhere.invalid\/x:1@sha256:0+: manifest unknown/,
    ],
    [
      'a manifest that asks for too much',
      new TextEncoder().encode(`{"images":["${HELLO}"],"services":{"web":{"image":0,"privileged":true}},"version":1}`),
      /unhealthy: the manifest is refused: services.web.privileged: this device never/,
    ],
    ['bytes that are no manifest', Uint8Array.of(1, 2, 3), /unhealthy: the manifest is refused: the manifest is not JSON/],
    [
      'a job that fails',
      hello({ CRASH_AFTER: '0', CRASH_CODE: '3' }, { restart: 'no' }),
      /unhealthy: web: it ended, last with exit code 3/,
    ],
    [
      'a service that never becomes healthy',
      hello({ BROKEN: '1' }, { healthcheck: { ...check, intervalMs: 1000, retries: 100 } }),
      /unhealthy: the health window ended while waiting for web to become healthy/,
    ],
  ];
  for (const [name, manifest, vote] of unhealthy) {
    s(`${name} is unhealthy`, async () => {
      const bench = new Bench();
      bench.boot();
      bench.ledger.release('hello', manifest);
      await bench.pass(62);
      assert.is(bench.ledger.votes.length, 1);
      assert.match(bench.ledger.votes[0]!, vote);
      assert.is(bench.ledger.phaseOf('hello', 1), 'rolled back');
      assert.is(bench.answer, '503');
      assert.equal(await bench.names(), []);
    });
  }

  s('restarted, it adopts what runs and votes no second time', async () => {
    const bench = await running();
    const before = bench.routes;
    bench.calls.length = 0;
    bench.routes = [];
    bench.boot();
    await bench.pass(10);
    assert.equal(bench.calls, []);
    assert.equal(bench.routes, before);
    assert.equal(bench.ledger.votes.length, 1);
  });

  s('restarted alone, it restores what was agreed', async () => {
    const bench = await running();
    bench.peers = [];
    bench.containers.powerOff();
    await bench.pass(1);
    bench.containers.powerOn();
    for (const { containerId } of bench.routes) bench.containers.crash(containerId, 0);
    bench.routes = [];
    bench.boot();
    await bench.pass(5);
    assert.is(bench.answer, 'one');
  });

  s('a container stopped by hand is started again', async () => {
    const bench = await running();
    const { containerId } = bench.routes[0]!;
    void bench.containers.stop(containerId, 100);
    await bench.pass(5);
    assert.is(bench.containers.peek(containerId)?.state, 'running');
    assert.is(bench.answer, 'one');
  });

  s('one removed by hand is made anew', async () => {
    const bench = await running();
    void bench.containers.remove(bench.routes[0]!.containerId);
    await bench.pass(5);
    assert.is(bench.answer, 'one');
    assert.equal(await bench.names(), ['hello-r1-web-1 running']);
  });

  s('an engine that goes away is a fault in a sentence, and over when it comes back', async () => {
    const bench = await running();
    bench.containers.setReachable(false);
    await bench.pass(6);
    const { state, releases } = bench.node!.status();
    assert.is(state, 'failed');
    assert.match(releases[0]!.reason!, /cannot reach the virtual engine/);
    assert.is(bench.answer, 'one');
    bench.containers.setReachable(true);
    await bench.pass(40);
    assert.is(bench.node!.status().state, 'healthy');
  });

  s('a pull that hangs holds up neither another app nor the rollback of its own', async () => {
    const bench = await running();
    const pull = (image: string) => (image.startsWith('slow:1@') ? new Promise<void>(() => {}) : bench.containers.pull(image));
    bench.over = { containers: { ...bench.containers, pull } };
    bench.boot();
    bench.ledger.release('hello', hello({}, { image: 'slow:1' }));
    bench.ledger.release('shop', hello({ GREETING: 'shop' }));
    await bench.pass(10);
    assert.is(bench.ledger.phaseOf('shop', 1), 'active');
    assert.equal(
      bench.routes.map(({ path, revision }) => `${path} r${revision}`),
      ['/hello r1', '/shop r1'],
    );
    await bench.pass(60);
    assert.is(bench.ledger.phaseOf('hello', 2), 'rolled back');
    assert.equal(
      bench.node!.status().releases.map(({ app, revision, health }) => `${app} r${revision} ${health}`),
      ['hello r1 healthy', 'shop r1 healthy'],
    );
  });

  s('a vote that the ledger does not take is tried again until it stands there', async () => {
    const bench = new Bench();
    bench.ledger.refuseWith = 'txpool is full';
    bench.boot();
    bench.ledger.release('hello', hello({ GREETING: 'one' }));
    await bench.pass(10);
    assert.equal(bench.ledger.votes, []);
    assert.is(bench.lines.filter((line) => /the vote on hello revision 1 was not taken: txpool is full/.test(line)).length, 1);
    bench.ledger.refuseWith = undefined;
    await bench.pass(20);
    assert.equal(bench.ledger.votes, ['hello 1 healthy']);
  });

  s('while no block is made a vote is sent once', async () => {
    const bench = new Bench();
    bench.ledger.isCut = true;
    bench.boot();
    bench.ledger.release('hello', hello({ GREETING: 'one' }));
    await bench.pass(40);
    assert.is(bench.ledger.nextNonce(identity.address), 1n);
    bench.ledger.isCut = false;
    await bench.pass(5);
    assert.equal(bench.ledger.votes, ['hello 1 healthy']);
  });

  s('a health window without a decision is ended by a device', async () => {
    const bench = new Bench();
    bench.ledger.quorum = 99;
    bench.boot();
    bench.ledger.release('hello', hello({ GREETING: 'one' }));
    await bench.pass(80);
    assert.is(bench.ledger.phaseOf('hello', 1), 'rolled back');
    assert.equal(bench.ledger.reverts, []);
    assert.equal(await bench.names(), []);
  });

  s('without the Fleet contract nothing is touched', async () => {
    const bench = await running();
    bench.ledger.exists = false;
    bench.calls.length = 0;
    bench.boot();
    await bench.pass(20);
    assert.equal(bench.calls, []);
    assert.equal(await bench.names(), ['hello-r1-web-1 running']);
  });

  const broken: [name: string, over: Partial<Ports>][] = [
    ['the display', { display: { draw: () => fail() } }],
    ['the log', { log: { write: () => fail() } }],
    [
      'the proxy',
      {
        network: {
          peers: () => fail(),
          send: fail,
          receive: fail,
          serve: fail,
          drained: fail,
          observe: fail,
          sisters: () => fail(),
        },
      },
    ],
    ['the hints', { containers: { watch: () => fail() } as unknown as Containers }],
  ];
  for (const [name, over] of broken) {
    s(`${name} may fail without harm`, async () => {
      const bench = new Bench();
      const { containers } = over;
      bench.over = containers ? { containers: { ...bench.containers, ...containers } } : over;
      bench.boot();
      bench.ledger.release('hello', hello({ GREETING: 'one' }));
      await bench.pass(12);
      assert.is(bench.ledger.phaseOf('hello', 1), 'active');
      assert.is(bench.node!.status().name, 'tablet');
    });
  }

  s('a board with slots says once on the ledger what it came up with; a node without says nothing', async () => {
    const running = { sha256: undefined, revision: 0, isGood: true };
    const updater: Updater = {
      board: 'qemu-arm64',
      running: (kind) => ({ ...running, version: kind === 'os' ? '0.2.0' : '0.3.0' }),
      failure: () => undefined,
      doing: () => undefined,
      apply: () => {},
      goBack: () => {},
    };
    for (const [over, expected] of [
      [{ updater }, { board: 'qemu-arm64', firmware: '0.3.0', system: '0.2.0' }],
      [{}, undefined],
    ] as const) {
      const bench = new Bench();
      bench.over = over;
      bench.boot();
      await bench.pass(8);
      const said = bench.ledger.logged.filter(({ kind }) => kind === logKinds.start);
      const { at, ...fields } = said[0]?.fields ?? { at: START_MS / 1000 };
      assert.equal([said.length, at, fields], [expected ? 1 : 0, START_MS / 1000, expected ?? {}]);
    }
  });

  s('power cuts after every single call of the engine change nothing in the end', async () => {
    for (let calls = 1; calls <= 24; calls++) {
      const bench = new Bench();
      bench.cutAfterCalls = calls;
      bench.boot();
      bench.ledger.release('hello', hello({ GREETING: 'one' }));
      await bench.pass(4);
      bench.ledger.release('hello', hello({ GREETING: 'two' }));
      await bench.pass(4);
      bench.cutAfterCalls = Number.POSITIVE_INFINITY;
      bench.boot();
      await bench.pass(20);
      const latest = bench.ledger.phaseOf('hello', 2) === 'active' ? 'two' : 'one';
      assert.is(bench.answer, latest, `after call ${calls}`);
      assert.equal(await bench.names(), [`hello-r${latest === 'two' ? 2 : 1}-web-1 running`], `after call ${calls}`);
      const created = bench.calls.filter((call) => call.startsWith('create'));
      assert.is(new Set(created).size, created.length, `created twice after call ${calls}: ${created.join(', ')}`);
    }
  });
}

function fail(): never {
  throw new Error('broken on purpose');
}

s.run();
