import { type ContainerSpec, Label } from './containers.ts';

/**
 * Why a device never runs such a container, as one sentence that names the field; `undefined` if it may run.
 * Deny by default: a field that is not listed here is refused, whoever signed the release. Both the Docker bridge and
 * the virtual containers ask this before they create anything.
 */
export function refusal(spec: ContainerSpec, device: string): string | undefined {
  const unknown = Object.keys(spec).find((key) => !Object.hasOwn(CHECKS, key));
  if (unknown !== undefined) return `${unknown}: ${NEVER[unknown] ?? 'is not a field a container may have here'}`;
  for (const [field, check] of Object.entries(CHECKS)) {
    const value = (spec as unknown as Record<string, unknown>)[field];
    const absent = value === undefined;
    const reason = absent ? (OPTIONAL.has(field) ? undefined : 'is missing') : check(value);
    if (reason !== undefined) return `${field}: ${reason}`;
  }
  const own = `classpad-${device}-${spec.labels[Label.app]}-`;
  const strange = [...(spec.volumes ?? []), ...(spec.networks ?? [])].find((name) => !name.startsWith(own));
  if (strange !== undefined) return `volumes and networks: "${strange}" must begin with "${own}", for it is the app's own`;
  if (spec.labels[Label.device] !== device) return `labels: ${Label.device} must be "${device}", this device's name`;
  return undefined;
}

/** Answers what is wrong with a value, or `undefined`. */
type Check = (value: unknown) => string | undefined;

const MEBIBYTE = 1024 * 1024;
const HOUR_MS = 3_600_000;

/** What people ask for and never get, with the reason. */
const NEVER: Readonly<Record<string, string>> = {
  privileged: 'a privileged container owns the device',
  capAdd: 'added capabilities give power over the device',
  devices: "the device's own hardware is not given away",
  binds: "the device's own files are not mounted into containers",
  mounts: "the device's own files are not mounted into containers",
  volumesFrom: "another container's files are not mounted into this one",
  networkMode: 'containers share a network of their own, never that of the device',
  network: 'containers share a network of their own, never that of the device',
  pidMode: "the device's processes are not shown to containers",
  pid: "the device's processes are not shown to containers",
  ipcMode: "the device's memory segments are not shared with containers",
  ipc: "the device's memory segments are not shared with containers",
  usernsMode: "the device's users are not those of containers",
  utsMode: "the device's host name is not given to containers",
  securityOpt: 'the confinement of containers is not loosened',
  publish: 'the proxy owns the ports of the device',
  portBindings: 'the proxy owns the ports of the device',
  ulimits: 'the limits of a container are those of the device',
  cgroupParent: 'containers stay in the group that the engine gives them',
  cgroupnsMode: 'containers stay in the group that the engine gives them',
  deviceCgroupRules: "the device's own hardware is not given away",
  deviceRequests: "the device's own hardware is not given away",
  groupAdd: "the device's groups are not given to containers",
  pidsLimit: 'every container has the same limit of processes',
  oomKillDisable: 'a container that takes too much memory ends, not the device',
  oomScoreAdj: 'a container that takes too much memory ends, not the device',
  restartPolicy: 'restarts is how often, and never for ever',
  extraHosts: 'services find each other by name',
  dns: 'names are resolved as the device resolves them',
  links: 'services are not linked to containers that are not theirs',
  publishAllPorts: 'the proxy owns the ports of the device',
  logConfig: 'output is kept in bounded files, as logging says',
  storageOpt: 'where images and containers lie belongs to the device',
  maskedPaths: 'the confinement of containers is not loosened',
  readonlyPaths: 'the confinement of containers is not loosened',
  sysctls: 'kernel settings belong to the device',
  runtime: 'the container runtime belongs to the device',
};

const OPTIONAL = new Set([
  'command',
  'entrypoint',
  'healthcheck',
  'memoryBytes',
  'nanoCpus',
  'user',
  'volumes',
  'networks',
  'alias',
  'neighbours',
  'logging',
  'workingDir',
  'hostname',
  'stopSignal',
  'capDrop',
  'secrets',
]);

const CHECKS: { readonly [K in keyof Required<ContainerSpec>]: Check } = {
  name: pattern(
    /^classpad-[a-zA-Z0-9][a-zA-Z0-9_.-]{0,190}$/,
    'must begin with "classpad-" and hold letters, digits, "_", "." and "-"',
  ),
  image: checkImage,
  command: words,
  entrypoint: words,
  environment: checkEnvironment,
  ports: listOf(wholeNumber(1, 65_535, ''), 64),
  healthcheck: checkHealthcheck,
  restarts: wholeNumber(0, 100, 'restarts'),
  stopGraceMs: wholeNumber(0, HOUR_MS, 'ms'),
  memoryBytes: wholeNumber(6 * MEBIBYTE, 2 ** 50, 'bytes'),
  nanoCpus: wholeNumber(10_000_000, 1e12, 'billionths of a CPU'),
  user: pattern(
    /^[a-z0-9_][a-z0-9_.-]{0,63}(:[a-z0-9_][a-z0-9_.-]{0,63})?$/i,
    'must be a user, or user:group, by name or number',
  ),
  readOnly: yesOrNo,
  init: yesOrNo,
  tmpfs: listOf(checkTmpfs, 16),
  volumes: listOf(checkVolume, 16),
  networks: checkNetworks,
  alias: checkAlias,
  neighbours: checkNeighbours,
  logging: checkLogging,
  workingDir: checkWorkingDir,
  hostname: pattern(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, 'must be one name of letters, digits and "-"'),
  stopSignal: pattern(/^SIG[A-Z]{2,6}[12]?(\+[1-9])?$/, 'must be a signal such as SIGTERM'),
  capDrop: listOf(pattern(/^[A-Z][A-Z_]{1,31}$/, 'must be a capability such as NET_RAW, or ALL'), 64),
  secrets: checkSecrets,
  labels: checkLabels,
};

const HEALTH_CHECKS: Readonly<Record<string, Check>> = {
  intervalMs: wholeNumber(1, HOUR_MS, 'ms'),
  timeoutMs: wholeNumber(1, HOUR_MS, 'ms'),
  retries: wholeNumber(1, 1000, 'retries'),
  startPeriodMs: wholeNumber(0, HOUR_MS, 'ms'),
};

/** A file name that neither climbs nor hides. */
export const SECRET_NAME = /^[a-z0-9](?:[a-z0-9_.-]{0,62}[a-z0-9])?$/;

/** Paths under which a tmpfs would hide what confines the container. */
const KERNEL_PATHS = /^\/+(proc|sys|dev)(\/|$)/;

const DOMAIN_PART = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const DOMAIN = `(?:localhost|${DOMAIN_PART}(?:\\.${DOMAIN_PART})+|${DOMAIN_PART}(?:\\.${DOMAIN_PART})*:\\d{1,5})`;
const PATH_PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
/**
 * An image as engines take it (distribution, reference/reference.go), or its id: one that no engine can read would be answered with an
 * error of another kind than one that is not there.
 */
export const IMAGE = new RegExp(
  `^(?:(?:${DOMAIN}/)?${PATH_PART}(?:/${PATH_PART})*(?::\\w[\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64})$`,
);

function checkImage(value: unknown): string | undefined {
  if (typeof value === 'string' && value.length <= 255 && IMAGE.test(value)) return undefined;
  return 'must be an image reference such as "name:tag" or "registry/name@sha256:…"';
}

function checkEnvironment(value: unknown): string | undefined {
  return entries(value, (name, text) => {
    if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,255}$/.test(name)) return 'is not a variable name';
    return text.includes('\0') || text.length > 65_536 ? 'must be at most 65536 characters without NUL' : undefined;
  });
}

function checkLabels(value: unknown): string | undefined {
  return entries(value, (name, text) => {
    if (!/^[\w][\w./-]{0,255}$/.test(name)) return 'is not a label name';
    if (/^com\.docker\./.test(name)) return 'belongs to the engine';
    return text.length > 4096 ? 'must be at most 4096 characters' : undefined;
  });
}

function checkHealthcheck(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'must be an object';
  const { test, ...times } = value as Record<string, unknown>;
  const wrongTest = words(test);
  if (wrongTest !== undefined) return `test ${wrongTest}`;
  const kind = (test as string[])[0];
  if (kind !== 'CMD' && kind !== 'CMD-SHELL' && kind !== 'NONE') return 'test must begin with "CMD", "CMD-SHELL" or "NONE"';
  for (const name of new Set([...Object.keys(times), ...Object.keys(HEALTH_CHECKS)])) {
    const check = HEALTH_CHECKS[name];
    const reason = check ? check(times[name]) : 'is not a field of a health check';
    if (reason !== undefined) return `${name} ${reason}`;
  }
  return undefined;
}

/** `/path` or `/path:size=64m`; the bridge adds noexec, nosuid and nodev. */
function checkTmpfs(value: unknown): string | undefined {
  const match = typeof value === 'string' ? /^(\/[\w./-]+)(:size=\d{1,12}[kmg]?)?$/i.exec(value) : null;
  const path = match?.[1];
  if (path === undefined) return 'must be "/path" or "/path:size=64m"';
  if (path.split('/').some((part) => part === '..' || part === '.')) return 'must be a path without "." and ".."';
  return KERNEL_PATHS.test(path) ? "the kernel's own paths are not covered" : undefined;
}

/** In /proc lie the open files of whoever starts the container, and with them the host's (CVE-2024-21626). */
function checkWorkingDir(value: unknown): string | undefined {
  const fits = typeof value === 'string' && /^\/(?!.*(^|\/)\.\.?(\/|$))[\w./-]{0,254}$/.test(value);
  if (!fits) return 'must be an absolute path without "." and ".."';
  return KERNEL_PATHS.test(value) ? "the kernel's own paths are nothing to work in" : undefined;
}

/** An engine's volume named by its own name: nothing that begins with a path, so never the device's files. */
function checkVolume(value: unknown): string | undefined {
  const match = typeof value === 'string' ? /^classpad-[a-zA-Z0-9][\w.-]{0,190}:(\/[\w./-]+)(:ro)?$/.exec(value) : null;
  const path = match?.[1];
  if (path === undefined) return 'must be "classpad-name:/path" or "classpad-name:/path:ro", never a path of the device';
  if (path.split('/').some((part) => part === '..' || part === '.')) return 'must be a path without "." and ".."';
  return KERNEL_PATHS.test(path) ? "the kernel's own paths are not covered" : undefined;
}

function checkNetworks(value: unknown): string | undefined {
  const name = pattern(/^classpad-[a-zA-Z0-9][\w.-]{0,190}$/, 'must be the name of a network that begins with "classpad-"');
  return Array.isArray(value) && value.length === 0 ? 'must be a list of 1 to 4' : listOf(name, 4)(value);
}

function checkAlias(value: unknown): string | undefined {
  const fits = typeof value === 'string' && /^[a-z0-9][a-z0-9_.-]{0,190}$/i.test(value);
  return fits ? undefined : 'must be a name of letters, digits, "_", "." and "-"';
}

function checkNeighbours(value: unknown): string | undefined {
  return entries(value, (name, alias) => checkAlias(name) ?? checkAlias(alias));
}

function checkLogging(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'must be an object';
  const { maxSizeBytes, maxFiles, ...others } = value as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) return `${unknown} is not a field of logging`;
  const size = wholeNumber(4096, 100_000_000, 'bytes')(maxSizeBytes);
  if (size !== undefined) return `maxSizeBytes ${size}`;
  const files = wholeNumber(1, 10, 'files')(maxFiles);
  return files === undefined ? undefined : `maxFiles ${files}`;
}

function checkSecrets(value: unknown): string | undefined {
  const name = pattern(SECRET_NAME, 'must be a name of small letters, digits, "_", "." and "-"');
  if (Array.isArray(value) && new Set(value).size !== value.length) return 'must not name one twice';
  return listOf(name, 16)(value);
}

function words(value: unknown): string | undefined {
  const isWords =
    Array.isArray(value) && value.length > 0 && value.length <= 1024 && value.every((word) => typeof word === 'string');
  if (!isWords) return 'must be a list of 1 to 1024 words';
  const total = value.reduce((sum: number, word: string) => sum + word.length, 0);
  return total > 131_072 || value.some((word: string) => word.includes('\0'))
    ? 'must be at most 131072 characters without NUL'
    : undefined;
}

function yesOrNo(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'must be true or false';
}

function pattern(allowed: RegExp, sentence: string): Check {
  return (value) => (typeof value === 'string' && allowed.test(value) ? undefined : sentence);
}

function wholeNumber(least: number, most: number, unit: string): Check {
  const sentence = `must be a whole number from ${least} to ${most} ${unit}`.trimEnd();
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most ? undefined : sentence;
}

function listOf(check: Check, most: number): Check {
  return (value) => {
    if (!Array.isArray(value) || value.length > most) return `must be a list of at most ${most}`;
    return value.map(check).find((reason) => reason !== undefined);
  };
}

function entries(value: unknown, check: (name: string, text: string) => string | undefined): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be a table of names and texts';
  const rows = Object.entries(value);
  if (rows.length > 256) return 'must have at most 256 entries';
  for (const [name, text] of rows) {
    const reason = typeof text === 'string' ? check(name, text) : 'must be text';
    if (reason !== undefined) return `"${name.slice(0, 64)}" ${reason}`;
  }
  return undefined;
}
