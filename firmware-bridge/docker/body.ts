import type { ContainerSpec, Healthcheck } from '../../runtime/ports/index.ts';
import type { Json } from './engine.ts';
import type { LocalImage } from './pull.ts';
import { SECRETS_PATH } from './secrets.ts';

/** Carries `restarts` beside the engine's own restart policy, which is switched off while a container is stopped. */
export const RESTARTS_LABEL = 'io.classpad.restarts';
/** Names of the secrets of its spec, with blanks between them: what must lie ready before a start. */
export const SECRETS_LABEL = 'io.classpad.secrets';
/** Names of its networks, where it has several, with blanks between them: it is connected to the further ones before its start. */
export const NETWORKS_LABEL = 'io.classpad.networks';
/** The ledger that wants it: another fleet may have a device of the same name. Older agents wrote none. */
export const LEDGER_LABEL = 'io.classpad.ledger';
/** The image as its release names it, where the engine knows it by another name. */
export const IMAGE_LABEL = 'io.classpad.image';

/** Raw packets: with them a container could speak in the name of its neighbours (ARP). ICMP sockets are there without. */
const DROPPED = ['NET_RAW'];
/** Processes and threads a container may have: a fork bomb stays inside. */
const MAX_PROCESSES = 1024;
/** Two files of a megabyte: logs cannot fill the flash. */
const LOGGING = { maxSize: '1m', maxFiles: 2 };

/**
 * The body of `POST /containers/create`, built from named fields only: what is not written here a container never gets.
 * No host port, mount (but that of its secrets), device, capability or namespace of the host has a place in it.
 * @param image The image as the engine knows it.
 * @param ledger As {@link LEDGER_LABEL} names it.
 */
export function createBody(
  spec: ContainerSpec,
  deviceNetwork: string,
  secretsFolder: string,
  image: Pick<LocalImage, 'name' | 'labels'> = { name: spec.image, labels: {} },
  ledger?: string,
): Json {
  const mounts = [...(spec.volumes ?? []).map(mount), ...(hasSecrets(spec) ? [secretsMount(secretsFolder)] : [])];
  const network = spec.networks?.[0] ?? deviceNetwork;
  return {
    Image: image.name,
    ...(spec.command ? { Cmd: spec.command } : {}),
    ...(spec.entrypoint ? { Entrypoint: spec.entrypoint } : {}),
    ...(spec.user ? { User: spec.user } : {}),
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [`${port}/tcp`, {}])),
    ...(spec.healthcheck ? { Healthcheck: healthBody(spec.healthcheck) } : {}),
    Labels: {
      ...silenced(image.labels),
      ...spec.labels,
      [RESTARTS_LABEL]: String(spec.restarts),
      ...(ledger !== undefined && { [LEDGER_LABEL]: ledger }),
      ...(image.name !== spec.image && { [IMAGE_LABEL]: spec.image }),
      ...(hasSecrets(spec) && { [SECRETS_LABEL]: spec.secrets!.join(' ') }),
      ...((spec.networks ?? []).length > 1 && { [NETWORKS_LABEL]: spec.networks!.join(' ') }),
    },
    ...(spec.workingDir ? { WorkingDir: spec.workingDir } : {}),
    ...(spec.hostname ? { Hostname: spec.hostname } : {}),
    ...(spec.stopSignal ? { StopSignal: spec.stopSignal } : {}),
    StopTimeout: Math.ceil(spec.stopGraceMs / 1000),
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: restartPolicy(spec.restarts),
      LogConfig: logging(spec),
      ReadonlyRootfs: spec.readOnly,
      Init: spec.init,
      PidsLimit: MAX_PROCESSES,
      SecurityOpt: ['no-new-privileges'],
      CapDrop: dropped(spec.capDrop),
      ...(mounts.length > 0 ? { Mounts: mounts } : {}),
      Tmpfs: Object.fromEntries(spec.tmpfs.map(tmpfsEntry)),
      ...(spec.memoryBytes ? { Memory: spec.memoryBytes, MemorySwap: spec.memoryBytes } : {}),
      ...(spec.nanoCpus ? { NanoCpus: spec.nanoCpus } : {}),
    },
    ...(spec.alias ? { NetworkingConfig: { EndpointsConfig: { [network]: endpoint(spec) } } } : {}),
  };
}

/** Names of capabilities that a container does not have, of those that the engine would give it. */
export function dropped(named: readonly string[] = []): string[] {
  return named.includes('ALL') ? ['ALL'] : [...new Set([...DROPPED, ...named])];
}

/** On every network it answers to its alias, and knows its neighbours by names that are its own ("links"). */
export function endpoint({ alias, neighbours = {} }: ContainerSpec): Json {
  return {
    ...(alias ? { Aliases: [alias] } : {}),
    Links: Object.entries(neighbours).map(([name, theirs]) => `${theirs}:${name}`),
  };
}

/** An image may not speak for its release: those of its labels that we read say nothing, unless the release says it. */
function silenced(labels: Readonly<Record<string, string>>): Record<string, string> {
  const ours = Object.keys(labels).filter((name) => /^(?:io\.)?classpad\./.test(name));
  return Object.fromEntries(ours.map((name) => [name, '']));
}

function hasSecrets({ secrets = [] }: ContainerSpec): boolean {
  return secrets.length > 0;
}

/** The one folder of the host that a container ever sees: made by this device for it alone, in memory, and read-only. */
function secretsMount(Source: string): Json {
  return { Type: 'bind', Source, Target: SECRETS_PATH, ReadOnly: true, BindOptions: { Propagation: 'rprivate' } };
}

/** Never a bind mount: the source is the name of a volume, which the rules have checked. */
function mount(volume: string): Json {
  const [Source, Target, mode] = volume.split(':');
  return { Type: 'volume', Source, Target, ReadOnly: mode === 'ro' };
}

function logging({ logging: given }: ContainerSpec): Json {
  const size = given ? String(given.maxSizeBytes) : LOGGING.maxSize;
  return { Type: 'json-file', Config: { 'max-size': size, 'max-file': String(given?.maxFiles ?? LOGGING.maxFiles) } };
}

/** The engine takes a maximum of 0 for "for ever", so never restarting is another policy. */
export function restartPolicy(restarts: number): Json {
  return restarts > 0 ? { Name: 'on-failure', MaximumRetryCount: restarts } : { Name: 'no', MaximumRetryCount: 0 };
}

/** Durations are nanoseconds; the engine refuses less than a millisecond, and 0 means "the default". */
function healthBody(check: Healthcheck): Json {
  const nanoseconds = (ms: number) => ms * 1_000_000;
  return {
    Test: check.test,
    Interval: nanoseconds(check.intervalMs),
    Timeout: nanoseconds(check.timeoutMs),
    Retries: check.retries,
    StartPeriod: nanoseconds(check.startPeriodMs),
  };
}

function tmpfsEntry(tmpfs: string): [path: string, options: string] {
  const [path = '', size] = tmpfs.split(':');
  return [path, ['rw', 'noexec', 'nosuid', 'nodev', 'mode=1777', ...(size ? [size] : [])].join(',')];
}
