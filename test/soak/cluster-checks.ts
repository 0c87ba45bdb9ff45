import type { Hex } from 'viem';
import { type ClusterMember, type TestCluster, until } from '../support/cluster.ts';
import type { Traffic } from './traffic.ts';

/** So long the ledger may stand still because of one faulty validator, or of two from when they are there again. */
export const RESUME_MS = 10_000;
/** So long a validator may take from its start to the head of the others: it looks for peers and catches up first. */
export const BACK_MS = 30_000;
const EVERYWHERE_WITHIN_MS = 60_000;
const BACK_WITHIN_MS = 120_000;

/** What has to hold of a cluster under faults; what does not is noted in a sentence. */
export class Checks {
  readonly wrong: string[] = [];
  private readonly some: TestCluster;
  private readonly traffic: Traffic;
  private readonly say: (line: string) => void;

  constructor(some: TestCluster, traffic: Traffic, say: (line: string) => void) {
    this.some = some;
    this.traffic = traffic;
    this.say = say;
  }

  note(what: string): void {
    this.wrong.push(what);
    this.say(`WRONG: ${what}`);
  }

  /** Milliseconds until the node has the head that the others have now, and one block more. */
  async isBack(member: ClusterMember): Promise<number> {
    const others = this.some.members.filter((each) => each !== member);
    const heads = await Promise.all(others.map((each) => each.head().catch(() => 0)));
    const target = Math.max(...heads) + 1;
    const isThere = async () => (await member.head()) >= target;
    return until(`${member.name} to be at block ${target}`, isThere, BACK_WITHIN_MS).catch((error: Error) => {
      this.note(error.message);
      return BACK_WITHIN_MS;
    });
  }

  /** The newest block that all have is the same on all. */
  async compareHead(members = this.some.members): Promise<void> {
    const heads = await Promise.all(members.map((member) => member.head()));
    await this.compareAt(Math.min(...heads), members);
  }

  /** Answers how many blocks are the same on all. */
  async compareAll(): Promise<number> {
    const { members } = this.some;
    const heads = await Promise.all(members.map((member) => member.head()));
    const last = Math.min(...heads);
    for (let number = 1; number <= last; number++) await this.compareAt(number, members);
    return last;
  }

  /** How much of what was acknowledged is not on every node in the end. */
  async lost(): Promise<number> {
    const missing = new Set([...this.traffic.acknowledged]);
    const isEverywhere = async (hash: Hex) => {
      const receipts = this.some.members.map((member) => member.call('eth_getTransactionReceipt', [hash]).catch(() => null));
      return (await Promise.all(receipts)).every((receipt) => receipt !== null);
    };
    const areAll = async () => {
      for (const hash of missing) if (await isEverywhere(hash)) missing.delete(hash);
      return missing.size === 0;
    };
    await until('every acknowledged transaction to be on every node', areAll, EVERYWHERE_WITHIN_MS).catch(() => {});
    if (missing.size > 0) this.note(`${missing.size} acknowledged transactions are lost: ${[...missing].slice(0, 3).join(', ')}`);
    return missing.size;
  }

  /** The hash of a block is the app hash on which the validators agreed. */
  private async compareAt(number: number, members: readonly ClusterMember[]): Promise<void> {
    const blocks = members.map((member) => member.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]));
    const hashes = new Set((await Promise.all(blocks)).map((block) => (block as { hash: Hex }).hash));
    if (hashes.size !== 1) this.note(`block ${number} is not the same everywhere: ${[...hashes].join(', ')}`);
  }
}

/** The longest time in which no node saw a new block. */
export function watchHeads(members: readonly ClusterMember[]): { end(): number } {
  let best = 0;
  let sinceMs = Date.now();
  let longestMs = 0;
  const saw = (head: number) => {
    if (head <= best) return;
    best = head;
    sinceMs = Date.now();
  };
  // One that does not answer keeps nobody waiting who does.
  const look = () => {
    for (const member of members) void member.head().then(saw, () => {});
    longestMs = Math.max(longestMs, Date.now() - sinceMs);
  };
  const timer = setInterval(look, 250);
  return {
    end() {
      clearInterval(timer);
      return longestMs;
    },
  };
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
