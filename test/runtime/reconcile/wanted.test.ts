import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Service } from '../../../runtime/manifest/index.ts';
import { refusal } from '../../../runtime/ports/index.ts';
import { toRevision } from '../../../runtime/reconcile/wanted.ts';
import { DEVICE, revisionOf, sha256 } from '../../support/model-engine.ts';
import { looselyPinned } from '../../support/pins.ts';

const s = suite('reconcile/wanted');

const full: Service = {
  image: 'shop/web:1',
  command: ['serve'],
  entrypoint: ['/bin/app'],
  environment: { A: '1' },
  ports: [8080, 9090],
  expose: [9090, 9091],
  healthcheck: { test: ['CMD', 'check'], intervalMs: 1000 },
  restart: 'on-failure:3',
  replicas: 2,
  memoryBytes: 64 * 1024 * 1024,
  nanoCpus: 500_000_000,
  labels: { team: 'edge' },
  tmpfs: ['/run'],
  readOnly: true,
  user: '1000',
  stopGraceMs: 2000,
  init: true,
  route: '/shop',
};

s('a service becomes a spec with everything in it', () => {
  const { containers } = revisionOf('shop', 3, { web: full });
  assert.is(containers.length, 2);
  const { labels, ...spec } = containers[1]!.spec;
  const { ['io.classpad.spec']: hash, ...others } = labels;
  assert.equal(spec, {
    name: 'classpad-tablet-shop-r3-web-2',
    image: 'shop/web:1',
    command: ['serve'],
    entrypoint: ['/bin/app'],
    environment: { A: '1' },
    ports: [8080, 9090, 9091],
    healthcheck: { test: ['CMD', 'check'], intervalMs: 1000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 },
    restarts: 3,
    stopGraceMs: 2000,
    memoryBytes: 64 * 1024 * 1024,
    nanoCpus: 500_000_000,
    user: '1000',
    readOnly: true,
    init: true,
    tmpfs: ['/run'],
    alias: 'web.r3.shop',
    neighbours: { web: 'web.r3.shop' },
  });
  assert.equal(others, {
    team: 'edge',
    'io.classpad.device': 'tablet',
    'io.classpad.app': 'shop',
    'io.classpad.revision': '3',
    'io.classpad.service': 'web',
    'io.classpad.replica': '2',
    'io.classpad.stop-grace-ms': '2000',
    'io.classpad.route': '8080 /shop',
  });
  assert.match(hash!, /^1:[0-9a-f]{64}$/);
});

const db: Service = { image: 'db:1', volumes: ['data:/var/lib/db', 'data:/copy:ro'], logging: { maxFiles: 5 } };
const around: [name: string, services: Record<string, Service>, parts: readonly object[]][] = [
  ['alone: no names', { web: { image: 'a:1' } }, [{}]],
  [
    'two services know each other by name, within their revision',
    { db: { image: 'a:1' }, web: { image: 'a:1' } },
    ['db', 'web'].map((service) => ({
      alias: `${service}.r3.shop`,
      neighbours: { db: 'db.r3.shop', web: 'web.r3.shop' },
    })),
  ],
  [
    'only those that share a network',
    { db: { image: 'a:1', networks: ['back'] }, job: { image: 'a:1' }, web: { image: 'a:1', networks: ['back', 'front'] } },
    [
      {
        networks: ['classpad-tablet-shop-back'],
        alias: 'db.r3.shop',
        neighbours: { db: 'db.r3.shop', web: 'web.r3.shop' },
      },
      { networks: ['classpad-tablet-shop-default'], alias: 'job.r3.shop', neighbours: { job: 'job.r3.shop' } },
      {
        networks: ['classpad-tablet-shop-back', 'classpad-tablet-shop-front'],
        alias: 'web.r3.shop',
        neighbours: { db: 'db.r3.shop', web: 'web.r3.shop' },
      },
    ],
  ],
  [
    'volumes are of the app, not of the revision; what is not said of its output takes the default',
    { db },
    [
      {
        volumes: ['classpad-tablet-shop-data:/var/lib/db', 'classpad-tablet-shop-data:/copy:ro'],
        logging: { maxSizeBytes: 1_000_000, maxFiles: 5 },
      },
    ],
  ],
  [
    'settings are handed on',
    { web: { image: 'a:1', workingDir: '/srv', hostname: 'till', stopSignal: 'SIGINT', capDrop: ['ALL'] } },
    [{ workingDir: '/srv', hostname: 'till', stopSignal: 'SIGINT', capDrop: ['ALL'] }],
  ],
];
for (const [name, services, parts] of around) {
  s(`around a container: ${name}`, () => {
    const { containers } = revisionOf('shop', 3, services);
    const plain = revisionOf('shop', 3, { web: { image: 'a:1' } }).containers[0]!.spec;
    const found = containers.map(({ spec }) => {
      assert.is(refusal(spec, DEVICE), undefined);
      return Object.fromEntries(Object.entries(spec).filter(([key]) => !Object.hasOwn(plain, key)));
    });
    assert.equal(found, parts);
  });
}

s('labels say what must be known when the release is gone', () => {
  const { containers } = revisionOf('shop', 1, {
    db: { image: 'a:1', order: 'stop-first' },
    cache: { image: 'a:1' },
    web: { image: 'a:1', dependsOn: { db: 'healthy', cache: 'started' } },
  });
  const labels = containers.map(({ spec }) => [spec.labels['io.classpad.needs'], spec.labels['io.classpad.order']]);
  assert.equal(labels, [
    [undefined, undefined],
    [undefined, 'stop-first'],
    ['cache db', undefined],
  ]);
});

s('the hash of a spec covers what the operator wrote and nothing else', () => {
  const hash = revisionOf('shop', 1, { web: { image: 'a:1' } }).containers[0]!.spec.labels['io.classpad.spec'];
  assert.is(hash, '1:cc0e99ba579b4198c33e2610286e4a35aed707e635774a932cd5fd53df14a1e7');
});

s('a service of a name alone takes the defaults', () => {
  const { containers } = revisionOf('shop', 1, { web: { image: 'a:1' } });
  const { labels, ...spec } = containers[0]!.spec;
  assert.equal(spec, {
    name: 'classpad-tablet-shop-r1-web-1',
    image: 'a:1',
    environment: {},
    ports: [],
    restarts: 5,
    stopGraceMs: 10_000,
    readOnly: false,
    init: false,
    tmpfs: [],
  });
  assert.is(labels['io.classpad.route'], undefined);
});

const restarts: [restart: Service['restart'], policy: string, engine: number][] = [
  [undefined, 'always', 5],
  ['always', 'always', 5],
  ['no', 'no', 0],
  ['on-failure', 'on-failure', 5],
  ['on-failure:2', 'on-failure', 2],
  ['on-failure:999', 'on-failure', 100],
];
for (const [restart, policy, engine] of restarts) {
  s(`restart: ${restart}`, () => {
    const [container] = revisionOf('a', 1, { web: { image: 'a:1', ...(restart ? { restart } : {}) } }).containers;
    assert.equal([container!.restart, container!.spec.restarts], [policy, engine]);
  });
}

s('the hash covers what the operator wrote, and neither the revision nor the device', () => {
  const hash = (service: Service, revision = 1) =>
    revisionOf('a', revision, { web: service }).containers[0]!.spec.labels['io.classpad.spec'];
  assert.is(hash({ image: 'a:1' }), hash({ image: 'a:1' }, 2));
  assert.is.not(hash({ image: 'a:1' }), hash({ image: 'a:2' }));
  assert.is.not(hash({ image: 'a:1' }), hash({ image: 'a:1', init: true }));
});

s('whatever the manifest lets through, the engine’s own rules let through', () => {
  for (const { spec } of revisionOf('shop', 3, { web: full, plain: { image: 'a' } }).containers)
    assert.is(refusal(spec, DEVICE), undefined);
});

s('a refused manifest is a revision that runs nothing, with the first reason', () => {
  const written = `{"images":["x@sha256:${'0'.repeat(64)}"],"services":{"a":{"image":0,"pid":"host"},"b":{"image":0,"privileged":true}},"version":1}`;
  const { containers, refusal: why } = toRevision(
    { device: DEVICE, app: 'a', revision: 1 },
    new TextEncoder().encode(written),
    sha256,
  );
  assert.equal(containers, []);
  assert.match(why!, /^the manifest is refused: services\.a\.pid: this device never lets/);
  assert.not.match(why!, /\n/);
});

s('a service may be named like a member of objects', () => {
  const manifest = looselyPinned({
    version: 1,
    services: { constructor: { image: 'a:1', dependsOn: { valueof: 'started' as const } }, valueof: { image: 'b:1' } },
  });
  const { containers } = toRevision({ device: DEVICE, app: 'a', revision: 1 }, manifest, sha256);
  assert.equal(
    containers.map(({ service }) => service),
    ['constructor', 'valueof'],
  );
});

s.run();
