import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { live, readParts } from './live.ts';
import { minimise } from './minimise.ts';
import { drawPlan, type Plan } from './plan.ts';

const test = suite('simulate');

test('a plan follows from its seed', () => {
  assert.equal(drawPlan('7'), drawPlan('7'));
  assert.not.equal(drawPlan('7'), drawPlan('8'));
});

test('a world follows from its plan, natively and in QuickJS', async () => {
  const plan: Plan = {
    ...drawPlan('3'),
    devices: 3,
    liars: 0,
    forge: false,
    faultsEndMs: 12_000,
    acts: drawPlan('3').acts.slice(0, 2),
  };
  const lived = [
    await live(plan, await readParts('native')),
    await live(plan, await readParts('native')),
    await live(plan, await readParts('inline')),
  ];
  assert.equal(
    lived.map(({ violation }) => violation?.message),
    [undefined, undefined, undefined],
  );
  assert.is(new Set(lived.map(({ hash }) => hash)).size, 1);
});

test('boards come with a token and go in the midst of a rollout, operators and policies change: the same world each time', async () => {
  const labels = ['site=a'];
  const plan: Plan = {
    seed: 'come and go',
    devices: 3,
    liars: 0,
    forge: false,
    faultsEndMs: 40_000,
    labels: [labels, labels, []],
    acts: [
      { atMs: 0, do: 'release', good: true, number: 1 },
      { atMs: 1000, do: 'arrive', join: 'token', labels },
      { atMs: 9000, do: 'release', good: true, number: 2, by: 1, terms: { windowS: 60, expiresAfterS: 0, canary: 0, inPercent: false, labels } }, // biome-ignore format: a row
      { atMs: 10_000, do: 'depart', device: 'pad-02', isRevoked: true },
      { atMs: 12_000, do: 'operators', who: [1, 3], threshold: 1 },
      { atMs: 14_000, do: 'policies', policies: [{ is: 'canary time', leastS: 3 }] },
      { atMs: 20_000, do: 'release', good: false, number: 3, app: 'shop' },
    ],
  };
  const lived = [await live(plan, await readParts('native')), await live(plan, await readParts('inline'))];
  assert.equal([lived[0]!.violation?.message, lived[0]!.hash], [undefined, lived[1]!.hash]);
  const { seen } = lived[0]!;
  const once = ['Invited', 'DeviceRevoked', 'OperatorsSet', 'PoliciesSet'].filter((what) => seen[what] !== 1);
  assert.equal([once, seen['DeviceEnrolled'], seen['RollingOut'], seen['RolledBack']], [[], 4, 3, 1]);
});

const found: [bug: string, seed: string, rule: string][] = [
  ['counts-revoked-votes', '9', 'votes counted'],
  ['counts-every-vote', '14', 'votes counted'],
  ['forgets-transactions', '189', 'no transaction lost'],
];

for (const [bug, seed, rule] of found) {
  test(`${bug}: found in world ${seed}, and again from its seed; without the bug the world keeps all rules`, async () => {
    const parts = { ...(await readParts('native', bug)), settleMs: 120_000 };
    const plan = drawPlan(seed);
    const [first, second] = [await live(plan, parts), await live(plan, parts)];
    assert.is(first.violation?.rule, rule);
    assert.is(first.hash, second.hash);
    assert.is((await live(plan, await readParts('native'))).violation?.message, undefined);
  });
}

for (const lie of ['liar', 'two-tongued', 'double-voter', 'impostor'] as const) {
  test(`two of five lie (${lie}) and decide nothing, natively and in QuickJS`, async () => {
    const release = (atMs: number, good: boolean, number: number) => ({ atMs, do: 'release', good, number }) as const;
    const acts = [release(0, true, 1), release(8000, false, 2), release(16_000, true, 3)];
    const plan: Plan = { seed: lie, devices: 5, liars: 2, lies: [lie, lie], forge: false, faultsEndMs: 24_000, acts };
    const [native, inline] = [await live(plan, await readParts('native')), await live(plan, await readParts('inline'))];
    assert.equal([native.violation?.message, inline.violation?.message], [undefined, undefined]);
    assert.is(native.hash, inline.hash);
  });
}

test('a planted bug is found, made small, and found again from its seed', async () => {
  const settleMs = 60_000;
  const parts = { ...(await readParts('native', 'removes-nothing')), settleMs };
  let found: { plan: Plan; rule: string } | undefined;
  for (let seed = 1; seed <= 10 && !found; seed += 1) {
    const drawn = drawPlan(String(seed));
    const plan = { ...drawn, devices: 3, liars: 0, acts: drawn.acts.filter((act) => act.do === 'release') };
    const { violation } = await live(plan, parts);
    if (violation) found = { plan, rule: violation.rule };
  }
  assert.ok(found, 'within ten worlds');
  const small = await minimise(found.plan, found.rule, (plan) => live(plan, parts));
  assert.ok(small.acts.length <= found.plan.acts.length);
  const again = [await live(small, parts), await live(small, parts)];
  assert.is(again[0]!.violation?.rule, found.rule);
  assert.is(again[0]!.hash, again[1]!.hash);
  assert.is(
    (await live(small, { ...(await readParts('native')), settleMs: 600_000 })).violation,
    undefined,
    'without the bug the same world keeps all rules',
  );
});

/** Worlds that broke a rule once, as small as they could be made. */
const worlds: [what: string, plan: Plan][] = [
  [
    'a release is for a label that no device carries any more: nobody tries it, and somebody must end it',
    {
      seed: '750016',
      devices: 3,
      liars: 0,
      forge: false,
      faultsEndMs: 30_000,
      labels: [['site=b'], [], []],
      acts: [
        { atMs: 0, do: 'release', good: true, number: 1 },
        { atMs: 6000, do: 'relabel', device: 'pad-01', labels: [] },
        {
          atMs: 20_000,
          do: 'release',
          good: true,
          number: 2,
          terms: { windowS: 30, expiresAfterS: 0, canary: 0, inPercent: false, labels: ['site=b'] },
        },
      ],
    },
  ],
  [
    'a release is approved in the very moment in which all is well',
    {
      seed: '34',
      devices: 7,
      liars: 0,
      forge: false,
      faultsEndMs: 43_000,
      acts: [
        { atMs: 26_100, do: 'release', good: true, number: 3 },
        { atMs: 41_700, do: 'release', good: true, number: 2 },
        { atMs: 41_900, do: 'release', good: false, number: 4 },
      ],
    },
  ],
  [
    'the power goes in the middle of a write that is shredded, while the store is full',
    {
      seed: '30',
      devices: 5,
      liars: 0,
      forge: false,
      faultsEndMs: 100_000,
      acts: [
        { atMs: 41_100, do: 'fault', call: { fault: 'fill-store', devices: ['pad-02'] } },
        { atMs: 83_900, do: 'fault', call: { fault: 'shred-write', devices: ['pad-01', 'pad-02', 'pad-03'], amount: 6 } },
        { atMs: 95_900, do: 'release', good: true, number: 2 },
        { atMs: 96_700, do: 'fault', call: { fault: 'free-store', devices: ['pad-02'] } },
      ],
    },
  ],
  [
    "the sequencer's disk loses a block and it comes back alone: those that have it say so, and come back",
    {
      seed: '11',
      devices: 3,
      liars: 0,
      forge: false,
      faultsEndMs: 90_000,
      acts: [
        { atMs: 0, do: 'release', good: true, number: 1 },
        { atMs: 20_000, do: 'fault', call: { fault: 'delay-writes', devices: ['pad-01'], amount: 4 } },
        { atMs: 20_500, do: 'release', good: false, number: 2 },
        { atMs: 22_000, do: 'fault', call: { fault: 'cut-power', devices: ['pad-01'] } },
        { atMs: 22_000, do: 'fault', call: { fault: 'cut-network', devices: ['pad-01'] } },
        { atMs: 25_000, do: 'fault', call: { fault: 'restore-power', devices: ['pad-01'] } },
        { atMs: 80_000, do: 'fault', call: { fault: 'heal-network', devices: ['pad-01'] } },
      ],
    },
  ],
];

for (const [what, plan] of worlds) {
  test(`a world that broke a rule once: ${what}`, async () => {
    assert.is((await live(plan, await readParts('native'))).violation?.message, undefined);
  });
}

test.run();
