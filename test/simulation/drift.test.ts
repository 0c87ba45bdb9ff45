import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createEngine, readJson } from '../../firmware-bridge/docker/engine.ts';
import { HELLO_IMAGE, readStatic } from '../../firmware-bridge/docker/hello.ts';
import { dockerEngine } from '../../firmware-bridge/docker/index.ts';
import type { Service } from '../../runtime/manifest/index.ts';
import type { FoundContainer } from '../../runtime/ports/index.ts';
import type { DriftEvent } from '../../runtime/reconcile/drift.ts';
import type { Wanted } from '../../runtime/reconcile/wanted.ts';
import { startDockerd } from '../support/dockerd.ts';
import { activeApp, DEVICE, revisionOf, rollingApp, wantedOf } from '../support/model-engine.ts';
import { need } from '../support/need.ts';
import { realReconciler } from '../support/real-reconciler.ts';
import { pause } from '../support/wait.ts';

const s = suite('simulation: other hands on a real engine');
const present = need('busybox', readStatic('/bin/busybox') !== undefined, 'no static /bin/busybox to make images from');
const daemon = present ? await startDockerd() : undefined;

const test = ['CMD', 'wget', '-q', '-O-', 'http://127.0.0.1:8080/'];
const web: Service = {
  image: HELLO_IMAGE,
  ports: [8080],
  healthcheck: { test, intervalMs: 300, timeoutMs: 2000, retries: 2 },
  stopGraceMs: 1000,
  volumes: ['data:/data'],
  order: 'stop-first',
};

if (daemon) {
  const raw = createEngine(daemon.url);
  const engine = dockerEngine(daemon.url, DEVICE);
  await engine.ensureHelloImage();
  const first = revisionOf('a', 1, { web });
  const second = revisionOf('a', 2, { web: { ...web, environment: { GREETING: 'two' } } });
  const name = first.containers[0]!.spec.name;
  let wanted: Wanted | undefined = wantedOf(activeApp(first));
  const lines: string[] = [];
  const reconciler = realReconciler(engine.containers, () => wanted, lines);
  reconciler.poke();

  const until = async (what: string, condition: () => Promise<boolean> | boolean) => {
    const endMs = Date.now() + 60_000;
    while (!(await condition())) {
      if (Date.now() > endMs) throw new Error(`a minute was not enough: ${what}\n${lines.slice(-12).join('\n')}`);
      await pause(50);
    }
  };
  const list = (): Promise<FoundContainer[]> => engine.containers.list();
  const healthy = async (wantedName = name) =>
    (await list()).find((one) => one.name === wantedName && one.health === 'healthy')?.id;
  const post = async (path: string, json?: object) => {
    const answer = await raw.send({ method: 'POST', path, ...(json && { json }) });
    assert.ok(answer.status < 400, `${path}: ${answer.body}`);
    return answer;
  };
  const removed = (id: string) => raw.send({ method: 'DELETE', path: `/containers/${id}`, query: { force: '1' } });

  const hands: [what: DriftEvent['what'], how: string, hand: (id: string) => Promise<unknown>, said: RegExp][] = [
    ['stopped', 'docker stop', (id) => post(`/containers/${id}/stop`), /was stopped \(exit code 0\)/],
    ['stopped', 'docker kill', (id) => post(`/containers/${id}/kill`), /was stopped \(exit code 137\)/],
    ['stopped', 'docker pause', (id) => post(`/containers/${id}/pause`), /was stopped/],
    ['removed', 'docker rm --force', removed, /was removed from outside/],
    [
      'changed',
      'docker update --memory',
      (id) => post(`/containers/${id}/update`, { Memory: 32 * 1024 ** 2, MemorySwap: 32 * 1024 ** 2 }),
      /\(its memory limit\)/,
    ],
    [
      'changed',
      'docker network disconnect',
      (id) => post(`/networks/classpad-${DEVICE}/disconnect`, { Container: id, Force: true }),
      /\(a missing network\)/,
    ],
    [
      'replaced',
      'docker run --privileged, with our labels',
      async (id) => {
        const { Config } = readJson((await raw.send({ method: 'GET', path: `/containers/${id}/json` })).body);
        const kept = wanted;
        // Between two looks of the device.
        wanted = undefined;
        await removed(id);
        const { Image, Labels, Env } = Config as Record<string, unknown>;
        const json = {
          Image,
          Labels,
          Env,
          HostConfig: { Privileged: true, NetworkMode: `classpad-${DEVICE}`, ReadonlyRootfs: false },
        };
        const made = await raw.send({ method: 'POST', path: '/containers/create', query: { name }, json });
        wanted = kept;
        assert.is(made.status, 201, String(made.body));
        reconciler.poke();
      },
      /privileged mode/,
    ],
  ];
  for (const [what, how, hand, said] of hands) {
    s(`${how}: ${what}, put right and logged`, async () => {
      await until('it is healthy', async () => (await healthy()) !== undefined);
      const before = reconciler.drifts().length;
      await hand((await healthy())!);
      await until('it is told of', () => reconciler.drifts().length > before);
      await until('it is healthy again', async () => (await healthy()) !== undefined);
      const [told, ...more] = reconciler.drifts().slice(before);
      assert.is(told?.what, what);
      assert.match(told!.sentence, said);
      assert.equal(more, []);
      assert.ok(lines.includes(`a: ${told!.sentence}`));
    });
  }

  s('stop-first: the two never run together, and a rollback finds its data', async () => {
    const next = second.containers[0]!.spec.name;
    const drifts = reconciler.drifts().length;
    await until('it is healthy', async () => (await healthy()) !== undefined);
    let isWatching = true;
    const together: string[] = [];
    const watching = (async () => {
      while (isWatching) {
        const up = (await list()).filter(({ state }) => state === 'running').map((one) => one.name);
        if (up.length > 1) together.push(up.join());
        await pause(20);
      }
    })();
    wanted = wantedOf(rollingApp(second, first));
    reconciler.poke();
    await until('the second is healthy', async () => (await healthy(next)) !== undefined);
    wanted = wantedOf(activeApp(first));
    reconciler.poke();
    await until('the first is healthy again', async () => (await healthy()) !== undefined);
    await until('the second is gone', async () => (await list()).length === 1);
    isWatching = false;
    await watching;
    assert.equal(together, []);
    assert.is(reconciler.drifts().length, drifts, 'no drift: all of it was ours');
    const volumes = readJson((await raw.send({ method: 'GET', path: '/volumes' })).body)['Volumes'] as { Name: string }[];
    assert.equal(
      volumes.map(({ Name }) => Name),
      [`classpad-${DEVICE}-a-data`],
    );
  });

  s.after(async () => {
    reconciler.stop();
    engine.close();
    await daemon.stop();
  });
} else {
  s('was skipped, and says so', () => assert.is(daemon, undefined));
}

s.run();
