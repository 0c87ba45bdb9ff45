import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { artifactOf, bytes, deploy, hex, Reverted } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import { act, actor, appName, devices, history, manifest, type Step, stage, tell } from './actors.ts';

const s = suite('Fleet');
const newMachine = ownMachine;

const rollingOut: Step[] = [
  ['A', 'propose'],
  ['B', 'approve', 1],
];
const activeOne: Step[] = [...rollingOut, ['d1', 'healthy', 1], ['d2', 'healthy', 1], ['d3', 'healthy', 1]];
const rollingTwo: Step[] = [...activeOne, ['A', 'propose'], ['B', 'approve', 2]];

/** What happened before, what is done, what comes of it (events or the refusal), and the phases of hello's revisions after. */
const rows: [name: string, before: Step[], step: Step, outcome: string, phases: string][] = [
  ['an operator proposes', [], ['A', 'propose'], 'Proposed Approved', 'Proposed'],
  ['a stranger does not', [], ['X', 'propose'], 'NotOperator(X)', ''],
  ['a device does not', [], ['d1', 'propose'], 'NotOperator(d1)', ''],
  ['an app without a name', [], ['A', 'propose', ''], 'InvalidName()', ''],
  ['an app in capitals', [], ['A', 'propose', 'Hello'], 'InvalidName(Hello)', ''],
  ['an app with a space', [], ['A', 'propose', 'hel lo'], 'InvalidName(hel lo)', ''],
  ['an app that ends in a hyphen', [], ['A', 'propose', 'hello-'], 'InvalidName(hello-)', ''],
  ['an app of 32 characters', [], ['A', 'propose', 'a'.repeat(32)], `InvalidName(${'a'.repeat(32)})`, ''],
  ['an app with zeros inside', [], ['A', 'propose', 'a\0b'], 'InvalidName(a)', ''],
  ['an empty manifest', [], ['A', 'propose', 'hello', 0], 'ManifestEmpty()', ''],
  ['64 KiB', [], ['A', 'propose', 'hello', 65_536], 'Proposed Approved', 'Proposed'],
  ['a byte more', [], ['A', 'propose', 'hello', 65_537], 'ManifestTooLarge(65537, 65536)', ''],
  ['no health window', [], ['A', 'propose', 'hello', 9, 0], 'InvalidHealthWindow(0, 1, 2592000)', ''],
  ['too long a health window', [], ['A', 'propose', 'hello', 9, 2_592_001], 'InvalidHealthWindow(2592001, 1, 2592000)', ''],
  ['a second proposal of another', [['A', 'propose']], ['B', 'propose'], 'Proposed Approved', 'Proposed Proposed'],
  ['a second proposal of the same', [['A', 'propose']], ['A', 'propose'], 'Superseded Proposed Approved', 'Superseded Proposed'],
  ['a proposal during a rollout waits', rollingOut, ['A', 'propose'], 'Proposed Approved', 'RollingOut Proposed'],

  ['enough approvals start', [['A', 'propose']], ['B', 'approve', 1], 'Approved RollingOut', 'RollingOut'],
  ['nobody approves twice', [['A', 'propose']], ['A', 'approve', 1], 'AlreadyApproved(hello, 1, A)', 'Proposed'],
  ['a stranger does not approve', [['A', 'propose']], ['X', 'approve', 1], 'NotOperator(X)', 'Proposed'],
  ['what was never proposed', [['A', 'propose']], ['B', 'approve', 2], 'WrongPhase(hello, 2, None)', 'Proposed'],
  ['what rolls out already', rollingOut, ['C', 'approve', 1], 'WrongPhase(hello, 1, RollingOut)', 'RollingOut'],
  ['what is active', activeOne, ['C', 'approve', 1], 'WrongPhase(hello, 1, Active)', 'Active'],
  [
    'while another rolls out',
    [...rollingOut, ['A', 'propose']],
    ['B', 'approve', 2],
    'StillRollingOut(hello, 1)',
    'RollingOut Proposed',
  ],
  [
    'a start supersedes older proposals only',
    [
      ['A', 'propose'],
      ['B', 'propose'],
      ['C', 'propose'],
    ],
    ['A', 'approve', 2],
    'Approved Superseded RollingOut',
    'Superseded RollingOut Proposed',
  ],
  [
    'superseded never comes back',
    [
      ['A', 'propose'],
      ['B', 'propose'],
      ['A', 'approve', 2],
    ],
    ['B', 'approve', 1],
    'WrongPhase(hello, 1, Superseded)',
    'Superseded RollingOut',
  ],
  [
    'rolled back never comes back',
    [...rollingOut, ['d1', 'unhealthy'], ['d2', 'unhealthy']],
    ['C', 'approve', 1],
    'WrongPhase(hello, 1, RolledBack)',
    'RolledBack',
  ],

  ['a device attests', rollingOut, ['d1', 'healthy'], 'Attested', 'RollingOut'],
  ['a stranger does not', rollingOut, ['X', 'healthy'], 'NotEnrolled(X)', 'RollingOut'],
  ['an operator does not', rollingOut, ['A', 'healthy'], 'NotEnrolled(A)', 'RollingOut'],
  ['not before the start', [['A', 'propose']], ['d1', 'healthy'], 'WrongPhase(hello, 1, Proposed)', 'Proposed'],
  ['not on what never was', [], ['d1', 'healthy', 7], 'WrongPhase(hello, 7, None)', ''],
  ['after the decision it counts no more', activeOne, ['d4', 'unhealthy'], 'CameLate', 'Active'],
  ['nor does a change of mind', activeOne, ['d1', 'unhealthy'], 'CameLate', 'Active'],
  ["nor a stranger's", activeOne, ['X', 'unhealthy'], 'NotEnrolled(X)', 'Active'],
  [
    'nor that of one enrolled since',
    [...activeOne, ['A', 'enrol', 'd5']],
    ['d5', 'unhealthy'],
    'NotJuror(hello, 1, d5)',
    'Active',
  ],
  ['not the same twice', [...rollingOut, ['d1', 'healthy']], ['d1', 'healthy'], 'AlreadyAttested(hello, 1, true)', 'RollingOut'],
  ['a change of mind', [...rollingOut, ['d1', 'unhealthy']], ['d1', 'healthy'], 'Attested', 'RollingOut'],
  [
    'a change of mind counts once',
    [...rollingOut, ['d1', 'unhealthy'], ['d1', 'healthy'], ['d2', 'healthy']],
    ['d3', 'healthy'],
    'Attested Promoted',
    'Active',
  ],
  ['a reason of 256 bytes', rollingOut, ['d1', 'unhealthy', 1, 'hello', 256], 'Attested', 'RollingOut'],
  ['a longer reason', rollingOut, ['d1', 'unhealthy', 1, 'hello', 257], 'ReasonTooLong(257, 256)', 'RollingOut'],
  ['two of four are no quorum', [...rollingOut, ['d1', 'healthy']], ['d2', 'healthy'], 'Attested', 'RollingOut'],
  ['three of four are', [...rollingOut, ['d1', 'healthy'], ['d2', 'healthy']], ['d3', 'healthy'], 'Attested Promoted', 'Active'],
  ['one unhealthy of four', rollingOut, ['d1', 'unhealthy'], 'Attested', 'RollingOut'],
  ['two unhealthy of four', [...rollingOut, ['d1', 'unhealthy']], ['d2', 'unhealthy'], 'Attested RolledBack', 'RolledBack'],
  [
    'the next revision takes the place of the first',
    [...rollingTwo, ['d1', 'healthy', 2], ['d2', 'healthy', 2]],
    ['d3', 'healthy', 2],
    'Attested Promoted Superseded',
    'Superseded Active',
  ],
  [
    'the next revision fails: the first stays',
    [...rollingTwo, ['d1', 'unhealthy', 2]],
    ['d2', 'unhealthy', 2],
    'Attested RolledBack',
    'Active RolledBack',
  ],

  ['the window is open', rollingOut, ['X', 'expire'], 'HealthWindowOpen(hello, 1, 1800000060)', 'RollingOut'],
  ['a second before its end', [...rollingOut, ['-', 'wait', 59]], ['d1', 'healthy'], 'Attested', 'RollingOut'],
  [
    'at its end a vote counts no more, and ends it',
    [...rollingOut, ['-', 'wait']],
    ['d1', 'healthy'],
    'RolledBack CameLate',
    'RolledBack',
  ],
  ['at its end anyone ends it', [...rollingOut, ['-', 'wait']], ['X', 'expire'], 'RolledBack', 'RolledBack'],
  ['nothing to end', activeOne, ['X', 'expire'], 'NothingRollingOut(hello)', 'Active'],
  [
    'a proposal ends it too',
    [...rollingOut, ['-', 'wait']],
    ['A', 'propose'],
    'RolledBack Proposed Approved',
    'RolledBack Proposed',
  ],
  [
    'and an approval',
    [...rollingOut, ['A', 'propose'], ['-', 'wait']],
    ['C', 'approve', 2],
    'RolledBack Approved RollingOut',
    'RolledBack RollingOut',
  ],

  ['a device is enrolled', [], ['A', 'enrol', 'd5'], 'DeviceEnrolled', ''],
  ['not by a stranger', [], ['X', 'enrol', 'd5'], 'NotOperator(X)', ''],
  ['not by a device', [], ['d1', 'enrol', 'd5'], 'NotOperator(d1)', ''],
  ['not twice', [], ['A', 'enrol', 'd1', 'other'], 'AlreadyEnrolled(d1, d1)', ''],
  ['not under a name that is taken', [], ['A', 'enrol', 'd5', 'd1'], 'NameTaken(d1, d1)', ''],
  ['not without a name', [], ['A', 'enrol', 'd5', ''], 'InvalidName()', ''],
  ['not under a long name', [], ['A', 'enrol', 'd5', 'a'.repeat(32)], `InvalidName(${'a'.repeat(32)})`, ''],
  ['not under a name that only looks free', [], ['A', 'enrol', 'd5', 'd1\0'], 'InvalidName(d1\0)', ''],
  ['not the zero address', [], ['A', 'enrol', '0', 'zero'], 'InvalidDevice(0x0000000000000000000000000000000000000000)', ''],
  ['a name is free after a revocation', [['A', 'revoke', 'd1']], ['A', 'enrol', 'd5', 'd1'], 'DeviceEnrolled', ''],
  ['a device is revoked', [], ['A', 'revoke', 'd4'], 'DeviceRevoked', ''],
  ['not by a stranger', [], ['X', 'revoke', 'd4'], 'NotOperator(X)', ''],
  ['not twice', [['A', 'revoke', 'd4']], ['A', 'revoke', 'd4'], 'NotEnrolled(d4)', ''],
  ['a revoked device does not vote', [...rollingOut, ['A', 'revoke', 'd4']], ['d4', 'healthy'], 'NotEnrolled(d4)', 'RollingOut'],
  [
    'a revoked vote no longer counts',
    [...rollingOut, ['d1', 'healthy'], ['A', 'revoke', 'd1'], ['d2', 'healthy']],
    ['d3', 'healthy'], // two of three
    'Attested Promoted',
    'Active',
  ],
  [
    'a revoked complaint no longer counts',
    [...rollingOut, ['d1', 'unhealthy'], ['A', 'revoke', 'd1']],
    ['d2', 'unhealthy'], // one of three
    'Attested',
    'RollingOut',
  ],
  [
    'fewer voters may decide: promoted',
    [...rollingOut, ['d1', 'healthy'], ['d2', 'healthy']],
    ['A', 'revoke', 'd4'],
    'DeviceRevoked Promoted',
    'Active',
  ],
  [
    'fewer voters may decide: rolled back',
    [...rollingOut, ['d1', 'unhealthy'], ['A', 'revoke', 'd4']],
    ['A', 'revoke', 'd3'],
    'DeviceRevoked RolledBack',
    'RolledBack',
  ],
  [
    'but not after the window: then it is rolled back first',
    [...rollingOut, ['d1', 'healthy'], ['d2', 'healthy'], ['-', 'wait']],
    ['A', 'revoke', 'd4'],
    'DeviceRevoked RolledBack',
    'RolledBack',
  ],
  [
    'enrolled anew, a device is a late one',
    [...rollingOut, ['d1', 'healthy'], ['A', 'revoke', 'd1'], ['A', 'enrol', 'd1']],
    ['d1', 'healthy'],
    'NotJuror(hello, 1, d1)',
    'RollingOut',
  ],
  [
    'a device enrolled after the start does not judge',
    [...rollingOut, ['A', 'enrol', 'd5']],
    ['d5', 'healthy'],
    'NotJuror(hello, 1, d5)',
    'RollingOut',
  ],
  [
    'nor does it raise the quorum',
    [...rollingOut, ['A', 'enrol', 'd5'], ['A', 'enrol', 'd6'], ['d1', 'healthy'], ['d2', 'healthy']],
    ['d3', 'healthy'], // three of four
    'Attested Promoted',
    'Active',
  ],
  [
    'the last device leaves: the window decides',
    [...rollingOut, ...revokeAllBut('d1')],
    ['A', 'revoke', 'd1'],
    'DeviceRevoked',
    'RollingOut',
  ],
];

function revokeAllBut(stays: string): Step[] {
  return devices.filter((device) => device !== stays).map((device): Step => ['A', 'revoke', device]);
}

for (const [index, [name, before, step, outcome, phases]] of rows.entries()) {
  s(`${index + 1} ${name}: ${step.join(' ').slice(0, 40)}`, async () => {
    const on = await stage(await newMachine());
    for (const earlier of before) await act(on, earlier);
    assert.is(await tell(on, step), outcome);
    assert.is(await history(on), phases);
  });
}

const constructions: [name: string, operators: string[], threshold: number, refusal: string][] = [
  ['nobody', [], 0, 'InvalidThreshold(0,0)'],
  ['no approval needed', ['A', 'B'], 0, 'InvalidThreshold(0,2)'],
  ['more approvals than operators', ['A', 'B'], 3, 'InvalidThreshold(3,2)'],
  ['one twice', ['A', 'A'], 1, `InvalidOperator(${actor('A')})`],
  ['the zero address', ['A', '0'], 1, `InvalidOperator(${actor('0')})`],
];

for (const [name, operators, threshold, refusal] of constructions) {
  s(`no fleet with ${name}`, async () => {
    const made = deploy(await newMachine(), artifactOf('Fleet'), actor('A'), [operators.map(actor), threshold]);
    const error = await made.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.instance(error, Reverted);
    const { error: kind, args } = error as Reverted;
    assert.is(`${kind}(${args})`.toLowerCase(), refusal.toLowerCase());
  });
}

s('no fleet with 33 operators', async () => {
  const many = Array.from({ length: 33 }, (_, index) => `0x${(index + 1).toString(16).padStart(40, '0')}`);
  const made = deploy(await newMachine(), artifactOf('Fleet'), actor('A'), [many, 1]);
  const error = await made.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.is(`${error}`, 'Reverted: reverted: TooManyOperators(33, 32)');
});

s('one approval is enough where the threshold is one', async () => {
  const on = await stage(await newMachine(), 1);
  assert.is(await tell(on, ['A', 'propose']), 'Proposed Approved RollingOut');
  assert.is(await tell(on, ['B', 'propose']), 'StillRollingOut(hello, 1)');
  assert.is(await history(on), 'RollingOut');
});

s('no approval at all while another rolls out, even one that would not start it', async () => {
  const on = await stage(await newMachine(), 3);
  for (const step of [...rollingOut, ['C', 'approve', 1], ['A', 'propose']] as Step[]) await act(on, step);
  assert.is(await tell(on, ['B', 'approve', 2]), 'StillRollingOut(hello, 1)');
});

s('names and devices of different number are refused', async () => {
  const { fleet } = await stage(await newMachine());
  const error = await fleet.send(actor('A'), 'enrol', [actor('d5')], []).catch((reason: unknown) => reason);
  assert.is(`${error}`, 'Reverted: reverted: DifferentLengths(1, 0)');
});

s('the fleet says who and how many', async () => {
  const on = await stage(await newMachine());
  await act(on, ['A', 'revoke', 'd2']);
  const enrolled = (await on.fleet.read('devices')) as { account: string; name: string; enrolledAt: bigint }[];
  assert.equal(
    enrolled.map(({ name, enrolledAt }) => [name, enrolledAt]).sort(),
    ['d1', 'd3', 'd4'].map((name) => [name, 1_800_000_000n]),
  );
  assert.is(await on.fleet.read('quorum'), 2);
  assert.is(await on.fleet.read('threshold'), 2);
  assert.is(((await on.fleet.read('operators')) as string[]).length, 3);
  await act(on, ['A', 'propose', 'second']);
  assert.equal(await on.fleet.read('apps'), [appName('second')]);
});

/** What d1 should run, as `app revision phase previous voted`. */
const wantedRows: [name: string, before: Step[], wanted: string[]][] = [
  ['nothing', [], []],
  ['nothing that is only proposed', [['A', 'propose']], []],
  ['what rolls out', rollingOut, ['hello 1 2 0 false']],
  ['what rolls out, after its vote', [...rollingOut, ['d1', 'healthy']], ['hello 1 2 0 true']],
  ['what is active', activeOne, ['hello 1 3 0 true']],
  ['the newcomer before the active', rollingTwo, ['hello 2 2 1 false']],
  ['the active after a rollback', [...rollingTwo, ['d3', 'unhealthy', 2], ['d4', 'unhealthy', 2]], ['hello 1 3 0 true']],
  ['nothing after the first was rolled back', [...rollingOut, ['d3', 'unhealthy'], ['d4', 'unhealthy']], []],
  ['nothing once revoked', [...activeOne, ['A', 'revoke', 'd1']], []],
  [
    'two apps',
    [...activeOne, ['A', 'propose', 'other'], ['B', 'approve', 1, 'other']],
    ['hello 1 3 0 true', 'other 1 2 0 false'],
  ],
];

for (const [name, before, expected] of wantedRows) {
  s(`wanted: ${name}`, async () => {
    const on = await stage(await newMachine());
    for (const step of before) await act(on, step);
    const wanted = (await on.fleet.read('wanted', actor('d1'))) as Record<string, unknown>[];
    for (const each of wanted) assert.is(each['manifest'], manifest(100));
    const told = wanted.map(
      (each) => `${nameOf(each['app'])} ${each['revision']} ${each['phase']} ${each['previous']} ${each['voted']}`,
    );
    assert.equal(told, expected);
  });
}

function nameOf(app: unknown): string {
  return Buffer.from(String(app).slice(2), 'hex').toString().replaceAll('\0', '');
}

const sizes = [95, 24_574, 24_575, 24_576, 49_150, 49_151, 65_536];

for (const size of sizes) {
  s(`a manifest of ${size} bytes is read back whole`, async () => {
    const on = await stage(await newMachine());
    const content = Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
    const shell = bytes(manifest(size));
    content.set(shell.subarray(0, 94));
    content.set(shell.subarray(-1), size - 1);
    await on.fleet.send(actor('A'), 'propose', appName('hello'), hex(content), 60n);
    assert.ok((await on.fleet.read('manifest', appName('hello'), 1n)) === hex(content));
  });
}

s('the same manifest again is stored once', async () => {
  const on = await stage(await newMachine());
  const propose = () => on.fleet.send(actor('A'), 'propose', appName('hello'), manifest(10_000), 60n);
  const [first, second] = [await propose(), await propose()];
  assert.ok(first.gasUsed - second.gasUsed > 2_000_000n, `${first.gasUsed} and ${second.gasUsed}`);
});

s.run();
