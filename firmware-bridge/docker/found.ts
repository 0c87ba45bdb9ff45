import { type ContainerState, type FoundConfig, type FoundContainer, type Health, Label } from '../../runtime/ports/index.ts';
import { IMAGE_LABEL, RESTARTS_LABEL, SECRETS_LABEL } from './body.ts';
import { count, type Json, part, text } from './engine.ts';
import { SECRETS_PATH } from './secrets.ts';

/** What `GET /containers/{id}/json` says, read once at the door. */
export interface Inspected {
  readonly found: FoundContainer;
  /** Name of the device it belongs to; `undefined` for a container that is not of classpad. */
  readonly device: string | undefined;
  readonly paused: boolean;
  /** `restarts` of its spec. */
  readonly restarts: number;
  /** Names of the secrets of its spec. */
  readonly secrets: readonly string[];
  /** Name of the restart policy in force. */
  readonly policy: string;
  /** Names of the networks it belongs to, running or not. */
  readonly networks: readonly string[];
  /** IP address by network name, for the networks it is connected to now. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** A paused container serves nobody: to the reconciler it counts as one that ended, and `start` resumes it. */
const STATES: Readonly<Record<string, ContainerState>> = {
  created: 'created',
  running: 'running',
  restarting: 'restarting',
  paused: 'exited',
  exited: 'exited',
  removing: 'dead',
  dead: 'dead',
};

export function readInspected(json: Json, secretsFolderOf: (name: string) => string = () => ''): Inspected {
  const state = part(json['State']);
  const config = part(json['Config']);
  const host = part(json['HostConfig']);
  const { [RESTARTS_LABEL]: restarts, [SECRETS_LABEL]: secrets, [IMAGE_LABEL]: image, ...labels } = texts(config['Labels']);
  const status = STATES[text(state['Status'])] ?? 'dead';
  const startedAtMs = Date.parse(text(state['StartedAt']));
  const ended = status === 'exited' || status === 'dead';
  return {
    found: {
      id: text(json['Id']),
      name: text(json['Name']).replace(/^\//, ''),
      image: image ?? text(config['Image']),
      state: status,
      health: readHealth(config, state, status),
      ...(ended ? { exitCode: count(state['ExitCode']) } : {}),
      ...(startedAtMs > 0 ? { startedAtMs } : {}),
      restartCount: count(json['RestartCount']),
      labels,
      config: readConfig(json, secretsFolderOf),
    },
    device: labels[Label.device],
    paused: state['Paused'] === true,
    restarts: Number(restarts ?? 0) || 0,
    secrets: (secrets ?? '').split(' ').filter((name) => name !== ''),
    policy: text(part(host['RestartPolicy'])['Name']),
    networks: Object.keys(part(part(json['NetworkSettings'])['Networks'])),
    addresses: readAddresses(part(part(json['NetworkSettings'])['Networks'])),
  };
}

function readConfig(json: Json, secretsFolderOf: (name: string) => string): FoundConfig {
  const config = part(json['Config']);
  const folder = secretsFolderOf(text(json['Name']).replace(/^\//, ''));
  const binds = list(json['Mounts'])
    .map(part)
    .filter((mount) => text(mount['Type']) === 'bind');
  const isSecrets = (mount: Json) => mount['Source'] === folder && mount['Destination'] === SECRETS_PATH && mount['RW'] === false;
  const host = part(json['HostConfig']);
  return {
    command: words(config['Cmd']),
    entrypoint: words(config['Entrypoint']),
    environment: Object.fromEntries(words(config['Env']).map(variable)),
    user: text(config['User']),
    readOnly: host['ReadonlyRootfs'] === true,
    memoryBytes: count(host['Memory']),
    nanoCpus: count(host['NanoCpus']),
    hasSecrets: binds.some(isSecrets),
    oddities: [
      ...ODDITIES.filter(([, isOdd]) => isOdd(host, json)).map(([what]) => what),
      ...(binds.every(isSecrets) ? [] : ['a directory of the host']),
    ],
  };
}

/** What the body of a creation never has, so that another made or changed a container that does. */
const ODDITIES: readonly (readonly [what: string, isOdd: (host: Json, json: Json) => boolean])[] = [
  ['privileged mode', (host) => host['Privileged'] === true],
  ['added capabilities', (host) => list(host['CapAdd']).length > 0],
  ['devices of the host', (host) => list(host['Devices']).length > 0 || list(host['DeviceRequests']).length > 0],
  ['a port of the host', (host) => Object.keys(part(host['PortBindings'])).length > 0 || host['PublishAllPorts'] === true],
  ["the host's namespaces", (host) => NAMESPACES.some((name) => /^(host$|container:)/.test(text(host[name])))],
  ['loosened confinement', (host) => words(host['SecurityOpt']).some((option) => /unconfined|disable/.test(option))],
  [
    'a missing network',
    (host, json) => {
      const network = text(host['NetworkMode']);
      return network.startsWith('classpad-') && !Object.hasOwn(part(part(json['NetworkSettings'])['Networks']), network);
    },
  ],
];

const NAMESPACES = ['NetworkMode', 'PidMode', 'IpcMode', 'UTSMode', 'UsernsMode'];

function variable(line: string): [name: string, value: string] {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function words(value: unknown): string[] {
  return list(value).map(text);
}

/** The engine reports the last probe's verdict even of a container that ended; one that does not run is never healthy. */
function readHealth(config: Json, state: Json, status: ContainerState): Health {
  const test = part(config['Healthcheck'])['Test'];
  const hasCheck = Array.isArray(test) && test.length > 0 && test[0] !== 'NONE';
  if (!hasCheck) return 'none';
  if (status === 'exited' || status === 'dead') return 'unhealthy';
  const reported = text(part(state['Health'])['Status']);
  return status === 'running' && (reported === 'healthy' || reported === 'unhealthy') ? reported : 'starting';
}

function readAddresses(networks: Json): Record<string, string> {
  const rows = Object.entries(networks).map(([name, network]): [string, string] => [name, text(part(network)['IPAddress'])]);
  return Object.fromEntries(rows.filter(([, address]) => address !== ''));
}

function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(part(value)).map(([name, entry]) => [name, text(entry)]));
}
