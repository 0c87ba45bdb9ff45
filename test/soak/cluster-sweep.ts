import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterMember, type TestCluster, until } from '../support/cluster.ts';
import { pause } from '../support/wait.ts';
import { BACK_MS, Checks, RESUME_MS, seconds, watchHeads } from './cluster-checks.ts';
import { beginFleet } from './cluster-fleet.ts';
import { crashAt, crashed, FIRST_STEPS, GIVING_STEPS, STEPS, TAKING_STEPS } from './faults.ts';
import type { Outcome } from './soak.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const DARK_MS = 1_000;
/** Nothing else waits for a device that joins: it looks for snapshots for five seconds at each attempt. */
const JOINED_MS = 90_000;

interface Row {
  readonly step: string;
  readonly node: string;
  /** Longest time between two blocks; absent where there was no ledger yet. */
  readonly stillMs?: number;
  readonly backMs: number;
}

/** Each step of ABCI once: a real process is killed there, comes back, and everything is as it must be. */
export async function sweepSteps(some: TestCluster, say: (line: string) => void): Promise<Outcome> {
  const startedMs = Date.now();
  const rows = await firstSteps(some, say);
  await beginFleet(some);
  const sweep = new Sweep(some, rows, say);
  for (const [index, step] of STEPS.entries()) await sweep.crash(step, some.members[index % some.members.length]!);
  await sweep.join();
  return sweep.end(startedMs);
}

/** The first validators crash as their ledger begins; it begins nevertheless. */
async function firstSteps({ members }: TestCluster, say: (line: string) => void): Promise<Row[]> {
  const startedMs = Date.now();
  const crashing = members.slice(-FIRST_STEPS.length).map((member, index) => ({ member, step: FIRST_STEPS[index]! }));
  for (const member of members) member.start(crashing.find((each) => each.member === member)?.step);
  await Promise.all(crashing.map(({ member, step }) => falls(member, step)));
  await until('the first block on all', async () => {
    const statuses = await Promise.all(members.map((member) => member.engine('status')));
    return statuses.every(({ sync_info }) => Number((sync_info as { latest_block_height: string }).latest_block_height) > 0);
  });
  const backMs = Date.now() - startedMs;
  return crashing.map(({ member, step }) => {
    say(`${member.name} crash (${step}): the ledger began after ${seconds(backMs)}`);
    return { step, node: member.name, backMs };
  });
}

class Sweep {
  private readonly some: TestCluster;
  private readonly rows: Row[];
  private readonly say: (line: string) => void;
  private readonly traffic: Traffic;
  private readonly checks: Checks;

  constructor(some: TestCluster, rows: Row[], say: (line: string) => void) {
    this.some = some;
    this.rows = rows;
    this.say = say;
    let turn = 0;
    this.traffic = startTraffic(some.members, () => turn++ % some.members.length);
    this.checks = new Checks(some, this.traffic, say);
  }

  async crash(step: string, member: ClusterMember): Promise<void> {
    await this.watched([[step, member]], () => crashAt(step).act(member, undefined as never), BACK_MS);
  }

  /** One device begins anew again and again, and with each time it or one who gives it the state crashes. */
  async join(): Promise<void> {
    const joiner = await this.some.join('pad-05');
    const file = join(joiner.path, 'cometbft/config/config.toml');
    const written = readFileSync(file, 'utf8');
    for (const [index, taking] of TAKING_STEPS.entries()) {
      const [giving, turn] = [GIVING_STEPS[index]!, index % this.some.members.length];
      const giver = this.some.members[turn]!;
      beginAnew(joiner);
      // Whoever is to crash must be the one who is asked.
      writeFileSync(file, giving.endsWith('loadSnapshotChunk') ? onlyPeer(written, turn) : written);
      const both = async () => {
        giver.crashAt(giving);
        joiner.start(taking);
        await Promise.all([falls(giver, giving), falls(joiner, taking)]);
      };
      await this.watched(
        [
          [giving, giver],
          [taking, joiner],
        ],
        both,
        JOINED_MS,
      );
      await this.checks.compareHead([...this.some.members, joiner]);
      await joiner.stop();
    }
  }

  async end(startedMs: number): Promise<Outcome> {
    await this.traffic.end();
    const lost = await this.checks.lost();
    const blocks = await this.checks.compareAll();
    const { rows, traffic, some } = this;
    const { wrong } = this.checks;
    const all = [...FIRST_STEPS, ...STEPS, ...GIVING_STEPS, ...TAKING_STEPS];
    const missing = all.filter((step) => !rows.some((row) => row.step === step));
    const ok = wrong.length === 0 && missing.length === 0;
    const most = (pick: (row: Row) => number | undefined) => Math.max(...rows.map((row) => pick(row) ?? 0));
    const longest = { stillMs: most(({ stillMs }) => stillMs), backMs: most(({ backMs }) => backMs) };
    const minutes = (Date.now() - startedMs) / 60_000;
    const acknowledged = traffic.acknowledged.size;
    return {
      ok,
      report: {
        ok,
        minutes,
        isolated: some.isolated,
        steps: all.length,
        missing,
        acknowledged,
        lost,
        blocks,
        ...longest,
        wrong,
        rows,
      },
      lines: [
        `${all.length - missing.length} of ${all.length} steps in ${minutes.toFixed(1)} minutes: a process was killed at each and came back`,
        `${acknowledged} transactions acknowledged, ${lost} lost; ${blocks} blocks, the same on all`,
        `longest pause of the ledger ${seconds(longest.stillMs)}; slowest return of a node ${seconds(longest.backMs)}`,
        ...wrong.map((text) => `wrong: ${text}`),
      ],
    };
  }

  private async watched(steps: readonly (readonly [string, ClusterMember])[], act: () => Promise<unknown>, backWithinMs: number) {
    const watch = watchHeads(this.some.members);
    try {
      await act();
    } catch (error) {
      watch.end();
      return this.checks.note((error as Error).message);
    }
    const backs: number[] = [];
    for (const [, member] of steps) backs.push(await this.checks.isBack(member));
    const stillMs = watch.end();
    for (const [index, [step, { name }]] of steps.entries()) {
      const backMs = backs[index]!;
      this.rows.push({ step, node: name, stillMs, backMs });
      this.say(`${name} crash (${step}): longest pause ${seconds(stillMs)}, back after ${seconds(backMs)}`);
      if (backMs > backWithinMs) this.checks.note(`${name} took ${seconds(backMs)} to be back after ${step}`);
    }
    if (stillMs > RESUME_MS) this.checks.note(`the ledger stood still for ${seconds(stillMs)} after ${steps[0]![0]}`);
    await this.checks.compareHead();
  }
}

/** Waits for the crash, and starts the process again. */
async function falls(member: ClusterMember, step: string): Promise<void> {
  await crashed(member, step);
  await pause(DARK_MS);
  member.start();
}

/** A device without a vote forgets the ledger; its keys stay. */
function beginAnew({ path }: ClusterMember): void {
  const data = join(path, 'cometbft/data');
  const state = readFileSync(join(data, 'priv_validator_state.json'));
  for (const folder of [data, join(path, 'data/ledger')]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(data);
  writeFileSync(join(data, 'priv_validator_state.json'), state);
}

function onlyPeer(config: string, turn: number): string {
  return config.replace(/^persistent_peers = "(.*)"$/m, (_, peers: string) => `persistent_peers = "${peers.split(',')[turn]}"`);
}
