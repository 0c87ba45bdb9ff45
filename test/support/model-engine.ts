import { createHash } from 'node:crypto';
import { memoryStore } from '../../emulator/store.ts';
import type { Manifest, Service } from '../../runtime/manifest/index.ts';
import type { FoundContainer } from '../../runtime/ports/index.ts';
import type { Found, Setback } from '../../runtime/reconcile/found.ts';
import type { Step } from '../../runtime/reconcile/plan.ts';
import type { ReconcilerOptions } from '../../runtime/reconcile/reconciler.ts';
import { type Revision, toRevision, type Wanted, type WantedApp } from '../../runtime/reconcile/wanted.ts';
import { looselyPinned } from './pins.ts';

export const DEVICE = 'tablet';

export const sha256 = (data: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(data).digest());

/** A revision of one checked service `web`, or of the services given. */
export function revisionOf(app: string, revision: number, services?: Record<string, Service>): Revision {
  const web: Service = { image: `${app}:${revision}`, ports: [8080], healthcheck: { test: ['CMD', 'check'] } };
  const manifest: Manifest = { version: 1, services: services ?? { web } };
  const made = toRevision({ device: DEVICE, app, revision }, looselyPinned(manifest), sha256);
  // To which content a name is pinned makes no difference here; the names stay as they are read best.
  const containers = made.containers.map((each) => ({ ...each, spec: { ...each.spec, image: each.spec.image.split('@')[0]! } }));
  return { ...made, containers };
}

export function activeApp(current: Revision): WantedApp {
  return { app: current.app, phase: 'active', current };
}

export function rollingApp(current: Revision, previous?: Revision): WantedApp {
  return { app: current.app, phase: 'rolling out', current, ...(previous ? { previous } : {}) };
}

export function wantedOf(...apps: WantedApp[]): Wanted {
  return { apps, latest: new Map([['a', 9], ['b', 9], ['c', 9], ...apps.map(({ app }): [string, number] => [app, 9])]) };
}

/** The container of a revision as an engine would show it. */
export function foundOf(revision: Revision, over: Partial<FoundContainer> = {}, index = 0): FoundContainer {
  const { spec } = revision.containers[index]!;
  const { name, image, labels } = spec;
  return { id: `id-${name}`, name, image, state: 'running', health: 'healthy', startedAtMs: 0, restartCount: 0, labels, ...over };
}

export function picture(
  containers: readonly FoundContainer[],
  images: readonly string[] = [],
  setbacks: [string, Setback][] = [],
): Found {
  return { containers, images: new Set(images), setbacks: new Map(setbacks) };
}

/** A container that is not ours: no labels, or half of them. */
export const foreign: readonly FoundContainer[] = [
  {
    id: 'x1',
    name: 'postgres',
    image: 'postgres',
    state: 'running',
    health: 'none',
    startedAtMs: 0,
    restartCount: 0,
    labels: {},
  },
  {
    id: 'x2',
    name: 'half',
    image: 'a:1',
    state: 'exited',
    health: 'none',
    restartCount: 0,
    labels: { 'io.classpad.device': DEVICE },
  },
];

/** An engine in a few lines, for the planner's properties: steps take effect at once, health comes with time. */
export function createModel(start: Found, isGood: (image: string) => boolean, healthyAfterMs = 2000) {
  let containers = [...start.containers];
  const images = new Set(start.images);
  const touched: string[] = [];

  const change = (id: string, over: Partial<FoundContainer>) => {
    containers = containers.map((one) => (one.id === id ? { ...one, ...over } : one));
  };
  const verbs: { [K in Step['do']]: (step: Extract<Step, { do: K }>, nowMs: number) => void } = {
    pull: ({ image }) => void images.add(image),
    create: ({ spec: { name, image, labels } }) =>
      void containers.push({ id: `new-${name}`, name, image, state: 'created', health: 'none', restartCount: 0, labels }),
    start: ({ id }, startedAtMs) => change(id, { state: 'running', health: 'starting', startedAtMs }),
    restart: ({ id }, startedAtMs) => change(id, { state: 'running', health: 'starting', startedAtMs }),
    stop: ({ id }) => change(id, { state: 'exited', health: 'none', exitCode: 143 }),
    remove: ({ id }) => {
      containers = containers.filter((one) => one.id !== id);
    },
    prune: ({ image }) => void images.delete(image),
    wait: () => {},
  };
  return {
    touched,
    found: (): Found => ({ containers, images, setbacks: start.setbacks }),
    apply(step: Step, nowMs: number) {
      if ('id' in step) touched.push(step.id);
      (verbs[step.do] as (step: Step, nowMs: number) => void)(step, nowMs);
    },
    tick(nowMs: number) {
      for (const { id, state, health, startedAtMs, image, labels } of containers) {
        const isDue = state === 'running' && health === 'starting' && nowMs - (startedAtMs ?? 0) >= healthyAfterMs;
        if (isDue && labels['io.classpad.app']) change(id, { health: isGood(image) ? 'healthy' : 'unhealthy' });
        if (state === 'restarting') change(id, { state: 'running', health: 'starting', startedAtMs: nowMs });
      }
    },
  };
}

/** What a reconciler has beside an engine, where a test is not about it: a store, no secrets, and no word from the ledger. */
export function plainHome(): Pick<ReconcilerOptions, 'store' | 'secrets' | 'standing'> {
  const secrets = { names: () => new Set<string>(), open: () => Promise.reject(new Error('there are no secrets')) };
  return { store: memoryStore(), secrets, standing: () => undefined };
}
