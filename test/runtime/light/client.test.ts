import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createLightClient,
  hashEngineHeader,
  type LightBlock,
  type Provider,
  verifyLightBlock,
} from '../../../runtime/light/index.ts';
import { CHAIN, chainOf, type Person, person, START_S, showing, signed } from './chain.ts';

const test = suite('light/client');

const people = Array.from({ length: 12 }, (_, n) => person(n));
const four = people.slice(0, 4);
const NOW_MS = Number(START_S) * 1000 + 200_000;
const same = (set: readonly Person[], heights: number) => Array.from({ length: heights + 1 }, () => set);

function client(blocks: readonly LightBlock[], more: object = {}, primary: Provider = showing(blocks)) {
  const hash = hashEngineHeader(blocks[0]!.header);
  return createLightClient({ chainId: CHAIN, trust: { height: 1, hash }, primary, nowMs: () => NOW_MS, ...more });
}

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'verified',
    (error: Error) => error.message,
  );

test('with the same validators one step is enough, whatever the distance', async () => {
  const blocks = chainOf(same(four, 100));
  const primary = showing(blocks);
  await client(blocks, {}, primary).verify('latest');
  assert.equal(primary.asked, [1, 100]);
});

test('where the validators change one by one it goes by way of blocks between, and fewer than all', async () => {
  const sets = Array.from({ length: 65 }, (_, height) => people.slice(Math.min(8, height >> 3), Math.min(8, height >> 3) + 4));
  const blocks = chainOf(sets);
  const primary = showing(blocks);
  const target = await client(blocks, {}, primary).verify(64);
  assert.is(target.header.height, 64);
  assert.ok(primary.asked.length > 3 && primary.asked.length < 20, `${primary.asked}`);
  const sequential = showing(blocks);
  await client(blocks, { mode: 'sequential' }, sequential).verify(64);
  assert.is(sequential.asked.length, 64);
});

test('validators whom nobody trusted cannot take over, however the way is cut', async () => {
  const strangers = people.slice(8);
  const forged = chainOf(same(strangers, 20));
  const honest = chainOf(same(four, 20));
  const blocks = [honest[0]!, ...forged.slice(1)];
  assert.match(await outcome(client(blocks).verify(20)), /not those that block 1 names/);
  assert.match(await outcome(client(blocks, { mode: 'sequential' }).verify(20)), /not those that block 1 names/);
});

const powers: readonly (readonly [signers: number, verdict: RegExp])[] = [
  [4, /^verified$/],
  [3, /^verified$/],
  [2, /too little/],
  [0, /too little|of the validators/],
];

for (const [signers, verdict] of powers) {
  test(`${signers} of four votes`, async () => {
    const blocks = chainOf(same(four, 3), (height, index) => height < 2 || index < signers);
    assert.match(await outcome(client(blocks).verify(2)), verdict);
    assert.match(await outcome(client(blocks).verify(3)), verdict);
  });
}

test('power counts, not heads', async () => {
  const heavy = [person(0, 70n), person(1), person(2), person(3)];
  const alone = chainOf(same(heavy, 3), (_, index) => index === 0);
  assert.is(await outcome(client(alone).verify(3)), 'verified');
  const others = chainOf(same(heavy, 3), (height, index) => height < 2 || index !== 0);
  assert.match(await outcome(client(others).verify(3)), /30 of 100/);
});

test('a trust level above a third asks for more of those who were trusted', async () => {
  const sets = [four, ...same([...four.slice(0, 2), ...people.slice(4, 6)], 3)];
  const blocks = chainOf(sets);
  assert.is(await outcome(client(blocks).verify(3)), 'verified');
  const primary = showing(blocks);
  await client(blocks, { trustLevel: { numerator: 2n, denominator: 3n } }, primary).verify(3);
  assert.ok(primary.asked.includes(2), 'by way of the block between');
  assert.throws(() => client(blocks, { trustLevel: { numerator: 1n, denominator: 4n } }), /between 1\/3 and 1/);
});

test('two blocks of one height with enough votes are an attack, and named so', async () => {
  const blocks = chainOf(same(four, 10));
  const other = { ...blocks[9]!.header, appHash: new Uint8Array(32) };
  const forked = [...blocks.slice(0, 9), signed(other, four)];
  const attempt = client(blocks, { witnesses: [showing(forked, 'witness')] }).verify(10);
  assert.match(await outcome(attempt), /node shows 10:0x.*witness shows 10:0x.*under attack/);
});

test('what was verified once is not believed otherwise later', async () => {
  const blocks = chainOf(same(four, 10));
  let shown: readonly LightBlock[] = blocks;
  const changing: Provider = { name: 'node', lightBlock: (height) => showing(shown).lightBlock(height) };
  const light = client(blocks, {}, changing);
  await light.verify(10);
  shown = [...blocks.slice(0, 9), signed({ ...blocks[9]!.header, appHash: new Uint8Array(32) }, four)];
  assert.match(await outcome(light.verify(10)), /another block 10 than before/);
});

test('time only goes forward, and not beyond the drift', () => {
  const blocks = chainOf(same(four, 3));
  const rules = { chainId: CHAIN, trustingPeriodMs: 1e9, clockDriftMs: 10_000, trustLevel: { numerator: 1n, denominator: 3n } };
  const [first, second] = blocks as [LightBlock, LightBlock];
  const late = signed({ ...second.header, time: first.header.time }, four);
  assert.throws(() => verifyLightBlock(first, late, rules, NOW_MS), /is not later than/);
  assert.throws(() => verifyLightBlock(second, first, rules, NOW_MS), /is not after/);
  assert.throws(() => verifyLightBlock(first, second, rules, Number(START_S) * 1000 - 60_000), /from the future/);
});

test('a power that the hash does not tell from a smaller one is none', async () => {
  const honest = chainOf(same(four, 3));
  const inflated = [{ ...four[0]!, validator: { ...four[0]!.validator, power: 10n + 2n ** 64n } }, ...four.slice(1)];
  const alone = signed({ ...honest[2]!.header, appHash: new Uint8Array(32) }, inflated, (index) => index === 0);
  const shown = [signed(honest[0]!.header, inflated), honest[1]!, alone];
  assert.equal(hashEngineHeader(shown[0]!.header), hashEngineHeader(honest[0]!.header));
  assert.match(await outcome(client(shown).verify(3)), /more power than there can be/);
  const next = [honest[0]!, signed(honest[1]!.header, inflated)];
  assert.match(await outcome(client(next).verify(2)), /more power than there can be/);
});

test('whoever answers with another height than was asked for is not believed', async () => {
  const blocks = chainOf(same(four, 10));
  const stale: Provider = { name: 'node', lightBlock: async (height) => blocks[height === 1 ? 0 : 4]! };
  assert.match(await outcome(client(blocks, {}, stale).verify(10)), /node answers with block 5, and 10 was asked for/);
});

test.run();
