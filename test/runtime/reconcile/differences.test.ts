import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readInspected } from '../../../firmware-bridge/docker/found.ts';
import { type ContainerSpec, type FoundConfig, Label } from '../../../runtime/ports/index.ts';
import { differences } from '../../../runtime/reconcile/differences.ts';
import { helloSpec } from '../../support/containers/stage.ts';

const s = suite('reconcile/differences');
const spec = helloSpec({ device: 'pad-1' }, 'web', { command: ['a', 'b'], user: '1000', memoryBytes: 8_000_000 });
const config: FoundConfig = {
  command: ['a', 'b'],
  entrypoint: ['/image'],
  environment: { PATH: '/bin', GREETING: 'hello from revision 1' },
  user: '1000',
  readOnly: true,
  memoryBytes: 8_000_000,
  nanoCpus: 0,
  oddities: [],
};

const rows: [name: string, found: Partial<FoundConfig> | undefined, differences: string[], image?: string][] = [
  ['as it was made', {}, []],
  ['an engine that does not say', undefined, [], 'other:1'],
  ['another image', {}, ['the image other:1'], 'other:1'],
  ['another command', { command: ['a b'] }, ['its command']],
  ["the image's own entrypoint", { entrypoint: ['/newer'] }, []],
  ["another variable of the image's", { environment: { ...config.environment, PATH: '/sbin' } }, []],
  ['another value', { environment: { GREETING: 'hi' } }, ['the variable GREETING']],
  ['a variable gone', { environment: {} }, ['the variable GREETING']],
  ['another user', { user: '0' }, ['its user']],
  ['a file system to write to', { readOnly: false }, ['its file system']],
  ['another limit', { memoryBytes: 9_000_000 }, ['its memory limit']],
  ['a kernel without limits', { memoryBytes: 0 }, []],
  ['a limit where none was', { nanoCpus: 5 }, ['its share of processors']],
  ['power', { oddities: ['privileged mode'] }, ['privileged mode']],
];
for (const [name, over, expected, image = spec.image] of rows) {
  s(name, () => {
    const found = { ...base(spec), image, ...(over && { config: { ...config, ...over } }) };
    assert.equal(differences(found, spec), expected);
  });
}

function base({ name, image, labels }: ContainerSpec) {
  return { id: 'x', name, image, state: 'running', health: 'none', restartCount: 0, labels } as const;
}

const ours = { NetworkMode: 'classpad-pad-1', SecurityOpt: ['no-new-privileges'], IpcMode: 'private', CapAdd: null };
const attached = { NetworkSettings: { Networks: { 'classpad-pad-1': {} } } };
const odd: [json: object, oddities: string[]][] = [
  [{ HostConfig: ours, ...attached }, []],
  [{ HostConfig: { ...ours, Privileged: true }, ...attached }, ['privileged mode']],
  [{ HostConfig: { ...ours, CapAdd: ['SYS_ADMIN'] }, ...attached }, ['added capabilities']],
  [{ HostConfig: { ...ours, Devices: [{}] }, ...attached }, ['devices of the host']],
  [{ HostConfig: ours, Mounts: [{ Type: 'bind' }], ...attached }, ['a directory of the host']],
  [{ HostConfig: ours, Mounts: [{ Type: 'volume' }], ...attached }, []],
  [{ HostConfig: { ...ours, PortBindings: { '80/tcp': [] } }, ...attached }, ['a port of the host']],
  [{ HostConfig: { ...ours, NetworkMode: 'host' }, ...attached }, ["the host's namespaces"]],
  [{ HostConfig: { ...ours, PidMode: 'container:abc' }, ...attached }, ["the host's namespaces"]],
  [{ HostConfig: { ...ours, SecurityOpt: ['seccomp=unconfined'] }, ...attached }, ['loosened confinement']],
  [{ HostConfig: ours }, ['a missing network']],
  [{}, []],
];
for (const [json, oddities] of odd) {
  s(`oddities of ${JSON.stringify(json)}`, () => {
    const labelled = { ...json, Config: { Labels: { [Label.device]: 'pad-1' }, Env: ['A=b=c', 'D'] } };
    const found = readInspected(labelled as Record<string, unknown>).found.config!;
    assert.equal([found.oddities, found.environment], [oddities, { A: 'b=c', D: '' }]);
  });
}

s.run();
