import { type ScreenModel, screenModel, selfTestModel } from '../../runtime/display/index.ts';
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
};
