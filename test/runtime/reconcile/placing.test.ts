import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { need, root } from '../../support/need.ts';
import { releaseOf, VirtualDevice } from '../../support/virtual-device.ts';

const s = suite('reconcile/placing');
const withSecrets = { secrets: ['db-password', 'token'] };

/** A device with one release that wants secrets. */
function wanting(): VirtualDevice {
  const device = new VirtualDevice();
  device.boot();
  device.ledger.release('shop', releaseOf(1, withSecrets));
  return device;
}

const reason = (device: VirtualDevice) => device.node!.status().releases[0]?.reason;
const placings = (device: VirtualDevice) => device.calls.filter((call) => call.startsWith('place')).length;

if (
  need(
    'the compiled Fleet contract',
    existsSync(join(root, 'build/contracts/Fleet.json')),
    'build it: npx tsx build.ts contracts',
  )
) {
  s('a missing secret is why a release is unhealthy, and nothing of it starts', async () => {
    const device = wanting();
    await device.give('token', 'value');
    await device.pass(10);
    assert.is(device.ledger.phaseOf('shop', 1), 'rolled back');
    assert.equal(device.ledger.votes, [
      'shop 1 unhealthy: web: the secret db-password is not on this device; deliver it with: classpad secret set db-password',
    ]);
    assert.equal(await device.names(), []);
  });

  s('with all its secrets it runs, and they lie ready before it is made and before it starts', async () => {
    const device = new VirtualDevice();
    device.boot();
    await device.give('token', 'a');
    await device.give('db-password', 'b');
    device.ledger.release('shop', releaseOf(1, withSecrets));
    await device.until('r1', () => device.isAtRest());
    assert.equal(device.calls, [
      'pull app:1',
      'place shop-r1-web-1',
      'create shop-r1-web-1',
      'place shop-r1-web-1',
      'start shop-r1-web-1',
    ]);
    assert.not.match(device.lines.join('\n'), /\ba\b.*\bb\b.*value/);
  });

  s('a secret that came a moment before its release is not missed', async () => {
    const device = new VirtualDevice();
    device.boot();
    await device.pass(10);
    for (const name of withSecrets.secrets) await device.give(name, 'value');
    device.ledger.release('shop', releaseOf(1, withSecrets));
    await device.until('r1', () => device.isAtRest());
    assert.equal(device.ledger.votes, ['shop 1 healthy']);
  });

  s('what is agreed and lacks a secret says so, and comes up when it is there', async () => {
    const device = wanting();
    device.ledger.quorum = 99;
    await device.pass(5);
    assert.match(reason(device) ?? '', /the secret db-password is not on this device/);
    await device.give('token', 'a');
    await device.give('db-password', 'b');
    device.ledger.quorum = 1;
    await device.until('r1', () => device.isAtRest());
    assert.equal(
      device.ledger.votes.map((vote) => vote.split(':')[0]),
      ['shop 1 unhealthy', 'shop 1 healthy'],
    );
  });

  const running = async () => {
    const device = new VirtualDevice();
    device.boot();
    for (const name of withSecrets.secrets) await device.give(name, 'value');
    device.ledger.release('shop', releaseOf(1, withSecrets));
    await device.until('r1', () => device.isAtRest());
    device.calls.length = 0;
    return device;
  };

  s('a changed secret is placed under the one that runs: once, and nothing restarts', async () => {
    const device = await running();
    await device.give('token', 'another');
    await device.give('of-nobody', 'x');
    await device.pass(60);
    assert.equal(device.calls, ['place shop-r1-web-1']);
    assert.equal(await device.names(), ['shop-r1-web-1 running']);
  });

  s('a change that could not be placed is placed later', async () => {
    const device = await running();
    let failures = 2;
    device.meddle = (verb, call, args) =>
      verb === 'place' && failures-- > 0 ? Promise.reject(new Error('no room in memory')) : call(...args);
    await device.give('token', 'another');
    await device.pass(60);
    assert.is(placings(device), 1);
    assert.ok(device.lines.some((line) => /its secrets could not be brought up to date: no room in memory/.test(line)));
  });

  s('an agent that was killed in between places it when it is back, and nothing is made anew', async () => {
    const device = await running();
    await device.give('token', 'another');
    device.kill();
    device.boot();
    await device.pass(60);
    assert.equal(device.calls, ['place shop-r1-web-1']);
  });

  s('after a power cut, which takes what was in memory, it is placed and started again', async () => {
    const device = await running();
    const [id] = [...device.made.values()].flatMap((ids) => [...ids]);
    device.kill();
    device.engine.powerOff();
    await device.pass(5);
    device.engine.powerOn();
    device.boot();
    await device.until('rest', () => device.isAtRest());
    assert.equal(device.calls, ['place shop-r1-web-1', 'start shop-r1-web-1']);
    assert.is(device.engine.peek(id!)?.state, 'running');
  });
}

s.run();
