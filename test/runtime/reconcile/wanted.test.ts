import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeManifest, type Service } from '../../../runtime/manifest/index.ts';
import { refusal } from '../../../runtime/ports/index.ts';
import { toRevision } from '../../../runtime/reconcile/wanted.ts';
import { DEVICE, revisionOf, sha256 } from '../../support/model-engine.ts';

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
  const written = '{"services":{"a":{"image":"x","pid":"host"},"b":{"image":"x","privileged":true}},"version":1}';
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
  const manifest = encodeManifest({
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
