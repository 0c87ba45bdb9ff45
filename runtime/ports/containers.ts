/** One container that a release wants on this device, complete: nothing is left to the engine's defaults but what is absent here. */
export interface ContainerSpec {
  /** Unique per device, app, revision, service and replica, as `classpad-<device>-<app>-r<revision>-<service>-<replica>`. */
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Ports the container listens on and the proxy may reach. Never published on the host. */
  readonly ports: readonly number[];
  readonly healthcheck?: Healthcheck;
  /** The engine restarts a crashed container by itself, at most this often in a row; 0: never. */
  readonly restarts: number;
  readonly stopGraceMs: number;
  readonly memoryBytes?: number;
  readonly nanoCpus?: number;
  readonly user?: string;
  readonly readOnly: boolean;
  readonly init: boolean;
  readonly tmpfs: readonly string[];
  /**
   * `<volume>:<path>` or `<volume>:<path>:ro`, where the volume is `classpad-<device>-<app>-<name>`. It is made when first
   * needed and outlives every container: nobody but its owner removes it.
   */
  readonly volumes?: readonly string[];
  /** Its networks, `classpad-<device>-<app>-<name>`. Absent: the one that all containers of the device share. */
  readonly networks?: readonly string[];
  /** What it is called on its networks, beside its own name. */
  readonly alias?: string;
  /** Names that only this container knows, each for the alias of a neighbour: its services, of its revision. */
  readonly neighbours?: Readonly<Record<string, string>>;
  /** How much of its output is kept. Absent: a little. */
  readonly logging?: { readonly maxSizeBytes: number; readonly maxFiles: number };
  readonly workingDir?: string;
  readonly hostname?: string;
  /** Such as `SIGINT`. */
  readonly stopSignal?: string;
  readonly capDrop?: readonly string[];
  /** Names of the secrets it finds as files, `/run/secrets/<name>`. Only names: the values come by {@link Containers.place}. */
  readonly secrets?: readonly string[];
  /** Ours, and the only ones by which containers are found again. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Healthcheck {
  /** As in the Engine API: `['CMD', …]` or `['CMD-SHELL', line]`. */
  readonly test: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
}

export type ContainerState = 'created' | 'running' | 'restarting' | 'exited' | 'dead';
/** `none`: the container has no health check. */
export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** A container as the engine reports it. */
export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  readonly health: Health;
  /** Of the last exit, for `exited` and `dead`. */
  readonly exitCode?: number;
  /** It ended last because it, or all together, had taken too much memory. */
  readonly outOfMemory?: boolean;
  /** Milliseconds since 1970, by the engine's clock; absent if it never ran. */
  readonly startedAtMs?: number;
  readonly restartCount: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent where the engine does not say. */
  readonly config?: FoundConfig;
}

/** An image that is complete on this device. */
export interface FoundImage {
  /** `sha256:<hex>`: what it is, by content. */
  readonly id: string;
  /** Names with a tag, and names with a digest. Without any it is known by its id alone. */
  readonly references: readonly string[];
  readonly sizeBytes: number;
}

/** Room where the engine keeps images and containers, in bytes. */
export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What a container is made of, as the engine reports it: with what its image adds. */
export interface FoundConfig {
  readonly command: readonly string[];
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Empty: the image's own. */
  readonly user: string;
  readonly readOnly: boolean;
  /** 0: no limit. */
  readonly memoryBytes: number;
  /** 0: no limit. */
  readonly nanoCpus: number;
  /** Whether it finds secrets under `/run/secrets` as we give them. */
  readonly hasSecrets?: boolean;
  /** What no container of ours ever has, in words, such as `privileged mode` or `a directory of the host`. */
  readonly oddities: readonly string[];
}

/**
 * The Docker Engine as this device may use it. It lists and touches only containers that carry this device's label,
 * and refuses a spec that would give a container power over the host: deny by default, here and not above.
 * Every method has a deadline of its own and rejects with an {@link EngineError}.
 */
export interface Containers {
  /** Product and version, such as `Docker Engine 20.10.24`. Rejects if it cannot be reached. */
  describe(): Promise<string>;
  /** All containers of this device, running or not. */
  list(): Promise<FoundContainer[]>;
  hasImage(image: string): Promise<boolean>;
  /** Resolves when the image is complete on this device. */
  pull(image: string): Promise<void>;
  /**
   * What a reference means here now, in a form that means it always and everywhere: `name:tag@sha256:…`, or the image's id where
   * no registry knows it. `no-image` where the engine cannot say.
   */
  pin(image: string): Promise<string>;
  /** All images on this device, whoever's they are. */
  images(): Promise<FoundImage[]>;
  /** Idempotent. Takes the name away, and the image with its last name. `conflict` while a container, whoever's, is made of it. */
  removeImage(image: string): Promise<void>;
  /** `undefined` where the engine does not say. */
  space(): Promise<Space | undefined>;
  /** Idempotent: a container of that name that is ours and has the same labels is adopted. Answers its id. */
  create(spec: ContainerSpec): Promise<string>;
  /**
   * Gives the container of that name its secrets: these files under `/run/secrets` and no others, in memory only. Before it
   * is made, before every start, and while it runs: then they are replaced under it, each at once. Idempotent.
   */
  place(name: string, secrets: Readonly<Record<string, Uint8Array>>): Promise<void>;
  /** Idempotent. `failed` if a secret of its spec was not placed. */
  start(id: string): Promise<void>;
  /** Idempotent. Asks, waits the grace period, then kills. */
  stop(id: string, graceMs: number): Promise<void>;
  /** Idempotent. Removes a container, running or not, with its anonymous volumes and its secrets. */
  remove(id: string): Promise<void>;
  /** Last lines of its output, for people. */
  logs(id: string, lines: number): Promise<string>;
  /** Calls back soon after something may have changed. A hint: calls may be lost or repeated. Answers how to stop. */
  watch(changed: () => void): () => void;
}

/** Codes a caller can act on. */
export type EngineErrorCode =
  | 'unreachable' // no engine behind the socket, or it went away
  | 'timeout'
  | 'no-image' // the registry or the engine has no such image
  | 'conflict' // the name is taken by a container that is not ours
  | 'not-found'
  | 'refused' // the spec asks for what this device never gives
  | 'failed'; // the engine said no; its sentence is in the message

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
  }
}

/** Also one of another bundle: the firmware and what stands behind its ports are built apart. */
export function isEngineError(error: unknown): error is EngineError {
  return error instanceof EngineError || (error as Error | undefined)?.name === 'EngineError';
}

/** The names of our labels on a container. */
export const Label = {
  device: 'io.classpad.device',
  app: 'io.classpad.app',
  revision: 'io.classpad.revision',
  service: 'io.classpad.service',
  replica: 'io.classpad.replica',
  /** Hash of the spec as the operator wrote it, with the version of the hashing rule: `1:<hex>`. */
  spec: 'io.classpad.spec',
} as const;
