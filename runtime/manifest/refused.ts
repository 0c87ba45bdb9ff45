/**
 * Why a Compose key is refused: the dangerous ones by name, those that have another home, and those not honoured yet.
 * The device refuses by the same table as the operator's command, so the ledger cannot force a dangerous container.
 */

const POWER = 'this device never gives a container power over the host';
const SHARED = "this device never lets a container into the host's or another container's namespaces";
const DEVICES = "this device never gives a container the host's devices";
const HOST = "this device never lets a container change the host's kernel or limits";
const FILES = 'a release is one file; it takes nothing from files beside it';

/** Keys of a service. */
export const refusedServiceKeys: Readonly<Record<string, string>> = {
  privileged: POWER,
  cap_add: POWER,
  security_opt: POWER,
  group_add: POWER,
  use_api_socket: POWER,
  credential_spec: POWER,
  userns_mode: SHARED,
  network_mode: SHARED,
  pid: SHARED,
  ipc: SHARED,
  uts: SHARED,
  cgroup: SHARED,
  cgroup_parent: SHARED,
  volumes_from: SHARED,
  devices: DEVICES,
  device_cgroup_rules: DEVICES,
  gpus: DEVICES,
  runtime: HOST,
  sysctls: HOST,
  ulimits: HOST,
  oom_kill_disable: HOST,
  oom_score_adj: HOST,
  storage_opt: HOST,
  blkio_config: HOST,
  build: 'a device builds nothing; name an image that is built already',
  develop: 'a device develops nothing; it runs images that are built already',
  env_file: `${FILES}; write the values under environment`,
  extends: `${FILES}; write the service out`,
  profiles: 'a release is rolled out as a whole; leave the service out or write another release',
  container_name: 'the device names its containers itself, so that two revisions can run side by side',
  scale: 'write deploy.replicas instead',
  mem_limit: 'write deploy.resources.limits.memory instead',
  mem_reservation: 'only limits are honoured; write deploy.resources.limits.memory instead',
  cpus: 'write deploy.resources.limits.cpus instead',
  cpu_count: 'write deploy.resources.limits.cpus instead',
  cpu_percent: 'write deploy.resources.limits.cpus instead',
  links: 'services are not linked; write depends_on for the order',
  external_links: 'services are not linked to containers that are not ours',
  volumes: later('volumes'),
  networks: later('networks'),
  secrets: later('secrets'),
  configs: later('configs'),
  logging: later('logging'),
  hostname: later('hostname'),
  working_dir: later('working_dir'),
  stop_signal: later('stop_signal'),
  cap_drop: later('cap_drop'),
};

/** Keys at the top of a Compose file. */
export const refusedTopKeys: Readonly<Record<string, string>> = {
  include: FILES,
  volumes: later('volumes'),
  networks: later('networks'),
  secrets: later('secrets'),
  configs: later('configs'),
};

const TYPES: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/docker\.sock|containerd\.sock|podman\.sock/, "the engine's socket is root on this device; no container ever gets it"],
  [/^[./~\\]|"type":"bind"|^[a-z]:\\/i, "bind mounts reach the host's files; no container ever gets one"],
  [/"type":"tmpfs"/, 'write tmpfs instead'],
  [/./s, later('volumes')],
];

/** Why the `volumes` of a service are refused: by what they ask for, the dangerous first. */
export function refusedVolume(volume: unknown): string {
  const written = typeof volume === 'string' ? volume : (JSON.stringify(volume) ?? '');
  return TYPES.find(([pattern]) => pattern.test(written))?.[1] ?? later('volumes');
}

/** Why a service's key is refused. */
export function whyRefused(key: string, value: unknown): string {
  if (key === 'volumes' && Array.isArray(value)) return refusedVolume(mostDangerous(value));
  return Object.hasOwn(refusedServiceKeys, key) ? refusedServiceKeys[key]! : unknownKey(key);
}

export function unknownKey(key: string): string {
  return `the key "${key.slice(0, 40)}" is not known; see the documented subset of Compose`;
}

function mostDangerous(volumes: readonly unknown[]): unknown {
  for (const [, sentence] of TYPES) {
    const found = volumes.find((volume) => refusedVolume(volume) === sentence);
    if (found !== undefined) return found;
  }
  return undefined;
}

function later(what: string): string {
  return `${what} cannot be honoured on a device yet; leave it out`;
}
