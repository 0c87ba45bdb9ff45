import { type Check, flag, gather, object, refuse, show, tree } from './check.ts';
import { duration } from './compose-values.ts';
import { serviceFields } from './fields.ts';
import type { Path, Service, ServiceHealthcheck } from './manifest.ts';
import { unknownKey } from './refused.ts';
import { sizeBytes } from './units.ts';

const PROXY = 'the proxy owns the ports of the host';

/** Ports inside the container: of `8080`, `"80:8080"` and `{ target: 8080 }` the 8080, for the host's side is the proxy's. */
export function readPorts(value: unknown, path: Path): unknown {
  if (!Array.isArray(value)) return value;
  return gather(value.map((port, index) => () => containerPort(port, [...path, index])));
}

function containerPort(value: unknown, path: Path): unknown {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return longPort(tree(value, path), path);
  const match = /^(?:(?:[\d.]*|\[[\da-f:]*\]):)?(?:\d{0,5}:)?(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(value);
  if (!match) refuse(path, `${show(value)} is not one port; write the container's own port such as "8080", for ${PROXY}`);
  if (match[2] !== undefined && match[2] !== 'tcp') refuse(path, `${show(value)} is not TCP; the proxy carries nothing else`);
  return Number(match[1]);
}

function longPort(port: Readonly<Record<string, unknown>>, path: Path): unknown {
  const known = ['target', 'published', 'protocol', 'name', 'app_protocol'];
  const unknown = Object.keys(port).find((key) => !known.includes(key));
  if (unknown !== undefined) refuse([...path, unknown], `${unknownKey(unknown)}; ${PROXY}`);
  if ((port['protocol'] ?? 'tcp') !== 'tcp') refuse([...path, 'protocol'], 'the proxy carries nothing but TCP');
  return port['target'];
}

interface WrittenHealthcheck {
  readonly test?: readonly string[] | string;
  readonly interval?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly start_period?: number;
  readonly disable?: boolean;
}

const anything: Check<never> = (value) => value as never;

const healthcheck = object<WrittenHealthcheck>(
  { test: anything, interval: duration, timeout: duration, retries: anything, start_period: duration, disable: flag },
  [],
  (key) => (key === 'start_interval' ? 'start_interval cannot be honoured on a device yet; leave it out' : unknownKey(key)),
);

export function readHealthcheck(value: unknown, path: Path): ServiceHealthcheck {
  const { test, interval, timeout, retries, start_period, disable } = healthcheck(value, path);
  if (disable) return { test: ['NONE'] };
  if (test === undefined) refuse([...path, 'test'], 'is missing; say how to tell that the service is healthy');
  return {
    test: typeof test === 'string' ? ['CMD-SHELL', test] : test,
    ...(interval === undefined ? {} : { intervalMs: interval }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(retries === undefined ? {} : { retries }),
    ...(start_period === undefined ? {} : { startPeriodMs: start_period }),
  };
}

type Deploy = Pick<Service, 'replicas' | 'memoryBytes' | 'nanoCpus' | 'order'>;

export function readDeploy(value: unknown, path: Path): Deploy {
  const { resources, replicas, update_config } = deploy(value, path);
  const limits = resources?.limits ?? {};
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(limits.memory === undefined ? {} : { memoryBytes: limits.memory }),
    ...(limits.cpus === undefined ? {} : { nanoCpus: limits.cpus }),
    ...(update_config?.order === 'stop-first' ? { order: 'stop-first' as const } : {}),
  };
}

const memory: Check<number> = (value, path) => {
  const bytes = typeof value === 'number' ? value : typeof value === 'string' ? sizeBytes(value) : undefined;
  if (bytes === undefined) refuse(path, `${show(value)} is not a size; write one such as 64M or 1g`);
  return serviceFields.memoryBytes(bytes, path);
};

const cpus: Check<number> = (value, path) => {
  const fits = typeof value === 'number' || (typeof value === 'string' && /^\d{1,4}(?:\.\d{1,9})?$/.test(value));
  if (!fits) refuse(path, `${show(value)} is not a number of processors; write one such as "0.5"`);
  return serviceFields.nanoCpus(Math.round(Number(value) * 1e9), path);
};

/** Start-first is what the device does unless it is told otherwise. */
const order: Check<string> = (value, path) => {
  if (value === 'start-first' || value === 'stop-first') return value;
  return refuse(path, `${show(value)} does not fit; it must be start-first or stop-first`);
};

interface Limits {
  readonly memory?: number;
  readonly cpus?: number;
}

interface WrittenDeploy {
  readonly replicas?: number;
  readonly resources?: { readonly limits?: Limits };
  readonly update_config?: { readonly order?: string };
}

const instead: Readonly<Record<string, string>> = {
  restart_policy: 'write restart instead',
  placement: 'which devices a release goes to is said when it is proposed',
  labels: 'write labels of the service instead',
  rollback_config: 'a release rolls back as a whole, by the votes of the devices',
  reservations: 'only limits are honoured',
  pids: 'a limit of processes cannot be honoured on a device yet; leave it out',
  devices: "this device never gives a container the host's devices",
};

function whyNot(key: string): string {
  return Object.hasOwn(instead, key) ? instead[key]! : unknownKey(key);
}

const limits = object<Limits>({ memory, cpus }, [], whyNot);
const resources = object<{ readonly limits?: Limits }>({ limits }, [], whyNot);
const updateConfig = object<{ readonly order?: string }>({ order }, [], whyNot);
const deploy = object<WrittenDeploy>({ replicas: serviceFields.replicas, resources, update_config: updateConfig }, [], whyNot);
