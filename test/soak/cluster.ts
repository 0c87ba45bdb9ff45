import { join } from 'node:path';
import type { Hex } from 'viem';
import { readCompose } from '../../cli/compose.ts';
import { seededRandom } from '../../emulator/random.ts';
import { type ClusterMember, needCometbft, type TestCluster, testCluster, until } from '../support/cluster.ts';
import { root } from '../support/need.ts';
import { PHASE, pause } from '../support/operator.ts';
import { looselyPinned } from '../support/pins.ts';
import { drawFault } from './faults.ts';
import type { Outcome, Soak } from './soak.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const NODES = 4;
/** So long the ledger may stand still because of one faulty validator, or of two from when they are there again. */
const RESUME_MS = 10_000;
/** So long a validator may take from its start to the head of the others: it looks for peers and catches up first. */
const BACK_MS = 30_000;
/** With two of four down nothing may be decided in so long. */
const STANDSTILL_MS = 10_000;
const GREETING = 'hello from revision 1';

/** Four real validators that crash, freeze, lose their network and come back, under load. */
export const cluster: Soak = {
  summary: 'four CometBFT validators under load that crash at every step, freeze and lose their network: nothing lost, all equal',
  options: {
    minutes: { fallback: 20, help: 'how long faults go on' },
    seed: { fallback: 1, help: 'what the order of the faults follows from' },
  },
  async run({ minutes = 20, seed = 1 }, say) {
    if (!needCometbft('soak cluster')) throw new Error('it needs CometBFT and the build');
    const some = testCluster({ nodes: NODES });
    try {
      say(`four validators, ${some.isolated ? 'each in a network namespace' : 'on loopback ports'}, seed ${seed}`);
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

/** The contract, the devices and one agreed release. */
export async function beginFleet({ operator, members }: TestCluster): Promise<void> {
  await operator.begin();
  const others = members.slice(1);
  await operator.send('enrol', [others.map(({ device }) => device), others.map(({ name }) => name)]);
  await operator.propose('hello', looselyPinned(readCompose(join(root, 'examples/hello/compose.yaml')).manifest));
  const phase = await operator.decided('hello', 1);
  if (phase !== PHASE.active) throw new Error('the first release was not agreed on');
  await until('every device to serve the agreed release', () => allServe(members));
}

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
  private readonly rows: Row[] = [];
  private readonly wrong: string[] = [];

  constructor(some: TestCluster, seed: number, say: (line: string) => void) {
    this.some = some;
    this.say = say;
    this.random = seededRandom(`soak cluster ${seed}`);
    const picks = this.random.fork('picks');
    this.traffic = startTraffic(some.members, () => picks.between(0, NODES - 1));
  }

  async play(minutes: number): Promise<Outcome> {
    const startedMs = Date.now();
    const endMs = startedMs + minutes * 60_000;
    await this.halfDown();
    while (Date.now() < endMs) await this.oneFault();
    await this.traffic.end();
    const lost = await this.lost();
    const blocks = await this.compareAll();
    return this.outcome((Date.now() - startedMs) / 60_000, lost, blocks);
  }

  private async oneFault(): Promise<void> {
    const { members, isolated } = this.some;
    const member = members[this.random.between(0, NODES - 1)]!;
    const fault = drawFault(this.random, isolated);
    const watch = watchHeads(members);
    const what = await fault.act(member, this.random);
    const backMs = await this.isBack(member);
    const stillMs = watch.end();
    this.rows.push({ fault: fault.name, what, node: member.name, stillMs, backMs });
    this.say(`${member.name} ${fault.name} (${what}): longest pause ${seconds(stillMs)}, back after ${seconds(backMs)}`);
    if (stillMs > RESUME_MS)
      this.note(`the ledger stood still for ${seconds(stillMs)} after ${member.name} ${fault.name} (${what})`);
    if (backMs > BACK_MS) this.note(`${member.name} took ${seconds(backMs)} to be back after ${fault.name} (${what})`);
    await this.compareHead();
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
    if (String(before) !== String(after)) this.note(`with two of four down the ledger went from ${before} to ${after}`);
    if (!(await allServe(others))) this.note('with two of four down a device does not serve the agreed release');
    for (const member of [first, second]) member.start();
    const upMs = await until('the ledger to go on', async () => (await others[0]!.head()) > after[0]!);
    this.say(
      `two of four down: block ${after[0]} for ${STANDSTILL_MS / 1000} s, release served; going on ${seconds(upMs)} after their start`,
    );
    if (upMs > RESUME_MS) this.note(`after two of four came back the ledger took ${seconds(upMs)} to go on`);
    for (const member of [first, second]) await this.isBack(member);
  }

  private async isBack(member: ClusterMember): Promise<number> {
    const others = this.some.members.filter((each) => each !== member);
    const heads = await Promise.all(others.map((each) => each.head().catch(() => 0)));
    const target = Math.max(...heads) + 1;
    return until(`${member.name} to be at block ${target}`, async () => (await member.head()) >= target, 120_000).catch(
      (error: Error) => {
        this.note(error.message);
        return 120_000;
      },
    );
  }

  private async compareHead(): Promise<void> {
    const heads = await Promise.all(this.some.members.map((member) => member.head()));
    await this.compareAt(Math.min(...heads));
  }

  /** The hash of a block is the app hash on which the validators agreed. */
  private async compareAt(number: number): Promise<void> {
    const blocks = this.some.members.map((member) => member.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]));
    const hashes = new Set((await Promise.all(blocks)).map((block) => (block as { hash: Hex }).hash));
    if (hashes.size !== 1) this.note(`block ${number} is not the same everywhere: ${[...hashes].join(', ')}`);
  }

  private async compareAll(): Promise<number> {
    const heads = await Promise.all(this.some.members.map((member) => member.head()));
    const last = Math.min(...heads);
    for (let number = 1; number <= last; number++) await this.compareAt(number);
    const statuses = await Promise.all(this.some.members.map((member) => member.engine('status')));
    for (const { sync_info } of statuses as { sync_info: { latest_block_height: string } }[])
      this.say(`height ${sync_info.latest_block_height}`);
    return last;
  }

  /** What was acknowledged and is not on every node in the end. */
  private async lost(): Promise<number> {
    const missing = new Set([...this.traffic.acknowledged]);
    const isEverywhere = async (hash: Hex) => {
      const receipts = this.some.members.map((member) => member.call('eth_getTransactionReceipt', [hash]).catch(() => null));
      return (await Promise.all(receipts)).every((receipt) => receipt !== null);
    };
    await until(
      'every acknowledged transaction to be on every node',
      async () => {
        for (const hash of missing) if (await isEverywhere(hash)) missing.delete(hash);
        return missing.size === 0;
      },
      60_000,
    ).catch(() => {});
    if (missing.size > 0) this.note(`${missing.size} acknowledged transactions are lost: ${[...missing].slice(0, 3).join(', ')}`);
    return missing.size;
  }

  private note(what: string): void {
    this.wrong.push(what);
    this.say(`WRONG: ${what}`);
  }

  private outcome(minutes: number, lost: number, blocks: number): Outcome {
    const { rows, wrong, traffic } = this;
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

/** The longest time in which no node saw a new block. */
function watchHeads(members: readonly ClusterMember[]): { end(): number } {
  let best = 0;
  let sinceMs = Date.now();
  let longestMs = 0;
  const look = async () => {
    const heads = await Promise.all(members.map((member) => member.head().catch(() => 0)));
    const now = Math.max(...heads);
    if (now > best) {
      best = now;
      sinceMs = Date.now();
    }
    longestMs = Math.max(longestMs, Date.now() - sinceMs);
  };
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = look();
  }, 250);
  return {
    end() {
      clearInterval(timer);
      void looking;
      return longestMs;
    },
  };
}

async function allServe(members: readonly ClusterMember[]): Promise<boolean> {
  const answers = members.map(async ({ proxyUrl }) => {
    const response = await fetch(`${proxyUrl}/`, { signal: AbortSignal.timeout(3000) });
    return (await response.text()).trim() === GREETING;
  });
  return (await Promise.all(answers)).every(Boolean);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
