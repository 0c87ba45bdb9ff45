import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type VirtualContainers, virtualContainers } from '../../emulator/containers.ts';
import { containersSuite, helloSpec, type Stage } from '../support/containers-suite.ts';
import { seeded, type TestClock, testClock } from '../support/virtual-clock.ts';

interface VirtualStage extends Stage {
  readonly containers: VirtualContainers;
  readonly clock: TestClock;
}

/** Virtual time passes 10 ms at a time, and only while somebody waits. */
async function openStage(seed = 1): Promise<VirtualStage> {
  const clock = testClock();
  const device = 'pad-1';
  const containers = virtualContainers({ device, clock, random: seeded(seed) });
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    for (let turn = 0; !settled; turn++) {
      if (turn > 100_000) throw new Error('the promise never settles');
      await new Promise((resolve) => setImmediate(resolve));
      if (!settled) clock.step(10);
    }
    return promise;
  };
  const until = async (condition: () => Promise<boolean>) => {
    const endMs = clock.nowMs() + 60_000;
    while (!(await condition())) {
      if (clock.nowMs() > endMs) throw new Error('a minute of virtual time was not enough');
      while (clock.step(10));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const pass = async (ms: number) => {
    const endMs = clock.nowMs() + ms;
    while (clock.nowMs() < endMs) {
      clock.step(Math.min(10, endMs - clock.nowMs()));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await run(containers.pull('classpad/hello:1'));
  return {
    containers,
    clock,
    device,
    images: { hello: 'classpad/hello:1', pullable: 'example/pullable:1', absent: 'registry.invalid/classpad/absent:1' },
    run,
    pass,
    until,
    get: async (id, port) => containers.answer(id, port, { method: 'GET', path: '/' }),
    plant: async (name) => containers.plant(name),
    peek: async (id) => JSON.stringify(containers.peek(id)),
    tag: async (image, as) => containers.load(as, image),
    volumes: async () => containers.volumes(),
    limit: async (id, memoryBytes) => containers.change(id, { memoryBytes }),
  };
}

containersSuite('emulator/containers: the port', openStage, async () => {});

const faults = suite('emulator/containers: faults and power');
const CHECK = { test: ['CMD', 'true'], intervalMs: 100, timeoutMs: 100, retries: 1, startPeriodMs: 0 };

faults('an engine out of reach rejects, and its containers run on', async () => {
  const { containers, run, pass, device } = await openStage();
  const id = await run(containers.create(helloSpec({ device }, 'web')));
  await run(containers.start(id));
  await pass(100);
  containers.setReachable(false);
  const error = await run(containers.list().catch((reason: Error) => reason));
  assert.match(String(error), /unreachable|cannot reach/);
  assert.is(containers.answer(id, 8080, { method: 'GET', path: '/' })?.status, 200);
  containers.setReachable(true);
  assert.is((await run(containers.list())).length, 1);
});

faults('pulls fail while told to', async () => {
  const { containers, run } = await openStage();
  containers.failPulls('no space left on device');
  const error = await run(containers.pull('example/a:1').catch((reason: Error) => reason));
  assert.match(String(error), /pull example\/a:1: no space left on device/);
  containers.failPulls(undefined);
  await run(containers.pull('example/a:1'));
});

const POWER: readonly [what: string, restarts: number, stopped: boolean, state: string][] = [
  ['restarts a container with restarts', 3, false, 'running'],
  ['leaves one without restarts', 0, false, 'exited'],
  ['leaves one that was stopped by hand', 3, true, 'exited'],
];
for (const [what, restarts, stopped, state] of POWER) {
  faults(`the power comes back: ${what}`, async () => {
    const { containers, run, device } = await openStage();
    const id = await run(containers.create(helloSpec({ device }, 'web', { restarts, healthcheck: CHECK })));
    await run(containers.start(id));
    if (stopped) await run(containers.stop(id, 1000));
    containers.powerOff();
    assert.is(containers.peek(id)?.state, 'exited');
    assert.is(containers.answer(id, 8080, { method: 'GET', path: '/' }), undefined);
    containers.powerOn();
    assert.is((await run(containers.list())).find((found) => found.id === id)?.state, state);
  });
}

faults('a generic program names its image and revision', async () => {
  const { containers, run, until, device } = await openStage();
  await run(containers.pull('example/shop:7'));
  const id = await run(containers.create(helloSpec({ device }, 'web', { image: 'example/shop:7' })));
  await run(containers.start(id));
  await until(async () => containers.answer(id, 8080, { method: 'GET', path: '/a' }) !== undefined);
  assert.is(containers.answer(id, 8080, { method: 'GET', path: '/a' })?.body, 'example/shop:7 revision 1 answers GET /a\n');
  assert.is(containers.answer(id, 81, { method: 'GET', path: '/a' }), undefined);
});

faults('equal seeds make equal worlds, other seeds other ones', async () => {
  const story = async (seed: number) => {
    const { containers, run, clock, device } = await openStage(seed);
    const hints: number[] = [];
    containers.watch(() => hints.push(clock.nowMs()));
    const id = await run(containers.create(helloSpec({ device }, 'web', { restarts: 2, healthcheck: CHECK })));
    await run(containers.start(id));
    containers.crash(id, 9);
    await run(containers.pull('example/other:1'));
    return JSON.stringify([await run(containers.list()), hints, clock.nowMs()]);
  };
  assert.is(await story(7), await story(7));
  assert.is.not(await story(7), await story(8));
});

faults.run();
