import { seededRandom } from '../../emulator/random.ts';
import { type ClusterMember, needCometbft, type TestCluster, testCluster, until } from '../support/cluster.ts';
import { pause } from '../support/wait.ts';
import { BACK_MS, Checks, RESUME_MS, seconds, watchHeads } from './cluster-checks.ts';
import { allServe, beginFleet } from './cluster-fleet.ts';
import { sweepSteps } from './cluster-sweep.ts';
import { drawFault } from './faults.ts';
import type { Outcome, Soak } from './soak.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const NODES = 4;
/** With two of four down nothing may be decided in so long. */
const STANDSTILL_MS = 10_000;
/** Heights between snapshots: one is soon there, and stays for as long as a device needs that crashes while it takes it. */
const SWEEP_SNAPSHOTS = 60;

/** Four real validators that crash, freeze, lose their network and come back, under load. */
export const cluster: Soak = {
  summary: 'four CometBFT validators under load that crash at every step, freeze and lose their network: nothing lost, all equal',
  options: {
    minutes: { fallback: 20, help: 'how long faults go on' },
    seed: { fallback: 1, help: 'what the order of the faults follows from' },
    sweep: { help: 'instead: each step of ABCI once, those of a device that joins among them' },
  },
  async run({ minutes = 20, seed = 1, sweep = 0 }, say) {
    if (!needCometbft('soak cluster')) throw new Error('it needs CometBFT and the build');
    const some = testCluster({ nodes: NODES, ...(sweep && { snapshotInterval: SWEEP_SNAPSHOTS }) });
    try {
      const where = some.isolated ? 'each in a network namespace' : 'on loopback ports';
      say(`four validators, ${where}, ${sweep ? 'every step once' : `seed ${seed}`}`);
      if (sweep) return await sweepSteps(some, say);
      await some.start();
      await beginFleet(some);
      return await new Run(some, seed, say).play(minutes);
    } catch (error) {
      for (const member of some.members) say(`${member.name}: ${member.said().slice(-1500)}`);
      throw error;
    } finally {
      await some.remove();
    }
  },
};

interface Row {
  readonly fault: string;
  readonly what: string;
  readonly node: string;
  /** Longest time between two blocks from the beginning of the fault on. */
  readonly stillMs: number;
  /** From the end of the fault until the node has the head that the others had then. */
  readonly backMs: number;
}

class Run {
  private readonly some: TestCluster;
  private readonly say: (line: string) => void;
  private readonly random: ReturnType<typeof seededRandom>;
  private readonly traffic: Traffic;
  private readonly checks: Checks;
  private readonly rows: Row[] = [];
  /** How it was with two of four down. */
  private halved: Readonly<Record<string, number>> = {};

  constructor(some: TestCluster, seed: number, say: (line: string) => void) {
    this.some = some;
    this.say = say;
    this.random = seededRandom(`soak cluster ${seed}`);
    const picks = this.random.fork('picks');
    this.traffic = startTraffic(some.members, () => picks.between(0, NODES - 1));
    this.checks = new Checks(some, this.traffic, say);
  }

  async play(minutes: number): Promise<Outcome> {
    const startedMs = Date.now();
    const endMs = startedMs + minutes * 60_000;
    await this.halfDown();
    while (Date.now() < endMs) await this.oneFault();
    await this.traffic.end();
    const lost = await this.checks.lost();
    const blocks = await this.checks.compareAll();
    return this.outcome((Date.now() - startedMs) / 60_000, lost, blocks);
  }

  private async oneFault(): Promise<void> {
    const { members, isolated } = this.some;
    const member = members[this.random.between(0, NODES - 1)]!;
    const fault = drawFault(this.random, isolated);
    const watch = watchHeads(members);
    const what = await fault.act(member, this.random).catch((error: Error) => {
      this.checks.note(error.message);
      return error.message;
    });
    const backMs = await this.checks.isBack(member);
    const stillMs = watch.end();
    this.rows.push({ fault: fault.name, what, node: member.name, stillMs, backMs });
    this.say(`${member.name} ${fault.name} (${what}): longest pause ${seconds(stillMs)}, back after ${seconds(backMs)}`);
    if (stillMs > RESUME_MS)
      this.checks.note(`the ledger stood still for ${seconds(stillMs)} after ${member.name} ${fault.name} (${what})`);
    if (backMs > BACK_MS) this.checks.note(`${member.name} took ${seconds(backMs)} to be back after ${fault.name} (${what})`);
    await this.checks.compareHead();
    await pause(this.random.between(200, 2000));
  }

  /** Two of four: nothing may be decided, and what was agreed goes on. */
  private async halfDown(): Promise<void> {
    const [first, second, ...others] = this.some.members as [ClusterMember, ClusterMember, ...ClusterMember[]];
    await first.kill('both');
    await second.kill('both');
    await pause(2_000);
    const before = await Promise.all(others.map((member) => member.head()));
    await pause(STANDSTILL_MS);
    const after = await Promise.all(others.map((member) => member.head()));
    if (String(before) !== String(after)) this.checks.note(`with two of four down the ledger went from ${before} to ${after}`);
    if (!(await allServe(others))) this.checks.note('with two of four down a device does not serve the agreed release');
    const startedMs = Date.now();
    for (const member of [first, second]) member.start();
    const areThere = async () => (await Promise.all([first, second].map((member) => member.head()))).length === 2;
    const upMs = await until('two of four to be there again', areThere);
    await until('the ledger to go on', async () => (await others[0]!.head()) > after[0]!);
    const goesOnMs = Date.now() - startedMs;
    this.halved = { standstillMs: STANDSTILL_MS, upMs, goesOnMs };
    this.say(
      `two of four down: block ${after[0]} for ${STANDSTILL_MS / 1000} s, release served; both there ${seconds(upMs)} after their start, going on after ${seconds(goesOnMs)}`,
    );
    if (goesOnMs - upMs > RESUME_MS)
      this.checks.note(`after two of four were there again the ledger took ${seconds(goesOnMs - upMs)} to go on`);
    for (const member of [first, second]) await this.checks.isBack(member);
  }

  private outcome(minutes: number, lost: number, blocks: number): Outcome {
    const { rows, traffic } = this;
    const { wrong } = this.checks;
    const ok = wrong.length === 0 && rows.length > 0;
    const most = (pick: (row: Row) => number) => Math.max(0, ...rows.map(pick));
    const names = [...new Set(rows.map(({ fault }) => fault))];
    const kinds = names.map((name) => [name, rows.filter(({ fault }) => fault === name).length] as const);
    const waits = [...traffic.latencies].sort((a, b) => a - b);
    const at = (share: number) => waits[Math.floor(waits.length * share)] ?? 0;
    const latencySeconds = { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: waits.at(-1) ?? 0 };
    const acknowledged = traffic.acknowledged.size;
    const longest = { stillMs: most(({ stillMs }) => stillMs), backMs: most(({ backMs }) => backMs) };
    const isolated = this.some.isolated;
    return {
      ok,
      report: {
        ok,
        minutes,
        isolated,
        faults: rows.length,
        kinds: Object.fromEntries(kinds),
        acknowledged,
        lost,
        blocks,
        halved: this.halved,
        ...longest,
        latencySeconds,
        wrong,
        rows,
      },
      lines: [
        `${rows.length} faults in ${minutes.toFixed(1)} minutes: ${kinds.map(([fault, count]) => `${count} × ${fault}`).join(', ')}`,
        `${acknowledged} transactions acknowledged, ${lost} lost; ${blocks} blocks, the same on all four`,
        `longest pause of the ledger ${seconds(longest.stillMs)}; slowest return of a node ${seconds(longest.backMs)}`,
        `seconds to a receipt: p50 ${latencySeconds.p50.toFixed(1)}, p90 ${latencySeconds.p90.toFixed(1)}, p99 ${latencySeconds.p99.toFixed(1)}`,
        ...wrong.map((text) => `wrong: ${text}`),
      ],
    };
  }
}
