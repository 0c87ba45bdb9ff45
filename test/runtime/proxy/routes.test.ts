import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoundContainer } from '../../../runtime/ports/index.ts';
import { routedService } from '../../../runtime/proxy/routed.ts';
import { containersOf, routes } from '../../../runtime/proxy/routes.ts';
import type { WantedApp } from '../../../runtime/reconcile/wanted.ts';
import { activeApp, foreign, foundOf, picture, revisionOf, rollingApp, wantedOf } from '../../support/model-engine.ts';

const s = suite('proxy/routes');
const NOW = 1_000_000;

const a1 = revisionOf('a', 1);
const a2 = revisionOf('a', 2);
const a3 = revisionOf('a', 3);
const b1 = revisionOf('b', 1);
const check = { test: ['CMD', 'check'] };
const twins = revisionOf('a', 1, { web: { image: 'a:1', ports: [80], replicas: 2, healthcheck: check } });
const shop = (app: string) =>
  revisionOf(app, 1, {
    admin: { image: 'admin:1', ports: [81, 82], route: '/shop/admin', healthcheck: check },
    front: { image: 'front:1', ports: [80], route: '/shop', healthcheck: check },
    store: { image: 'store:1', expose: [5432], healthcheck: check },
  });
const mute = revisionOf('a', 2, { worker: { image: 'a:2', healthcheck: check } });
const still = revisionOf('a', 2, { web: { image: 'a:2', ports: [8080], order: 'stop-first', healthcheck: check } });
const all = (revision: ReturnType<typeof revisionOf>) => revision.containers.map((_, index) => foundOf(revision, {}, index));
const drifted = foundOf(a1, { labels: { ...foundOf(a1).labels, 'io.classpad.spec': '1:00' } });

const rows: [name: string, apps: WantedApp[], found: FoundContainer[], routes: string[]][] = [
  ['nothing', [], [], []],
  ['the only app is at home', [activeApp(a1)], [foundOf(a1)], ['/ a r1 web-1:8080']],
  ['stop-first: the old one answers while the new image comes', [rollingApp(still, a1)], [foundOf(a1)], ['/ a r1 web-1:8080']],
  ['and no more when it is to end', [rollingApp(still, a1)], [foundOf(a1), foundOf(still, { state: 'created' })], []],
  ['then the new one', [rollingApp(still, a1)], [foundOf(still)], ['/ a r2 web-1:8080']],
  [
    'two apps stand under their names',
    [activeApp(a1), activeApp(b1)],
    [foundOf(a1), foundOf(b1)],
    ['/a a r1 web-1:8080', '/b b r1 web-1:8080'],
  ],
  [
    'written routes, the longest first',
    [activeApp(shop('a'))],
    all(shop('a')),
    ['/shop/admin a r1 admin-1:81', '/shop a r1 front-1:80'],
  ],
  [
    'the second to claim a path keeps its name',
    [activeApp(shop('a')), activeApp(shop('b'))],
    [...all(shop('a')), ...all(shop('b'))],
    ['/shop/admin a r1 admin-1:81', '/shop a r1 front-1:80', '/b b r1 admin-1:81'],
  ],
  ['a service without ports has none', [activeApp(mute)], all(mute), []],
  ['an unwanted app has none', [activeApp(a1)], [foundOf(a1), foundOf(b1)], ['/ a r1 web-1:8080']],
  ['nobody else is routed to', [activeApp(a1)], [...foreign], []],

  [
    'rolling out: the old one answers',
    [rollingApp(a2, a1)],
    [foundOf(a1), foundOf(a2, { health: 'starting' })],
    ['/ a r1 web-1:8080'],
  ],
  ['as soon as the new one is healthy, it does', [rollingApp(a2, a1)], [foundOf(a1), foundOf(a2)], ['/ a r2 web-1:8080']],
  ['an unhealthy one never does while it rolls out', [rollingApp(a2)], [foundOf(a2, { health: 'unhealthy' })], []],
  [
    'what is healthy of a first one does',
    [rollingApp(twins)],
    [foundOf(twins), foundOf(twins, { health: 'starting' }, 1)],
    ['/ a r1 web-1:80'],
  ],
  ['nor a starting one', [rollingApp(a2)], [foundOf(a2, { health: 'starting' })], []],
  ['rolled back: the old one answers again', [activeApp(a1)], [foundOf(a1), foundOf(a2)], ['/ a r1 web-1:8080']],
  [
    'active and not yet healthy: whatever ran before',
    [activeApp(a3)],
    [foundOf(a1), foundOf(a2), foundOf(a3, { health: 'starting' })],
    ['/ a r2 web-1:8080'],
  ],
  ['nothing ran before, and it is to be restarted', [activeApp(a3)], [foundOf(a3, { health: 'unhealthy' })], []],
  ['what does not run has none', [activeApp(a1)], [foundOf(a1, { state: 'exited' })], []],
  ['another container under our name has none', [activeApp(a1)], [drifted], []],
  [
    'the healthy replica',
    [activeApp(twins)],
    [foundOf(twins, { health: 'unhealthy' }), foundOf(twins, {}, 1)],
    ['/ a r1 web-2:80'],
  ],
  ['equal replicas share', [activeApp(twins)], [foundOf(twins, {}, 1), foundOf(twins)], ['/ a r1 web-1+web-2:80']],
  [
    'a lesser replica has no share',
    [rollingApp(twins)],
    [foundOf(twins, {}, 1), foundOf(twins, { health: 'starting' })],
    ['/ a r1 web-2:80'],
  ],
];

for (const [name, apps, found, expected] of rows) {
  s(name, () => {
    const shown = routes(wantedOf(...apps), picture(found), NOW).map(
      (route) =>
        `${route.path} ${route.app} r${route.revision} ${containersOf(route)
          .map((id) => id.split(`-r${route.revision}-`)[1])
          .join('+')}:${route.port}`,
    );
    assert.equal(shown, expected);
  });
}

s('without a written route the first service by name that has ports answers', () => {
  assert.is(routedService({ web: { image: 'a', ports: [1] }, api: { image: 'a' }, gate: { image: 'a', ports: [2] } }), 'gate');
  assert.is(routedService({ web: { image: 'a', ports: [1] }, gate: { image: 'a', ports: [2], route: '/' } }), undefined);
  assert.is(routedService({ api: { image: 'a' } }), undefined);
});

s('between two restarts what fails its check still answers, if nothing else does', () => {
  const healed = { failures: 3, retryAtMs: NOW + 1, code: 'healed', sentence: 'so' } as const;
  const name = foundOf(a3).name;
  const found = picture([foundOf(a3, { health: 'unhealthy' })], [], [[`heal ${name}`, healed]]);
  assert.is(routes(wantedOf(activeApp(a3)), found, NOW).length, 1);
  assert.is(routes(wantedOf(activeApp(a3)), found, NOW + 1).length, 0);
});

s.run();
