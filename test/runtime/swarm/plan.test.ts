import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoundService, FoundTask, ServiceSpec } from '../../../runtime/ports/index.ts';
import type { Wanted } from '../../../runtime/reconcile/wanted.ts';
import { serviceStepText } from '../../../runtime/swarm/execute.ts';
import { toContainers } from '../../../runtime/swarm/found.ts';
import { HAND_OVER_MS, planServices, type SwarmFound, type SwarmStep } from '../../../runtime/swarm/plan.ts';
import { toServices, wantedServices } from '../../../runtime/swarm/spec.ts';
import { activeApp, DEVICE, revisionOf, rollingApp, wantedOf } from '../../support/model-engine.ts';

const s = suite('swarm/plan');
const NOW = 1_000_000;
const CHECK = { test: ['CMD', 'check'] };

const a1 = revisionOf('a', 1);
const a2 = revisionOf('a', 2);
const pair = revisionOf('a', 1, {
  db: { image: 'db:1', healthcheck: CHECK },
  web: { image: 'web:1', dependsOn: { db: 'healthy' }, healthcheck: CHECK },
});
const still1 = revisionOf('a', 1, { web: { image: 'a:1', order: 'stop-first' } });
const still2 = revisionOf('a', 2, { web: { image: 'a:2', order: 'stop-first' } });

function serviceOf(spec: ServiceSpec, over: Partial<FoundService> = {}, task: Partial<FoundTask> = {}): FoundService {
  const tasks = Array.from({ length: spec.replicas }, (_, index): FoundTask => {
    const id = `${spec.name}.${index + 1}`;
    const times = { sinceMs: NOW - 60_000, createdAtMs: NOW - 61_000 };
    return { id, slot: index + 1, isWanted: true, state: 'running', isHere: true, containerId: `c-${id}`, ...times, ...task };
  });
  const rest = { image: spec.container.image, labels: spec.container.labels, isPreviousWanted: false, tasks, differences: [] };
  return { id: `id-${spec.name}`, name: spec.name, version: 7, ...rest, ...over };
}

const first = (revision: typeof a1, index = 0) => toServices(revision, DEVICE)[index]!.spec;

function foundOf(services: readonly FoundService[], over: Partial<SwarmFound> = {}): SwarmFound {
  const { containers, setbacks } = toContainers(services, DEVICE);
  return { services, containers, setbacks, images: new Set(), agreedSinceMs: new Map(), device: DEVICE, ...over };
}

const agreed = (sinceMs: number) => ({ agreedSinceMs: new Map([['a', sinceMs]]) });
const ended = { state: 'ended', isWanted: false } as const;

const rows: readonly [name: string, wanted: Wanted, found: SwarmFound, steps: readonly string[]][] = [
  ['nothing wanted, nothing found', wantedOf(), foundOf([]), []],
  ['what is wanted is made', wantedOf(activeApp(a1)), foundOf([]), ['create the service a-r1-web of 1']],
  ['and left alone', wantedOf(activeApp(a1)), foundOf([serviceOf(first(a1))]), []],
  ['while it starts, too', wantedOf(activeApp(a1)), foundOf([serviceOf(first(a1), {}, { state: 'starting' })]), []],
  [
    'rolling out: beside the one before',
    wantedOf(rollingApp(a2, a1)),
    foundOf([serviceOf(first(a1))]),
    ['create the service a-r2-web of 1'],
  ],
  ['and both stay', wantedOf(rollingApp(a2, a1)), foundOf([serviceOf(first(a1)), serviceOf(first(a2))]), []],
  [
    'agreed: the old one stays until every proxy has left it',
    wantedOf(activeApp(a2)),
    foundOf([serviceOf(first(a1)), serviceOf(first(a2))], agreed(NOW - 1_000)),
    ['wait for every proxy to have left a-r1-web'],
  ],
  [
    'then it goes',
    wantedOf(activeApp(a2)),
    foundOf([serviceOf(first(a1)), serviceOf(first(a2))], agreed(NOW - HAND_OVER_MS)),
    ['remove the service a-r1-web'],
  ],
  [
    'but not before its last request is answered',
    wantedOf(activeApp(a2)),
    foundOf([serviceOf(first(a1)), serviceOf(first(a2))], {
      ...agreed(NOW - HAND_OVER_MS),
      draining: new Map([['c-classpad-a-r1-web.1', NOW + 5]]),
    }),
    ['wait for the last requests of a-r1-web to be answered'],
  ],
  [
    'agreed, and not good here: the old one stays',
    wantedOf(activeApp(a2)),
    foundOf([serviceOf(first(a1)), serviceOf(first(a2), {}, { state: 'starting' })]),
    [],
  ],
  [
    'rolled back: what failed goes at once',
    wantedOf(activeApp(a1)),
    foundOf([serviceOf(first(a1)), serviceOf(first(a2), {}, ended)]),
    ['remove the service a-r2-web'],
  ],
  ['an app that is not wanted goes', wantedOf(), foundOf([serviceOf(first(a1))]), ['remove the service a-r1-web']],
  [
    'what the ledger does not know yet is left alone',
    { apps: [activeApp(a1)], latest: new Map([['a', 1]]) },
    foundOf([serviceOf(first(a2))]),
    ['wait for this copy of the ledger to know what the site has of a'],
  ],
  ['of an app of which nothing is wanted, too', { apps: [], latest: new Map([['a', 1]]) }, foundOf([serviceOf(first(a2))]), []],
  [
    'changed by hand: the Swarm’s own way back, where it leads there',
    wantedOf(activeApp(a1)),
    foundOf([serviceOf(first(a1), { differences: ['image'], isPreviousWanted: true })]),
    ['roll back the service a-r1-web at its version 7'],
  ],
  [
    'and an update where it does not',
    wantedOf(activeApp(a1)),
    foundOf([serviceOf(first(a1), { differences: ['image'] })]),
    ['update the service a-r1-web at its version 7'],
  ],
  [
    'who needs another waits for it',
    wantedOf(activeApp(pair)),
    foundOf([]),
    ['create the service a-r1-db of 1', 'wait for db to be healthy, for web'],
  ],
  ['and comes then', wantedOf(activeApp(pair)), foundOf([serviceOf(first(pair))]), ['create the service a-r1-web of 1']],
  [
    'what never runs twice rests first',
    wantedOf(rollingApp(still2, still1)),
    foundOf([serviceOf(first(still1), { differences: ['replicas'] })]),
    ['wait for another revision of web to end, for that of revision 2', 'update the service a-r1-web at its version 7'],
  ],
  [
    'then the next one comes',
    wantedOf(rollingApp(still2, still1)),
    foundOf([serviceOf({ ...first(still1), replicas: 0 })]),
    ['create the service a-r2-web of 1'],
  ],
];

for (const [name, wanted, found, steps] of rows) {
  s(name, () => assert.equal(planServices(wanted, found, NOW).map(serviceStepText), steps));
}

/** Any Swarm: services of three revisions, each as agreed, changed, failing or not there. */
const revisions = [1, 2, 3].map((number) =>
  revisionOf('a', number, {
    db: { image: `db:${number}`, healthcheck: CHECK },
    web: { image: `a:${number}`, replicas: 2, healthcheck: CHECK, dependsOn: { db: 'healthy' } },
  }),
);
const specs = revisions.flatMap((revision) => toServices(revision, DEVICE).map(({ spec }) => spec));
const shape = fc.constantFrom('absent', 'as agreed', 'changed', 'changed once', 'failing', 'starting');
const swarms = fc.tuple(...specs.map(() => shape)).map((shapes) => specs.flatMap((spec, index) => shapeOf(spec, shapes[index]!)));
const wishes = fc.constantFrom(
  wantedOf(),
  wantedOf(activeApp(revisions[0]!)),
  wantedOf(rollingApp(revisions[1]!, revisions[0]!)),
  wantedOf(activeApp(revisions[1]!)),
  wantedOf(rollingApp(revisions[2]!, revisions[1]!)),
  wantedOf(activeApp(revisions[2]!)),
);

function shapeOf(spec: ServiceSpec, shape: string): FoundService[] {
  if (shape === 'absent') return [];
  const differences = shape.startsWith('changed') ? ['image'] : [];
  const task = shape === 'failing' ? ended : shape === 'starting' ? ({ state: 'starting' } as const) : {};
  return [serviceOf(spec, { differences, isPreviousWanted: shape === 'changed once' }, task)];
}

function apply(services: readonly FoundService[], step: SwarmStep): FoundService[] {
  if (step.do === 'wait') return [...services];
  const rest = services.filter(({ name }) => name !== step.name);
  return step.do === 'remove' ? rest : [...rest, serviceOf(specs.find(({ name }) => name === step.name)!)];
}

s('from any Swarm it comes to rest at what is wanted, and then plans nothing', () => {
  fc.assert(
    fc.property(swarms, wishes, (start, wanted) => {
      let services = start;
      for (let round = 0; round < 12; round++) {
        // Whatever starts has started by then; what fails goes on failing.
        services = services.map((one) => ({
          ...one,
          tasks: one.tasks.map((task) => (task.state === 'starting' ? { ...task, state: 'running' as const } : task)),
        }));
        const steps = planServices(wanted, foundOf(services, agreed(0)), NOW);
        for (const step of steps) services = apply(services, step);
      }
      const found = foundOf(services, agreed(0));
      assert.equal(
        planServices(wanted, found, NOW).filter((step) => step.do !== 'wait'),
        [],
      );
      const names = new Set(wantedServices(wanted, DEVICE).map(({ spec }) => spec.name));
      const failing = start.some(({ tasks }) => tasks.some(({ state }) => state === 'ended'));
      if (!failing) assert.equal(services.map(({ name }) => name).sort(), [...names].sort());
    }),
    { numRuns: 500 },
  );
});

s('nothing of a revision that is wanted is ever removed, nor touched while it is as agreed', () => {
  fc.assert(
    fc.property(swarms, wishes, (services, wanted) => {
      const names = new Set(wantedServices(wanted, DEVICE).map(({ spec }) => spec.name));
      for (const step of planServices(wanted, foundOf(services, agreed(0)), NOW)) {
        if (step.do === 'remove') assert.not(names.has(step.name), step.name);
        const found = services.find(({ name }) => name === step.name);
        if (step.do === 'update' || step.do === 'roll back') assert.ok((found?.differences ?? []).length > 0, step.name);
      }
    }),
    { numRuns: 500 },
  );
});

s.run();
