import {
  DEFAULT_SETTINGS,
  type Insight,
  type Place,
  pageModel,
  type ReleaseEntry,
  type ScreenModel,
  screenModel,
  selfTestModel,
} from '../../runtime/display/index.ts';
import type { DeviceState, NodeStatus, ReleaseStatus } from '../../runtime/node.ts';

/** 2026-11-21 14:32 UTC. */
export const NOW_MS = Date.UTC(2026, 10, 21, 14, 32);

export const device = {
  name: 'pad-01',
  address: '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf',
  batteryPercent: () => 82,
  memory: () => ({ usedBytes: 11 * 1024 ** 2, totalBytes: 24 * 1024 ** 2 }),
} as const;

/** A release as a healthy device reports it, with changes. */
export function release(changes: Partial<ReleaseStatus> = {}): ReleaseStatus {
  return { app: 'hello', revision: 1, phase: 'active', health: 'healthy', vote: 'healthy', ...changes };
}

/** A node's status with the given state and releases. */
export function nodeStatus(
  state: DeviceState,
  releases: readonly ReleaseStatus[],
  changes: Partial<NodeStatus> = {},
): NodeStatus {
  const hash = `0x${'ab'.repeat(32)}` as const;
  return {
    name: device.name,
    address: device.address,
    state,
    head: { number: 1204, hash, stateRoot: hash, timestamp: NOW_MS / 1000 - 4 },
    peers: ['pad-02', 'pad-03', 'pad-04'],
    releases,
    steps: [],
    drifts: [],
    screen: [],
    ...changes,
  };
}

function modelOf(...args: Parameters<typeof nodeStatus>): ScreenModel {
  return screenModel(nodeStatus(...args), device, NOW_MS);
}

/** A revision as the ledger has it, with changes. */
export function entry(changes: Partial<ReleaseEntry> = {}): ReleaseEntry {
  return {
    app: 'hello',
    revision: 1,
    phase: 'active',
    approvals: 2,
    healthyVotes: 4,
    unhealthyVotes: 0,
    proposedAt: NOW_MS / 1000 - 900,
    startedAt: NOW_MS / 1000 - 840,
    decidedAt: NOW_MS / 1000 - 800,
    proposer: '0x6813eb9362372eef6200f3b1dbc3f819671cba69',
    releaseHash: `0x${'9c1f'.repeat(16)}`,
    isRunning: false,
    ...changes,
  };
}

const third = entry({ revision: 3, phase: 'proposed', approvals: 1, startedAt: 0, decidedAt: 0, healthyVotes: 0 });
const second = entry({ revision: 2, phase: 'rolled back', healthyVotes: 1, unhealthyVotes: 3 });
const first = entry({ isRunning: true });

/** What the pages show, with changes. */
export function insight(changes: Partial<Insight> = {}): Insight {
  return {
    chainId: 4400,
    makesBlocks: false,
    releases: () => [third, second, first],
    ballot: () => ({
      release: { ...second, phase: 'rolling out', decidedAt: 0, unhealthyVotes: 2 },
      voters: 4,
      needed: 3,
      mine: 'unhealthy',
      reason: 'web failed its health check 3 times: exit code 1',
      endsAtMs: NOW_MS + 41_000,
    }),
    log: () => LINES.map(([level, message], index) => ({ id: 40 - index, atMs: NOW_MS - index * 1700, level, message })),
    peers: () => ['pad-02', 'pad-03', 'pad-04'],
    about: () => [
      ['firmware', '0.1.0'],
      ['consensus', 'solo'],
      ['head', '1204'],
    ],
    ...changes,
  };
}

const LINES: [level: 'info' | 'warn' | 'error', message: string][] = [
  ['info', 'ledger: hello revision 2 is rolled back to revision 1: a healthy quorum can no longer be reached'],
  ['error', 'web of revision 2 is unhealthy: exit code 1'],
  ['warn', 'web of revision 2 was stopped (exit code 137); it is started again'],
  ['info', 'pull classpad/hello:2'],
];

function pageOf(place: Partial<Place> & Pick<Place, 'page'>, changes: Partial<Insight> = {}): ScreenModel {
  const sources = { status: nodeStatus('healthy', [release()]), device, nowMs: NOW_MS, settings: DEFAULT_SETTINGS };
  return pageModel({ cursor: 0, ...place }, { ...sources, insight: insight(changes) });
}

/** One model of every screen, for tables and for looking at. */
export const samples: Readonly<Record<string, ScreenModel>> = {
  'self-test': selfTestModel(
    device,
    '0.1.0',
    [
      { name: 'display', state: 'healthy', found: '320x528' },
      { name: 'keys', state: 'healthy', found: '7e5f 4552' },
      { name: 'store', state: 'healthy', found: 'block 1204' },
      { name: 'contract vm', state: 'healthy', found: 'Osaka' },
      { name: 'containers', state: 'changing', found: 'asking' },
      { name: 'ledger', state: 'offline', found: 'waiting' },
      { name: 'network', state: 'offline', found: 'waiting' },
    ],
    NOW_MS,
  ),
  empty: modelOf('healthy', []),
  stranger: modelOf('healthy', [], { isStranger: true }),
  unheard: modelOf('offline', [], { peers: [], isStranger: true }),
  'cannot work': modelOf('failed', [], { fault: 'the store is full: nothing new can be kept' }),
  'agreed fault': modelOf('failed', [release({ health: 'unhealthy', reason: 'the container engine does not answer' })]),
  status: modelOf('healthy', [release()]),
  'two apps': modelOf('healthy', [release(), release({ app: 'gateway', revision: 12 })]),
  'rolling out': modelOf(
    'changing',
    [release({ revision: 2, previous: 1, phase: 'rolling out', health: 'absent', vote: undefined as never })],
    { steps: ['pull classpad/hello:2'] },
  ),
  'rolling back': modelOf('changing', [release({ revision: 1, previous: 2, health: 'starting' })], {
    steps: ['start classpad-pad-01-hello-r1-web-0'],
  }),
  fault: modelOf('failed', [
    release({
      revision: 2,
      previous: 1,
      phase: 'rolling out',
      health: 'unhealthy',
      vote: 'unhealthy',
      reason: 'web failed its health check 3 times: exit code 1',
    }),
  ]),
  'short fault': modelOf('failed', [
    release({ revision: 2, phase: 'rolled back', health: 'unhealthy', vote: 'unhealthy', reason: 'Out of memory' }),
  ]),
  alone: modelOf('offline', [release()], { peers: [] }),
  menu: pageOf({ page: 'menu', cursor: 1 }),
  releases: pageOf({ page: 'releases', cursor: 1 }),
  'no releases': pageOf({ page: 'releases' }, { releases: () => [] }),
  release: pageOf({ page: 'release', item: 'hello r2' }),
  'proposed release': pageOf({ page: 'release', item: 'hello r3' }),
  votes: pageOf({ page: 'votes' }),
  'large vote': pageOf(
    { page: 'votes' },
    {
      ballot: () => ({
        release: entry({ phase: 'rolling out', healthyVotes: 31, unhealthyVotes: 4 }),
        voters: 100,
        needed: 51,
        mine: undefined,
        reason: undefined,
        endsAtMs: NOW_MS + 9_000,
      }),
    },
  ),
  'no votes': pageOf({ page: 'votes' }, { ballot: () => undefined }),
  network: pageOf({ page: 'network', cursor: 2 }),
  'large network': pageOf(
    { page: 'network', cursor: 30 },
    { peers: () => Array.from({ length: 99 }, (_, index) => `pad-${index + 2}`), makesBlocks: true },
  ),
  keys: pageOf({ page: 'keys' }),
  log: pageOf({ page: 'log', cursor: 1 }),
  entry: pageOf({ page: 'entry', item: '40' }),
  settings: pageOf({ page: 'settings', cursor: 1 }),
  about: pageOf({ page: 'about' }),
};
