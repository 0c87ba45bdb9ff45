import { Label, type ServiceContainer, type ServiceSpec } from '../../runtime/ports/index.ts';
import { dropped } from '../docker/body.ts';
import { compare, type Json } from '../docker/engine.ts';

/** Whose services they are: chain and Fleet contract. Only those with this label are ever touched. */
export const FLEET_LABEL = 'io.classpad.fleet';
/** By which rule below a service was made. One made by another rule is compared by its labels alone: a new default restarts nothing. */
export const RULE_LABEL = 'io.classpad.rule';
export const RULE = '2';

export interface BodyContext {
  /** The image by the name under which this engine knows it. */
  readonly image: string;
  readonly fleet: string;
  /** Of the Engine API. */
  readonly api: string;
}

const NANOSECONDS = 1_000_000;
const MAX_PROCESSES = 1024;
const LOGGING = { maxSizeBytes: 1_000_000, maxFiles: 2 };
const RESTARTS = { always: 'any', 'on-failure': 'on-failure', no: 'none' } as const;
/** After an end a task waits for so long. */
const RESTART_DELAY_MS = 1_000;
/** Since this version a service can forbid its tasks new privileges. */
const PRIVILEGES_API = '1.44';
/** One at a time, the new before the old; what fails stops the update, for the fleet decides what then. */
const UPDATE = { Parallelism: 1, Order: 'start-first', FailureAction: 'pause', Monitor: 5_000 * NANOSECONDS, MaxFailureRatio: 0 };

/**
 * The body of `POST /services/create`, built from named fields only: no port of the host, mount, device, capability or secret has a
 * place in it. Names lead to the tasks themselves (`dnsrr`), so that the kernel needs no IPVS.
 */
export function serviceBody(spec: ServiceSpec, { image, fleet, api }: BodyContext): Json {
  const { container } = spec;
  const order = container.labels['io.classpad.order'] === 'stop-first' ? 'stop-first' : UPDATE.Order;
  const update = { ...UPDATE, Order: order };
  const labels = { ...container.labels, [FLEET_LABEL]: fleet, [RULE_LABEL]: RULE };
  return {
    Name: spec.name,
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: {
        ...containerBody(container, image),
        ...(compare(api, PRIVILEGES_API) >= 0 && { Privileges: { NoNewPrivileges: true } }),
        Labels: { [FLEET_LABEL]: fleet, ...pick(labels, [Label.app, Label.revision, Label.service]) },
      },
      Resources: { Limits: limits(container) },
      RestartPolicy: { Condition: RESTARTS[spec.restart], Delay: RESTART_DELAY_MS * NANOSECONDS },
      LogDriver: logging(container),
      Networks: spec.networks.map((Target) => ({ Target, Aliases: [spec.alias] })),
    },
    Mode: { Replicated: { Replicas: spec.replicas } },
    UpdateConfig: update,
    RollbackConfig: update,
    EndpointSpec: { Mode: 'dnsrr' },
  };
}

function containerBody(container: ServiceContainer, image: string): Json {
  const { healthcheck } = container;
  return {
    Image: image,
    // What the release calls the command is what the engine calls the arguments of a service.
    ...(container.entrypoint && { Command: container.entrypoint }),
    ...(container.command && { Args: container.command }),
    ...(container.user && { User: container.user }),
    ...(container.workingDir && { Dir: container.workingDir }),
    ...(container.hostname && { Hostname: container.hostname }),
    ...(container.stopSignal && { StopSignal: container.stopSignal }),
    CapabilityDrop: dropped(container.capDrop),
    Env: Object.entries(container.environment).map(([name, value]) => `${name}=${value}`),
    Init: container.init,
    ReadOnly: container.readOnly,
    StopGracePeriod: container.stopGraceMs * NANOSECONDS,
    Mounts: container.tmpfs.map(tmpfs),
    ...(healthcheck && {
      Healthcheck: {
        Test: healthcheck.test,
        Interval: healthcheck.intervalMs * NANOSECONDS,
        Timeout: healthcheck.timeoutMs * NANOSECONDS,
        Retries: healthcheck.retries,
        StartPeriod: healthcheck.startPeriodMs * NANOSECONDS,
      },
    }),
  };
}

function limits({ memoryBytes, nanoCpus }: ServiceContainer): Json {
  return { ...(memoryBytes && { MemoryBytes: memoryBytes }), ...(nanoCpus && { NanoCPUs: nanoCpus }), Pids: MAX_PROCESSES };
}

function logging({ logging = LOGGING }: ServiceContainer): Json {
  return { Name: 'json-file', Options: { 'max-size': String(logging.maxSizeBytes), 'max-file': String(logging.maxFiles) } };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `/path` or `/path:size=64m`; a service's tmpfs is noexec, nosuid and nodev by itself. */
function tmpfs(entry: string): Json {
  const [Target, option = ''] = entry.split(':');
  const [, number, unit = ''] = /^size=(\d+)([kmg]?)$/i.exec(option) ?? [];
  const SizeBytes = number === undefined ? undefined : Number(number) * UNITS[unit.toLowerCase()]!;
  return { Type: 'tmpfs', Target, TmpfsOptions: { Mode: 0o1777, ...(SizeBytes !== undefined && { SizeBytes }) } };
}

function pick(labels: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])));
}
