import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FoundTask, Label } from '../../../runtime/ports/index.ts';
import { conditionOf } from '../../../runtime/reconcile/condition.ts';
import { routeOf } from '../../../runtime/reconcile/labels.ts';
import { toContainers } from '../../../runtime/swarm/found.ts';
import { toServices } from '../../../runtime/swarm/spec.ts';
import { DEVICE, revisionOf } from '../../support/model-engine.ts';

const s = suite('swarm/found');
const NOW = 1_000_000;
const checked = revisionOf('a', 1);
const unchecked = revisionOf('a', 1, { web: { image: 'a:1', ports: [80] } });

let count = 0;
const task = (state: FoundTask['state'], over: Partial<FoundTask> = {}): FoundTask => {
  count++;
  const isWanted = state === 'waiting' || state === 'starting' || state === 'running';
  const times = { sinceMs: NOW - 60_000, createdAtMs: NOW - 60_000 + count };
  return { id: `t${count}`, slot: 1, isWanted, state, isHere: true, containerId: `c${count}`, ...times, ...over };
};
const absent = { containerId: '', error: 'No such image: a:1' };
const crash = () => task('ended', { exitCode: 1 });

const rows: readonly [what: string, revision: typeof checked, tasks: readonly FoundTask[], condition: string][] = [
  ['no task yet', checked, [], 'pending: web to start'],
  ['a task that waits for its place', checked, [task('waiting')], 'pending: web to start'],
  ['one that starts', checked, [task('starting')], 'pending: web to become healthy'],
  ['one that runs: its check has passed, for so a Swarm has it', checked, [task('running')], 'good'],
  ['without a check it settles', unchecked, [task('running', { sinceMs: NOW - 100 })], 'pending: web to settle'],
  ['and is good then', unchecked, [task('running')], 'good'],
  [
    'one whose check failed is ended by the Swarm',
    checked,
    [task('ended'), task('starting')],
    'bad: web: its health check fails',
  ],
  ['it came up at the second try', checked, [task('ended'), task('running')], 'good'],
  ['one crash is not the end', unchecked, [crash(), task('starting')], 'pending: web to come back'],
  ['three are', unchecked, [crash(), crash(), crash(), task('waiting')], 'bad: web: it crashed 3 times in a row'],
  ['one that starts, without a check', unchecked, [task('starting')], 'pending: web to start'],
  [
    'three are, once it runs again',
    unchecked,
    [crash(), crash(), crash(), task('running', { sinceMs: NOW - 100 })],
    'bad: web: it crashed 3 times in a row',
  ],
  [
    'an image that is nowhere',
    unchecked,
    [task('ended', absent), task('waiting', { containerId: '' })],
    'bad: web: No such image: a:1',
  ],
  ['one that was moved away leaves no trace', checked, [task('stopped'), task('running', { slot: 3 })], 'good'],
];
for (const [what, revision, tasks, expected] of rows) {
  s(what, () => {
    const { spec } = toServices(revision, DEVICE)[0]!;
    const { name, container } = spec;
    const service = { id: 's', name, version: 1, image: 'a:1', labels: container.labels, isPreviousWanted: false, tasks };
    const found = { ...toContainers([service], DEVICE), images: new Set<string>() };
    const condition = conditionOf(revision.containers[0]!, found, NOW);
    const more = condition.is === 'pending' ? `: ${condition.waitingFor}` : condition.is === 'bad' ? `: ${condition.reason}` : '';
    assert.is(`${condition.is}${more}`, expected);
  });
}

s('only what runs on this device has a route here', () => {
  const { spec } = toServices(revisionOf('a', 1, { web: { image: 'a:1', ports: [80], replicas: 2 } }), DEVICE)[0]!;
  const tasks = [task('running', { isHere: false }), task('running', { slot: 2 })];
  const service = {
    id: 's',
    name: spec.name,
    version: 1,
    image: '',
    labels: spec.container.labels,
    isPreviousWanted: false,
    tasks,
  };
  const { containers } = toContainers([service], DEVICE);
  assert.equal(
    containers.map((one) => routeOf(one)?.port),
    [undefined, 80],
  );
  assert.equal(
    containers.map(({ labels }) => labels[Label.device]),
    [DEVICE, DEVICE],
  );
});

s.run();
