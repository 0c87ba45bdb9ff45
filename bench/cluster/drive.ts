import { pause } from '../../test/support/wait.ts';

/** What is driven: both applications in the same way. */
export interface Target {
  /** Hands in a transaction of a client to a node; settles when it is acknowledged. Answers its name. */
  send(client: number, index: number, node: number): Promise<string>;
  /** Names of what is in blocks now and was not the last time. */
  included(): Promise<readonly string[]>;
}

export interface Driven {
  readonly transactions: number;
  readonly perSecond: number;
  /** From the moment it is handed in to the moment it is seen in a block. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number };
}

export interface Load {
  readonly clients: number;
  /** Of each client. */
  readonly each: number;
  /** Transactions a second, all together; absent: as fast as they are taken. */
  readonly rate?: number;
  /** The first of each client's. */
  readonly from: number;
}

const NODES = 4;
const LOOK_MS = 50;
const GIVE_UP_MS = 180_000;

/** Clients that hand in one transaction after the other, each always to the same node, and somebody who watches the blocks. */
export async function drive(target: Target, { clients, each, rate, from }: Load): Promise<Driven> {
  const sentMs = new Map<string, number>();
  const tookMs: number[] = [];
  const seen = new Set<string>();
  const startedMs = performance.now();
  let lastMs = startedMs;
  const note = (name: string) => {
    const sent = sentMs.get(name);
    if (sent === undefined) return void seen.add(name);
    sentMs.delete(name);
    lastMs = performance.now();
    tookMs.push(lastMs - sent);
  };
  const sending = Array.from({ length: clients }, async (_, client) => {
    for (let index = 0; index < each; index++) {
      const dueMs = rate === undefined ? 0 : startedMs + ((index * clients + client) * 1000) / rate;
      if (dueMs > performance.now()) await pause(dueMs - performance.now());
      const atMs = performance.now();
      const name = await target.send(client, from + index, client % NODES);
      sentMs.set(name, atMs);
      if (seen.delete(name)) note(name);
    }
  });
  const total = clients * each;
  const all = Promise.all(sending);
  while (tookMs.length < total && performance.now() - startedMs < GIVE_UP_MS) {
    for (const name of await target.included()) note(name);
    await pause(LOOK_MS);
  }
  await all;
  const sorted = tookMs.sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  return {
    transactions: tookMs.length,
    perSecond: (tookMs.length * 1000) / (lastMs - startedMs),
    latencyMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99) },
  };
}
