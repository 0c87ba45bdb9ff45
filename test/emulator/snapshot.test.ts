import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReleaseView } from '../../emulator/feed.ts';
import { type BoardPicture, buildSnapshot, extendTrace, type WorldPicture } from '../../emulator/snapshot.ts';
import type { DeviceState, NodeStatus, ReleaseStatus } from '../../runtime/node.ts';

const test = suite('emulator/snapshot');

function status(state: DeviceState, release?: Partial<ReleaseStatus>, block = 7): NodeStatus {
  const full = { app: 'hello', revision: 1, phase: 'active', health: 'healthy' as const, ...release };
  return {
    name: 'pad-01',
    address: '0xaa',
    state,
    head: { number: block, hash: '0x01', stateRoot: '0x02', timestamp: 1 },
    peers: ['pad-02'],
    releases: release ? [full] : [],
    steps: [],
    drifts: [],
    screen: ['hello'],
  };
}

function board(given: NodeStatus | undefined, fault?: string): BoardPicture {
  return {
    name: 'pad-01',
    address: '0xaa',
    proxyUrl: 'http://127.0.0.1:4401/',
    sequencer: true,
    status: given,
    fault,
    trace: [],
    powered: given !== undefined || fault !== undefined,
    cable: 'linked',
    group: 0,
    memoryBytes: 1,
    battery: undefined,
    skewMs: 0,
  };
}

function world(boards: readonly BoardPicture[], release?: Partial<ReleaseView>): WorldPicture {
  const full = { app: 'hello', revision: 1, phase: 'active', healthyVotes: 0, unhealthyVotes: 0, quorum: 2, voters: 2 };
  return {
    clock: { elapsedMs: 5, paused: false, speed: 1 },
    revisions: [],
    trunks: [],
    delays: { sites: [], trunks: [] },
    broken: [],
    samples: [],
    head: { number: 7, hash: '0x01', timestamp: 1 },
    release: release && { ...full, ...release },
    boards,
    rows: [],
  };
}

const r1 = board(status('healthy', {}));
const toR2 = board(status('changing', { revision: 2, phase: 'rolling out', previous: 1 }));
const badR2 = board(status('failed', { revision: 2, phase: 'rolling out', previous: 1, vote: 'unhealthy' }));
const r2 = { revision: 2, unhealthyVotes: 2 };

const verdicts: [name: string, picture: WorldPicture, state: string, sentence: string, detail: string][] = [
  [
    'nothing yet',
    world([board(status('healthy')), board(status('healthy'))]),
    'healthy',
    'Nothing is released yet',
    '2 of 2 devices follow the ledger',
  ],
  [
    'nobody is up yet',
    world([board(undefined), board(undefined)]),
    'offline',
    'Nothing is released yet',
    '0 of 2 devices follow the ledger',
  ],
  [
    'some are up',
    world([board(status('healthy')), board(undefined)]),
    'changing',
    'Nothing is released yet',
    '1 of 2 devices follow the ledger',
  ],
  [
    'proposed',
    world([r1, r1], { revision: 2, phase: 'proposed' }),
    'changing',
    'hello r2 waits for approval',
    'Operators decide; the devices keep what they run',
  ],
  [
    'rolling out',
    world([toR2, badR2], { ...r2, phase: 'rolling out', unhealthyVotes: 1 }),
    'changing',
    'Rolling out hello r2',
    '1 unhealthy of 2 votes; 2 healthy votes promote it, 1 unhealthy roll it back',
  ],
  [
    'before the first vote',
    world([toR2, r1], { ...r2, phase: 'rolling out', unhealthyVotes: 0 }),
    'changing',
    'Rolling out hello r2',
    'No votes yet, 2 can vote; 2 healthy votes promote it, 1 unhealthy roll it back',
  ],
  [
    'rolling back',
    world([r1, badR2], { ...r2, phase: 'rolled back' }),
    'changing',
    'Rolling back hello r2 to r1',
    '2 unhealthy of 2 votes; 1 of 2 devices are back',
  ],
  [
    'rolled back',
    world([r1, r1], { ...r2, phase: 'rolled back' }),
    'healthy',
    'hello r2 was rolled back to r1',
    '2 unhealthy of 2 votes; 2 of 2 devices are back',
  ],
  ['active', world([r1, r1], { healthyVotes: 2 }), 'healthy', 'hello r1 runs on all 2 devices', '2 healthy of 2 votes'],
  [
    'active, one still on its way',
    world([r1, toR2], { healthyVotes: 2 }),
    'changing',
    'hello r1 runs on 1 of 2 devices',
    '2 healthy of 2 votes',
  ],
  [
    'too few reach each other',
    world([toR2, { ...r1, group: 1 }], { ...r2, phase: 'rolling out', unhealthyVotes: 0 }),
    'failed',
    'Nobody can decide: 1 of 2 reachable, 2 needed',
    'hello r2 stays where it is: No votes yet, 2 can vote',
  ],
  [
    'the world stopped',
    { ...world([r1]), clock: { elapsedMs: 5, paused: false, speed: 1, crashed: 'two heads at block 7' } },
    'failed',
    'The world stopped',
    'two heads at block 7',
  ],
  ['a stopped device comes first', world([r1, board(undefined, 'it leaked')], {}), 'failed', 'pad-01 stopped', 'it leaked'],
];

for (const [name, picture, state, sentence, detail] of verdicts) {
  test(`verdict: ${name}`, () => {
    assert.equal(buildSnapshot(picture).verdict, { state, sentence, detail });
  });
}

const devices: [name: string, board: BoardPicture, state: string, stateText: string, release: string, revision: number][] = [
  ['fresh', board(status('healthy')), 'healthy', 'ready', '', 0],
  ['healthy', r1, 'healthy', 'healthy', 'hello r1', 1],
  ['rolling out', toR2, 'changing', 'rolling out', 'hello r2', 2],
  ['failed', badR2, 'failed', 'unhealthy', 'hello r2', 2],
  ['rolling back', board(status('changing', { previous: 2 })), 'changing', 'rolling back', 'hello r1', 1],
  ['cut off', board(status('offline', {})), 'offline', 'cut off', 'hello r1', 1],
  ['without power', board(undefined), 'offline', 'no power', '', 0],
  ['stopped', board(undefined, 'it spun'), 'failed', 'stopped', '', 0],
];

for (const [name, picture, state, stateText, release, revision] of devices) {
  test(`device: ${name}`, () => {
    const view = buildSnapshot(world([picture])).devices[0]!;
    assert.equal([view.state, view.stateText, view.release, view.revision], [state, stateText, release, revision]);
  });
}

test('the vote stands with the device', () => {
  assert.is(buildSnapshot(world([badR2])).devices[0]!.vote, 'unhealthy');
  assert.is(buildSnapshot(world([r1])).devices[0]!.vote, undefined);
});

test('a trace grows only where something changed', () => {
  const steps = [status('healthy', {}, 3), status('healthy', {}, 4), status('changing', { revision: 2 }, 5), undefined];
  let trace = extendTrace([], undefined);
  for (const step of steps) trace = extendTrace(trace, step);
  assert.equal(trace, [
    { block: 0, revision: 0, state: 'offline' },
    { block: 3, revision: 1, state: 'healthy' },
    { block: 5, revision: 2, state: 'changing' },
    { block: 5, revision: 0, state: 'offline' },
  ]);
});

test('a trace keeps its last hundred points', () => {
  let trace = extendTrace([], undefined);
  for (let block = 1; block <= 250; block += 1) trace = extendTrace(trace, status('healthy', { revision: block }, block));
  assert.is(trace.length, 100);
  assert.is(trace[99]!.revision, 250);
});

test.run();
