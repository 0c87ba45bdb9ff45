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
  ['DeviceRevoked', { device, by: operator }, 'ops-1', 'pad-01 was removed from the fleet', 'offline'],
  ['Proposed', { app, revision: 2n, by: operator, manifestHash: app }, 'ops-1', 'hello r2 was proposed', 'neutral'],
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
  ['Superseded', { app, revision: 1n, by: 2n }, 'fleet', 'hello r1 was superseded by r2', 'neutral'],
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
