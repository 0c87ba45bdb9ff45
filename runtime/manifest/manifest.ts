/**
 * The canonical manifest: what one release says, in the form that stands on the ledger.
 * Its bytes are canonical JSON (keys sorted by UTF-16 code unit, no whitespace, UTF-8), so equal releases are equal bytes.
 * Operators write Compose files; `composeToManifest` turns one into this; `parseManifest` reads it on the device.
 */
export interface Manifest {
  readonly version: 1;
  readonly services: Readonly<Record<string, Service>>;
}

/** One service of a release. What is absent takes the default named here. */
export interface Service {
  readonly image: string;
  /** Absent: the image's own. */
  readonly command?: readonly string[];
  /** Absent: the image's own. */
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Ports inside the container that the proxy may reach; the first is the one a route leads to. Never published on the host. */
  readonly ports?: readonly number[];
  /** Further ports the container listens on, for its neighbours only. */
  readonly expose?: readonly number[];
  /** Absent: the image's own. */
  readonly healthcheck?: ServiceHealthcheck;
  /** Absent: `always`, because a device keeps the agreed state. */
  readonly restart?: Restart;
  readonly dependsOn?: Readonly<Record<string, Condition>>;
  /** Absent: 1. */
  readonly replicas?: number;
  readonly memoryBytes?: number;
  readonly nanoCpus?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Absolute paths inside the container. */
  readonly tmpfs?: readonly string[];
  /** Absent: false. */
  readonly readOnly?: boolean;
  readonly user?: string;
  /** Absent: 10 seconds. */
  readonly stopGraceMs?: number;
  /** Absent: false. */
  readonly init?: boolean;
  /** `data:/path` or `data:/path:ro`: volumes of the app, named, kept from one revision to the next. */
  readonly volumes?: readonly string[];
  /** Networks of the app. Absent: that of all services which name none. */
  readonly networks?: readonly string[];
  /** Whether the one before ends first. Absent: the new one starts first. */
  readonly order?: 'stop-first';
  readonly logging?: Logging;
  /** Absent: the image's own. */
  readonly workingDir?: string;
  /** Absent: the engine chooses. */
  readonly hostname?: string;
  /** What asks the container to end, such as `SIGINT`. Absent: the image's own. */
  readonly stopSignal?: string;
  /** Capabilities taken away, such as `NET_RAW`, or `ALL`. */
  readonly capDrop?: readonly string[];
  /** Names of secrets, each a file `/run/secrets/<name>`; their values never stand in a release. */
  readonly secrets?: readonly string[];
  /** Path prefix under which the proxy serves this service. Absent: see `runtime/proxy`. */
  readonly route?: string;
}

/** How much of a container's output is kept. */
export interface Logging {
  /** Absent: a million. */
  readonly maxSizeBytes?: number;
  /** Absent: 2. */
  readonly maxFiles?: number;
}

/** What happens to a container that ends by itself. `on-failure` starts it again only after an exit code other than 0. */
export type Restart = 'no' | 'always' | 'on-failure' | `on-failure:${number}`;

/** What a dependency must have reached before the dependent service starts. */
export type Condition = 'started' | 'healthy';

export interface ServiceHealthcheck {
  /** `['CMD', …]`, `['CMD-SHELL', line]`, or `['NONE']`, which switches the image's own off. */
  readonly test: readonly string[];
  /** Absent: 30 seconds. */
  readonly intervalMs?: number;
  /** Absent: 30 seconds. */
  readonly timeoutMs?: number;
  /** Absent: 3. */
  readonly retries?: number;
  /** Absent: 0. */
  readonly startPeriodMs?: number;
}

/** A manifest longer than this is refused by the device, and should be by the ledger. */
export const MANIFEST_LIMIT_BYTES = 64 * 1024;
export const SERVICES_LIMIT = 32;
export const REPLICAS_LIMIT = 16;
/** Containers of one release on one device, replicas counted. */
export const CONTAINERS_LIMIT = 64;

/** Where in the file something stands: `['services', 'web', 'ports', 0]`. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, where, and what would be right. */
export interface Problem {
  readonly path: Path;
  /** From 1, in the Compose file; absent on the device, which sees no file. */
  readonly line?: number;
  readonly sentence: string;
}

/** `services.web.ports[0]`. */
function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

function problemText({ line, path, sentence }: Problem): string {
  const where = [line === undefined ? '' : `line ${line}`, pathText(path)].filter((part) => part !== '');
  return [...where, sentence].join(': ');
}

/** A manifest or a Compose file that this device does not run. The message holds every problem, one per line. */
export class ManifestRefused extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'));
    this.name = 'ManifestRefused';
    this.problems = problems;
  }
}
