import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ContainerSpec, refusal } from '../../../runtime/ports/index.ts';
import { REFUSALS } from '../../support/containers/refusals.ts';
import { helloSpec } from '../../support/containers/stage.ts';

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
    { command: ['/bin/x'], entrypoint: ['/bin/sh', '-c'], user: '1000:1000', memoryBytes: 6_291_456, nanoCpus: 10_000_000 },
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

/** CIS Docker Benchmark 1.6, section 5: what a run-time option of a container could open, and how a device answers. */
const CIS: readonly [rule: string, change: Record<string, unknown>, field: string][] = [
  ['5.2 AppArmor stays on', { securityOpt: ['apparmor=unconfined'] }, 'securityOpt'],
  ['5.3 SELinux stays on', { securityOpt: ['label=disable'] }, 'securityOpt'],
  ['5.4 no added capabilities', { capAdd: ['NET_ADMIN'] }, 'capAdd'],
  ['5.5 not privileged', { privileged: true }, 'privileged'],
  ['5.6 no directories of the host', { binds: ['/etc:/etc'] }, 'binds'],
  ['5.6 nor as volumes', { volumes: ['/etc:/etc'] }, 'volumes'],
  ['5.8 no ports of the host', { portBindings: { '22/tcp': [{}] } }, 'portBindings'],
  ['5.9 nor all of them', { publishAllPorts: true }, 'publishAllPorts'],
  ["5.10 not the host's network", { networkMode: 'host' }, 'networkMode'],
  ['5.11 no memory without measure', { memoryBytes: -1 }, 'memoryBytes'],
  ['5.12 no processors without measure', { nanoCpus: -1 }, 'nanoCpus'],
  ['5.13 the root is read-only or not, and said', { readOnly: undefined }, 'readOnly'],
  ['5.15 restarts are bounded', { restarts: Number.POSITIVE_INFINITY }, 'restarts'],
  ['5.15 and by no policy of its own', { restartPolicy: { Name: 'always' } }, 'restartPolicy'],
  ["5.16 not the host's processes", { pidMode: 'host' }, 'pidMode'],
  ["5.17 not the host's memory segments", { ipcMode: 'host' }, 'ipcMode'],
  ['5.18 no devices', { devices: [{ PathOnHost: '/dev/sda' }] }, 'devices'],
  ['5.18 nor by rule or request', { deviceCgroupRules: ['c 1:1 rwm'] }, 'deviceCgroupRules'],
  ['5.18 nor graphics', { deviceRequests: [{ Driver: 'nvidia' }] }, 'deviceRequests'],
  ['5.19 no limits of its own', { ulimits: [{ Name: 'nofile' }] }, 'ulimits'],
  ['5.20 no propagation of mounts', { mounts: [{ BindOptions: { Propagation: 'shared' } }] }, 'mounts'],
  ["5.21 not the host's name", { utsMode: 'host' }, 'utsMode'],
  ['5.22 seccomp stays on', { securityOpt: ['seccomp=unconfined'] }, 'securityOpt'],
  ['5.25 no group of its own', { cgroupParent: '/' }, 'cgroupParent'],
  ["5.25 nor the host's view of them", { cgroupnsMode: 'host' }, 'cgroupnsMode'],
  ['5.26 no new privileges is not its to say', { securityOpt: [] }, 'securityOpt'],
  ['5.29 the limit of processes stays', { pidsLimit: -1 }, 'pidsLimit'],
  ['5.30 no bridge of others', { networks: ['bridge'] }, 'networks'],
  ["5.31 not the host's users", { usernsMode: 'host' }, 'usernsMode'],
  ["5.32 not the engine's socket", { volumes: ['/var/run/docker.sock:/var/run/docker.sock'] }, 'volumes'],
];
for (const [rule, change, field] of CIS) {
  rules(`CIS ${rule}`, () => {
    const spec = { ...helloSpec(stage, 'web'), ...change } as unknown as ContainerSpec;
    const sentence = refusal(spec, 'pad-1') ?? 'nothing';
    assert.ok(sentence.startsWith(`${field}: `) && !sentence.includes('is not a field a container may have'), sentence);
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
