import { type ContainerState, type FoundConfig, type FoundContainer, type Health, Label } from '../../runtime/ports/index.ts';
import { IMAGE_LABEL, LEDGER_LABEL, NETWORKS_LABEL, RESTARTS_LABEL, SECRETS_LABEL } from './body.ts';
import { count, type Json, part, text, texts } from './engine.ts';
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
  /** Names of those networks of its spec to which it is not connected: a crash came between. */
  readonly missing: readonly string[];
  /** What it is called on its first network, and what it calls its neighbours. */
  readonly endpoint: Json;
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
  const { labels, image, restarts, secrets, networks } = takeOut(texts(config['Labels']));
  const connected = part(part(json['NetworkSettings'])['Networks']);
  const status = STATES[text(state['Status'])] ?? 'dead';
  const startedAtMs = Date.parse(text(state['StartedAt']));
  const ended = status === 'exited' || status === 'dead';
  return {
    found: {
      id: text(json['Id']),
      name: text(json['Name']).replace(/^\//, ''),
      image: image || text(config['Image']),
      state: status,
      health: readHealth(config, state, status),
      ...(ended ? { exitCode: count(state['ExitCode']) } : {}),
      ...(state['OOMKilled'] === true ? { outOfMemory: true } : {}),
      ...(startedAtMs > 0 ? { startedAtMs } : {}),
      restartCount: count(json['RestartCount']),
      labels,
      config: readConfig(json, secretsFolderOf, status === 'running' ? networks : []),
    },
    device: labels[Label.device],
    paused: state['Paused'] === true,
    restarts: Number(restarts) || 0,
    secrets,
    policy: text(part(host['RestartPolicy'])['Name']),
    networks: Object.keys(connected),
    missing: networks.filter((name) => !Object.hasOwn(connected, name)),
    endpoint: readEndpoint(part(connected[text(host['NetworkMode'])])),
    addresses: readAddresses(connected),
  };
}

/**
 * What one row of `GET /containers/json` says: all that is known of a container which the engine lists and cannot inspect, because
 * whatever holds it (its shim, the kernel) has stopped answering.
 */
export function readRow(json: Json): FoundContainer {
  const { labels, image } = takeOut(texts(json['Labels']));
  const [name] = list(json['Names']).map(text);
  const state = STATES[text(json['State'])] ?? 'dead';
  const said = text(json['Status']);
  const exitCode = /^Exited \((\d+)\)/.exec(said)?.[1];
  const health = /\((?:health: )?(healthy|unhealthy|starting)\)$/.exec(said)?.[1] as Health | undefined;
  return {
    id: text(json['Id']),
    name: (name ?? '').replace(/^\//, ''),
    image: image || text(json['Image']),
    state,
    health: health ?? 'none',
    ...((state === 'exited' || state === 'dead') && { exitCode: Number(exitCode ?? 0) }),
    restartCount: 0,
    labels,
  };
}

/** What this bridge notes on a container for itself, apart from the labels of its spec. */
function takeOut(all: Readonly<Record<string, string>>) {
  const {
    [RESTARTS_LABEL]: restarts = '',
    [SECRETS_LABEL]: secrets = '',
    [IMAGE_LABEL]: image = '',
    [LEDGER_LABEL]: _ledger,
    [NETWORKS_LABEL]: networks = '',
    ...labels
  } = all;
  const names = (line: string) => line.split(' ').filter((name) => name !== '');
  return { labels, restarts, image, secrets: names(secrets), networks: names(networks) };
}

function readEndpoint({ Aliases, Links }: Json): Json {
  return { Aliases: words(Aliases), Links: words(Links) };
}

function readConfig(json: Json, secretsFolderOf: (name: string) => string, networks: readonly string[]): FoundConfig {
  const config = part(json['Config']);
  const folder = secretsFolderOf(text(json['Name']).replace(/^\//, ''));
  const binds = list(json['Mounts'])
    .map(part)
    .filter((mount) => text(mount['Type']) === 'bind');
  const isSecrets = (mount: Json) => mount['Source'] === folder && mount['Destination'] === SECRETS_PATH && mount['RW'] === false;
  const host = part(json['HostConfig']);
  const connected = part(part(json['NetworkSettings'])['Networks']);
  const isMissing = (name: string) => name.startsWith('classpad-') && !Object.hasOwn(connected, name);
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
      ...ODDITIES.filter(([, isOdd]) => isOdd(host)).map(([what]) => what),
      ...([text(host['NetworkMode']), ...networks].some(isMissing) ? ['a missing network'] : []),
      ...(binds.every(isSecrets) ? [] : ['a directory of the host']),
    ],
  };
}

/** What the body of a creation never has, so that another made or changed a container that does. */
const ODDITIES: readonly (readonly [what: string, isOdd: (host: Json) => boolean])[] = [
  ['privileged mode', (host) => host['Privileged'] === true],
  ['added capabilities', (host) => list(host['CapAdd']).length > 0],
  ['devices of the host', (host) => list(host['Devices']).length > 0 || list(host['DeviceRequests']).length > 0],
  ['a port of the host', (host) => Object.keys(part(host['PortBindings'])).length > 0 || host['PublishAllPorts'] === true],
  ["the host's namespaces", (host) => NAMESPACES.some((name) => /^(host$|container:)/.test(text(host[name])))],
  ['loosened confinement', (host) => words(host['SecurityOpt']).some((option) => /unconfined|disable/.test(option))],
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
