import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Found } from '../../../runtime/reconcile/found.ts';
import { judge } from '../../../runtime/reconcile/judge.ts';
import type { Wanted } from '../../../runtime/reconcile/wanted.ts';
import { SwarmScheduler } from '../../../runtime/swarm/scheduler.ts';
import { activeApp, DEVICE, revisionOf, rollingApp, wantedOf } from '../../support/model-engine.ts';
import { testClock } from '../../support/virtual-clock.ts';
import { type SwarmFault, type VirtualSwarm, virtualSwarm } from '../../support/virtual-swarm.ts';

const s = suite('swarm/scheduler');

const CHECK = { test: ['CMD', 'check'] };
const service = (image: string, more: object = {}) => ({ image, ports: [8080], healthcheck: CHECK, ...more });
const r1 = revisionOf('a', 1, { web: service('a:1', { replicas: 2 }), db: service('db:1') });
const r2 = revisionOf('a', 2, { web: service('a:2', { replicas: 2 }), db: service('db:1') });
const r3 = revisionOf('a', 3, { web: service('bad'), db: service('db:3') });
const still1 = revisionOf('a', 1, { web: service('a:1', { order: 'stop-first' }) });
const still2 = revisionOf('a', 2, { web: service('a:2', { order: 'stop-first' }) });
const still3 = revisionOf('a', 3, { web: service('bad', { order: 'stop-first' }) });

const R1 = ['classpad-a-r1-db 1', 'classpad-a-r1-web 2'];
const R2 = ['classpad-a-r2-db 1', 'classpad-a-r2-web 2'];

/** Managers of one Swarm, each with a copy of the ledger. */
function worldOf(names: readonly string[]) {
  const clock = testClock();
  const swarm = virtualSwarm(clock);
  const says = new Map<string, string[]>();
  const seen = new Map<string, Found | undefined>();
  const blocks = new Map(names.map((name) => [name, 1]));
  const copies = new Map<string, Wanted | undefined>();
  const start = (name: string) =>
    new SwarmScheduler({
      device: DEVICE,
      services: swarm.manager(name),
      clock,
      log: { write: (level, message) => void says.set(name, [...(says.get(name) ?? []), `${level}: ${message}`]) },
      intervalMs: 2_000,
      wanted: () => copies.get(name),
      onSite: () => {},
      onLook: (found) => void seen.set(name, found),
      draining: () => new Map(),
      onChange: () => {},
      block: () => blocks.get(name)!,
    });
  const schedulers = new Map(names.map((name) => [name, start(name)]));
  return {
    swarm,
    says: (name: string) => (says.get(name) ?? []).join('\n'),
    found: (name: string) => seen.get(name)!,
    schedulers,
    /** The ledger decides; the managers named hear of it. */
    decide(wanted: Wanted, who: readonly string[] = names) {
      for (const name of who) {
        copies.set(name, wanted);
        blocks.set(name, blocks.get(name)! + 1);
        schedulers.get(name)?.poke();
      }
    },
    restart(name: string) {
      schedulers.get(name)?.stop();
      schedulers.set(name, start(name));
      schedulers.get(name)!.poke();
    },
    async pass(seconds: number) {
      const endMs = clock.nowMs() + seconds * 1000;
      while (clock.nowMs() < endMs) {
        clock.step(endMs - clock.nowMs());
        for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => void setImmediate(resolve));
      }
    },
    nowMs: () => clock.nowMs(),
  };
}

type World = ReturnType<typeof worldOf>;

async function released(world: World): Promise<void> {
  world.decide(wantedOf(activeApp(r1)));
  await world.pass(10);
  assert.equal(world.swarm.picture(), R1);
}

s('a release is made, the next beside it, and the old one goes when every proxy has left it', async () => {
  const world = worldOf(['pad-1']);
  await released(world);
  world.decide(wantedOf(rollingApp(r2, r1)));
  await world.pass(5);
  assert.equal(world.swarm.picture(), [...R1, ...R2]);
  assert.is(judge(rollingApp(r2, r1), world.found('pad-1'), world.nowMs()).is, 'healthy');
  world.decide(wantedOf(activeApp(r2)));
  await world.pass(15);
  assert.equal(world.swarm.picture(), R2);
  const deeds = world.swarm.deeds.length;
  await world.pass(60);
  assert.is(world.swarm.deeds.length, deeds, 'looking again changes nothing');
});

s('a failed one goes as a whole, and nothing of the one before is touched', async () => {
  const world = worldOf(['pad-1']);
  await released(world);
  world.decide(wantedOf(rollingApp(r3, r1)));
  await world.pass(6);
  const verdict = judge(rollingApp(r3, r1), world.found('pad-1'), world.nowMs());
  assert.equal(verdict, { is: 'unhealthy', reason: 'web: its health check fails' });
  world.decide(wantedOf(activeApp(r1)));
  await world.pass(15);
  assert.equal(world.swarm.picture(), R1);
  assert.equal(
    world.swarm.deeds.filter((deed) => deed.includes('-r1-')),
    ['create classpad-a-r1-db', 'create classpad-a-r1-web'],
  );
});

s('what must not run twice ends first, and comes back when the next one fails', async () => {
  const world = worldOf(['pad-1']);
  world.decide(wantedOf(activeApp(still1)));
  await world.pass(10);
  world.decide(wantedOf(rollingApp(still2, still1)));
  await world.pass(10);
  assert.equal(world.swarm.picture(), ['classpad-a-r1-web 0', 'classpad-a-r2-web 1']);
  world.decide(wantedOf(activeApp(still2)));
  await world.pass(10);
  assert.equal(world.swarm.picture(), ['classpad-a-r2-web 1']);
  world.decide(wantedOf(rollingApp(still3, still2)));
  await world.pass(5);
  world.decide(wantedOf(activeApp(still2)));
  await world.pass(10);
  assert.equal(world.swarm.picture(), ['classpad-a-r2-web 1']);
  assert.not.match(world.says('pad-1'), /from outside/);
});

const HANDS: readonly (readonly [what: string, hand: (swarm: VirtualSwarm) => void, deed: RegExp])[] = [
  ['scaled', (swarm) => swarm.byHand('classpad-a-r1-web', { replicas: 7 }), /^rollBack classpad-a-r1-web$/],
  [
    'changed twice',
    (swarm) => {
      swarm.byHand('classpad-a-r1-web', { replicas: 7 });
      swarm.byHand('classpad-a-r1-web', { restart: 'no' });
    },
    /^update classpad-a-r1-web$/,
  ],
  ['removed', (swarm) => swarm.removeByHand('classpad-a-r1-web'), /^create classpad-a-r1-web$/],
];
for (const [what, hand, deed] of HANDS) {
  s(`a service that is ${what} by hand is put right, told, and ever more slowly`, async () => {
    const world = worldOf(['pad-1']);
    await released(world);
    hand(world.swarm);
    await world.pass(10);
    assert.equal(world.swarm.picture(), R1);
    assert.match(world.swarm.deeds.at(-1)!, deed);
    assert.match(world.says('pad-1'), /warn: a: web of revision 1 was (changed|removed) from outside/);
    assert.is(world.schedulers.get('pad-1')!.drifts().length, 1);
    for (let time = 0; time < 7; time++) {
      world.swarm.byHand('classpad-a-r1-db', { replicas: 3 });
      await world.pass(3);
    }
    assert.ok(world.swarm.deeds.filter((one) => one === 'rollBack classpad-a-r1-db').length < 6);
  });
}

/** How each kind of request is brought about, after revision 1 is there. */
const STORIES: Readonly<Record<'create' | 'update' | 'rollBack' | 'remove' | 'mark', (world: World) => void>> = {
  create: (world) => world.decide(wantedOf(rollingApp(r2, r1))),
  mark: (world) => world.decide(wantedOf(rollingApp(r2, r1))),
  update: ({ swarm }) => {
    swarm.byHand('classpad-a-r1-web', { replicas: 7 });
    swarm.byHand('classpad-a-r1-web', { restart: 'no' });
  },
  rollBack: ({ swarm }) => swarm.byHand('classpad-a-r1-web', { replicas: 7 }),
  remove: (world) => world.decide(wantedOf(activeApp(r2))),
};
const FAULTS: readonly (SwarmFault | 'killed before' | 'killed after')[] = [
  'refused',
  'lost',
  'wedged',
  'conflict',
  'killed before',
  'killed after',
];
for (const [verb, begin] of Object.entries(STORIES) as [keyof typeof STORIES, (world: World) => void][]) {
  for (const fault of FAULTS) {
    s(`${fault} at ${verb}: it converges, and makes nothing twice`, async () => {
      const world = worldOf(['pad-1']);
      await released(world);
      const isKill = fault === 'killed before' || fault === 'killed after';
      const struck = fault === 'killed before' ? 'wedged' : fault === 'killed after' ? 'lost' : fault;
      world.swarm.strike = { verb, fault: struck };
      begin(world);
      for (let time = 0; world.swarm.strike !== undefined && time < 300; time++) await world.pass(0.1);
      assert.is(world.swarm.strike, undefined, 'the fault came');
      if (isKill) world.restart('pad-1');
      await world.pass(300);
      const wanted = verb === 'remove' ? R2 : verb === 'create' || verb === 'mark' ? [...R1, ...R2] : R1;
      assert.equal(world.swarm.picture(), wanted);
      const creates = world.swarm.deeds.filter((deed) => deed.startsWith('create'));
      assert.is(new Set(creates).size, creates.length, creates.join(', '));
    });
  }
}

s('of three managers the elected one acts', async () => {
  const world = worldOf(['pad-1', 'pad-2', 'pad-3']);
  world.swarm.leader = 'pad-2';
  await released(world);
  assert.match(world.says('pad-2'), /create the service/);
  for (const name of ['pad-1', 'pad-3']) assert.not.match(world.says(name), /create the service/);
  assert.is(judge(activeApp(r1), world.found('pad-3'), world.nowMs()).is, 'healthy', 'all of them judge');
});

s('another stands in when it does not act, and two that act at once do not fight', async () => {
  const world = worldOf(['pad-1', 'pad-2', 'pad-3']);
  world.swarm.leader = 'a machine without a node';
  world.decide(wantedOf(activeApp(r1)));
  await world.pass(10);
  assert.equal(world.swarm.picture(), []);
  await world.pass(20);
  assert.equal(world.swarm.picture(), R1);
  const creates = world.swarm.deeds.filter((deed) => deed.startsWith('create classpad-a-r1-web'));
  assert.ok(creates.length <= 2);
  const deeds = world.swarm.deeds.length;
  await world.pass(60);
  assert.is(world.swarm.deeds.length, deeds);
});

s('a manager whose copy of the ledger is behind leaves all as it is, elected or not', async () => {
  const world = worldOf(['pad-1', 'pad-2']);
  await released(world);
  world.swarm.leader = 'pad-2';
  world.decide(wantedOf(rollingApp(r2, r1)), ['pad-2']);
  await world.pass(10);
  world.decide(wantedOf(activeApp(r1)), ['pad-2']);
  await world.pass(20);
  assert.equal(world.swarm.picture(), R1, 'revision 2 was rolled back, as pad-2 knows');
  const behind = world.schedulers.get('pad-1')!;
  world.decide(wantedOf(rollingApp(r2, r1)), ['pad-1']);
  world.swarm.leader = 'pad-1';
  await world.pass(60);
  assert.equal(world.swarm.picture(), R1);
  assert.match(
    String(behind.fault()),
    /another manager acts by block \d+, and this copy of the ledger ends with \d+: it must catch up/,
  );
});

s('an app of which the site has a revision that this copy does not know is left alone', async () => {
  const world = worldOf(['pad-1']);
  world.decide(wantedOf(activeApp(r2)));
  await world.pass(10);
  world.decide({ apps: [activeApp(r1)], latest: new Map([['a', 1]]) });
  await world.pass(60);
  assert.equal(world.swarm.picture(), R2);
});

s.run();
