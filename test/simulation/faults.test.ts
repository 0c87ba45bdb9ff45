import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError } from '../../runtime/ports/index.ts';
import type { Verb } from '../support/mortal.ts';
import { need, root } from '../support/need.ts';
import { type Meddle, releaseOf, VirtualDevice } from '../support/virtual-device.ts';

const s = suite('simulation: faults at every step boundary');

/** When the fault comes: before the engine hears of the step, while it is at it, or when the step is done. */
const MOMENTS = ['before', 'during', 'after'] as const;
type Moment = (typeof MOMENTS)[number];
/** What a call of the engine is, told in three: nothing yet, done and unheard, done and heard. */
type Fault = (device: VirtualDevice, moment: Moment, call: () => Promise<unknown>) => Promise<unknown>;

const silence = () => new Promise<never>(() => {});
const after = (device: VirtualDevice, ms: number) => new Promise<void>((resolve) => device.clock.after(ms, resolve));
const FULL = new EngineError('failed', 'mkdir /var/lib/docker/tmp: no space left on device');

const FAULTS: Readonly<Record<string, Fault>> = {
  'the agent is killed': async (device, moment, call) => {
    const die = () => {
      device.kill();
      device.clock.after(1_000, () => device.boot());
    };
    if (moment === 'during') call().catch(() => {});
    if (moment !== 'after') {
      die();
      return silence();
    }
    const answer = await call();
    device.clock.after(0, die);
    return answer;
  },
  'the engine restarts': async (device, moment, call) => {
    const off = () => {
      device.engine.powerOff();
      device.clock.after(3_000, () => device.engine.powerOn());
    };
    if (moment === 'before') off();
    const answer = call();
    answer.catch(() => {});
    if (moment === 'during') off();
    await answer;
    off();
    throw new EngineError('unreachable', 'the engine closed the connection before its answer was whole');
  },
  'the call is wedged': async (device, moment, call) => {
    if (moment === 'before') return silence();
    const answer = call();
    answer.catch(() => {});
    if (moment === 'during') return silence();
    // It does answer, long after nobody waits any more.
    await after(device, 5_000_000);
    return answer;
  },
  'the disk is full': async (device, moment, call) => {
    if (moment === 'before') throw FULL;
    const answer = await call();
    if (moment === 'during') throw FULL;
    device.storeFails = 'MDB_MAP_FULL: no space left on device';
    device.clock.after(20_000, () => {
      device.storeFails = undefined;
    });
    return answer;
  },
};

/** Meddles with the first call of a verb from now on. */
function once(device: VirtualDevice, verb: Verb, fault: Fault, moment: Moment, fired: () => void): Meddle {
  let isOver = false;
  return (asked, call, args) => {
    if (isOver || asked !== verb) return call(...args);
    isOver = true;
    fired();
    return fault(device, moment, () => call(...args));
  };
}

const services = { secrets: ['token'] };

/** Two releases have run, so that in the third there is every kind of step: even an image to take away. */
async function upToThird(): Promise<VirtualDevice> {
  const device = new VirtualDevice();
  device.boot();
  await device.give('token', 'value');
  for (const revision of [1, 2]) {
    device.ledger.release('shop', releaseOf(revision, services));
    await device.until(`revision ${revision}`, () => device.isAtRest());
  }
  await device.pass(10);
  // Longer than the longest a wedged call is waited for: what is tried here is not the vote.
  device.ledger.windowSeconds = 30_000;
  return device;
}

async function converged(device: VirtualDevice, revision: number, images: readonly string[]): Promise<void> {
  await device.until('rest', () => device.isAtRest() && device.ledger.phaseOf('shop', revision) === 'active', 20_000);
  await device.pass(120);
  assert.equal(await device.names(), [`shop-r${revision}-web-1 running`]);
  assert.equal(await device.images(), images);
  device.calls.length = 0;
  await device.pass(120);
  assert.equal(device.calls, [], 'at rest nothing is done');
  const twice = [...device.made].filter(([, ids]) => ids.size > 1);
  assert.equal(twice, [], 'nothing was made twice');
}

const VERBS: readonly Verb[] = ['list', 'hasImage', 'space', 'pull', 'place', 'create', 'start', 'stop', 'remove', 'removeImage'];

if (
  need(
    'the compiled Fleet contract',
    existsSync(join(root, 'build/contracts/Fleet.json')),
    'build it: npx tsx build.ts contracts',
  )
) {
  for (const verb of VERBS) {
    for (const [what, fault] of Object.entries(FAULTS)) {
      for (const moment of MOMENTS) {
        s(`${verb}: ${what}, ${moment}`, async () => {
          const device = await upToThird();
          const foreign = device.engine.plant('somebody-elses');
          const before = JSON.stringify(device.engine.peek(foreign));
          let isFired = false;
          device.meddle = once(device, verb, fault, moment, () => {
            isFired = true;
          });
          device.ledger.release('shop', releaseOf(3, services));
          await converged(device, 3, ['app:2', 'app:3']);
          assert.ok(isFired, 'the fault has happened');
          if (what !== 'the engine restarts') assert.is(JSON.stringify(device.engine.peek(foreign)), before);
        });
      }
    }
  }

  for (const verb of ['stop', 'start'] as const) {
    for (const [what, fault] of Object.entries(FAULTS)) {
      for (const moment of MOMENTS) {
        s(`restart of a sick one, at its ${verb}: ${what}, ${moment}`, async () => {
          const device = await upToThird();
          let isFired = false;
          device.meddle = once(device, verb, fault, moment, () => {
            isFired = true;
          });
          device.sicken();
          await device.until('the heal to begin', () => isFired, 60);
          await converged(device, 2, ['app:1', 'app:2']);
        });
      }
    }
  }
}

s.run();
