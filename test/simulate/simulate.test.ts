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
    await live(plan, readParts('native')),
    await live(plan, readParts('native')),
    await live(plan, readParts('inline')),
  ];
  assert.equal(
    lived.map(({ violation }) => violation?.message),
    [undefined, undefined, undefined],
  );
  assert.is(new Set(lived.map(({ hash }) => hash)).size, 1);
});

test('a planted bug is found, made small, and found again from its seed', async () => {
  const settleMs = 60_000;
  const parts = { ...readParts('native', 'removes-nothing'), settleMs };
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
    (await live(small, { ...readParts('native'), settleMs: 600_000 })).violation,
    undefined,
    'without the bug the same world keeps all rules',
  );
});

test.run();
