/** Who may change the fleet itself: operators, devices by token, rollbacks. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeAbiParameters, encodeFunctionData, keccak256 } from 'viem';
import { privateKeyToAccount, sign } from 'viem/accounts';
import type { Address } from '../../runtime/ports/index.ts';
import { artifactOf, deploy } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import { act, actor, appName, byQuorum, history, type Stage, type Step, stage, tell, wanted } from './actors.ts';

const s = suite('Fleet: actions, tokens, rollbacks');

const votes = (revision: number, healthy: boolean): Step[] =>
  ['d1', 'd2', 'd3'].slice(healthy ? 0 : 1).map((device): Step => [device, healthy ? 'healthy' : 'unhealthy', revision]);
const release = (revision: number, healthy = true): Step[] => [
  ['A', 'propose'],
  ['B', 'approve', revision],
  ...votes(revision, healthy),
];

const rows: [name: string, before: Step[], step: Step, outcome: string][] = [
  ['the quorum sets the operators', [], ['A', 'setOperators', 'AB', 2], 'OperatorsSet'],
  ['a stranger does not', [], ['X', 'setOperators', 'AB', 2], 'NotOperator(X)'],
  ['one of two operators twice', [], ['A', 'setOperators', 'AA', 1], 'InvalidOperator(A)'],
  ['a threshold above the number', [], ['A', 'setOperators', 'AB', 3], 'InvalidThreshold(3, 2)'],
  ['no operators', [], ['A', 'setOperators', '', 0], 'InvalidThreshold(0, 0)'],
  ['who left proposes nothing', [['A', 'setOperators', 'AB', 2]], ['C', 'propose'], 'NotOperator(C)'],
  [
    'the approval of one who left counts no more',
    [
      ['C', 'propose'],
      ['A', 'setOperators', 'AB', 2],
    ],
    ['A', 'approve', 1],
    'Approved',
  ],
  ['the quorum closes enrolment', [], ['A', 'setEnrolment'], 'EnrolmentSet'],
  ['then no operator enrols alone', [['A', 'setEnrolment']], ['A', 'enrol', 'd5'], 'OnlyByQuorum()'],
  ['nor with labels', [['A', 'setEnrolment']], ['A', 'enrolLabelled', 'd5', 'a=b'], 'OnlyByQuorum()'],
  [
    'until it is opened',
    [
      ['A', 'setEnrolment'],
      ['A', 'setEnrolment', 'one'],
    ],
    ['A', 'enrol', 'd5'],
    'DeviceEnrolled',
  ],
  ['the quorum gives labels', [], ['A', 'relabel', 'd1', 'site=berlin'], 'DeviceLabelled'],
  ['not bad ones', [], ['A', 'relabel', 'd1', 'berlin'], 'InvalidLabel(berlin)'],
  ['not to a stranger', [], ['A', 'relabel', 'X', 'site=berlin'], 'NotEnrolled(X)'],
  [
    'who is labelled leaves the jury',
    [
      ['A', 'propose'],
      ['B', 'approve', 1],
      ['A', 'relabel', 'd1', 'a=b'],
    ],
    ['d1', 'healthy'],
    'NotJuror(hello, 1, d1)',
  ],

  ['rollback to what was active', [...release(1), ...release(2)], ['A', 'rollback', 1], 'Proposed RollbackProposed Approved'],
  ['by a stranger', [...release(1), ...release(2)], ['X', 'rollback', 1], 'NotOperator(X)'],
  ['to what is active', release(1), ['A', 'rollback', 1], 'WrongPhase(hello, 1, Active)'],
  ['to what was rolled back', [...release(1), ...release(2, false)], ['A', 'rollback', 2], 'WrongPhase(hello, 2, RolledBack)'],
  [
    'to what never started',
    [
      ['A', 'propose'],
      ['A', 'propose'],
    ],
    ['A', 'rollback', 1],
    'WrongPhase(hello, 1, Superseded)',
  ],
  ['to what never was', [], ['A', 'rollback', 1], 'WrongPhase(hello, 1, None)'],
  [
    'it needs approvals and votes as any release',
    [...release(1), ...release(2), ['A', 'rollback', 1], ['B', 'approve', 3], ['d1', 'healthy', 3], ['d2', 'healthy', 3]],
    ['d3', 'healthy', 3],
    'Attested Promoted Superseded',
  ],
  [
    'devices may refuse it',
    [...release(1), ...release(2), ['A', 'rollback', 1], ['B', 'approve', 3], ['d1', 'unhealthy', 3]],
    ['d2', 'unhealthy', 3],
    'Attested RolledBack',
  ],
];

for (const [index, [name, before, step, outcome]] of rows.entries()) {
  s(`${index + 1} ${name}`, async () => {
    const on = await stage(await ownMachine());
    for (const earlier of before) await act(on, earlier);
    assert.is(await tell(on, step), outcome);
  });
}

s('a rollback runs the manifest and reaches the devices of the earlier revision', async () => {
  const on = await stage(await ownMachine());
  await act(on, ['A', 'enrolLabelled', 'd5', 'site=berlin']);
  for (const step of [
    ['A', 'proposeTo', '0', 'site=berlin'],
    ['B', 'approve', 1],
    ['d5', 'healthy', 1],
  ] as Step[])
    await act(on, step);
  await act(on, ['A', 'propose', 'hello', 7]);
  for (const step of [['B', 'approve', 2], ...votes(2, true), ['A', 'rollback', 1], ['B', 'approve', 3]] as Step[])
    await act(on, step);
  const hash = async (revision: bigint) =>
    ((await on.fleet.read('release', appName('hello'), revision)) as { manifestHash: string }).manifestHash;
  assert.is(await hash(3n), await hash(1n));
  assert.is.not(await hash(3n), await hash(2n));
  assert.equal(await wanted(on, 'd5'), ['hello 3']);
  assert.equal(await wanted(on, 'd1'), ['hello 2']);
  assert.is(await history(on), 'Superseded Active RollingOut');
});

const { abi } = artifactOf('Fleet');
const callOf = (functionName: string, ...args: unknown[]) => encodeFunctionData({ abi, functionName, args });
const revokeOne = callOf('revoke', actor('d1'));
const revokeTwo = callOf('revoke', actor('d2'));

const guarded: [name: string, args: unknown[]][] = [
  ['setOperators', [[actor('A')], 1]],
  ['setEnrolment', [true]],
  ['setPolicies', [[]]],
  ['revoke', [actor('d1')]],
  ['relabel', [actor('d1'), []]],
];
for (const [name, args] of guarded) {
  s(`no operator calls ${name} alone`, async () => {
    const { fleet } = await stage(await ownMachine());
    assert.is(await refusal(fleet.send(actor('A'), name, ...args)), 'OnlyByQuorum()');
  });
}

s('an action is done once, at the last approval it needs, and by operators of that moment', async () => {
  const on = await stage(await ownMachine(), 3);
  const send = (who: string, name: string, ...args: unknown[]) => on.fleet.send(actor(who), name, ...args);
  await send('A', 'proposeAction', revokeOne);
  assert.is(await refusal(send('A', 'approveAction', 2n, keccak256(revokeOne))), `ActionApprovedAlready(2, ${actor('A')})`);
  assert.is(await refusal(send('X', 'approveAction', 2n, keccak256(revokeOne))), `NotOperator(${actor('X')})`);
  assert.is(await refusal(send('B', 'approveAction', 3n, keccak256(revokeTwo))), 'NoAction(3)');
  assert.equal(names(await send('B', 'approveAction', 2n, keccak256(revokeOne))), ['ActionApproved']);
  assert.equal(names(await send('C', 'approveAction', 2n, keccak256(revokeOne))), [
    'ActionApproved',
    'DeviceRevoked',
    'ActionDone',
  ]);
  assert.is(await refusal(send('C', 'approveAction', 2n, keccak256(revokeOne))), 'ActionOver(2)');
  await send('C', 'proposeAction', revokeTwo);
  await byQuorum(on, 'A', 'setOperators', [[actor('A'), actor('B'), actor('X')], 3]);
  await send('A', 'approveAction', 3n, keccak256(revokeTwo));
  assert.equal(
    names(await send('B', 'approveAction', 3n, keccak256(revokeTwo))),
    ['ActionApproved'],
    'C is no operator any more',
  );
  assert.equal(names(await send('X', 'approveAction', 3n, keccak256(revokeTwo))), [
    'ActionApproved',
    'DeviceRevoked',
    'ActionDone',
  ]);
});

s('an action is approved by its call: what a node has shown instead counts for nothing', async () => {
  const on = await stage(await ownMachine());
  await on.fleet.send(actor('A'), 'proposeAction', revokeTwo);
  const shown = keccak256(revokeOne);
  assert.is(await refusal(on.fleet.send(actor('B'), 'approveAction', 2n, shown)), `OtherAction(2, ${shown})`);
  assert.is(((await on.fleet.read('action', 2n)) as { approvals: number }).approvals, 1);
  assert.equal(names(await on.fleet.send(actor('B'), 'approveAction', 2n, keccak256(revokeTwo))), [
    'ActionApproved',
    'DeviceRevoked',
    'ActionDone',
  ]);
});

s('an action expires after a week', async () => {
  const { fleet, machine } = await stage(await ownMachine());
  await fleet.send(actor('A'), 'proposeAction', revokeOne);
  machine.timestamp += 604_800n;
  assert.is(await refusal(fleet.send(actor('B'), 'approveAction', 2n, keccak256(revokeOne))), 'ActionOver(2)');
});

s('an action does what the quorum may do and nothing else', async () => {
  const { fleet } = await stage(await ownMachine(), 1);
  const propose = (call: string) => refusal(fleet.send(actor('A'), 'proposeAction', call));
  assert.is(await propose(callOf('propose', appName('x'), '0x01', 60n)), `NotOperator(${fleet.address})`);
  assert.is(await propose(callOf('proposeAction', revokeOne)), `NotOperator(${fleet.address})`);
  assert.is(await propose(callOf('setOperators', [fleet.address], 1)), `InvalidOperator(${fleet.address})`);
  assert.is(await propose(`0x${'00'.repeat(4097)}`), 'ActionTooLarge(4097, 4096)');
});

// Enrolment as a fleet begins

const beginnings: [name: string, threshold: number, opened: boolean, what: string, outcome: string][] = [
  ['where one approval is enough, one operator enrols', 1, false, 'enrol', 'done'],
  ['and invites', 1, false, 'invite', 'done'],
  ['where it takes two, none enrols alone', 2, false, 'enrol', 'OnlyByQuorum()'],
  ['nor with labels', 2, false, 'enrolLabelled', 'OnlyByQuorum()'],
  ['nor invites', 2, false, 'invite', 'OnlyByQuorum()'],
  ['nor withdraws', 2, false, 'withdraw', 'OnlyByQuorum()'],
  ['unless the quorum has let them', 2, true, 'enrol', 'done'],
];
for (const [name, threshold, opened, what, outcome] of beginnings) {
  s(`a fleet begins: ${name}`, async () => {
    const machine = await ownMachine();
    const fleet = await deploy(machine, artifactOf('Fleet'), actor('A'), [[actor('A'), actor('B')], threshold]);
    if (opened) await byQuorum({ machine, fleet }, 'A', 'setEnrolment', [false]);
    const args: Record<string, unknown[]> = {
      enrol: [[actor('d1')], ['d1']],
      enrolLabelled: [actor('d1'), 'd1', []],
      invite: [TOKEN, 'd1', [], SOON],
      withdraw: [TOKEN],
    };
    assert.is(await refusal(fleet.send(actor('A'), what, ...args[what]!)), outcome);
    assert.is(await fleet.read('enrolmentByQuorum'), !opened);
    if (outcome === 'done') return;
    const told = await refusal(byQuorum({ machine, fleet }, 'A', what, args[what]!));
    assert.is(told, what === 'withdraw' ? `NotInvited(${TOKEN})` : 'done', 'the quorum may');
  });
}

s("a lone operator's token is void once only the quorum invites", async () => {
  const on = await stage(await ownMachine());
  await on.fleet.send(actor('A'), 'invite', TOKEN, 'pad', [], SOON);
  await act(on, ['A', 'setEnrolment']);
  assert.is(await refusal(on.fleet.send(actor('d5'), 'join', ...(await ticket(on, 'd5')))), `NotInvited(${TOKEN})`);
});

// Tokens

const TOKEN = privateKeyToAccount(keccak256('0x01')).address.toLowerCase() as Address;
const SOON = 1_800_000_100n;

async function ticket({ fleet }: Stage, device: string, key = keccak256('0x01')): Promise<[bigint, string, string]> {
  const types = [{ type: 'string' }, { type: 'uint256' }, { type: 'address' }, { type: 'address' }] as const;
  const hash = keccak256(encodeAbiParameters(types, ['classpad join', 4400n, fleet.address, actor(device)]));
  const { v, r, s: half } = await sign({ hash, privateKey: key });
  return [v!, r, half];
}

s('a device enrols itself by a token, once', async () => {
  const on = await stage(await ownMachine());
  await on.fleet.send(actor('A'), 'invite', TOKEN, 'pad', [appName('site=berlin')], SOON);
  const { events } = await on.fleet.send(actor('d5'), 'join', ...(await ticket(on, 'd5')));
  assert.equal(
    events.map(({ name }) => name),
    ['DeviceEnrolled', 'DeviceLabelled'],
  );
  assert.equal(await on.fleet.read('labels', actor('d5')), [appName('site=berlin')]);
  assert.is(await refusal(on.fleet.send(actor('d6'), 'join', ...(await ticket(on, 'd6')))), `NotInvited(${TOKEN})`);
});

s('who is revoked does not come back by the signature that stands on the ledger, whatever is posted', async () => {
  const on = await stage(await ownMachine());
  const first = await ticket(on, 'd5');
  await on.fleet.send(actor('A'), 'invite', TOKEN, 'pad', [], SOON);
  await on.fleet.send(actor('d5'), 'join', ...first);
  await act(on, ['A', 'revoke', 'd5']);
  assert.is(await refusal(on.fleet.send(actor('A'), 'invite', TOKEN, 'pad', [], SOON)), `InvalidToken(${TOKEN})`);
  assert.is(await refusal(on.fleet.send(actor('d5'), 'join', ...first)), `NotInvited(${TOKEN})`);
});

s("whoever sees a device's ticket cannot use it", async () => {
  const on = await stage(await ownMachine());
  await on.fleet.send(actor('A'), 'invite', TOKEN, 'pad', [], SOON);
  const stolen = await refusal(on.fleet.send(actor('X'), 'join', ...(await ticket(on, 'd5'))));
  assert.match(stolen, /^NotInvited/);
  assert.not.match(stolen, TOKEN);
  assert.is(
    await refusal(on.fleet.send(actor('X'), 'join', 27, `0x${'00'.repeat(32)}`, `0x${'00'.repeat(32)}`)),
    `NotInvited(${actor('0')})`,
  );
});

s('a token expires, is withdrawn, or is void when who gave it has left', async () => {
  const on = await stage(await ownMachine());
  const invite = () => on.fleet.send(actor('C'), 'invite', TOKEN, 'pad', [], SOON);
  const join = async () => refusal(on.fleet.send(actor('d5'), 'join', ...(await ticket(on, 'd5'))));
  await invite();
  assert.is(await refusal(invite()), `InvalidToken(${TOKEN})`);
  await on.fleet.send(actor('A'), 'withdraw', TOKEN);
  assert.is(await join(), `NotInvited(${TOKEN})`);
  await invite();
  on.machine.timestamp = SOON;
  assert.is(await join(), `InvitationExpired(${TOKEN}, ${SOON})`);
  assert.is(await refusal(on.fleet.send(actor('A'), 'invite', actor('X'), 'pad', [], SOON)), `InvalidExpiry(${SOON})`);
  on.machine.timestamp = SOON - 1n;
  await act(on, ['A', 'setOperators', 'AB', 2]);
  assert.is(await join(), `NotInvited(${TOKEN})`);
});

s('only operators invite; where enrolment is closed, only the quorum', async () => {
  const on = await stage(await ownMachine());
  const args = [TOKEN, 'pad', [], SOON];
  assert.is(await refusal(on.fleet.send(actor('X'), 'invite', ...args)), `NotOperator(${actor('X')})`);
  await act(on, ['A', 'setEnrolment']);
  assert.is(await refusal(on.fleet.send(actor('A'), 'invite', ...args)), 'OnlyByQuorum()');
  await byQuorum(on, 'A', 'invite', args);
  const { events } = await on.fleet.send(actor('d5'), 'join', ...(await ticket(on, 'd5')));
  assert.is(events[0]!.name, 'DeviceEnrolled');
});

function names({ events }: { readonly events: readonly { readonly name: string }[] }): string[] {
  return events.map(({ name }) => name);
}

/** `Error(arguments)`, or `done`. */
async function refusal(sent: Promise<unknown>): Promise<string> {
  return sent.then(
    () => 'done',
    (error: Error) => error.message.replace('reverted: ', '').replace(/0x\w{40}(?!\w)/g, (address) => address.toLowerCase()),
  );
}

s.run();
