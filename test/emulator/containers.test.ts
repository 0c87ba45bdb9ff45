import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type VirtualContainers, virtualContainers } from '../../emulator/containers.ts';
import { helloSpec, type Stage } from '../support/containers/stage.ts';
import { containersSuite } from '../support/containers-suite.ts';
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
    nowMs: () => clock.nowMs(),
    cpuMs: async (id) => containers.cpuMs(id),
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

faults('a leak by fault ends who leaks, again and again until it is mended', async () => {
  const { containers, run, pass, device } = await openStage();
  const spec = helloSpec({ device }, 'web', { memoryBytes: 24 * 1024 * 1024, restarts: 9 });
  const id = await run(containers.create(spec));
  await run(containers.start(id));
  containers.setAppetite({ leak: 20 * 1024 * 1024 });
  await pass(990);
  assert.is(containers.peek(id)?.state, 'running');
  await pass(20);
  const { state, outOfMemory } = containers.peek(id)!;
  assert.equal([state, outOfMemory], ['restarting', true]);
  await pass(2000);
  assert.is(containers.peek(id)?.restartCount, 2);
  containers.setAppetite({ leak: 0 });
  await pass(60_000);
  assert.equal([containers.peek(id)?.state, containers.peek(id)?.restartCount], ['running', 2]);
});

faults('a smaller limit ends who has more than that', async () => {
  const { containers, run, pass, device } = await openStage();
  const environment = { LEAK: '1' };
  const id = await run(containers.create(helloSpec({ device }, 'web', { environment })));
  await run(containers.start(id));
  await pass(8000);
  containers.change(id, { memoryBytes: 8 * 1024 * 1024 });
  await pass(10);
  const { state, exitCode, outOfMemory } = containers.peek(id)!;
  assert.equal([state, exitCode, outOfMemory], ['exited', 137, true]);
});

faults('busy containers slow the engine and each other, unless they are limited', async () => {
  const startMs = async (busy: number, nanoCpus?: number) => {
    const { containers, run, clock, device } = await openStage();
    for (let index = 0; index < busy; index += 1) {
      const hog = { environment: { BUSY: '100' }, ...(nanoCpus && { nanoCpus }) };
      await run(containers.start(await run(containers.create(helloSpec({ device }, `hog${index}`, hog)))));
    }
    const id = await run(containers.create(helloSpec({ device }, 'web')));
    const beganMs = clock.nowMs();
    await run(containers.start(id));
    return clock.nowMs() - beganMs;
  };
  const [alone, crowded, limited] = [await startMs(0), await startMs(39), await startMs(39, 20_000_000)];
  assert.ok(crowded > alone * 5, `${crowded} ms beside 39 busy ones, ${alone} ms alone`);
  assert.ok(limited < alone * 2, `${limited} ms beside 39 limited ones, ${alone} ms alone`);
});

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
