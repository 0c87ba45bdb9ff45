import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Hex } from 'viem';
import { foldLedger, type ModelOptions, type Said, type Terms } from './ledger-model.ts';
import { Violation } from './violation.ts';

const test = suite('the ledger, counted anew');

const TERMS: Terms = { healthWindow: 60, expiresAt: 0, canary: 0, inPercent: false, labels: [] };
const of = (revision = 1) => ({ app: 'a', revision });
const at = (device: number): Hex => `0x${device}`;

const enrolled = (...devices: number[]): Said[] =>
  devices.map((device) => ({ name: 'DeviceEnrolled', device: at(device), deviceName: `pad-${device}` }));
const labelled = (device: number, ...labels: string[]): Said => ({ name: 'DeviceLabelled', device: at(device), labels });
const leaves = (device: number): Said => ({ name: 'DeviceRevoked', device: at(device) });
const approved = (by: Hex, approvals: number, revision = 1): Said => ({ ...of(revision), name: 'Approved', by, approvals });
const starts = (revision = 1, seconds = 0): Said => ({ ...of(revision), name: 'RollingOut', seconds });
const started = (revision = 1, seconds = 0): Said[] => [
  approved('0xa', 1, revision),
  approved('0xb', 2, revision),
  starts(revision, seconds),
];
const chosen = (...devices: number[]): Said => ({ ...of(), name: 'CanaryChosen', devices: devices.map(at) });
const vote = (device: number, healthy = true, seconds = 1): Said => ({
  ...of(),
  name: 'Attested',
  device: at(device),
  healthy,
  seconds,
});
const promoted = (votes: number, quorum: number, seconds = 2): Said => ({ ...of(), name: 'Promoted', votes, quorum, seconds });
const back = (why: string, seconds = 2, backTo = 0): Said => ({ ...of(), name: 'RolledBack', why, backTo, seconds });
const together = (...events: Said[]): Said[] => events.map((event) => ({ ...event, hash: '0x77' }));
const operators = (some: Hex[], threshold: number): Said => ({ name: 'OperatorsSet', operators: some, threshold });
const action = (by: Hex, approvals: number): Said => ({ name: 'ActionApproved', id: 1, by, approvals });

const UNHEALTHY = 'a quorum found it unhealthy';
const NO_QUORUM = 'a healthy quorum can no longer be reached';
const OVER = 'no quorum within the health window';
const HELD = 'a policy held it back until its health window ended';

function fold(said: readonly Said[], options: Partial<ModelOptions> = {}) {
  return foldLedger(said, { operators: ['0xa', '0xb', '0xc'], threshold: 2, terms: () => TERMS, allows: () => true, ...options });
}

type Row = readonly [name: string, said: Said[], rule?: string | undefined, options?: Partial<ModelOptions>];
const three = [...enrolled(1, 2, 3), ...started()];
const labels: Partial<ModelOptions> = { terms: () => ({ ...TERMS, labels: ['site=a'] }) };
const canary = (size: number, inPercent: boolean): Partial<ModelOptions> => ({
  terms: () => ({ ...TERMS, canary: size, inPercent }),
});
const refusing = (moment: string): Partial<ModelOptions> => ({ allows: (_, of) => of !== moment });
const policy: Said = { name: 'PoliciesSet', policies: ['0xf'] };

const rows: readonly Row[] = [
  ['two of three', [...three, vote(1), vote(2), promoted(2, 2)]],
  ['one changed its mind', [...three, vote(1), vote(1, false), vote(2), promoted(2, 2)], 'votes counted'],
  ['fewer than it takes', [...three, vote(1), promoted(1, 2)], 'votes counted'],
  ['a quorum that is none', [...three, vote(1), promoted(1, 1)], 'votes counted'],
  ['nobody it knows', [...three, vote(4)], 'votes counted'],
  ['after the window', [...three, vote(1, true, 60)], 'votes counted'],
  ['of what does not roll out', [...enrolled(1), vote(1)], 'votes counted'],

  ['one left, and what is left is a quorum', [...three, vote(1), vote(2), leaves(1), leaves(3), promoted(1, 1)]],
  ['one left and was counted', [...three, vote(1), leaves(1), vote(2), promoted(2, 2)], 'votes counted'],
  ['by its leaving', [...three, vote(2), vote(1, false), ...together(leaves(3), leaves(1), promoted(1, 1))]],
  ['told before it is relabelled', [...three, vote(1), vote(2, false), ...together(promoted(1, 1), labelled(2), labelled(3))]],
  ['after the window as it was before', [...three, vote(1), vote(2), ...together(leaves(1), promoted(2, 2, 60))]],
  ['before its end as it is now', [...three, vote(1), vote(2), ...together(leaves(1), promoted(2, 2, 59))], 'votes counted'],
  ['one came later and votes', [...three, ...enrolled(4), vote(4)], 'votes counted'],
  ['one came later and does not', [...three, ...enrolled(4), vote(1), vote(2), promoted(2, 2)]],
  [
    'one came with labels in the same breath',
    [...three, ...together(...enrolled(4), labelled(4, 'site=a')), vote(1), vote(2), promoted(2, 2)],
  ],

  [
    'only those with the label judge',
    [...enrolled(1, 2), labelled(1, 'site=a'), ...started(), vote(1), promoted(1, 1)],
    undefined,
    labels,
  ],
  ['one without it', [...enrolled(1, 2), labelled(1, 'site=a'), ...started(), vote(2)], 'votes counted', labels],
  ['the canary judges', [...three, chosen(2), vote(2), promoted(1, 1)], undefined, canary(1, false)],
  ['one who is not of it', [...three, chosen(2), vote(1)], 'votes counted', canary(1, false)],
  ['it is larger', [...three, chosen(1, 2)], 'canary', canary(1, false)],
  ['a third of three', [...three, chosen(3)], undefined, canary(33, true)],
  ['half of three are two', [...three, chosen(3)], 'canary', canary(50, true)],
  ['somebody else', [...three, chosen(4)], 'canary', canary(1, false)],

  ['a quorum against it', [...three, vote(1, false), vote(2, false), back(UNHEALTHY)]],
  ['said to be one', [...enrolled(1, 2), ...started(), vote(1, false), back(UNHEALTHY)], 'votes counted'],
  ['none can be reached', [...enrolled(1, 2), ...started(), vote(1, false), back(NO_QUORUM)]],
  ['one can', [...three, vote(1, false), back(NO_QUORUM)], 'votes counted'],
  ['time is over', [...three, vote(1), back(OVER, 60)]],
  ['time is not over', [...three, vote(1), back(OVER, 59)], 'votes counted'],
  ['with a quorum', [...three, vote(1), vote(2), back(OVER, 60)], 'votes counted'],
  ['held back to the end', [...three, vote(1), vote(2), back(HELD, 60)]],
  ['nobody there to judge', [...started(), back(OVER, 60)]],
  ['back to another', [...three, back(OVER, 60, 7)], 'votes counted'],

  ['one approval', [approved('0xa', 1), starts()], 'approved'],
  ['two by one', [approved('0xa', 1), approved('0xa', 2)], 'approved'],
  ['a stranger', [approved('0xd', 1)], 'approved'],
  ['one who is none any more', [approved('0xa', 1), operators(['0xb', '0xc'], 2), approved('0xb', 2)], 'approved'],
  ['those who are now', [approved('0xa', 1), operators(['0xb', '0xc'], 1), approved('0xb', 1), starts()]],
  ['an action with too few', [action('0xa', 1), { name: 'ActionDone', id: 1 }], 'approved'],
  [
    'an action changes who they are',
    [action('0xa', 1), ...together(action('0xb', 2), operators(['0xc'], 1), { name: 'ActionDone', id: 1 })],
  ],
  ['two at once', [...three, ...started(2)], 'one rollout'],
  ['an older one', [...enrolled(1), ...started(2), { ...back(OVER, 60), revision: 2 }, ...started(1, 60)], 'one rollout'],
  ['just in time', [...started(1, 9)], undefined, { terms: () => ({ ...TERMS, expiresAt: 10 }) }],
  ['too late', [...started(1, 10)], 'expiry', { terms: () => ({ ...TERMS, expiresAt: 10 }) }],
  ['a policy forbids its start', [policy, ...started()], 'policies', refusing('start')],
  ['before there was any', [...started(), policy], undefined, refusing('start')],
  ['a policy forbids its going on', [policy, ...three, vote(1), vote(2), promoted(2, 2)], 'policies', refusing('proceed')],
  ['a policy ends nothing', [policy, ...three, vote(1, false), vote(2, false), back(UNHEALTHY)], undefined, refusing('proceed')],
];

for (const [name, said, rule, options] of rows) {
  test(`${rule ?? 'right'}: ${name}`, () => {
    if (rule === undefined) fold(said, options);
    else assert.throws(() => fold(said, options), (error: unknown) => error instanceof Violation && error.rule === rule); // biome-ignore format: one
  });
}

test('what each device should run', () => {
  const two = [...enrolled(1, 2), labelled(1, 'site=a'), ...started(), vote(1), promoted(1, 1)];
  const model = fold(two, labels);
  assert.equal([[...model.wanted('0x1')], [...model.wanted('0x2')], [...model.wanted('0x3')]], [[['a', 1]], [], []]);
  assert.equal(model.rolling, []);
  assert.equal([...fold([...two, leaves(1)], labels).wanted('0x1')], []);
  assert.equal([...fold([...two, labelled(2, 'site=a', 'lane=1')], labels).wanted('0x2')], [['a', 1]]);
  assert.equal(fold([...two, ...started(2)], labels).rolling, ['a r2']);
});

test('who was invited has not come until it is enrolled', () => {
  const invited: Said = { name: 'Invited', deviceName: 'pad-2', expiresAt: 9 };
  assert.equal([...fold([invited]).invited], [['pad-2', 9]]);
  assert.equal([...fold([invited, ...enrolled(2)]).invited], []);
});

test.run();
