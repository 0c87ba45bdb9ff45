import type { LedgerRow } from '../../emulator/protocol.ts';
import type { ReleaseStatus } from '../../runtime/node.ts';
import type { FakeDevice, FakeEmulator } from './fake-emulator.ts';

/**
 * The story every emulator tells, scene by scene: revision 1 comes, revision 2 fails, revision 1 returns.
 * Each scene changes the fake world and ends with what was sent.
 */
const SCENES = ['empty', 'rolling out', 'healthy', 'second', 'failing', 'rolling back', 'back', 'cut off'] as const;
export type Scene = (typeof SCENES)[number];

type Event = Omit<LedgerRow, 'block' | 'index' | 'timestamp'>;

/** Plays all scenes up to and with the given one. */
export function play(world: FakeEmulator, last: Scene): void {
  for (const scene of SCENES) {
    scenes[scene](world);
    if (scene === last) return;
  }
}

/** Plays one scene; those before it must have been played. */
export function playScene(world: FakeEmulator, scene: Scene): void {
  scenes[scene](world);
}

const scenes: { readonly [K in Scene]: (world: FakeEmulator) => void } = {
  empty(world) {
    world.verdict = {
      state: 'healthy',
      sentence: 'All devices wait for a first release',
      detail: 'The Fleet contract is deployed',
    };
    world.append(event('deployer', 'Deployed', 'the Fleet contract, quorum 3', 'neutral', 2_914_207));
    for (const device of world.devices) {
      world.append(event('ops-1', 'DeviceEnrolled', `${device.name} may run and vote`, 'neutral', 71_204));
    }
    world.send(1_200);
  },
  'rolling out': (world) => {
    release(world, 1, 'rolling out', 0, 0);
    world.verdict = {
      state: 'changing',
      sentence: 'Rolling out hello r1',
      detail: 'A first release: 4 devices pull and start it, 3 healthy votes make it active.',
    };
    world.append(event('ops-1', 'Proposed', 'hello r1 was proposed', 'neutral', 188_102));
    world.append(
      event('ops-2', 'Approved', 'hello r1 was approved, 2 of 2', 'neutral', 64_310),
      event('ops-2', 'RollingOut', 'hello r1 rolls out', 'changing', 0),
    );
    for (const device of world.devices) {
      device.is('changing', 'rolling out', status(1, undefined, 'rolling out', 'absent'), ['pull classpad/hello:1']);
    }
    world.send(900);
  },
  healthy(world) {
    world.devices.forEach((device, index) => {
      device.is('healthy', 'healthy', status(1, undefined, 'active', 'healthy', 'healthy'));
      world.append(event(device.name, 'Attested', 'hello r1 is healthy', 'healthy', 52_871));
      if (index === 2) world.append(event('fleet', 'Promoted', 'hello r1 is active, by 3 votes of 3 needed', 'healthy', 0));
      world.send(400);
    });
    release(world, 1, 'active', 4, 0);
    world.verdict = { state: 'healthy', sentence: 'hello r1 runs on all 4 devices', detail: 'Promoted by 3 healthy votes.' };
    world.send(2_000);
  },
  second(world) {
    release(world, 2, 'rolling out', 0, 0);
    world.append(event('ops-1', 'Proposed', 'hello r2 was proposed', 'neutral', 188_102));
    world.append(
      event('ops-2', 'Approved', 'hello r2 was approved, 2 of 2', 'neutral', 64_310),
      event('ops-2', 'RollingOut', 'hello r2 rolls out, after r1', 'changing', 0),
    );
    world.verdict = {
      state: 'changing',
      sentence: 'Rolling out hello r2',
      detail: 'r1 serves until r2 is healthy. 3 of 4 devices decide.',
    };
    for (const device of world.devices) {
      device.is('changing', 'rolling out', status(2, 1, 'rolling out', 'starting'), [
        `start classpad-${device.name}-hello-r2-web-0`,
      ]);
    }
    world.send(1_100);
  },
  failing(world) {
    fail(world, world.devices[1]!);
    release(world, 2, 'rolling out', 0, 1);
    world.verdict = {
      state: 'failed',
      sentence: 'hello r2 fails on pad-02',
      detail: 'Its health check answered 500 three times. 1 of 4 devices voted against it, 2 are needed.',
    };
    world.send(700);
  },
  'rolling back': (world) => {
    fail(world, world.devices[2]!);
    world.append(
      event('fleet', 'RolledBack', 'hello r2 was rolled back to r1: a healthy quorum can no longer be reached', 'failed', 0),
    );
    release(world, 2, 'rolled back', 0, 2);
    world.verdict = { state: 'changing', sentence: 'Rolling back hello r2 to r1', detail: '2 of 4 devices voted against it.' };
    for (const device of [world.devices[0]!, world.devices[1]!]) {
      device.is('changing', 'rolling back', status(1, 2, 'active', 'starting', 'healthy'), ['start hello r1']);
    }
    world.send(800);
  },
  back(world) {
    for (const device of world.devices) {
      device.is('healthy', 'healthy', status(1, undefined, 'active', 'healthy', 'healthy'));
      world.send(300);
    }
    world.verdict = {
      state: 'healthy',
      sentence: 'hello r1 runs again on all 4 devices',
      detail: 'r2 was rolled back by 2 unhealthy votes.',
    };
    world.append();
    world.send(2_000);
  },
  'cut off': (world) => {
    world.devices[3]!.is('offline', 'cut off', world.devices[3]!.status);
    world.append();
    world.append(event('ops-1', 'Proposed', 'hello r3 was proposed', 'neutral', 188_102));
    release(world, 3, 'proposed', 0, 0);
    for (const device of world.devices) if (device.status) device.status = { ...device.status, vote: undefined as never };
    world.verdict = { state: 'offline', sentence: 'pad-04 is cut off', detail: 'It keeps r1. The other 3 can still decide.' };
    world.send(1_500);
  },
};

function fail(world: FakeEmulator, device: FakeDevice): void {
  const reason = 'web failed its health check 3 times: status 500';
  device.is('failed', 'unhealthy', status(2, 1, 'rolling out', 'unhealthy', 'unhealthy', reason));
  world.append(event(device.name, 'Attested', `hello r2 is unhealthy: ${reason}`, 'failed', 78_044));
}

function release(world: FakeEmulator, revision: number, phase: string, healthyVotes: number, unhealthyVotes: number): void {
  const previous = revision > 1 ? { previous: 1 } : {};
  world.release = {
    app: 'hello',
    revision,
    ...previous,
    phase,
    healthyVotes,
    unhealthyVotes,
    quorum: 3,
    voters: world.devices.length,
  };
}

function status(
  revision: number,
  previous: number | undefined,
  phase: string,
  health: ReleaseStatus['health'],
  vote?: ReleaseStatus['vote'],
  reason?: string,
): ReleaseStatus {
  const release: ReleaseStatus = { app: 'hello', revision, phase, health };
  return { ...release, ...(previous ? { previous } : {}), ...(vote ? { vote } : {}), ...(reason ? { reason } : {}) };
}

function event(who: string, what: string, text: string, state: Event['state'], gas: number): Event {
  return { who, what, text, state, gas };
}
