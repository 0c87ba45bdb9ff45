import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoundContainer } from '../../../runtime/ports/index.ts';
import { stepText } from '../../../runtime/reconcile/execute.ts';
import type { Found } from '../../../runtime/reconcile/found.ts';
import { plan } from '../../../runtime/reconcile/plan.ts';
import type { Wanted } from '../../../runtime/reconcile/wanted.ts';
import { activeApp, DEVICE, foreign, foundOf, picture, revisionOf, rollingApp, wantedOf } from '../../support/model-engine.ts';

const s = suite('reconcile/plan');
const NOW = 1_000_000;

const a1 = revisionOf('a', 1);
const a2 = revisionOf('a', 2);
const a3 = revisionOf('a', 3);
const b1 = revisionOf('b', 1);
const open = revisionOf('a', 1, { web: { image: 'a:1', ports: [80] } });
const job = revisionOf('a', 1, { job: { image: 'a:1', restart: 'on-failure' } });
const once = revisionOf('a', 1, { job: { image: 'a:1', restart: 'no' } });
const pair = revisionOf('a', 1, {
  db: { image: 'db:1', healthcheck: { test: ['CMD', 'check'] } },
  web: { image: 'web:1', dependsOn: { db: 'healthy' } },
});
const started = revisionOf('a', 1, { db: { image: 'db:1' }, web: { image: 'web:1', dependsOn: { db: 'started' } } });
const trio = revisionOf('a', 1, { web: { image: 'a:1', replicas: 3 } });
const still1 = revisionOf('a', 1, { web: { image: 'a:1', ports: [80], order: 'stop-first' } });
const still2 = revisionOf('a', 2, { web: { image: 'a:2', ports: [80], order: 'stop-first' } });
const refused = { ...a2, containers: [], refusal: 'the manifest is refused' };

const one = (container: FoundContainer, over: Partial<FoundContainer>) => ({ ...container, ...over });
const another = foundOf(a1, { labels: { ...foundOf(a1).labels, 'io.classpad.spec': '1:00' } });
const older = foundOf(a1, { labels: { ...foundOf(a1).labels, 'io.classpad.spec': '0:00' } });
const config = {
  command: [],
  entrypoint: [],
  environment: {},
  user: '',
  readOnly: false,
  memoryBytes: 0,
  nanoCpus: 0,
  oddities: [],
};
const known = (found: Found): Found => ({ ...found, known: new Map([['classpad-tablet-a-r1-web-1', foundOf(a1).id]]) });
const healed = { failures: 1, retryAtMs: NOW + 500, code: 'healed', sentence: 'so' } as const;
const soon = { failures: 1, retryAtMs: NOW + 500, code: 'failed', sentence: 'no' } as const;

const rows: [name: string, wanted: Wanted, found: Found, steps: string[]][] = [
  ['nothing wanted, nothing found', wantedOf(), picture([]), []],
  ['an image is pulled first', wantedOf(activeApp(a1)), picture([]), ['pull a:1']],
  ['then the container is created', wantedOf(activeApp(a1)), picture([], ['a:1']), ['create a-r1-web-1']],
  ['then started', wantedOf(activeApp(a1)), picture([foundOf(a1, { state: 'created' })]), ['start a-r1-web-1']],
  ['then awaited', wantedOf(activeApp(a1)), picture([foundOf(a1, { health: 'starting' })]), ['wait for web to become healthy']],
  ['then left alone', wantedOf(activeApp(a1)), picture([foundOf(a1)]), []],
  [
    'without a check it settles',
    wantedOf(activeApp(open)),
    picture([foundOf(open, { health: 'none', startedAtMs: NOW - 10 })]),
    ['wait for web to settle'],
  ],
  ['and is left alone', wantedOf(activeApp(open)), picture([foundOf(open, { health: 'none', startedAtMs: NOW - 5000 })]), []],
  ['foreign containers are not seen', wantedOf(), picture(foreign), []],

  ['rolling out: the old one stays', wantedOf(rollingApp(a2, a1)), picture([foundOf(a1)], ['a:2']), ['create a-r2-web-1']],
  ['and stays when the new one is healthy', wantedOf(rollingApp(a2, a1)), picture([foundOf(a1), foundOf(a2)]), []],
  [
    'and is healed meanwhile',
    wantedOf(rollingApp(a2, a1)),
    picture([foundOf(a1, { state: 'exited' }), foundOf(a2)]),
    ['start a-r1-web-1'],
  ],
  ['active: the old one goes', wantedOf(activeApp(a2)), picture([foundOf(a1), foundOf(a2)]), ['stop a-r1-web-1']],
  [
    'and is removed once down',
    wantedOf(activeApp(a2)),
    picture([foundOf(a1, { state: 'exited' }), foundOf(a2)]),
    ['remove a-r1-web-1'],
  ],
  [
    'active but not yet healthy here: it stays',
    wantedOf(activeApp(a2)),
    picture([foundOf(a1), foundOf(a2, { health: 'starting' })]),
    ['wait for web to become healthy'],
  ],
  [
    'an old one that is down serves nobody',
    wantedOf(activeApp(a2)),
    picture([foundOf(a1, { state: 'exited' })], ['a:2']),
    ['create a-r2-web-1', 'remove a-r1-web-1'],
  ],
  [
    'nor does an unhealthy one',
    wantedOf(activeApp(a2)),
    picture([foundOf(a1, { health: 'unhealthy' })], ['a:2']),
    ['create a-r2-web-1', 'stop a-r1-web-1'],
  ],
  [
    'rolled back: the new one goes',
    wantedOf(activeApp(a1)),
    picture([foundOf(a1), foundOf(a2, { health: 'unhealthy' })]),
    ['stop a-r2-web-1'],
  ],
  ['rolled back with nothing to return to', wantedOf(), picture([foundOf(a1)]), ['stop a-r1-web-1']],
  [
    'two revisions back, while the next rolls out',
    wantedOf(rollingApp(a3, a2)),
    picture([foundOf(a1), foundOf(a2)], ['a:3']),
    ['create a-r3-web-1', 'stop a-r1-web-1'],
  ],
  [
    'a refused manifest runs nothing and stops nothing',
    wantedOf({ app: 'a', phase: 'active', current: refused }),
    picture([foundOf(a1)]),
    [],
  ],

  ['an unwanted app goes', wantedOf(activeApp(a1)), picture([foundOf(a1), foundOf(b1)]), ['stop b-r1-web-1']],
  ['unless the ledger is behind', { apps: [], latest: new Map() }, picture([foundOf(b1)]), []],
  [
    'a revision the ledger has not reached stays',
    { ...wantedOf(activeApp(a1)), latest: new Map([['a', 1]]) },
    picture([foundOf(a1), foundOf(a2)]),
    [],
  ],

  ['another container under our name is replaced', wantedOf(activeApp(a1)), picture([another]), ['stop a-r1-web-1']],
  ['one hashed by an older rule is kept', wantedOf(activeApp(a1)), picture([older]), []],
  ['a dead one is removed', wantedOf(activeApp(a1)), picture([foundOf(a1, { state: 'dead' })]), ['remove a-r1-web-1']],
  [
    'a stopped one is started again',
    wantedOf(activeApp(a1)),
    picture([foundOf(a1, { state: 'exited', exitCode: 0 })]),
    ['start a-r1-web-1'],
  ],
  ['a finished job stays finished', wantedOf(activeApp(job)), picture([foundOf(job, { state: 'exited', exitCode: 0 })]), []],
  [
    'a failed job is started again',
    wantedOf(activeApp(job)),
    picture([foundOf(job, { state: 'exited', exitCode: 1 })]),
    ['start a-r1-job-1'],
  ],
  ['restart: no is taken at its word', wantedOf(activeApp(once)), picture([foundOf(once, { state: 'exited', exitCode: 1 })]), []],

  ['images of all services are pulled at once', wantedOf(activeApp(pair)), picture([]), ['pull db:1', 'pull web:1']],
  [
    'what is depended on comes first',
    wantedOf(activeApp(pair)),
    picture([], ['db:1', 'web:1']),
    ['create a-r1-db-1', 'wait for db to be healthy, for web'],
  ],
  [
    'and must be healthy',
    wantedOf(activeApp(pair)),
    picture([foundOf(pair, { health: 'starting' })], ['web:1']),
    ['wait for db to become healthy', 'wait for db to be healthy, for web'],
  ],
  ['then the other follows', wantedOf(activeApp(pair)), picture([foundOf(pair)], ['web:1']), ['create a-r1-web-1']],
  [
    'or only started',
    wantedOf(activeApp(started)),
    picture([foundOf(started, { health: 'none', startedAtMs: NOW })], ['web:1']),
    ['wait for db to settle', 'create a-r1-web-1'],
  ],
  ['replicas', wantedOf(activeApp(trio)), picture([foundOf(trio)], ['a:1']), ['create a-r1-web-2', 'create a-r1-web-3']],
  ['their image is pulled once', wantedOf(activeApp(trio)), picture([]), ['pull a:1']],

  [
    'stop-first: the old one serves while the image comes',
    wantedOf(rollingApp(still2, a1)),
    picture([foundOf(a1)]),
    ['pull a:2'],
  ],
  ['and while the new one is made', wantedOf(rollingApp(still2, a1)), picture([foundOf(a1)], ['a:2']), ['create a-r2-web-1']],
  [
    'then it ends',
    wantedOf(rollingApp(still2, a1)),
    picture([foundOf(a1), foundOf(still2, { state: 'created' })]),
    ['wait for another revision of web to end', 'stop a-r1-web-1'],
  ],
  [
    'and the new one starts',
    wantedOf(rollingApp(still2, a1)),
    picture([foundOf(a1, { state: 'exited' }), foundOf(still2, { state: 'created' })]),
    ['start a-r2-web-1', 'remove a-r1-web-1'],
  ],
  ['the old one rests', wantedOf(rollingApp(still2, a1)), picture([foundOf(still2)], ['a:1']), []],
  [
    'rolled back: the new one ends before the old one starts',
    wantedOf(activeApp(a1)),
    picture([foundOf(still2), foundOf(a1, { state: 'created' })]),
    ['wait for another revision of web to end', 'stop a-r2-web-1'],
  ],
  [
    'and it does not end for one that cannot be made',
    wantedOf(activeApp(still1)),
    picture([foundOf(still2)], [], [['a:1', soon]]),
    ['wait for another try: no'],
  ],
  [
    'what others need ends after them',
    wantedOf(),
    picture([foundOf(pair), foundOf(pair, { health: 'none' }, 1)]),
    ['stop a-r1-web-1'],
  ],
  [
    'and then itself',
    wantedOf(),
    picture([foundOf(pair), foundOf(pair, { state: 'exited' }, 1)]),
    ['stop a-r1-db-1', 'remove a-r1-web-1'],
  ],
  [
    'drift: changed',
    wantedOf(activeApp(a1)),
    picture([foundOf(a1, { config: { ...config, memoryBytes: 1 } })]),
    ['stop a-r1-web-1'],
  ],
  ['as it should be', wantedOf(activeApp(a1)), picture([foundOf(a1, { config })]), []],
  [
    'drift again: it waits',
    wantedOf(activeApp(a1)),
    picture([another], [], [['heal classpad-tablet-a-r1-web-1', healed]]),
    ['wait for another heal: web of revision 1 was changed from outside (its spec); it is made anew'],
  ],
  [
    'but not when it is down already',
    wantedOf(activeApp(a1)),
    picture([one(another, { state: 'exited' })], [], [['heal classpad-tablet-a-r1-web-1', healed]]),
    ['remove a-r1-web-1'],
  ],
  ['drift: removed', wantedOf(activeApp(a1)), known(picture([], ['a:1'])), ['create a-r1-web-1']],
  [
    'removed again: it waits',
    wantedOf(activeApp(a1)),
    known(picture([], ['a:1'], [['heal classpad-tablet-a-r1-web-1', healed]])),
    ['wait for another heal: web of revision 1 was removed from outside; it is made again'],
  ],
  [
    'drift: stopped again, it waits',
    wantedOf(activeApp(a1)),
    picture([foundOf(a1, { state: 'exited', exitCode: 137 })], [], [['heal classpad-tablet-a-r1-web-1', healed]]),
    ['wait for another heal: web of revision 1 was stopped (exit code 137); it is started again'],
  ],
  ['drift: unhealthy', wantedOf(activeApp(a1)), picture([foundOf(a1, { health: 'unhealthy' })]), ['restart a-r1-web-1']],
  [
    'unhealthy again: it waits',
    wantedOf(activeApp(a1)),
    picture([foundOf(a1, { health: 'unhealthy' })], [], [['heal classpad-tablet-a-r1-web-1', healed]]),
    ['wait for another heal: web of revision 1 fails its health check; it is restarted'],
  ],
  ['unhealthy while it rolls out is a vote', wantedOf(rollingApp(a1)), picture([foundOf(a1, { health: 'unhealthy' })]), []],
  ['what may end by itself is not restarted', wantedOf(activeApp(once)), picture([foundOf(once, { health: 'unhealthy' })]), []],
  ['after a failure it waits', wantedOf(activeApp(a1)), picture([], [], [['a:1', soon]]), ['wait for another try: no']],
  ['until its time', wantedOf(activeApp(a1)), picture([], [], [['a:1', { ...soon, retryAtMs: NOW }]]), ['pull a:1']],
  [
    'another app does not wait',
    wantedOf(activeApp(a1), activeApp(b1)),
    picture([], [], [['a:1', soon]]),
    ['wait for another try: no', 'pull b:1'],
  ],
  [
    'what will not stop is removed by force',
    wantedOf(),
    picture([foundOf(a1)], [], [['stop classpad-tablet-a-r1-web-1', { ...soon, failures: 3, retryAtMs: 0 }]]),
    ['remove a-r1-web-1'],
  ],
];

for (const [name, wanted, found, steps] of rows) {
  s(name, () =>
    assert.equal(
      plan(wanted, found, NOW).map((step) => stepText(step, DEVICE)),
      steps,
    ),
  );
}

s('one that has just lost its route goes when its last requests are answered', () => {
  const found = { ...picture([foundOf(a1)]), draining: new Map([[foundOf(a1).id, NOW + 500]]) };
  const [waiting] = plan(wantedOf(), found, NOW);
  assert.equal(waiting, {
    do: 'wait',
    app: 'a',
    waitingFor: 'the last requests of classpad-tablet-a-r1-web-1 to be answered',
    untilMs: NOW + 500,
  });
  assert.is(plan(wantedOf(), found, NOW + 500)[0]?.do, 'stop');
});

s('steps that put right say what', () => {
  const heals = (found: Found) => plan(wantedOf(activeApp(a1)), found, NOW).map((step) => step.heals?.what);
  assert.equal(heals(picture([], ['a:1'])), [undefined], 'never there before');
  assert.equal(heals(known(picture([], ['a:1']))), ['removed']);
  assert.equal(heals(known(picture([foundOf(a1, { state: 'dead' })]))), ['removed'], 'it is being removed');
  assert.equal(heals(known(picture([one(another, { id: 'other' })]))), ['replaced']);
  assert.equal(heals(known(picture([another]))), ['changed']);
  assert.equal(heals(picture([foundOf(a1, { state: 'exited', exitCode: 137 })])), ['stopped']);
  assert.equal(heals(picture([foundOf(a1, { state: 'exited', exitCode: 0 })])), ['stopped'], 'or it ended: nobody can tell');
  assert.equal(heals(picture([foundOf(a1, { state: 'exited', exitCode: 1, restartCount: 5 })])), [undefined], 'a crash loop');
  const loop = { failures: 2, retryAtMs: 0, code: 'crashed', sentence: 'it ended by itself' } as const;
  const ended = picture([foundOf(a1, { state: 'exited', exitCode: 0 })], [], [['classpad-tablet-a-r1-web-1', loop]]);
  assert.equal(heals(ended), [undefined], 'it ends again and again');
});

s('the grace period is the one the release wrote, known even when the release is gone', () => {
  const patient = revisionOf('a', 1, { web: { image: 'a:1', stopGraceMs: 2500 } });
  const [step] = plan(wantedOf(), picture([foundOf(patient)]), NOW);
  assert.is(step?.do === 'stop' && step.graceMs, 2500);
  const odd = one(foundOf(patient), { labels: { ...foundOf(patient).labels, 'io.classpad.stop-grace-ms': '-1' } });
  const [other] = plan(wantedOf(), picture([odd]), NOW);
  assert.is(other?.do === 'stop' && other.graceMs, 10_000);
});

s.run();
