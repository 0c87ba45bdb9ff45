import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoundContainer } from '../../../runtime/ports/index.ts';
import type { Setback } from '../../../runtime/reconcile/found.ts';
import { healthOf, judge } from '../../../runtime/reconcile/judge.ts';
import type { Revision } from '../../../runtime/reconcile/wanted.ts';
import { foundOf, picture, revisionOf, rollingApp } from '../../support/model-engine.ts';

const s = suite('reconcile/judge');
const NOW = 1_000_000;

const checked = revisionOf('a', 1);
const open = revisionOf('a', 1, { web: { image: 'a:1', ports: [80] } });
const silent = revisionOf('a', 1, { web: { image: 'a:1', healthcheck: { test: ['NONE'] } } });
const job = revisionOf('a', 1, { web: { image: 'a:1', restart: 'on-failure' } });
const once = revisionOf('a', 1, { web: { image: 'a:1', restart: 'no' } });
const limited = revisionOf('a', 1, { web: { image: 'a:1', memoryBytes: 32 * 1024 * 1024 } });
const refused: Revision = { ...checked, containers: [], refusal: 'the manifest is refused: so' };

const setback = (over: Partial<Setback>): Setback => ({
  failures: 1,
  retryAtMs: 0,
  code: 'failed',
  sentence: 'the engine said no',
  ...over,
});
const NAME = 'classpad-tablet-a-r1-web-1';

type Row = [
  name: string,
  revision: Revision,
  container: Partial<FoundContainer> | undefined,
  health: string,
  said?: string,
  setbacks?: [string, Setback][],
];

const rows: Row[] = [
  ['healthy', checked, {}, 'healthy'],
  ['not there', checked, undefined, 'absent', 'web to start'],
  ['created', checked, { state: 'created' }, 'starting', 'web to start'],
  ['starting', checked, { health: 'starting' }, 'starting', 'web to become healthy'],
  ['unhealthy', checked, { health: 'unhealthy' }, 'unhealthy', 'web: its health check fails'],
  ['a check the engine does not know of yet', checked, { health: 'none' }, 'starting', 'web to become healthy'],
  ['unchecked, just started', open, { health: 'none', startedAtMs: NOW - 100 }, 'starting', 'web to settle'],
  ['unchecked, settled', open, { health: 'none', startedAtMs: NOW - 5000 }, 'healthy'],
  ['unchecked, by an engine whose clock is ahead', open, { health: 'none', startedAtMs: NOW + 3_600_000 }, 'healthy'],
  ['check switched off', silent, { health: 'none', startedAtMs: 0 }, 'healthy'],
  ['restarting once', checked, { state: 'restarting', restartCount: 1 }, 'starting', 'web to come back'],
  [
    'restarting again and again',
    checked,
    { state: 'restarting', restartCount: 3, exitCode: 7 },
    'unhealthy',
    'web: it crashed 3 times in a row, last with exit code 7',
  ],
  [
    'killed again and again for its memory',
    limited,
    { state: 'restarting', restartCount: 3, outOfMemory: true },
    'unhealthy',
    'web: it crashed 3 times in a row, last for more memory than its limit of 32 MiB',
  ],
  [
    'killed once for the memory of all, and not to be restarted',
    once,
    { state: 'exited', exitCode: 137, outOfMemory: true },
    'unhealthy',
    'web: it ended, last because the device had no memory left',
  ],
  [
    'running between two crashes',
    open,
    { health: 'none', restartCount: 4, startedAtMs: NOW - 500 },
    'unhealthy',
    'web: it crashed 4 times in a row',
  ],
  ['running long after its crashes', open, { health: 'none', restartCount: 4, startedAtMs: NOW - 60_000 }, 'healthy'],
  ['ended once', checked, { state: 'exited', exitCode: 1 }, 'starting', 'web to start'],
  [
    'ended, started again, ended',
    checked,
    { state: 'exited', exitCode: 1, restartCount: 1 },
    'unhealthy',
    'web: it crashed 3 times in a row, last with exit code 1',
    [[NAME, setback({ code: 'crashed', failures: 2 })]],
  ],
  ['a finished job', job, { state: 'exited', exitCode: 0 }, 'healthy'],
  ['a failed job', once, { state: 'exited', exitCode: 2 }, 'unhealthy', 'web: it ended, last with exit code 2'],
  ['a dead one', checked, { state: 'dead' }, 'starting', 'web to be replaced'],
  [
    'no such image',
    checked,
    undefined,
    'unhealthy',
    'web: no such image',
    [['a:1', setback({ code: 'no-image', sentence: 'no such image' })]],
  ],
  ['a pull that failed once', checked, undefined, 'absent', 'web to start', [['a:1', setback({})]]],
  ['a pull that fails always', checked, undefined, 'unhealthy', 'web: the engine said no', [['a:1', setback({ failures: 5 })]]],
  [
    'an engine that is away',
    checked,
    undefined,
    'absent',
    'web to start',
    [['a:1', setback({ failures: 9, code: 'unreachable' })]],
  ],
  [
    'a container that will not start',
    checked,
    { state: 'created' },
    'unhealthy',
    'web: the engine said no',
    [[NAME, setback({ failures: 5 })]],
  ],
  [
    'a spec the engine refuses',
    checked,
    undefined,
    'unhealthy',
    'web: refused',
    [[NAME, setback({ code: 'refused', sentence: 'refused' })]],
  ],
  [
    'another container under our name',
    checked,
    { labels: { ...foundOf(checked).labels, 'io.classpad.spec': '1:00' } },
    'starting',
    'web to be replaced',
  ],
  ['a refused manifest', refused, undefined, 'unhealthy', 'the manifest is refused: so'],
];

for (const [name, revision, container, health, said, setbacks] of rows) {
  s(name, () => {
    const found = picture(
      container ? [foundOf(revision.containers.length > 0 ? revision : checked, container)] : [],
      [],
      setbacks,
    );
    const verdict = judge(rollingApp(revision), found, NOW);
    assert.is(healthOf(revision, found, NOW), health);
    assert.is(verdict.is, health === 'healthy' || health === 'unhealthy' ? health : 'undecided');
    assert.is(verdict.is === 'unhealthy' ? verdict.reason : verdict.is === 'undecided' ? verdict.waitingFor : undefined, said);
  });
}

s('the end of the window makes undecided unhealthy, and healthy stays healthy', () => {
  const app = { ...rollingApp(checked), deadlineMs: NOW };
  const starting = picture([foundOf(checked, { health: 'starting' })]);
  assert.equal(judge(app, starting, NOW - 1), { is: 'undecided', waitingFor: 'web to become healthy', untilMs: NOW });
  assert.equal(judge(app, starting, NOW), {
    is: 'unhealthy',
    reason: 'the health window ended while waiting for web to become healthy',
  });
  assert.equal(judge(app, picture([foundOf(checked)]), NOW), { is: 'healthy' });
});

s('one bad service makes the whole revision bad', () => {
  const pair = revisionOf('a', 1, { db: { image: 'db:1' }, web: { image: 'web:1' } });
  const found = picture([foundOf(pair), foundOf(pair, { health: 'unhealthy' }, 1)]);
  assert.equal(judge(rollingApp(pair), found, NOW), { is: 'unhealthy', reason: 'web: its health check fails' });
});

s.run();
