/** An approval is of all that its operator was shown: the client's encoding beside the contract's, and every lie refused. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFunctionData, type Hex, keccak256, stringToHex } from 'viem';
import { decodeProposal, encodeProposal, type Proposal } from '../../runtime/contracts/proposal.ts';
import { artifactOf, bytes, NOBODY, Reverted } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import { act, actor, appName, hashOf, history, manifest, releaseHash, type Stage, type Step, said, stage } from './actors.ts';

const s = suite('Fleet: what an approval binds');
const RUNS = 60;
const NOW = 1_800_000_000;

const anyLabel = fc.constantFrom('site=berlin', 'arch=arm64', 'a=b', `k=${'v'.repeat(30)}`, 'x.y_z-0=1');
const anyTerms = fc.record(
  {
    healthWindow: fc.integer({ min: 1, max: 30 * 86_400 }),
    expiresAt: fc.oneof(fc.constant(0), fc.integer({ min: NOW + 1, max: 2 ** 40 })),
    canary: fc.integer({ min: 0, max: 99 }),
    inPercent: fc.boolean(),
    labels: fc.array(anyLabel, { maxLength: 8 }),
  },
  { noNullPrototype: true },
);
const anyNotes = fc.oneof(
  fc.constant(''),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.integer({ min: 1, max: 1024 }).map((length) => 'n'.repeat(length)),
);
const anyRelease = fc.record({
  app: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?$/),
  content: fc.integer({ min: 1, max: 900 }).map(manifest),
  terms: anyTerms,
  notes: anyNotes,
});

type Release = typeof anyRelease extends fc.Arbitrary<infer T> ? T : never;

async function propose({ fleet }: Stage, { app, content, terms, notes }: Release): Promise<void> {
  const words = {
    ...terms,
    healthWindow: BigInt(terms.healthWindow),
    expiresAt: BigInt(terms.expiresAt),
    labels: terms.labels.map(appName),
  };
  await fleet.send(actor('A'), 'proposeWith', appName(app), content, words, notes);
}

const approve = ({ fleet }: Stage, { app, revision }: Proposal, hash: Hex) =>
  fleet.send(actor('B'), 'approve', stringToHex(app, { size: 32 }), BigInt(revision), hash);

async function refusal(sending: Promise<unknown>): Promise<string> {
  const error = await sending.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Reverted)) throw error;
  return error.error;
}

s('whatever is proposed, the client and the contract take the same hash of it', async () => {
  await fc.assert(
    fc.asyncProperty(anyRelease, async (release) => {
      const on = await stage(await ownMachine());
      await propose(on, release);
      const { app } = release;
      const own = said(on, 'A', 1, release);
      assert.is(await releaseHash(on.fleet, app, 1), hashOf(own));
      const question = encodeFunctionData({
        abi: artifactOf('Fleet').abi,
        functionName: 'proposal',
        args: [appName(app), 1n],
      });
      const { output } = await on.machine.read(NOBODY, on.fleet.address, bytes(question));
      assert.equal(decodeProposal(output), own);
      assert.equal(output, encodeProposal(own), 'what the contract answers is what is hashed');
    }),
    { numRuns: RUNS },
  );
});

/** What a node may show instead; each differs from what is so. */
const lies: [what: string, lie: (truth: Proposal) => Proposal][] = [
  ['another ledger', (truth) => ({ ...truth, chain: truth.chain + 1 })],
  ['another fleet', (truth) => ({ ...truth, fleet: actor('X') })],
  ['another app', (truth) => ({ ...truth, app: 'other' })],
  ['another revision', (truth) => ({ ...truth, revision: truth.revision + 1 })],
  ['another proposer', (truth) => ({ ...truth, proposer: actor('C') })],
  ['a way back', (truth) => ({ ...truth, backTo: 7 })],
  ['another manifest', (truth) => ({ ...truth, manifestHash: keccak256(manifest(901)) })],
  ['another window', ({ terms, ...truth }) => ({ ...truth, terms: { ...terms, healthWindow: terms.healthWindow + 1 } })],
  ['another expiry', ({ terms, ...truth }) => ({ ...truth, terms: { ...terms, expiresAt: terms.expiresAt + 1 } })],
  ['another canary', ({ terms, ...truth }) => ({ ...truth, terms: { ...terms, canary: terms.canary + 1 } })],
  ['devices for percent', ({ terms, ...truth }) => ({ ...truth, terms: { ...terms, inPercent: !terms.inPercent } })],
  ['more labels', ({ terms, ...truth }) => ({ ...truth, terms: { ...terms, labels: [...terms.labels, 'a=c'] } })],
  ['other notes', ({ notes, ...truth }) => ({ ...truth, notes: `${notes}!` })],
];

s('whatever else is shown, an approval of it is refused and changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(anyRelease, async (release) => {
      const on = await stage(await ownMachine());
      await propose(on, release);
      const truth = said(on, 'A', 1, release);
      for (const [what, lie] of lies)
        assert.is(await refusal(approve(on, truth, hashOf(lie(truth)))), 'OtherRelease', `${what} is shown`);
      assert.is(await refusal(approve(on, truth, truth.manifestHash)), 'OtherRelease', 'the manifest alone is not enough');
      assert.is(await history(on, release.app), 'Proposed');
      const { events } = await approve(on, truth, hashOf(truth));
      assert.is(events[0]?.name, 'Approved');
      assert.is(await history(on, release.app), 'RollingOut');
    }),
    { numRuns: RUNS / 3 },
  );
});

const twoReleases: Step[] = [
  ['A', 'proposeTo', '0', '', 0, 'hello', 'the first'],
  ['B', 'approve', 1],
  ['d1', 'healthy', 1],
  ['d2', 'healthy', 1],
  ['d3', 'healthy', 1],
  ['A', 'propose', 'hello', 300],
  ['B', 'approve', 2],
  ['d1', 'healthy', 2],
  ['d2', 'healthy', 2],
  ['d3', 'healthy', 2],
];

s('who goes back names what he goes back to, and the others approve that', async () => {
  const on = await stage(await ownMachine());
  for (const step of twoReleases) await act(on, step);
  const good = said(on, 'A', 1, { notes: 'the first' });
  const back = (hash: Hex) => on.fleet.send(actor('C'), 'rollback', appName('hello'), 1n, hash, 45n);
  assert.is(await refusal(back(hashOf({ ...good, manifestHash: keccak256(manifest(300)) }))), 'OtherRelease');
  assert.is(await refusal(back(good.manifestHash)), 'OtherRelease');
  await back(hashOf(good));
  const own = said(on, 'C', 3, { backTo: 1, terms: { ...good.terms, healthWindow: 45 } });
  assert.is(await releaseHash(on.fleet, 'hello', 3), hashOf(own));
  assert.is(await refusal(approve(on, own, hashOf(good))), 'OtherRelease', 'the earlier one is not the later one');
  assert.is(await refusal(approve(on, own, hashOf({ ...own, backTo: 0 }))), 'OtherRelease');
  await approve(on, own, hashOf(own));
  assert.is(await history(on), 'Superseded Active RollingOut');
});

s('the same content proposed twice is two releases', async () => {
  const on = await stage(await ownMachine(), 3);
  for (const step of [
    ['A', 'propose'],
    ['B', 'propose'],
  ] as Step[])
    await act(on, step);
  assert.is.not(await releaseHash(on.fleet, 'hello', 1), await releaseHash(on.fleet, 'hello', 2));
  assert.is(await refusal(approve(on, said(on, 'A', 1, {}), await releaseHash(on.fleet, 'hello', 2))), 'OtherRelease');
});

s('where nothing was proposed there is nothing to approve, not even by the hash of nothing', async () => {
  const on = await stage(await ownMachine());
  const nothing: Proposal = { ...said(on, 'A', 1, {}), proposer: actor('0'), manifestHash: `0x${'0'.repeat(64)}` };
  const empty = { ...nothing, terms: { ...nothing.terms, healthWindow: 0 } };
  for (const hash of [hashOf(empty), nothing.manifestHash]) assert.is(await refusal(approve(on, nothing, hash)), 'WrongPhase');
});

s.run();
