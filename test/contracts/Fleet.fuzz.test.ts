/**
 * Random sequences of actions. Beside the contract runs a ledger of its own made only from the steps that succeeded and
 * the events; what is decided must follow from it, and it must end in the state that the contract shows.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Proposal } from '../../runtime/contracts/proposal.ts';
import { type Event, Reverted } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import {
  act,
  actor,
  appName,
  canary,
  canaryOf,
  DEFAULT_TERMS,
  devices,
  hashOf,
  history,
  manifest,
  nameOf,
  operators,
  type Stage,
  type Step,
  said,
  stage,
} from './actors.ts';

const newMachine = ownMachine;
const RUNS = 150;

class Witness {
  readonly enrolled = new Set<string>(devices);
  /** Of the revision that is rolling out: those enrolled when it started, less those revoked since. */
  jurors = new Set<string>();
  readonly approvals = new Map<number, Set<string>>();
  readonly votes = new Map<string, boolean>();
  /** Power by device, as the events have it. */
  readonly seats = new Map<string, { readonly key: string; readonly power: number }>();
  readonly phase: string[] = [];
  /** What each revision is, by what its proposer said. */
  readonly said: Proposal[] = [];
  readonly threshold: number;
  private readonly on: Stage;

  constructor(on: Stage, threshold: number) {
    this.on = on;
    this.threshold = threshold;
  }

  count(healthy: boolean): number {
    return [...this.votes].filter(([device, vote]) => vote === healthy && this.jurors.has(device)).length;
  }

  with(phase: string): number[] {
    return this.phase.flatMap((each, index) => (each === phase ? [index + 1] : []));
  }

  /** Takes note of a step and of the events it caused, judging each. */
  see([who, what, ...args]: Step, events: readonly Event[]): void {
    if (what === 'enrol') this.enrolled.add(`${args[0]}`);
    if (what === 'log') assert.ok(this.enrolled.has(who), 'only enrolled devices log');
    if (what === 'revoke') {
      this.enrolled.delete(`${args[0]}`);
      this.jurors.delete(`${args[0]}`);
      this.votes.delete(`${args[0]}`);
    }
    if (what === 'propose' || what === 'proposeTo' || what === 'rollback') {
      this.approvals.set(this.phase.length + 1, new Set([who]));
      this.said.push(said(this.on, who, this.phase.length + 1, this.contentOf(what, args)));
    }
    if (what === 'approve') this.approvals.get(Number(args[0]))!.add(who);
    if (what === 'approveAs') {
      assert.is(
        hashOf(this.shown(Number(args[0]), `${args[1]}`)),
        hashOf(this.said[Number(args[0]) - 1]!),
        'never by another hash',
      );
      this.approvals.get(Number(args[0]))!.add(who);
    }
    if (events.some(({ name }) => name === 'Attested')) {
      assert.ok(this.enrolled.has(who), 'only enrolled devices vote');
      assert.ok(this.jurors.has(who), 'only those of the beginning vote');
      this.votes.set(who, what === 'healthy');
    }
    for (const event of events) judgements[event.name]?.(this, Number(event.args['revision']), event);
    this.judge();
  }

  private contentOf(what: string, args: Step[2][]): Partial<Proposal> & { content?: `0x${string}` } {
    if (what === 'propose') return { content: manifest(Number(args[1])) };
    if (what === 'proposeTo') return { terms: { ...DEFAULT_TERMS, ...canaryOf(`${args[0]}`) } };
    const backTo = Number(args[0]);
    const { manifestHash } = this.said[backTo - 1]!;
    return { backTo, manifestHash };
  }

  /** What a node shows as a revision, truly or with one thing changed. */
  shown(revision: number, lie: string): Proposal {
    const truth = this.said[revision - 1] ?? said(this.on, 'A', revision, {});
    return lies[lie]!(truth, this.said);
  }

  /** What must be true after every step. */
  private judge(): void {
    const keys = [...this.seats.values()].map(({ key }) => key);
    for (const device of this.seats.keys()) assert.ok(this.enrolled.has(device), 'who is revoked has no power');
    assert.is(new Set(keys).size, keys.length, 'no two validators have one key');
    const [rolling] = this.with('RollingOut');
    assert.ok(this.with('Active').length <= 1, 'never two active revisions');
    assert.ok(this.with('RollingOut').length <= 1, 'never two revisions rolling out');
    assert.ok(
      this.with('Proposed').every((revision) => revision > Math.max(0, ...started(this))),
      'no older one waits',
    );
    assert.ok(this.with('Proposed').length <= operators.length, 'at most one proposal of each operator');
    if (rolling === undefined || this.jurors.size === 0) return;
    assert.ok(this.count(true) * 2 <= this.jurors.size, 'a healthy quorum is a decision');
    assert.ok(this.count(false) * 2 < this.jurors.size, 'so is that there can be none');
  }

  enter(revision: number, phase: string, from: readonly string[]): void {
    assert.ok(from.includes(this.phase[revision - 1] ?? 'None'), `${this.phase[revision - 1]} does not become ${phase}`);
    this.phase[revision - 1] = phase;
  }
}

/** What must be true when an event is seen. */
const judgements: Readonly<Record<string, (witness: Witness, revision: number, event: Event) => void>> = {
  Proposed: (witness, revision, { args }) => {
    witness.enter(revision, 'Proposed', ['None']);
    assert.is(args['releaseHash'], hashOf(witness.said[revision - 1]!), 'the hash is of what the proposer said');
  },
  RollbackProposed: (witness, _, { args }) => assert.is(witness.phase[Number(args['to']) - 1], 'Superseded'),
  RollingOut: (witness, revision, { args }) => {
    assert.ok(witness.approvals.get(revision)!.size >= witness.threshold, 'never below M approvals');
    assert.ok(revision > Math.max(0, ...started(witness)), 'no revision starts after a later one');
    assert.is(Number(args['previous']), witness.with('Active')[0] ?? 0);
    witness.enter(revision, 'RollingOut', ['Proposed']);
    witness.votes.clear();
    witness.jurors = new Set(witness.enrolled);
  },
  CanaryChosen: (witness, _, { args }) => {
    witness.jurors = new Set((args['devices'] as string[]).map(nameOf));
    assert.ok(witness.jurors.size > 0 && witness.jurors.size < witness.enrolled.size, 'a canary is a part of the fleet');
    for (const juror of witness.jurors) assert.ok(witness.enrolled.has(juror), 'only enrolled devices are chosen');
  },
  Promoted: (witness, revision) => {
    assert.ok(witness.count(true) * 2 > witness.jurors.size, 'promoted by more than half of the jurors');
    const [before] = witness.with('Active');
    if (before) witness.phase[before - 1] = 'Replaced';
    witness.enter(revision, 'Active', ['RollingOut']);
  },
  RolledBack: (witness, revision, { args }) => {
    const bad = witness.count(false);
    const over = `${args['why']}`.startsWith('no quorum within');
    assert.ok(over || bad * 2 >= witness.jurors.size, 'rolled back by no fewer than half, or by time');
    assert.is(Number(args['backTo']), witness.with('Active')[0] ?? 0);
    witness.enter(revision, 'RolledBack', ['RollingOut']);
  },
  ValidatorSet: (witness, _, { args }) => {
    const [device, power] = [nameOf(`${args['device']}`), Number(args['power'])];
    if (power === 0) witness.seats.delete(device);
    else witness.seats.set(device, { key: `${args['key']}`, power });
  },
  CameLate: (witness, revision) => assert.is.not(witness.phase[revision - 1], 'RollingOut'),
  Superseded: (witness, revision) => witness.enter(revision, 'Superseded', ['Proposed', 'Replaced']),
};

function started(witness: Witness): number[] {
  return ['RollingOut', 'Active', 'RolledBack', 'Replaced'].flatMap((phase) => witness.with(phase));
}

/** What a lying node shows of a revision. */
const lies: Readonly<Record<string, (truth: Proposal, all: readonly Proposal[]) => Proposal>> = {
  nothing: (truth) => truth,
  window: (truth) => ({ ...truth, terms: { ...truth.terms, healthWindow: 61 } }),
  canary: (truth) => ({ ...truth, terms: { ...truth.terms, canary: truth.terms.canary === 0 ? 1 : 0 } }),
  proposer: (truth) => ({ ...truth, proposer: truth.proposer === actor('A') ? actor('B') : actor('A') }),
  another: (truth, all) => all[0] ?? truth,
};

const anyDevice = fc.constantFrom(...devices, 'd5', 'd6');
const anyOperator = fc.constantFrom(...operators, 'X');
/** 0: the one that is in question just then. */
const anyRevision = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }) });
const anyCanary = fc.constantFrom('0', '1', '2', '3', '99', '1%', '50%', '99%');
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: anyOperator.map((who): Step => [who, 'propose', 'hello', 3]) },
  { weight: 3, arbitrary: fc.tuple(anyOperator, anyCanary).map(([who, size]): Step => [who, 'proposeTo', size]) },
  { weight: 6, arbitrary: fc.tuple(anyOperator, anyRevision).map(([who, revision]): Step => [who, 'approve', revision]) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(anyOperator, anyRevision, fc.constantFrom(...Object.keys(lies)))
      .map(([who, revision, lie]): Step => [who, 'approveAs', revision, lie]),
  },
  { weight: 10, arbitrary: fc.tuple(anyDevice, anyRevision).map(([who, revision]): Step => [who, 'healthy', revision]) },
  { weight: 4, arbitrary: fc.tuple(anyDevice, anyRevision).map(([who, revision]): Step => [who, 'unhealthy', revision]) },
  { weight: 2, arbitrary: anyDevice.map((device): Step => ['A', 'revoke', device]) },
  { weight: 2, arbitrary: anyDevice.map((device): Step => ['A', 'enrol', device]) },
  { weight: 1, arbitrary: fc.constantFrom<Step>(['-', 'wait', 10], ['-', 'wait', 60]) },
  { weight: 1, arbitrary: fc.constant<Step>(['X', 'expire']) },
  { weight: 1, arbitrary: fc.constant<Step>(['X', 'settle']) },
  { weight: 1, arbitrary: anyDevice.map((device): Step => [device, 'log']) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(anyDevice, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 2 }))
      .map(([device, key, power]): Step => ['A', 'setValidator', device, key, power]),
  },
  { weight: 2, arbitrary: fc.tuple(anyOperator, fc.integer({ min: 1, max: 6 })).map(([who, to]): Step => [who, 'rollback', to]) },
);

/** Puts the revision in question where a step says 0. */
function aim([who, what, ...args]: Step, witness: Witness): Step {
  if (args[0] !== 0) return [who, what, ...args];
  const isApproval = what === 'approve' || what === 'approveAs';
  return [who, what, (isApproval ? witness.phase.length : witness.with('RollingOut')[0]) ?? 1, ...args.slice(1)];
}

const s = suite('Fleet, random sequences');

/** How often each event was seen: a fuzzer that never decides anything would prove nothing. */
const seen = new Map<string, number>();

s('every decision follows from who did what', async () => {
  const steps = fc.array(anyStep, { minLength: 20, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), steps, async (threshold, sequence) => {
      const on = await stage(await newMachine(), threshold);
      const witness = new Witness(on, threshold);
      for (const rough of sequence) {
        const step = aim(rough, witness);
        const events = await attempt(on, withHash(step, witness));
        if (events) witness.see(step, events);
      }
      assert.is(await history(on), witness.phase.join(' '));
      const seats = (await on.fleet.read('validators')) as { device: string; power: bigint }[];
      assert.equal(
        new Map(seats.map(({ device, power }) => [nameOf(device), Number(power)])),
        new Map([...witness.seats].map(([device, { power }]) => [device, power])),
      );
      assert.is(Number(await on.fleet.read('active', appName('hello'))), witness.with('Active')[0] ?? 0);
      assert.is(Number(await on.fleet.read('rollingOut', appName('hello'))), witness.with('RollingOut')[0] ?? 0);
    }),
    { numRuns: RUNS },
  );
  for (const name of ['RollingOut', 'Promoted', 'RolledBack', 'Superseded', 'CanaryChosen', 'ValidatorSet', 'Logged'])
    assert.ok((seen.get(name) ?? 0) > RUNS / 10, name);
});

/** An approval by what was shown names its hash. */
function withHash(step: Step, witness: Witness): Step {
  const [who, what, revision, lie] = step;
  return what === 'approveAs' ? [who, what, revision!, hashOf(witness.shown(Number(revision), `${lie}`))] : step;
}

/** Up to six voters, of whom fewer than half vote as they like, as often as they like, whenever they like. */
const anyVoters = fc.integer({ min: 1, max: 6 }).chain((count) => {
  const voters = [...devices, 'd5', 'd6'].slice(0, count);
  const liars = fc.subarray(voters, { maxLength: Math.ceil(count / 2) - 1 });
  const noise = fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 20 });
  return fc.record({ voters: fc.shuffledSubarray(voters, { minLength: count }), liars, noise, truth: fc.boolean() });
});

s('fewer than half can neither force a decision nor prevent one', async () => {
  await fc.assert(
    fc.asyncProperty(anyVoters, async ({ voters, liars, noise, truth }) => {
      const on = await stage(await newMachine(), 1, voters);
      await act(on, ['A', 'propose']);
      const lies = noise.map(([index, vote]): Step => [liars[index % liars.length]!, vote ? 'healthy' : 'unhealthy', 1]);
      const honest = voters.filter((voter) => !liars.includes(voter));
      for (const voter of honest) {
        if (liars.length > 0) for (const lie of lies.splice(0, 3)) await attempt(on, lie);
        await attempt(on, [voter, truth ? 'healthy' : 'unhealthy', 1]);
      }
      assert.is(await history(on), truth ? 'Active' : 'RolledBack');
    }),
    { numRuns: RUNS },
  );
});

s('fewer than half of a canary can neither force a decision nor prevent one, whatever all others say', async () => {
  const any = fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    noise: fc.array(fc.tuple(fc.nat(), fc.boolean())),
    truth: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(any, async ({ size, noise, truth }) => {
      const on = await stage(await newMachine(), 1, [...devices, 'd5', 'd6']);
      await act(on, ['A', 'proposeTo', `${size}`]);
      const jurors = await canary(on, 1);
      assert.is(jurors.length, size);
      const honest = jurors.slice(0, Math.floor(size / 2) + 1);
      const others = [...devices, 'd5', 'd6', 'X'].filter((each) => !honest.includes(each));
      for (const [index, vote] of noise) await attempt(on, [others[index % others.length]!, vote ? 'healthy' : 'unhealthy', 1]);
      for (const juror of honest) await attempt(on, [juror, truth ? 'healthy' : 'unhealthy', 1]);
      assert.is(await history(on), truth ? 'Active' : 'RolledBack');
    }),
    { numRuns: RUNS / 3 },
  );
});

/** The events, or nothing where the contract refused. */
async function attempt(on: Awaited<ReturnType<typeof stage>>, step: Step): Promise<readonly Event[] | undefined> {
  const events = await act(on, step).catch(onlyRefusals);
  for (const { name } of events ?? []) seen.set(name, (seen.get(name) ?? 0) + 1);
  return events;
}

function onlyRefusals(error: unknown): undefined {
  if (!(error instanceof Reverted)) throw error;
}

s.run();
