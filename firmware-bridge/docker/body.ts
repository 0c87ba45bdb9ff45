import type { ContainerSpec, Healthcheck } from '../../runtime/ports/index.ts';
import type { Json } from './engine.ts';

/** Carries `restarts` beside the engine's own restart policy, which is switched off while a container is stopped. */
export const RESTARTS_LABEL = 'io.classpad.restarts';

/** Processes and threads a container may have: a fork bomb stays inside. */
const MAX_PROCESSES = 1024;
/** Two files of a megabyte: logs cannot fill the flash. */
const LOGGING = { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } };

/**
 * The body of `POST /containers/create`, built from named fields only: what is not written here a container never gets.
 * No host port, mount, device, capability or namespace of the host has a place in it.
 */
export function createBody(spec: ContainerSpec, network: string): Json {
  return {
    Image: spec.image,
    ...(spec.command ? { Cmd: spec.command } : {}),
    ...(spec.entrypoint ? { Entrypoint: spec.entrypoint } : {}),
    ...(spec.user ? { User: spec.user } : {}),
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [`${port}/tcp`, {}])),
    ...(spec.healthcheck ? { Healthcheck: healthBody(spec.healthcheck) } : {}),
    Labels: { ...spec.labels, [RESTARTS_LABEL]: String(spec.restarts) },
    StopTimeout: Math.ceil(spec.stopGraceMs / 1000),
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: restartPolicy(spec.restarts),
      LogConfig: LOGGING,
      ReadonlyRootfs: spec.readOnly,
      Init: spec.init,
      PidsLimit: MAX_PROCESSES,
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: Object.fromEntries(spec.tmpfs.map(tmpfsEntry)),
      ...(spec.memoryBytes ? { Memory: spec.memoryBytes, MemorySwap: spec.memoryBytes } : {}),
      ...(spec.nanoCpus ? { NanoCpus: spec.nanoCpus } : {}),
    },
  };
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
