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
  configs: later('configs'),
  domainname: 'a container has a host name and no domain; leave it out',
  extra_hosts: 'services find each other by name; leave it out',
  dns: 'names are resolved as the device resolves them; leave it out',
};

/** Keys at the top of a Compose file. */
export const refusedTopKeys: Readonly<Record<string, string>> = {
  include: FILES,
  configs: later('configs'),
};

const VOLUMES: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/docker\.sock|containerd\.sock|podman\.sock/, "the engine's socket is root on this device; no container ever gets it"],
  [/^\/[^:]*$/, 'a volume without a name would be lost with its container; name it, as in data:/path'],
  [/^[./~\\]|"type":"bind"|^[a-z]:\\/i, "bind mounts reach the host's files; no container ever gets one"],
  [/"type":"tmpfs"/, 'write tmpfs instead'],
  [/"type":"(?!volume")/, 'only named volumes are mounted; write name:/path'],
];

/** Why one of the `volumes` of a service is refused, if it asks for anything but a named volume. */
export function whyRefusedVolume(volume: unknown): string | undefined {
  const written = typeof volume === 'string' ? volume : (JSON.stringify(volume) ?? '');
  return VOLUMES.find(([pattern]) => pattern.test(written))?.[1];
}

/** Why a service's key is refused. */
export function whyRefused(key: string): string {
  return Object.hasOwn(refusedServiceKeys, key) ? refusedServiceKeys[key]! : unknownKey(key);
}

export function unknownKey(key: string): string {
  return `the key "${key.slice(0, 40)}" is not known; see the documented subset of Compose`;
}

function later(what: string): string {
  return `${what} cannot be honoured on a device yet; leave it out`;
}
