import type { FleetEvent } from '../../emulator/fleet.ts';
import { Violation } from './violation.ts';

/** What the fleet's contract has said, of which transaction, and when. */
export interface Said extends FleetEvent {
  readonly hash?: string;
  /** Of its block. */
  readonly seconds?: number;
}

/** What the ledger holds and no event tells. */
export interface Terms {
  readonly healthWindow: number;
  /** Seconds; 0: never. */
  readonly expiresAt: number;
  readonly canary: number;
  readonly inPercent: boolean;
  readonly labels: readonly string[];
}

export type Moment = 'start' | 'proceed';

export interface ModelOptions {
  readonly operators: readonly string[];
  readonly threshold: number;
  readonly terms: (app: string, revision: number) => Terms;
  /** Whether a policy says yes; `startedS`: when the release began to roll out. */
  readonly allows: (policy: string, moment: Moment, atS: number, startedS: number) => boolean;
}

interface Rolling {
  readonly revision: number;
  readonly terms: Terms;
  readonly startedS: number;
  readonly jury: Set<string>;
  readonly votes: Map<string, boolean>;
}

interface App {
  active: number;
  newest: number;
  rolling?: Rolling;
}

export interface Count {
  readonly voters: number;
  readonly healthy: number;
  readonly unhealthy: number;
}

/** Whom the ledger has enrolled, who votes, what is decided: counted anew, by the rules and not by the contract's code. */
export interface LedgerModel {
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** Names that were invited and have not come, with when that ends. */
  readonly invited: ReadonlyMap<string, number>;
  readonly rolling: readonly string[];
  /** What an enrolled device should run, by app, once nothing rolls out. */
  wanted(device: string): ReadonlyMap<string, number>;
}

const quorumOf = (voters: number): number => Math.floor(voters / 2) + 1;

/** Throws a {@link Violation} where the contract has decided what it should not have. */
export function foldLedger(said: readonly Said[], options: ModelOptions): LedgerModel {
  const model = new Model(options);
  for (const transaction of byTransaction(said)) model.take(transaction);
  return model;
}

function byTransaction(said: readonly Said[]): Said[][] {
  const groups: Said[][] = [];
  for (const event of said) {
    const last = groups.at(-1);
    if (last && event.hash !== undefined && last[0]!.hash === event.hash) last.push(event);
    else groups.push([event]);
  }
  return groups;
}

class Model implements LedgerModel {
  readonly members = new Map<string, readonly string[]>();
  readonly invited = new Map<string, number>();
  private readonly options: ModelOptions;
  private readonly apps = new Map<string, App>();
  private readonly approvals = new Map<string, Set<string>>();
  private readonly approved = new Set<string>();
  private operators: ReadonlySet<string>;
  private threshold: number;
  private policies: readonly string[] = [];

  constructor(options: ModelOptions) {
    this.options = options;
    this.operators = new Set(options.operators);
    this.threshold = options.threshold;
  }

  get rolling(): readonly string[] {
    return [...this.apps].flatMap(([app, { rolling }]) => (rolling ? [`${app} r${rolling.revision}`] : []));
  }

  wanted(device: string): ReadonlyMap<string, number> {
    const labels = this.members.get(device);
    const active = [...this.apps].filter(([app, { active: revision }]) => {
      if (!labels || revision === 0) return false;
      return this.options.terms(app, revision).labels.every((label) => labels.includes(label));
    });
    return new Map(active.map(([app, { active: revision }]) => [app, revision]));
  }

  take(transaction: readonly Said[]): void {
    // Who leaves a jury leaves it before its departure is told: what is decided by that comes first among the events.
    const before = new Map([...this.apps].map(([app, { rolling }]) => [app, rolling && count(rolling)]));
    for (const event of transaction) {
      const isLeaving = event.name === 'DeviceRevoked' || (event.name === 'DeviceLabelled' && this.members.has(event.device!));
      if (isLeaving && !transaction.some(({ name, device }) => name === 'DeviceEnrolled' && device === event.device))
        this.leave(event.device!);
    }
    for (const event of transaction) this.rules[event.name]?.(event, before.get(event.app ?? ''));
  }

  private leave(device: string): void {
    for (const { rolling } of this.apps.values()) {
      rolling?.jury.delete(device);
      rolling?.votes.delete(device);
    }
  }

  private appOf({ app = '' }: Said): App {
    const found = this.apps.get(app) ?? { active: 0, newest: 0 };
    this.apps.set(app, found);
    return found;
  }

  private readonly rules: { readonly [name: string]: (event: Said, before: Count | undefined) => void } = {
    DeviceEnrolled: ({ device, deviceName = '' }) => {
      this.members.set(device!, []);
      this.invited.delete(deviceName);
    },
    DeviceRevoked: ({ device }) => void this.members.delete(device!),
    DeviceLabelled: ({ device, labels = [] }) => void this.members.set(device!, labels),
    Invited: ({ deviceName = '', expiresAt = 0 }) => void this.invited.set(deviceName, expiresAt),
    OperatorsSet: ({ operators = [], threshold = 0 }) => {
      this.operators = new Set(operators);
      this.threshold = threshold;
    },
    PoliciesSet: ({ policies = [] }) => {
      this.policies = policies;
    },
    Approved: (event) => this.approve(`${event.app} r${event.revision}`, event),
    ActionApproved: (event) => this.approve(`action ${event.id}`, event),
    ActionDone: ({ id }) => this.demandApprovals(`action ${id}`),
    RollingOut: (event) => this.start(event),
    CanaryChosen: (event) => this.choose(event),
    Attested: (event) => this.vote(event),
    Promoted: (event, before) => this.promote(event, before),
    RolledBack: (event, before) => this.rollBack(event, before),
  };

  private approve(what: string, { by = '0x', approvals }: Said): void {
    const own = this.approvals.get(what) ?? new Set<string>();
    this.approvals.set(what, own.add(by));
    const given = [...own].filter((one) => this.operators.has(one)).length;
    if (!this.operators.has(by)) throw new Violation('approved', `${what} was approved by ${by}, which is no operator`);
    if (given !== approvals)
      throw new Violation('approved', `${what} has ${given} approvals of operators; ${approvals} were counted`);
    // What comes of it comes after it in the same transaction, and may change who the operators are.
    if (given >= this.threshold) this.approved.add(what);
  }

  private demandApprovals(what: string): void {
    if (!this.approved.has(what))
      throw new Violation('approved', `${what} was done without ${this.threshold} approvals of operators`);
  }

  private start(event: Said): void {
    const { app = '', revision = 0, seconds = 0 } = event;
    const of = this.appOf(event);
    const what = `${app} r${revision}`;
    if (of.rolling) throw new Violation('one rollout', `${what} started while r${of.rolling.revision} rolls out`);
    if (revision <= of.newest) throw new Violation('one rollout', `${what} started after r${of.newest}`);
    this.demandApprovals(what);
    const terms = this.options.terms(app, revision);
    if (terms.expiresAt !== 0 && seconds >= terms.expiresAt)
      throw new Violation('expiry', `${what} started ${seconds - terms.expiresAt} s after it had expired`);
    this.demandPolicies(what, 'start', seconds, seconds);
    const targets = [...this.members].filter(([, labels]) => terms.labels.every((label) => labels.includes(label)));
    of.rolling = { revision, terms, startedS: seconds, jury: new Set(targets.map(([device]) => device)), votes: new Map() };
    of.newest = revision;
  }

  private choose(event: Said): void {
    const { rolling } = this.appOf(event);
    const { devices = [], app, revision } = event;
    if (!rolling || rolling.revision !== revision)
      throw new Violation('canary', `${app} r${revision} has a canary and does not roll out`);
    const { canary, inPercent } = rolling.terms;
    const size = inPercent ? Math.ceil((rolling.jury.size * canary) / 100) : canary;
    if (devices.length !== size || devices.some((device) => !rolling.jury.has(device)))
      throw new Violation('canary', `${app} r${revision} is tried by ${devices.length} devices; ${size} of its targets should`);
    rolling.jury.clear();
    for (const device of devices) rolling.jury.add(device);
  }

  private vote(event: Said): void {
    const { app, revision, device = '', healthy = false, seconds = 0 } = event;
    const { rolling } = this.appOf(event);
    const what = `a vote of ${device} on ${app} r${revision}`;
    if (!rolling || rolling.revision !== revision)
      throw new Violation('votes counted', `${what} was taken, which does not roll out`);
    if (!rolling.jury.has(device)) throw new Violation('votes counted', `${what} was taken, which it has no say in`);
    if (seconds >= rolling.startedS + rolling.terms.healthWindow)
      throw new Violation('votes counted', `${what} was taken after its window`);
    rolling.votes.set(device, healthy);
  }

  private promote(event: Said, before: Count | undefined): void {
    const { votes = 0, quorum = 0, seconds = 0 } = event;
    const { of, rolling, what } = this.decided(event);
    const fits = ({ voters, healthy }: Count) => healthy === votes && quorumOf(voters) === quorum && votes >= quorum;
    const counted = this.decidedBy(rolling, before, seconds).find(fits);
    if (!counted) {
      const { voters, healthy } = count(rolling);
      throw new Violation(
        'votes counted',
        `${what} was promoted by ${votes} of ${quorum} votes; ${healthy} of ${voters} devices gave one`,
      );
    }
    this.demandPolicies(what, 'proceed', seconds, rolling.startedS);
    of.active = rolling.revision;
    delete of.rolling;
  }

  private rollBack(event: Said, before: Count | undefined): void {
    const { why = '', backTo = 0, seconds = 0 } = event;
    const { of, rolling, what } = this.decided(event);
    const isOver = seconds >= rolling.startedS + rolling.terms.healthWindow;
    const byVotes = /quorum found it unhealthy|can no longer be reached/.test(why);
    const isRight = this.decidedBy(rolling, before, seconds).some(({ voters, healthy, unhealthy }) => {
      const needed = quorumOf(voters);
      if (byVotes) return voters > 0 && voters - unhealthy < needed && unhealthy >= needed === why.includes('found it');
      return isOver && (voters > 0 && healthy >= needed) === why.includes('policy');
    });
    if (!isRight) {
      const { voters, healthy, unhealthy } = count(rolling);
      throw new Violation(
        'votes counted',
        `${what} was rolled back, for ${why}; of ${voters} devices ${healthy} found it healthy and ${unhealthy} not`,
      );
    }
    if (backTo !== of.active)
      throw new Violation('votes counted', `${what} went back to r${backTo}, and r${of.active} was active`);
    delete of.rolling;
  }

  private decided(event: Said): { of: App; rolling: Rolling; what: string } {
    const of = this.appOf(event);
    const what = `${event.app} r${event.revision}`;
    if (of.rolling?.revision !== event.revision) throw new Violation('one rollout', `${what} was decided and did not roll out`);
    return { of, rolling: of.rolling!, what };
  }

  /** After its window a release is judged as it stood before somebody left. */
  private decidedBy(rolling: Rolling, before: Count | undefined, seconds: number): Count[] {
    const isOver = seconds >= rolling.startedS + rolling.terms.healthWindow;
    return [count(rolling), ...(isOver && before ? [before] : [])];
  }

  private demandPolicies(what: string, moment: Moment, atS: number, startedS: number): void {
    const refuser = this.policies.find((policy) => !this.options.allows(policy, moment, atS, startedS));
    if (refuser !== undefined)
      throw new Violation('policies', `${what} did ${moment} at ${atS}, which the policy ${refuser} forbids`);
  }
}

function count({ jury, votes }: Rolling): Count {
  const given = [...votes.values()];
  return { voters: jury.size, healthy: given.filter((vote) => vote).length, unhealthy: given.filter((vote) => !vote).length };
}
