/** Labels, canaries and expiry: who runs what while it rolls out and after, and who judges it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeAbiParameters, keccak256 } from 'viem';
import { ownMachine } from '../support/machine.ts';
import { act, actor, appName, canary, devices, history, type Stage, type Step, stage, tell, wanted } from './actors.ts';

const s = suite('Fleet: targets and canaries');

/** d5 and d6 stand in Berlin, d6 on arm64; d1 to d4 carry no labels. */
const labelled: Step[] = [
  ['A', 'enrolLabelled', 'd5', 'site=berlin'],
  ['A', 'enrolLabelled', 'd6', 'site=berlin,arch=arm64'],
];
const one: Step[] = [
  ['A', 'propose'],
  ['B', 'approve', 1],
  ['d1', 'healthy', 1],
  ['d2', 'healthy', 1],
  ['d3', 'healthy', 1],
];
const start = (revision: number, canarySize: string, labels = ''): Step[] => [
  ['A', 'proposeTo', canarySize, labels],
  ['B', 'approve', revision],
];

const proposals: [name: string, step: Step, outcome: string][] = [
  ['all devices', ['A', 'proposeTo'], 'Proposed Approved'],
  ['notes', ['A', 'proposeTo', '0', '', 0, 'hello', 'why'], 'Proposed Noted Approved'],
  ['long notes', ['A', 'proposeTo', '0', '', 0, 'hello', 'x'.repeat(1025)], 'NotesTooLong(1025, 1024)'],
  ['a label', ['A', 'proposeTo', '0', 'site=berlin'], 'Proposed Approved'],
  ['a label of 32 characters', ['A', 'proposeTo', '0', `k=${'v'.repeat(30)}`], 'Proposed Approved'],
  ['a label without a value', ['A', 'proposeTo', '0', 'site='], 'InvalidLabel(site=)'],
  ['a label without a key', ['A', 'proposeTo', '0', '=berlin'], 'InvalidLabel(=berlin)'],
  ['a label with two values', ['A', 'proposeTo', '0', 'a=b=c'], 'InvalidLabel(a=b=c)'],
  ['a label in capitals', ['A', 'proposeTo', '0', 'Site=berlin'], 'InvalidLabel(Site=berlin)'],
  ['a label with zeros inside', ['A', 'proposeTo', '0', 'a=\0b'], 'InvalidLabel(a=\0b)'],
  ['nine labels', ['A', 'proposeTo', '0', 'a=b,a=b,a=b,a=b,a=b,a=b,a=b,a=b,a=b'], 'TooManyLabels(9, 8)'],
  ['a canary of 100', ['A', 'proposeTo', '100'], 'Proposed Approved'],
  ['a canary of 101', ['A', 'proposeTo', '101'], 'InvalidCanary(101, 100)'],
  ['a canary of 100 percent', ['A', 'proposeTo', '100%'], 'InvalidCanary(100, 99)'],
  ['expired when proposed', ['A', 'proposeTo', '0', '', 1_800_000_000], 'ReleaseExpired(hello, 1, 1800000000)'],
  ['by a stranger', ['X', 'proposeTo'], 'NotOperator(X)'],
  ['a device with a bad label', ['A', 'enrolLabelled', 'd5', 'berlin'], 'InvalidLabel(berlin)'],
  ['a device labelled by a stranger', ['X', 'enrolLabelled', 'd5', 'site=berlin'], 'NotOperator(X)'],
];

for (const [name, step, outcome] of proposals) {
  s(`proposed: ${name}`, async () => assert.is(await tell(await stage(await ownMachine()), step), outcome));
}

const sizes: [canarySize: string, targets: number, chosen: number][] = [
  ['0', 6, 0],
  ['1', 6, 1],
  ['5', 6, 5],
  ['6', 6, 0], // all of them: no canary
  ['1%', 6, 1],
  ['50%', 6, 3],
  ['51%', 6, 4],
  ['99%', 6, 0],
  ['1', 1, 0],
  ['1', 0, 0],
];

for (const [size, targets, chosen] of sizes) {
  s(`a canary of ${size} of ${targets} devices is ${chosen}`, async () => {
    const on = await stage(await ownMachine(), 2, [...devices, 'd5', 'd6'].slice(0, targets));
    await play(on, start(1, size));
    assert.is((await canary(on, 1)).length, chosen);
    assert.equal(await jury(on, 1), chosen || targets);
  });
}

s('the canary are the targets with the lowest lots, which nobody knows before the block before', async () => {
  const canaries = new Set<string>();
  for (let turn = 1; turn <= 8; turn++) {
    const machine = await ownMachine();
    machine.parentHash = keccak256(`0x0${turn}`);
    const on = await stage(machine, 2, [...devices, 'd5', 'd6']);
    await play(on, start(1, '3'));
    const types = [{ type: 'bytes32' }, { type: 'uint64' }, { type: 'bytes32' }, { type: 'address' }] as const;
    const words = (device: string) => [appName('hello'), 1n, machine.parentHash, actor(device)] as const;
    const lot = (device: string) => keccak256(encodeAbiParameters(types, words(device)));
    const drawn = [...devices, 'd5', 'd6'].sort((a, b) => (lot(a) < lot(b) ? -1 : 1)).slice(0, 3);
    assert.equal(await canary(on, 1), drawn);
    canaries.add(drawn.join());
  }
  assert.ok(canaries.size > 3, 'no key is a lucky one');
});

s('only the canary runs it; the others when it is promoted', async () => {
  const on = await stage(await ownMachine());
  await play(on, [...one, ...start(2, '2')]);
  const [first, second] = (await canary(on, 2)) as [string, string];
  for (const device of devices)
    assert.equal(await wanted(on, device), [[first, second].includes(device) ? 'hello 2' : 'hello 1']);
  const other = devices.find((device) => ![first, second].includes(device))!;
  assert.is(await tell(on, [other, 'unhealthy', 2]), `NotJuror(hello, 2, ${other})`);
  assert.is(await tell(on, [first, 'healthy', 2]), 'Attested');
  assert.is(await tell(on, [second, 'healthy', 2]), 'Attested Promoted Superseded');
  for (const device of devices) assert.equal(await wanted(on, device), ['hello 2']);
});

s('the canary finds it unhealthy: nobody runs it', async () => {
  const on = await stage(await ownMachine());
  await play(on, [...one, ...start(2, '2')]);
  const [first] = (await canary(on, 2)) as [string];
  assert.is(await tell(on, [first, 'unhealthy', 2]), 'Attested RolledBack');
  for (const device of devices) assert.equal(await wanted(on, device), ['hello 1']);
});

s('the canary is offline: the window rolls it back', async () => {
  const on = await stage(await ownMachine());
  await play(on, [...one, ...start(2, '2')]);
  const [first] = (await canary(on, 2)) as [string];
  await play(on, [
    [first, 'healthy', 2],
    ['-', 'wait'],
  ]);
  assert.is(await tell(on, ['X', 'expire']), 'RolledBack');
  assert.is(await history(on), 'Active RolledBack');
});

s('a canary that is revoked leaves the decision to the rest of it', async () => {
  const on = await stage(await ownMachine());
  await play(on, start(1, '3'));
  const [first, second, third] = (await canary(on, 1)) as [string, string, string];
  await play(on, [
    [first, 'healthy', 1],
    [second, 'unhealthy', 1],
    ['A', 'revoke', second],
  ]);
  assert.is(await jury(on, 1), 2);
  assert.is(await tell(on, [third, 'healthy', 1]), 'Attested Promoted');
});

s('a canary revoked and enrolled again is none', async () => {
  const on = await stage(await ownMachine());
  await play(on, start(1, '3'));
  const [first] = (await canary(on, 1)) as [string];
  await play(on, [
    ['A', 'revoke', first],
    ['A', 'enrol', first],
  ]);
  assert.is(await tell(on, [first, 'healthy', 1]), `NotJuror(hello, 1, ${first})`);
  assert.equal(await wanted(on, first), []);
});

s('with the whole canary revoked the window decides', async () => {
  const on = await stage(await ownMachine());
  await play(on, start(1, '1'));
  const [first] = (await canary(on, 1)) as [string];
  assert.is(await tell(on, ['A', 'revoke', first]), 'DeviceRevoked');
  await play(on, [['-', 'wait']]);
  assert.is(await tell(on, ['X', 'expire']), 'RolledBack');
});

s('labels say who runs it and who judges it', async () => {
  const on = await stage(await ownMachine());
  await play(on, [...labelled, ...start(1, '0', 'site=berlin')]);
  assert.is(await jury(on, 1), 2);
  assert.equal(await wanted(on, 'd1'), []);
  assert.equal(await wanted(on, 'd5'), ['hello 1']);
  assert.is(await tell(on, ['d1', 'healthy', 1]), 'NotJuror(hello, 1, d1)');
  await play(on, [
    ['d5', 'healthy', 1],
    ['d6', 'healthy', 1],
  ]);
  assert.is(await history(on), 'Active');
  assert.equal(await wanted(on, 'd6'), ['hello 1']);
  assert.equal(await wanted(on, 'd4'), []);
});

s('every label must be carried; a canary is drawn from those that do', async () => {
  const on = await stage(await ownMachine());
  await play(on, [...labelled, ...start(1, '1', 'site=berlin,arch=arm64')]);
  assert.is(await jury(on, 1), 1);
  assert.is(await tell(on, ['d5', 'healthy', 1]), 'NotJuror(hello, 1, d5)');
  assert.is(await tell(on, ['d6', 'healthy', 1]), 'Attested Promoted');
  await play(on, start(2, '1', 'site=berlin'));
  const [first] = (await canary(on, 2)) as [string];
  assert.ok(['d5', 'd6'].includes(first), first);
});

s('a target that was none before has nothing to go back to', async () => {
  const on = await stage(await ownMachine());
  await play(on, [...labelled, ...start(1, '0', 'arch=arm64'), ['d6', 'healthy', 1], ...start(2, '0', 'site=berlin')]);
  const previous = async (device: string) =>
    ((await on.fleet.read('wanted', actor(device))) as { previous: bigint }[]).map((row) => Number(row.previous));
  assert.equal(await previous('d5'), [0]);
  assert.equal(await previous('d6'), [1]);
});

s('a target enrolled while it rolls out runs it and does not judge it', async () => {
  const on = await stage(await ownMachine());
  await play(on, [labelled[0]!, ...start(1, '0', 'site=berlin'), labelled[1]!]);
  assert.equal(await wanted(on, 'd6'), ['hello 1']);
  assert.is(await tell(on, ['d6', 'unhealthy', 1]), 'NotJuror(hello, 1, d6)');
  assert.is(await tell(on, ['d5', 'healthy', 1]), 'Attested Promoted');
});

s('an expired proposal does not start, however many approve it', async () => {
  const on = await stage(await ownMachine());
  await play(on, [
    ['A', 'proposeTo', '0', '', 1_800_000_010],
    ['-', 'wait', 10],
  ]);
  assert.is(await tell(on, ['B', 'approve', 1]), 'ReleaseExpired(hello, 1, 1800000010)');
  assert.is(await tell(on, ['C', 'approve', 1]), 'ReleaseExpired(hello, 1, 1800000010)');
  assert.is(await history(on), 'Proposed');
});

for (const app of ['firmware', 'os']) {
  s(`${app} is for boards alone: others neither run it nor judge it`, async () => {
    const on = await stage(await ownMachine());
    await play(on, [
      ['A', 'enrolLabelled', 'd5', 'board=qemu-arm64'],
      ['A', 'enrolLabelled', 'd6', 'boards=7,board-x=y'],
      ['A', 'propose', app],
      ['B', 'approve', 1, app],
    ]);
    assert.is(await jury(on, 1, app), 1);
    assert.equal([await wanted(on, 'd1'), await wanted(on, 'd5'), await wanted(on, 'd6')], [[], [`${app} 1`], []]);
    for (const other of ['d1', 'd6']) assert.is(await tell(on, [other, 'unhealthy', 1, app]), `NotJuror(${app}, 1, ${other})`);
    assert.is(await tell(on, ['d5', 'healthy', 1, app]), 'Attested Promoted');
    assert.equal(await wanted(on, 'd1'), []);
  });
}

s('a canary of software is drawn from the boards', async () => {
  const on = await stage(await ownMachine());
  await play(on, [
    ['A', 'enrolLabelled', 'd5', 'board=one'],
    ['A', 'enrolLabelled', 'd6', 'board=two'],
    ['A', 'proposeTo', '1', '', 0, 'firmware'],
    ['B', 'approve', 1, 'firmware'],
  ]);
  const [first, ...others] = (await canary(on, 1, 'firmware')) as [string];
  assert.ok(['d5', 'd6'].includes(first) && others.length === 0);
});

s('without any board nobody judges software: the window does', async () => {
  const on = await stage(await ownMachine());
  await play(on, [
    ['A', 'propose', 'firmware'],
    ['B', 'approve', 1, 'firmware'],
  ]);
  assert.is(await jury(on, 1, 'firmware'), 0);
  await play(on, [['-', 'wait']]);
  assert.is(await tell(on, ['X', 'expire', 'firmware']), 'RolledBack');
});

async function play(on: Stage, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await act(on, step);
}

async function jury({ fleet }: Stage, revision: number, app = 'hello'): Promise<number> {
  const [voters, needed] = (await fleet.read('jury', appName(app), BigInt(revision))) as [number, number];
  assert.is(needed, Math.floor(voters / 2) + 1);
  return voters;
}

s.run();
