/** What only the membership's code answers: validators and the log; and that nothing of IFleet falls between the two codes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AbiFunction, encodeFunctionData } from 'viem';
import { APPS_SLOT, manifestHashSlot, readStanding, standingSlot } from '../../runtime/contracts/slots.ts';
import type { Address, Hex, Vm } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { artifactOf, bytes, type Event, hex, NOBODY } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import { act, actor, appName, byQuorum, history, type Stage, type Step, stage } from './actors.ts';

const s = suite('Fleet: validators, log');
const { abi } = artifactOf('Fleet');
const key = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;

type Change = [device: string, key: number, power: number];

async function set(on: Stage, [device, number, power]: Change): Promise<string> {
  try {
    return events(await byQuorum(on, 'A', 'setValidator', [actor(device), key(number), BigInt(power)]));
  } catch (error) {
    return (error as Error).message.replace('reverted: ', '').replace(/0x0{30,}/g, '0x');
  }
}

function events(list: readonly Event[]): string {
  const word = ({ name, args }: Event) =>
    name === 'ValidatorSet' ? `${Number(args['key'])}:${args['power']}` : name.replace('DeviceRevoked', 'revoked');
  return list.map(word).join(' ');
}

async function seats({ fleet }: Stage): Promise<string> {
  const list = (await fleet.read('validators')) as { key: Hex; power: bigint }[];
  return list.map((one) => `${Number(one.key)}:${one.power}`).join(' ');
}

const rows: [name: string, changes: Change[], outcome: string, seats: string][] = [
  ['one', [['d1', 1, 10]], '1:10', '1:10'],
  [
    'a second',
    [
      ['d1', 1, 10],
      ['d2', 2, 5],
    ],
    '2:5',
    '1:10 2:5',
  ],
  [
    'another power',
    [
      ['d1', 1, 10],
      ['d1', 1, 3],
    ],
    '1:3',
    '1:3',
  ],
  [
    'another key: the old one leaves first',
    [
      ['d1', 1, 10],
      ['d1', 2, 10],
    ],
    '1:0 2:10',
    '2:10',
  ],
  [
    'a key that was given up',
    [
      ['d1', 1, 10],
      ['d1', 2, 10],
      ['d2', 1, 10],
    ],
    '1:10',
    '2:10 1:10',
  ],
  [
    'none any more',
    [
      ['d1', 1, 10],
      ['d2', 2, 5],
      ['d1', 9, 0],
    ],
    '1:0',
    '2:5',
  ],
  [
    'and again',
    [
      ['d1', 1, 10],
      ['d2', 2, 5],
      ['d1', 1, 0],
      ['d1', 1, 4],
    ],
    '1:4',
    '2:5 1:4',
  ],
  [
    'the last one stays',
    [
      ['d1', 1, 10],
      ['d1', 1, 0],
    ],
    `LastValidator(${actor('d1')})`,
    '1:10',
  ],
  [
    "another's key",
    [
      ['d1', 1, 10],
      ['d2', 1, 10],
    ],
    `InvalidKey(${key(1)})`,
    '1:10',
  ],
  ['no key', [['d1', 0, 10]], `InvalidKey(${key(0)})`, ''],
  ['the most power', [['d1', 1, 1_000_000]], '1:1000000', '1:1000000'],
  ['more than that', [['d1', 1, 1_000_001]], 'InvalidPower(1000001, 1000000)', ''],
  ['a stranger', [['X', 1, 10]], `NotEnrolled(${actor('X')})`, ''],
  ['one that is none, ended', [['d1', 1, 0]], `NotValidator(${actor('d1')})`, ''],
];

for (const [name, changes, outcome, after] of rows) {
  s(`validators: ${name}`, async () => {
    const on = await stage(await ownMachine());
    for (const change of changes.slice(0, -1)) await set(on, change);
    assert.is((await set(on, changes.at(-1)!)).toLowerCase(), outcome.replace(/0x0{30,}/g, '0x').toLowerCase());
    assert.is(await seats(on), after);
  });
}

s('who is revoked makes blocks no more; the last validator cannot be revoked', async () => {
  const on = await stage(await ownMachine());
  await set(on, ['d1', 1, 10]);
  await set(on, ['d2', 2, 5]);
  assert.is(events(await act(on, ['A', 'revoke', 'd1'])), 'revoked 1:0');
  assert.is(await seats(on), '2:5');
  const refused = await act(on, ['A', 'revoke', 'd2']).catch((error: Error) => error.message);
  assert.match(`${refused}`, /LastValidator/);
  assert.is(await on.fleet.read('isEnrolled', actor('d2')), true);
});

s('at most 64 validators', async () => {
  const on = await stage(await ownMachine(), 1, []);
  const device = (index: number): Address => `0x${(0xd000 + index).toString(16).padStart(40, '0')}`;
  const all = Array.from({ length: 65 }, (_, index) => device(index));
  for (const some of [all.slice(0, 40), all.slice(40)]) {
    const names = some.map((each) => `pad-${each.slice(-4)}`);
    await on.fleet.send(actor('A'), 'enrol', some, names);
  }
  const seat = (index: number) => byQuorum(on, 'A', 'setValidator', [all[index], key(index + 1), 1n]);
  for (let index = 0; index < 64; index++) await seat(index);
  const refused = await seat(64).catch((error: Error) => error.message);
  assert.is(refused, 'reverted: TooManyValidators(65, 64)');
});

const entries: [name: string, who: string, sizeBytes: number, outcome: string][] = [
  ['by a device', 'd1', 100, 'Logged'],
  ['of nothing', 'd1', 0, 'Logged'],
  ['as long as may be', 'd1', 1024, 'Logged'],
  ['longer', 'd1', 1025, 'LogTooLong(1025, 1024)'],
  ['by a stranger', 'X', 1, `NotEnrolled(${actor('X')})`],
  ['by an operator', 'A', 1, `NotEnrolled(${actor('A')})`],
];
for (const [name, who, sizeBytes, outcome] of entries) {
  s(`an entry in the log ${name}`, async () => {
    const { fleet } = await stage(await ownMachine());
    const data = hex(new Uint8Array(sizeBytes).fill(0x61));
    const told = await fleet.send(actor(who), 'log', appName('hello'), 3n, 7, data).then(
      ({ events: [event] }) => {
        const { device, app, revision, kind } = event!.args;
        assert.equal(
          [`${device}`.toLowerCase(), app, revision, kind, event!.args['data']],
          [actor(who), appName('hello'), 3n, 7, data],
        );
        return event!.name;
      },
      (error: Error) => error.message.replace('reverted: ', '').toLowerCase(),
    );
    assert.is(told.toLowerCase(), outcome.toLowerCase());
  });
}

/** Something of the type, so that what comes back is a word of the contract's and not that it cannot read the call. */
function anyOf(type: string): unknown {
  if (type.endsWith('[]')) return [];
  if (type === 'tuple') return { healthWindow: 1n, expiresAt: 0n, canary: 0, inPercent: false, labels: [] };
  if (type === 'bool') return false;
  if (type === 'string') return '';
  if (type === 'address') return actor('X');
  if (type === 'bytes32') return appName('x');
  if (type === 'bytes') return '0x';
  return type === 'uint8' || type === 'uint32' ? 1 : 1n;
}

s('everything that IFleet says is answered', async () => {
  const { fleet, machine } = await stage(await ownMachine());
  const functions = abi.filter((item): item is AbiFunction => item.type === 'function');
  assert.ok(functions.length > 40, `${functions.length}`);
  for (const { name, inputs } of functions) {
    const args = inputs.map(({ type }) => anyOf(type));
    const data = bytes(encodeFunctionData({ abi, functionName: name, args }));
    const { succeeded, output } = await machine.read(actor('X'), fleet.address, data);
    assert.ok(succeeded || output.length >= 4, name);
  }
  const { succeeded, output } = await machine.read(NOBODY, fleet.address, bytes('0x12345678'));
  assert.equal([succeeded, output.length], [false, 0], 'and what it does not say is not');
});

// Storage

interface Layout {
  readonly storage: readonly { readonly label: string; readonly slot: string; readonly offset: number; readonly type: string }[];
}
const layoutOf = (name: string) => (artifactOf(name) as unknown as { storageLayout: Layout }).storageLayout.storage;

s('both codes see the same storage', () => {
  const [fleet, membership] = [layoutOf('Fleet'), layoutOf('Membership')];
  const place = ({ label, slot, offset }: Layout['storage'][number]) => `${label} ${slot} ${offset}`;
  assert.ok(fleet.length > 10);
  assert.equal(fleet.map(place), membership.slice(0, fleet.length).map(place));
  const slotOf = (label: string) => BigInt(membership.find((each) => each.label === label)!.slot);
  assert.is(slotOf('_apps'), APPS_SLOT);
});

s('who knows the slots finds what the contract says', async () => {
  const vm = createVm({ fork: 'Osaka' });
  const machine = await ownMachine(vm);
  const on = await stage(machine);
  const one: Step[] = [
    ['A', 'propose'],
    ['B', 'approve', 1],
    ['d1', 'healthy', 1],
    ['d2', 'healthy', 1],
    ['d3', 'healthy', 1],
  ];
  for (const step of [...one, ['A', 'propose', 'hello', 7], ['B', 'approve', 2], ['C', 'propose']] as Step[]) await act(on, step);
  await set(on, ['d1', 7, 9]);
  const keccak256: Vm['keccak256'] = (data) => vm.keccak256(data);
  const slot = (at: Hex) => machine.slot(on.fleet.address, at);
  assert.is(await history(on), 'Active RollingOut Proposed');
  assert.equal(readStanding(slot(standingSlot('hello', keccak256))), { latest: 3, active: 1, rollingOut: 2 });
  const { manifestHash } = (await on.fleet.read('release', appName('hello'), 2n)) as { manifestHash: Hex };
  assert.is(slot(manifestHashSlot('hello', 2, keccak256)), manifestHash);
});

s.run();
