/** The three policies, and what hostile ones can do: nothing that lasts longer than a health window or a quorum's decision. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Address } from '../../runtime/ports/index.ts';
import { artifactOf, bytes, deploy, type Machine, type Reverted } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import { act, actor, byQuorum, history, type Stage, type Step, stage, tell } from './actors.ts';

const s = suite('Fleet: policies');

const DAY = 86_400n;
/** Friday, 15 January 2027, 08:00 UTC: when the machines' clocks begin. */
const NOW = 1_800_000_000n;

async function shipped(machine: Machine, name: string, args: readonly unknown[]): Promise<Address> {
  return (await deploy(machine, artifactOf(name), actor('A'), args)).address;
}

/** A contract of the given code, behind the same creation code that the fleet uses for manifests. */
async function raw(machine: Machine, code: string): Promise<Address> {
  const size = (code.length / 2).toString(16).padStart(4, '0');
  return (await machine.send(actor('A'), undefined, bytes(`0x61${size}80600a5f395ff3${code}`))).created!;
}

const answer = (word: string) => `7f${word.padStart(64, '0')}5f5260205ff3`;

const toApproval: Step[] = [['A', 'propose']];
const toVotes: Step[] = [...toApproval, ['B', 'approve', 1], ['d1', 'healthy', 1], ['d2', 'healthy', 1]];

/** Policy, its arguments, seconds that pass, and what comes of the approval that would start the release. */
const starts: [name: string, policy: string, args: unknown[], waitSeconds: bigint, outcome: RegExp][] = [
  ['within the change window', 'ChangeWindow', [0b0010000, 8 * 3600, 9 * 3600], 0n, /RollingOut/],
  ['a second before it ends', 'ChangeWindow', [0b0010000, 8 * 3600, 9 * 3600], 3599n, /RollingOut/],
  ['when it ends', 'ChangeWindow', [0b0010000, 8 * 3600, 9 * 3600], 3600n, /PolicyRefuses/],
  ['before it', 'ChangeWindow', [0b0010000, 8 * 3600 + 1, 9 * 3600], 0n, /PolicyRefuses/],
  ['on another day', 'ChangeWindow', [0b1101111, 0, 86_400], 0n, /PolicyRefuses/],
  ['on the day after', 'ChangeWindow', [0b0100000, 0, 86_400], DAY, /RollingOut/],
  ['before a freeze', 'Freeze', [NOW + 1n, NOW + 9n], 0n, /RollingOut/],
  ['in a freeze', 'Freeze', [NOW, NOW + 9n], 0n, /PolicyRefuses/],
  ['when it ends', 'Freeze', [NOW, NOW + 9n], 9n, /RollingOut/],
  ['with a minimum canary time', 'MinimumCanaryTime', [30n], 0n, /RollingOut/],
];

for (const [name, policy, args, waitSeconds, outcome] of starts) {
  s(`${policy}: ${name} +${waitSeconds}`, async () => {
    const on = await stage(await ownMachine());
    await play(on, toApproval);
    await setPolicies(on, await shipped(on.machine, policy, args));
    on.machine.timestamp += waitSeconds;
    assert.match(await tell(on, ['B', 'approve', 1]), outcome);
  });
}

const refused: [policy: string, args: unknown[], error: string][] = [
  ['ChangeWindow', [0, 0, 1], 'InvalidWindow'],
  ['ChangeWindow', [128, 0, 1], 'InvalidWindow'],
  ['ChangeWindow', [1, 5, 5], 'InvalidWindow'],
  ['ChangeWindow', [1, 0, 86_401], 'InvalidWindow'],
  ['Freeze', [5n, 5n], 'InvalidFreeze'],
];
for (const [policy, args, error] of refused) {
  s(`no ${policy} of ${args}`, async () => {
    const made = await shipped(await ownMachine(), policy, args).catch((reason: Reverted) => reason.error);
    assert.is(made, error);
  });
}

s('a minimum canary time holds the promotion; after it anyone settles it', async () => {
  const on = await stage(await ownMachine());
  await setPolicies(on, await shipped(on.machine, 'MinimumCanaryTime', [30n]));
  await play(on, toVotes);
  assert.is(await tell(on, ['d3', 'healthy', 1]), 'Attested Held');
  assert.is(await history(on), 'RollingOut');
  on.machine.timestamp += 29n;
  assert.is(await tell(on, ['X', 'settle']), 'StillRollingOut(hello, 1)');
  on.machine.timestamp += 1n;
  assert.is(await tell(on, ['X', 'settle']), 'Promoted');
  assert.is(await tell(on, ['X', 'settle']), 'NothingRollingOut(hello)');
});

s('what was held is promoted at the end of its window, if it may', async () => {
  const on = await stage(await ownMachine());
  await setPolicies(on, await shipped(on.machine, 'MinimumCanaryTime', [30n]));
  await play(on, [...toVotes, ['d3', 'healthy', 1], ['-', 'wait']]);
  assert.is(await tell(on, ['X', 'expire']), 'Promoted');
});

s('and rolled back, if it may not', async () => {
  const on = await stage(await ownMachine());
  await setPolicies(on, await shipped(on.machine, 'MinimumCanaryTime', [3000n]));
  await play(on, [...toVotes, ['d3', 'healthy', 1], ['-', 'wait']]);
  assert.is(await tell(on, ['X', 'expire']), 'RolledBack');
});

s('a device may change its mind while a policy holds the decision', async () => {
  const on = await stage(await ownMachine());
  await setPolicies(on, await shipped(on.machine, 'MinimumCanaryTime', [30n]));
  await play(on, [...toVotes, ['d3', 'healthy', 1]]);
  assert.is(await tell(on, ['d3', 'unhealthy', 1]), 'Attested');
  assert.is(await tell(on, ['d2', 'unhealthy', 1]), 'Attested RolledBack');
});

s('neither a freeze nor a change window keeps what is unhealthy from ending', async () => {
  const on = await stage(await ownMachine());
  const policies = [
    await shipped(on.machine, 'Freeze', [NOW + 5n, NOW + 9000n]),
    await shipped(on.machine, 'ChangeWindow', [0b0010000, 28_800, 28_805]),
  ];
  await setPolicies(on, ...policies);
  await play(on, [...toApproval, ['B', 'approve', 1], ['-', 'wait', 6], ['d1', 'unhealthy', 1]]);
  assert.is(await tell(on, ['d2', 'unhealthy', 1]), 'Attested RolledBack');
});

/** Code of policies that mean no good. */
const hostile: [name: string, code: string][] = [
  ['reverts', '5f5ffd'],
  ['fails', 'fe'],
  ['never comes back', '5b5f56'],
  ['says no', answer('0')],
  ['says two', answer('2')],
  ['says nothing', '00'],
  ['answers with 31 bytes', '60015f52601f6001f3'],
  ['answers with a megabyte', '621000005ff3'],
  ['reverts with a megabyte', '621000005ffd'],
  ['tries to write', `60015f55${answer('1')}`],
];

for (const [name, code] of hostile) {
  s(`a policy that ${name} is a no, and cannot stay against the quorum`, async () => {
    const on = await stage(await ownMachine());
    await play(on, toApproval);
    const bad = await raw(on.machine, code);
    await setPolicies(on, bad);
    assert.match(await tell(on, ['B', 'approve', 1]), /^PolicyRefuses\(/);
    assert.is(await history(on), 'Proposed');
    await setPolicies(on);
    assert.is(await tell(on, ['B', 'approve', 1]), 'Approved RollingOut');
  });

  s(`a policy that ${name} keeps a release from proceeding until its window ends, or until the quorum removes it`, async () => {
    for (const isRemoved of [false, true]) {
      const on = await stage(await ownMachine());
      await play(on, toVotes);
      await setPolicies(on, await raw(on.machine, code));
      assert.is(await tell(on, ['d3', 'healthy', 1]), 'Attested Held');
      assert.is(await tell(on, ['X', 'settle']), 'StillRollingOut(hello, 1)');
      if (isRemoved) await setPolicies(on);
      else await play(on, [['-', 'wait']]);
      assert.is(await tell(on, ['X', isRemoved ? 'settle' : 'expire']), isRemoved ? 'Promoted' : 'RolledBack');
    }
  });

  s(`a policy that ${name} delays an end to the end of the window at most`, async () => {
    const on = await stage(await ownMachine());
    await play(on, [...toApproval, ['B', 'approve', 1]]);
    await setPolicies(on, await raw(on.machine, code));
    await play(on, [['d1', 'unhealthy', 1]]);
    assert.is(await tell(on, ['d2', 'unhealthy', 1]), 'Attested Held');
    await play(on, [['-', 'wait']]);
    assert.is(await tell(on, ['X', 'expire']), 'RolledBack');
  });
}

s('a policy that says yes to the start and no ever after delays both ends, and no longer than the window', async () => {
  for (const [vote, outcome] of [
    ['healthy', 'RolledBack'],
    ['unhealthy', 'RolledBack'],
  ] as const) {
    const on = await stage(await ownMachine());
    // Whether the moment asked about is Start.
    await setPolicies(on, await raw(on.machine, '600435155f5260205ff3'));
    await play(on, [...toApproval, ['B', 'approve', 1], ['d1', vote, 1], ['d2', vote, 1]]);
    assert.match(await tell(on, ['d3', vote, 1]), /^Attested Held$/);
    await play(on, [['-', 'wait']]);
    assert.is(await tell(on, ['X', 'expire']), outcome);
    assert.is(await tell(on, ['C', 'approve', 1]), 'WrongPhase(hello, 1, RolledBack)');
  }
});

s('what a freeze kept from starting never starts once another has', async () => {
  const on = await stage(await ownMachine());
  await play(on, [
    ['A', 'propose'],
    ['B', 'propose', 'hello', 7],
  ]);
  await setPolicies(on, await shipped(on.machine, 'Freeze', [NOW, NOW + 9n]));
  assert.match(await tell(on, ['B', 'approve', 1]), /^PolicyRefuses/);
  assert.match(await tell(on, ['A', 'approve', 2]), /^PolicyRefuses/);
  on.machine.timestamp = NOW + 9n;
  assert.is(await tell(on, ['A', 'approve', 2]), 'Approved Superseded RollingOut');
  for (const who of ['A', 'B', 'C']) assert.is(await tell(on, [who, 'approve', 1]), 'WrongPhase(hello, 1, Superseded)');
  assert.is(await tell(on, ['A', 'rollback', 1]), 'WrongPhase(hello, 1, Superseded)', 'nor by a rollback: it never ran');
  await play(
    on,
    ['d1', 'd2', 'd3'].map((device): Step => [device, 'healthy', 2]),
  );
  for (const who of ['A', 'B', 'C']) assert.is(await tell(on, [who, 'approve', 2]), 'WrongPhase(hello, 2, Active)');
  assert.is(await history(on), 'Superseded Active');
});

s('a policy that says yes is a yes', async () => {
  const on = await stage(await ownMachine());
  await setPolicies(on, await raw(on.machine, answer('1')), await raw(on.machine, answer('1')));
  await play(on, toVotes);
  assert.is(await tell(on, ['d3', 'healthy', 1]), 'Attested Promoted');
});

s('at most four, each a contract, set by the quorum', async () => {
  const on = await stage(await ownMachine());
  const yes = await raw(on.machine, answer('1'));
  const message = (policies: Address[]) => setPolicies(on, ...policies).catch((error: Reverted) => error.error);
  assert.is(await message([yes, yes, yes, yes, yes]), 'TooManyPolicies');
  assert.is(await message([yes, actor('X')]), 'InvalidPolicy');
  await setPolicies(on, yes);
  assert.equal(
    ((await on.fleet.read('policies')) as string[]).map((address) => address.toLowerCase()),
    [yes],
  );
});

async function setPolicies(on: Stage, ...policies: Address[]): Promise<void> {
  await byQuorum(on, 'A', 'setPolicies', [policies]);
}

async function play(on: Stage, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await act(on, step);
}

s.run();
