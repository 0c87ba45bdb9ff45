import { bytesToHex, utf8Encode } from '../bytes.ts';
// Past the index, which also holds the Compose reader: a device never needs it.
import { canonicalJson } from '../manifest/encode.ts';
import { type Condition, type Manifest, ManifestRefused, type Service } from '../manifest/manifest.ts';
import { parseManifest } from '../manifest/parse.ts';
import type { ContainerSpec, FoundContainer, Healthcheck } from '../ports/index.ts';
import { Label } from '../ports/index.ts';
import { routeWords } from '../proxy/labels.ts';
import { namesRoute, pathOf, routedService } from '../proxy/routed.ts';
import { belongings } from './belongings.ts';
import { differences } from './differences.ts';
import { OwnLabel } from './labels.ts';

/** What a device should run, as the ledger has it. */
export interface Wanted {
  readonly apps: readonly WantedApp[];
  /**
   * The latest revision of each app that this copy of the ledger knows. A container of a later one proves that the copy
   * is behind (a lost store, a replay from the first block): such a container is left alone.
   */
  readonly latest: ReadonlyMap<string, number>;
}

export interface WantedApp {
  readonly app: string;
  readonly phase: 'rolling out' | 'active';
  readonly current: Revision;
  /** While the current one rolls out: the revision to return to. It keeps running, so that a rollback is instant. */
  readonly previous?: Revision;
  /** While it rolls out: when, by this device's clock, the current one must be healthy. */
  readonly deadlineMs?: number;
}

/** One revision of an app on this device. */
export interface Revision {
  readonly app: string;
  readonly revision: number;
  /** In the order of services by name, then of replicas. */
  readonly containers: readonly WantedContainer[];
  /** Why this device runs nothing of it: its manifest asks for what a device never gives, or cannot be read. */
  readonly refusal?: string;
}

export interface WantedContainer {
  readonly spec: ContainerSpec;
  readonly service: string;
  readonly restart: 'no' | 'always' | 'on-failure';
  /** Services of the same revision that come first. */
  readonly needs: Readonly<Record<string, Condition>>;
}

export interface Identity {
  readonly device: string;
  readonly app: string;
  readonly revision: number;
}

/** How often in a row the engine itself restarts a crashed container; after that the reconciler does, ever more slowly. */
const ENGINE_RESTARTS = 5;
/** Version of the rule below by which a spec is hashed. A hash of another version is never a reason to recreate. */
const HASH_VERSION = '1';

/** The containers of a revision, from the manifest bytes on the ledger. Never throws: what is refused is a `refusal`. */
export function toRevision(who: Identity, manifest: Uint8Array, sha256: (data: Uint8Array) => Uint8Array): Revision {
  const { app, revision } = who;
  try {
    return { app, revision, containers: toContainers(who, parseManifest(manifest), sha256) };
  } catch (error) {
    if (!(error instanceof ManifestRefused)) throw error;
    return { app, revision, containers: [], refusal: `the manifest is refused: ${error.message.split('\n')[0]}` };
  }
}

/** Whether someone put another container under our name, or changed ours. A hash made by another rule says nothing. */
export function isAnother(container: FoundContainer, spec: ContainerSpec): boolean {
  const hash = container.labels[Label.spec] ?? '';
  const isOther = hash.startsWith(`${HASH_VERSION}:`) && hash !== spec.labels[Label.spec];
  return isOther || differences(container, spec).length > 0;
}

function toContainers(who: Identity, { services }: Manifest, sha256: (data: Uint8Array) => Uint8Array): WantedContainer[] {
  const routed = routedService(services);
  const names = Object.keys(services).sort();
  return names.flatMap((name) => {
    const service = services[name]!;
    // Only what the operator wrote goes in: a new default of ours recreates nothing.
    const hash = `${HASH_VERSION}:${bytesToHex(sha256(utf8Encode(canonicalJson(service)))).slice(2)}`;
    const route = name === routed || namesRoute(service) ? routeLabel(service) : {};
    const marks = { [Label.spec]: hash, ...orderLabels(service), ...route };
    const shared = belongings(who, name, services);
    return Array.from({ length: service.replicas ?? 1 }, (_, index) => ({
      spec: { ...toSpec(who, name, index + 1, service, marks), ...shared },
      service: name,
      restart: restartPolicy(service),
      needs: service.dependsOn ?? {},
    }));
  });
}

function toSpec(who: Identity, name: string, replica: number, service: Service, marks: Record<string, string>): ContainerSpec {
  const { app, device, revision } = who;
  const stopGraceMs = service.stopGraceMs ?? 10_000;
  return {
    name: `classpad-${device}-${app}-r${revision}-${name}-${replica}`,
    image: service.image,
    ...(service.command && { command: service.command }),
    ...(service.entrypoint && { entrypoint: service.entrypoint }),
    environment: service.environment ?? {},
    ports: [...new Set([...(service.ports ?? []), ...(service.expose ?? [])])],
    ...(service.healthcheck && { healthcheck: toHealthcheck(service.healthcheck) }),
    restarts: engineRestarts(service),
    stopGraceMs,
    ...(service.memoryBytes !== undefined && { memoryBytes: service.memoryBytes }),
    ...(service.nanoCpus !== undefined && { nanoCpus: service.nanoCpus }),
    ...(service.user !== undefined && { user: service.user }),
    readOnly: service.readOnly ?? false,
    init: service.init ?? false,
    tmpfs: service.tmpfs ?? [],
    ...(service.workingDir !== undefined && { workingDir: service.workingDir }),
    ...(service.hostname !== undefined && { hostname: service.hostname }),
    ...(service.stopSignal !== undefined && { stopSignal: service.stopSignal }),
    ...(service.capDrop && { capDrop: service.capDrop }),
    ...(service.secrets && { secrets: service.secrets }),
    labels: {
      ...service.labels,
      [Label.device]: device,
      [Label.app]: app,
      [Label.revision]: String(revision),
      [Label.service]: name,
      [Label.replica]: String(replica),
      [OwnLabel.stopGrace]: String(stopGraceMs),
      ...marks,
    },
  };
}

/** `<port> <path>`; without a path the proxy chooses one. On the container, so that it stays reachable when its release is gone. */
function routeLabel(service: Service): Record<string, string> {
  const port = routeWords(service.labels).port ?? service.ports?.[0] ?? 0;
  return { [OwnLabel.route]: `${port} ${pathOf(service) ?? ''}`.trimEnd() };
}

/** What must be known when the release is gone: whom it needs, and whether the next one may run beside it. */
function orderLabels({ dependsOn, order }: Service): Record<string, string> {
  return {
    ...(dependsOn && { [OwnLabel.needs]: Object.keys(dependsOn).sort().join(' ') }),
    ...(order && { [OwnLabel.order]: order }),
  };
}

function toHealthcheck({ test, ...given }: NonNullable<Service['healthcheck']>): Healthcheck {
  return { test, intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0, ...given };
}

function restartPolicy({ restart }: Service): WantedContainer['restart'] {
  if (restart === undefined || restart === 'always') return 'always';
  return restart === 'no' ? 'no' : 'on-failure';
}

function engineRestarts({ restart }: Service): number {
  if (restart === 'no') return 0;
  const most = Number(restart?.split(':')[1] ?? ENGINE_RESTARTS);
  return Math.min(most, 100);
}
