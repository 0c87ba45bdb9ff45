import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceBody } from '../../../firmware-bridge/swarm/body.ts';
import { specDifferences } from '../../../firmware-bridge/swarm/differences.ts';
import { toServices } from '../../../runtime/swarm/spec.ts';
import { DEVICE, revisionOf } from '../../support/model-engine.ts';
import type { RawSpec } from '../../support/swarm.ts';

const s = suite('firmware-bridge/swarm: bodies and what of a found one is different');

const context = { image: 'sha256:aa', fleet: '1:0x00', api: '1.41' };
const full = toServices(
  revisionOf('a', 1, {
    web: {
      image: 'a:1',
      command: ['serve'],
      entrypoint: ['/bin/sh'],
      environment: { A: '1' },
      replicas: 2,
      user: '1000:1000',
      workingDir: '/srv',
      hostname: 'shop',
      stopSignal: 'SIGINT',
      capDrop: ['ALL'],
      tmpfs: ['/tmp:size=1m', '/run'],
      memoryBytes: 33_554_432,
      nanoCpus: 500_000_000,
      init: true,
      readOnly: true,
      healthcheck: { test: ['CMD', 'check'], intervalMs: 1_000 },
      restart: 'on-failure',
      order: 'stop-first',
      logging: { maxFiles: 3 },
    },
  }),
  DEVICE,
)[0]!.spec;

s('the body says what the release says, and nothing that gives power over a machine', () => {
  const body = serviceBody(full, context) as RawSpec;
  const { ContainerSpec, Resources, RestartPolicy, LogDriver, Networks } = body['TaskTemplate'];
  assert.equal(
    [ContainerSpec.Command, ContainerSpec.Args, ContainerSpec.Env, ContainerSpec.User, ContainerSpec.Dir, ContainerSpec.Hostname],
    [['/bin/sh'], ['serve'], ['A=1'], '1000:1000', '/srv', 'shop'],
  );
  assert.equal(
    [ContainerSpec.StopSignal, ContainerSpec.CapabilityDrop, ContainerSpec.Init, ContainerSpec.ReadOnly],
    ['SIGINT', ['ALL'], true, true],
  );
  assert.equal(ContainerSpec.Mounts, [
    { Type: 'tmpfs', Target: '/tmp', TmpfsOptions: { Mode: 0o1777, SizeBytes: 1_048_576 } },
    { Type: 'tmpfs', Target: '/run', TmpfsOptions: { Mode: 0o1777 } },
  ]);
  assert.equal(Resources, { Limits: { MemoryBytes: 33_554_432, NanoCPUs: 500_000_000, Pids: 1024 } });
  assert.is(RestartPolicy.Condition, 'on-failure');
  assert.equal(LogDriver.Options, { 'max-size': '1000000', 'max-file': '3' });
  assert.equal(Networks, [{ Target: 'classpad-a-r1-default', Aliases: ['web'] }]);
  assert.equal(
    [body['Mode'], body['UpdateConfig'].Order, body['EndpointSpec']],
    [{ Replicated: { Replicas: 2 } }, 'stop-first', { Mode: 'dnsrr' }],
  );
  for (const word of ['Privileged', 'Secrets', 'Ports', 'bind', 'CapabilityAdd']) assert.not.match(JSON.stringify(body), word);
});

s('new privileges are forbidden where the engine can', () => {
  const privileges = (api: string) => (serviceBody(full, { ...context, api }) as RawSpec).TaskTemplate.ContainerSpec.Privileges;
  assert.equal([privileges('1.43'), privileges('1.44')], [undefined, { NoNewPrivileges: true }]);
});

/** As an engine gives it back: with ids of networks, and what it adds by itself. */
function stored(): RawSpec {
  const body = structuredClone(serviceBody(full, context)) as RawSpec;
  body.TaskTemplate.Networks[0].Target = 'n1';
  Object.assign(body.TaskTemplate.ContainerSpec, { Isolation: 'default', DNSConfig: {} });
  Object.assign(body.TaskTemplate, { Runtime: 'container', ForceUpdate: 3 });
  body.TaskTemplate.RestartPolicy.MaxAttempts = 0;
  return body;
}

const HANDS: readonly (readonly [what: string, hand: (spec: RawSpec) => void, words: readonly string[]])[] = [
  ['nothing', () => {}, []],
  ['a forced restart', (spec) => (spec.TaskTemplate.ForceUpdate = 9), []],
  ['scaled', (spec) => (spec.Mode.Replicated.Replicas = 9), ['replicas']],
  ['another image', (spec) => (spec.TaskTemplate.ContainerSpec.Image = 'evil'), ['image']],
  ['one more variable', (spec) => spec.TaskTemplate.ContainerSpec.Env.push('B=2'), ['environment']],
  ['a port of the host', (spec) => (spec.EndpointSpec.Ports = [{ TargetPort: 80 }]), ['published ports']],
  [
    'a folder of the host',
    (spec) => spec.TaskTemplate.ContainerSpec.Mounts.push({ Type: 'bind', Source: '/', Target: '/host' }),
    ['mounts'],
  ],
  ['capabilities', (spec) => (spec.TaskTemplate.ContainerSpec.CapabilityAdd = ['SYS_ADMIN']), ['CapabilityAdd']],
  ['its memory freed', (spec) => delete spec.TaskTemplate.Resources.Limits.MemoryBytes, ['memory']],
  ['a secret', (spec) => (spec.TaskTemplate.ContainerSpec.Secrets = [{ SecretName: 's' }]), ['Secrets']],
  ['another network', (spec) => (spec.TaskTemplate.Networks[0].Target = 'n2'), ['Networks']],
  ['a place', (spec) => (spec.TaskTemplate.Placement = { Constraints: ['node.hostname==x'] }), ['Constraints']],
  [
    'its rule is of another version',
    (spec) => {
      spec.Labels['io.classpad.rule'] = '0';
      spec.Mode.Replicated.Replicas = 9;
    },
    [],
  ],
];
for (const [what, hand, words] of HANDS) {
  s(`${what}: ${words.join(', ') || 'no difference'}`, () => {
    const found = stored();
    hand(found);
    assert.equal(specDifferences(serviceBody(full, context), found, new Map([['n1', 'classpad-a-r1-default']])), words);
  });
}

s.run();
