import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ContainerSpec, refusal } from '../../../runtime/ports/index.ts';
import { helloSpec, REFUSALS } from '../../support/containers-suite.ts';

const rules = suite('runtime/ports: container rules');
const stage = { device: 'pad-1' };
const DIGEST = `sha256:${'0'.repeat(64)}`;

const ALLOWED: readonly [what: string, change: Partial<ContainerSpec>][] = [
  ['the example', {}],
  ['an image with a registry, a port, a tag and a digest', { image: `registry.example:5000/team/a_b/c--d:Tag-1.2@${DIGEST}` }],
  ['an image by its id', { image: DIGEST }],
  ['an image without a tag', { image: 'busybox' }],
  [
    'all the rest',
    { command: ['/bin/x'], entrypoint: ['/bin/sh', '-c'], user: '1000:1000', memoryBytes: 6_291_456, nanoCpus: 1_000_000 },
  ],
  ['volumes of its own', { volumes: ['classpad-pad-1-hello-data:/data', 'classpad-pad-1-hello-data:/copy:ro'] }],
  ['networks and names', { networks: ['classpad-pad-1-hello-back'], alias: 'web.r1.hello', neighbours: { db: 'db.r1.hello' } }],
  ['limits of its output', { logging: { maxSizeBytes: 4096, maxFiles: 10 } }],
  ['a place, a name, a signal', { workingDir: '/srv/app', hostname: 'till-1', stopSignal: 'SIGRTMIN+3', capDrop: ['ALL'] }],
  ['an empty variable', { environment: { A: '' } }],
  ['no ports', { ports: [] }],
  ['a tmpfs with and without a size', { tmpfs: ['/run/app', '/tmp:size=64m'] }],
  ['labels of the operator', { labels: { ...helloSpec(stage, 'web').labels, 'com.example.team': 'kiosk', plain: '' } }],
  ['no health check at all', { healthcheck: { test: ['NONE'], intervalMs: 1, timeoutMs: 1, retries: 1, startPeriodMs: 0 } }],
];
for (const [what, change] of ALLOWED) {
  rules(`allows ${what}`, () => assert.is(refusal(helloSpec(stage, 'web', change), 'pad-1'), undefined));
}

for (const [what, change, sentence] of REFUSALS) {
  rules(`refuses ${what}`, () => {
    const spec = { ...helloSpec(stage, 'web'), ...change } as ContainerSpec;
    assert.match(`container x: ${refusal(spec, 'pad-1')}`, sentence);
  });
}

rules('refuses a container of another device', () => {
  assert.is(refusal(helloSpec(stage, 'web'), 'pad-2'), 'labels: io.classpad.device must be "pad-2", this device\'s name');
});

const HOSTILE: readonly unknown[] = [null, 7, '', [], {}, { toString: null }, [[]], true, '\0', 'x'.repeat(1_000_000)];
rules('judges whatever stands in a field without throwing', () => {
  for (const field of Object.keys(helloSpec(stage, 'web')) as (keyof ContainerSpec)[]) {
    for (const value of HOSTILE) {
      const reason = refusal({ ...helloSpec(stage, 'web'), [field]: value } as unknown as ContainerSpec, 'pad-1');
      assert.ok(reason === undefined || reason.length < 500, `${field}: ${String(reason).slice(0, 80)}`);
    }
  }
});

rules.run();
