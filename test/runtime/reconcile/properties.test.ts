import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoundContainer } from '../../../runtime/ports/index.ts';
import { containersOf, routes } from '../../../runtime/proxy/routes.ts';
import { conditionOfRevision } from '../../../runtime/reconcile/condition.ts';
import { plan, type Step } from '../../../runtime/reconcile/plan.ts';
import type { Revision, Wanted, WantedApp } from '../../../runtime/reconcile/wanted.ts';
import {
  activeApp,
  createModel,
  foreign,
  foundOf,
  picture,
  revisionOf,
  rollingApp,
  wantedOf,
} from '../../support/model-engine.ts';

const s = suite('reconcile/properties');

const START_MS = 1_000_000;
const ROUNDS = 60;

/** Revisions 1 to 4 of three apps: of one service, of three that wait for each other, and of one that never runs twice. */
const revisions: Record<string, Revision[]> = {
  a: [1, 2, 3, 4].map((number) => revisionOf('a', number)),
  b: [1, 2, 3, 4].map((number) =>
    revisionOf('b', number, {
      db: { image: `db:${number}`, healthcheck: { test: ['CMD', 'check'] } },
      web: {
        image: `b:${number}`,
        ports: [80],
        replicas: 2,
        healthcheck: { test: ['CMD', 'check'] },
        dependsOn: { db: 'healthy' },
      },
    }),
  ),
  c: [1, 2, 3, 4].map((number) =>
    revisionOf('c', number, {
      db: { image: `db:${number}`, healthcheck: { test: ['CMD', 'check'] } },
      web: {
        image: `c:${number}`,
        ports: [80],
        order: 'stop-first',
        dependsOn: { db: 'healthy' },
        healthcheck: { test: ['CMD', 'check'] },
      },
    }),
  ),
};

const state = fc.constantFrom<FoundContainer['state']>(
  'created',
  'running',
  'running',
  'running',
  'restarting',
  'exited',
  'dead',
);
const health = fc.constantFrom<FoundContainer['health']>('starting', 'healthy', 'healthy', 'unhealthy');
const hash = fc.constantFrom(undefined, undefined, undefined, '1:wrong', '0:old', '');

const containers = fc
  .subarray(
    Object.values(revisions)
      .flat()
      .flatMap((revision) => revision.containers.map((_, index) => ({ revision, index }))),
  )
  .chain((list) =>
    fc.tuple(
      ...list.map(({ revision, index }) =>
        fc.record({ state, health, hash }).map(({ hash, ...over }): FoundContainer => {
          const shown = foundOf(revision, { ...over, exitCode: 1 }, index);
          return hash === undefined ? shown : { ...shown, labels: { ...shown.labels, 'io.classpad.spec': hash } };
        }),
      ),
    ),
  );

const appOf = (name: string) =>
  fc.oneof(
    fc.constant(undefined),
    fc.constantFrom(...revisions[name]!).map(activeApp),
    fc.constantFrom(1, 2, 3).map((index) => rollingApp(revisions[name]![index]!, revisions[name]![index - 1]!)),
    fc.constantFrom(...revisions[name]!).map((revision) => rollingApp(revision)),
  );

const worlds = fc.record({
  found: containers,
  apps: fc.tuple(appOf('a'), appOf('b'), appOf('c')).map((apps) => apps.filter((app): app is WantedApp => app !== undefined)),
  badImages: fc.subarray(['a:2', 'a:3', 'b:3', 'db:2', 'b:4']),
  cut: fc.nat(3),
});

/** Runs the model to rest; `check` is called before the steps of every round. */
function run(
  world: typeof worlds extends fc.Arbitrary<infer T> ? T : never,
  check: (model: ReturnType<typeof createModel>, nowMs: number) => void,
) {
  const wanted = wantedOf(...world.apps);
  const model = createModel(picture([...world.found, ...foreign]), (image) => !world.badImages.includes(image));
  let nowMs = START_MS;
  for (let round = 0; round < ROUNDS; round++, nowMs += 1000) {
    model.tick(nowMs);
    check(model, nowMs);
    const steps = plan(wanted, model.found(), nowMs);
    // A crash at any step boundary: only the first steps of a round happen.
    for (const step of steps.slice(0, steps.length - (round % (world.cut + 1)))) model.apply(step, nowMs);
  }
  return { model, wanted, nowMs };
}

s('from any state it converges, and then plans nothing', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { model, wanted, nowMs } = run(world, () => {});
      const doing = plan(wanted, model.found(), nowMs).filter((step) => step.do !== 'wait');
      // What is agreed and fails its check is restarted for ever; the pauses in between are the setbacks', not the model's.
      const isVain = (step: Step) => step.do === 'restart' && isBad(world.badImages, wanted, step.name);
      assert.equal(
        doing.filter((step) => !isVain(step)),
        [],
      );
      const names = new Set(
        wanted.apps
          .flatMap(({ current, previous }) => [current, ...(previous ? [previous] : [])])
          .flatMap(({ containers }) => containers.map(({ spec }) => spec.name)),
      );
      for (const app of wanted.apps) {
        const images = app.current.containers.map(({ spec }) => spec.image);
        const isGood = images.every((image) => !world.badImages.includes(image));
        const wasSpoilt = world.found.some(
          ({ name, health, state }) => names.has(name) && health === 'unhealthy' && state === 'running',
        );
        if (isGood && !wasSpoilt) assert.is(conditionOfRevision(app.current, model.found(), nowMs).is, 'good');
        if (isGood && !wasSpoilt && app.phase === 'active') {
          const left = model
            .found()
            .containers.filter(({ labels }) => labels['io.classpad.app'] === app.app)
            .map(({ name }) => name);
          assert.equal(left.sort(), app.current.containers.map(({ spec }) => spec.name).sort());
        }
      }
    }),
    { numRuns: 300 },
  );
});

s('foreign containers are never touched', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { model } = run(world, () => {});
      const ids = foreign.map(({ id }) => id);
      assert.equal(
        model.touched.filter((id) => ids.includes(id)),
        [],
      );
      assert.equal(
        model.found().containers.filter(({ id }) => ids.includes(id)),
        [...foreign],
      );
    }),
    { numRuns: 200 },
  );
});

s('what a route leads to is never stopped or removed by the plan of the same picture', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const wanted = wantedOf(...world.apps);
      run(world, (model, nowMs) => {
        const routed = new Set(routes(wanted, model.found(), nowMs).flatMap(containersOf));
        const ending = plan(wanted, model.found(), nowMs).filter((step) => ['stop', 'remove', 'restart'].includes(step.do));
        assert.equal(
          ending.filter((step) => 'id' in step && routed.has(step.id)),
          [],
        );
      });
    }),
    { numRuns: 300 },
  );
});

s('an app that has answered goes on answering through the hand-over', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const wanted = wantedOf(...world.apps);
      const answering = new Set<string>();
      run(world, (model, nowMs) => {
        const apps = new Set(routes(wanted, model.found(), nowMs).map(({ app }) => app));
        for (const app of answering) assert.ok(apps.has(app), `${app} stopped answering`);
        for (const { app, current } of wanted.apps) {
          const isRouted = routes(wanted, model.found(), nowMs).some(
            (route) => route.app === app && isHealthy(model, route.containerId),
          );
          if (app !== 'c' && isRouted && current.refusal === undefined) answering.add(app);
        }
      });
    }),
    { numRuns: 300 },
  );
});

s('where two revisions never run side by side, none starts beside another', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const wanted = wantedOf(...world.apps);
      run(world, (model, nowMs) => {
        const up = model
          .found()
          .containers.filter(({ state, name }) => state === 'running' && name.includes('-c-r') && name.includes('-web-'));
        const starts = plan(wanted, model.found(), nowMs).filter(
          (step) => step.do === 'start' && up.every(({ id }) => id !== step.id),
        );
        const beside = starts.filter((step) => step.do === 'start' && step.name.includes('-c-r') && step.name.includes('-web-'));
        if (up.length > 0) assert.equal(beside, []);
        assert.ok(beside.length <= 1);
      });
    }),
    { numRuns: 300 },
  );
});

s('what others need ends after them', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const wanted = wantedOf(...world.apps);
      run(world, (model, nowMs) => {
        const { containers } = model.found();
        // What was changed by hand is replaced one by one, and is no matter of order.
        const changed = new Set(containers.filter(({ labels }) => labels['io.classpad.spec'] === '1:wrong').map(({ id }) => id));
        const ending = plan(wanted, model.found(), nowMs).filter((step) => step.do === 'stop' && !changed.has(step.id));
        for (const step of ending) {
          if (step.do !== 'stop') continue;
          const web = containers.filter(
            ({ name, state }) => state === 'running' && name.startsWith(step.name.replace(/-db-1$/, '-web-')),
          );
          const both = web.filter(({ id }) => ending.some((other) => other.do === 'stop' && other.id === id));
          assert.ok(!step.name.endsWith('-db-1') || both.length === 0, `${step.name} ends with its web`);
        }
      });
    }),
    { numRuns: 200 },
  );
});

function isBad(images: readonly string[], { apps }: Wanted, name: string): boolean {
  const containers = apps.flatMap(({ current }) => current.containers);
  return containers.some(({ spec }) => spec.name === name && images.includes(spec.image));
}

function isHealthy(model: ReturnType<typeof createModel>, id: string): boolean {
  return model.found().containers.some((container) => container.id === id && container.health === 'healthy');
}

s('a container that is right is never recreated', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const wanted = wantedOf(...world.apps);
      const right = new Map(
        wanted.apps
          .flatMap(({ current, previous }) => [...current.containers, ...(previous?.containers ?? [])])
          .map(({ spec }) => [spec.name, spec.labels['io.classpad.spec']]),
      );
      const kept = world.found.filter(
        ({ name, state, labels }) =>
          labels['io.classpad.app'] !== 'c' &&
          state !== 'dead' &&
          right.has(name) &&
          right.get(name) === labels['io.classpad.spec'],
      );
      const { model } = run(world, () => {});
      const ids = new Set(model.found().containers.map(({ id }) => id));
      assert.equal(
        kept.filter(({ id }) => !ids.has(id)).map(({ name }) => name),
        [],
      );
    }),
    { numRuns: 200 },
  );
});

s.run();
