import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeAbiParameters, encodeEventTopics, type Hex, stringToHex, toEventSelector } from 'viem';
import { appName, decodeFleetEvent, readFleet, shortAddress, tell } from '../../emulator/fleet.ts';
import { root } from '../support/need.ts';

const test = suite('emulator/fleet');
const { abi } = readFleet(join(root, 'build'));
const app = stringToHex('hello', { size: 32 });
const operator: Hex = '0x00000000000000000000000000000000000000A1';
const device: Hex = '0x00000000000000000000000000000000000000B1';
const names: Record<string, string> = { [operator.toLowerCase()]: 'ops-1', [device.toLowerCase()]: 'pad-01' };
const nameOf = (address: Hex | undefined) => names[address ?? ''] ?? 'nobody';

/** A log as the contract writes it, from its own ABI. */
function log(eventName: string, args: Record<string, unknown>): { topics: Hex[]; data: Hex } {
  const item = abi.find((each) => each.type === 'event' && each.name === eventName);
  if (item?.type !== 'event') throw new Error(`the ABI has no event ${eventName}`);
  const plain = item.inputs.filter(({ indexed }) => !indexed);
  return {
    topics: encodeEventTopics({ abi, eventName, args }) as Hex[],
    data: encodeAbiParameters(
      plain,
      plain.map(({ name }) => args[name!]),
    ),
  };
}

const rows: [name: string, args: Record<string, unknown>, who: string, text: string, state: string][] = [
  ['DeviceEnrolled', { device, name: 'pad-01', by: operator }, 'ops-1', 'pad-01 joined the fleet', 'neutral'],
  ['DeviceRevoked', { device, by: operator }, 'fleet', 'pad-01 was removed from the fleet', 'offline'],
  [
    'Proposed',
    { app, revision: 2n, by: operator, manifestHash: app, releaseHash: app },
    'ops-1',
    'hello r2 was proposed',
    'neutral',
  ],
  ['Approved', { app, revision: 2n, by: operator, approvals: 1, needed: 2 }, 'ops-1', 'hello r2 was approved, 1 of 2', 'neutral'],
  ['RollingOut', { app, revision: 1n, previous: 0n }, 'fleet', 'hello r1 rolls out', 'changing'],
  ['RollingOut', { app, revision: 2n, previous: 1n }, 'fleet', 'hello r2 rolls out, after r1', 'changing'],
  ['Attested', { app, revision: 2n, device, healthy: true, reason: '' }, 'pad-01', 'hello r2 is healthy', 'healthy'],
  [
    'Attested',
    { app, revision: 2n, device, healthy: false, reason: 'it fell' },
    'pad-01',
    'hello r2 is unhealthy: it fell',
    'failed',
  ],
  ['Promoted', { app, revision: 2n, votes: 3, quorum: 3 }, 'fleet', 'hello r2 is active, by 3 votes of 3 needed', 'healthy'],
  [
    'RolledBack',
    { app, revision: 2n, backTo: 1n, why: 'no quorum' },
    'fleet',
    'hello r2 was rolled back to r1: no quorum',
    'failed',
  ],
  ['RolledBack', { app, revision: 1n, backTo: 0n, why: 'time' }, 'fleet', 'hello r1 was rolled back to nothing: time', 'failed'],
  ['OperatorsSet', { operators: [operator], threshold: 1 }, 'fleet', 'The operators changed', 'neutral'],
  ['ActionProposed', { id: 7n, by: operator, call: '0x12' }, 'ops-1', 'Action 7 was proposed', 'neutral'],
  ['ActionApproved', { id: 7n, by: operator, approvals: 1, needed: 2 }, 'ops-1', 'Action 7 was approved, 1 of 2', 'neutral'],
  ['ActionDone', { id: 7n }, 'fleet', 'Action 7 was done', 'neutral'],
  ['EnrolmentSet', { byQuorum: true }, 'fleet', 'Devices are enrolled by the quorum', 'neutral'],
  ['EnrolmentSet', { byQuorum: false }, 'fleet', 'Devices are enrolled by any operator', 'neutral'],
  ['PoliciesSet', { policies: [operator] }, 'fleet', 'The policies changed', 'neutral'],
  ['Invited', { token: device, name: 'pad-02', by: operator, expiresAt: 9n }, 'ops-1', 'pad-02 was invited', 'neutral'],
  ['InvitationWithdrawn', { token: device, by: operator }, 'ops-1', 'An invitation was withdrawn', 'neutral'],
  ['DeviceLabelled', { device, labels: [app] }, 'fleet', 'pad-01 carries hello', 'neutral'],
  ['DeviceLabelled', { device, labels: [] }, 'fleet', 'pad-01 carries no labels', 'neutral'],
  ['Noted', { app, revision: 2n, notes: 'why not' }, 'fleet', 'hello r2: why not', 'neutral'],
  ['RollbackProposed', { app, revision: 3n, to: 1n }, 'fleet', 'hello r3 is r1 again', 'neutral'],
  ['CanaryChosen', { app, revision: 2n, devices: [device] }, 'fleet', 'hello r2 is tried first by pad-01', 'changing'],
  ['Held', { app, revision: 2n, policy: operator, moment: 1 }, 'fleet', 'hello r2 is held back by a policy', 'changing'],
  ['Superseded', { app, revision: 1n, by: 2n }, 'fleet', 'hello r1 was superseded by r2', 'neutral'],
  ['ValidatorSet', { device, key: app, power: 10n }, 'fleet', 'pad-01 makes blocks, with power 10', 'neutral'],
  ['ValidatorSet', { device, key: app, power: 0n }, 'fleet', 'pad-01 makes blocks no more', 'neutral'],
  ['Logged', { device, app, revision: 2n, kind: 1, data: '0x' }, 'pad-01', 'logged traffic of hello', 'neutral'],
  ['CameLate', { app, revision: 2n, device, healthy: true }, 'pad-01', 'vote on hello r2 met the decision on its way', 'neutral'],
];

for (const [name, args, who, text, state] of rows) {
  test(`tells ${name}: ${text}`, () => {
    const event = decodeFleetEvent(abi, log(name, args))!;
    assert.is(event.name, name);
    assert.equal(tell(event, nameOf), { who, text, state });
  });
}

test('every event of the contract has its words', () => {
  const all = abi.filter((item) => item.type === 'event').map((item) => (item.type === 'event' ? item.name : ''));
  assert.equal(
    all.filter((name) => !rows.some(([told]) => told === name)),
    [],
  );
});

test('a log of another contract, or a damaged one, is no event', () => {
  assert.is(decodeFleetEvent(abi, { topics: [toEventSelector('event Other(uint256)')], data: '0x' }), undefined);
  const { topics } = log('RollingOut', { app, revision: 1n, previous: 0n });
  assert.is(decodeFleetEvent(abi, { topics, data: '0x12' }), undefined);
  assert.is(decodeFleetEvent(abi, { topics: [], data: '0x' }), undefined);
});

test('names', () => {
  assert.is(appName(app), 'hello');
  assert.is(shortAddress(operator), '0x0000…00A1');
  assert.is(shortAddress('0x1234'), '0x1234');
});

test('a missing build is named', () => {
  assert.throws(() => readFleet('/nowhere'), /Fleet\.json is missing or damaged; "npm run build" makes it$/);
});

test.run();
