import { type Hex, keccak256 } from 'viem';
import { type ClusterMember, senders } from '../support/cluster.ts';
import { pause } from '../support/wait.ts';

/** Transfers given to any node, one after the other from each sender, and what was promised about them. */
export interface Traffic {
  /** Acknowledged so far. */
  readonly acknowledged: ReadonlySet<Hex>;
  /** Seconds from the acknowledgement to the receipt, of those that have one. */
  readonly latencies: readonly number[];
  /** No new ones; waits for those on their way. */
  end(): Promise<void>;
}

const CHAIN_ID = 4401;
const ASK_EVERY_MS = 250;
const BETWEEN_MS = 200;

/** @param pick Which node the next transaction goes to. */
export function startTraffic(members: readonly ClusterMember[], pick: () => number): Traffic {
  const acknowledged = new Set<Hex>();
  const latencies: number[] = [];
  let isEnding = false;
  const send = async (index: number) => {
    const account = senders[index]!;
    for (let nonce = 0; !isEnding; nonce++) {
      const fees = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, type: 'eip1559' } as const;
      const to = senders[(index + 1) % senders.length]!.address;
      const raw = await account.signTransaction({ ...fees, to, value: 1n, nonce, gas: 21_000n, chainId: CHAIN_ID });
      const hash = await hand(members, pick, raw);
      const startedMs = Date.now();
      acknowledged.add(hash);
      while (!(await hasReceipt(members, hash)) && !isEnding) await pause(ASK_EVERY_MS);
      if (!isEnding) latencies.push((Date.now() - startedMs) / 1000);
      await pause(BETWEEN_MS);
    }
  };
  const sending = senders.map((_, index) => send(index));
  return {
    acknowledged,
    latencies,
    async end() {
      isEnding = true;
      await Promise.all(sending);
    },
  };
}

/** Until somebody takes it: the same bytes, so that it cannot be there twice. */
async function hand(members: readonly ClusterMember[], pick: () => number, raw: Hex): Promise<Hex> {
  for (;;) {
    try {
      return (await members[pick()]!.call('eth_sendRawTransaction', [raw])) as Hex;
    } catch (error) {
      // An answer that was lost on its way was an acknowledgement nevertheless.
      if (/already known|nonce too low/.test((error as Error).message)) return keccak256(raw);
    }
    await pause(50);
  }
}

async function hasReceipt(members: readonly ClusterMember[], hash: Hex): Promise<boolean> {
  const answers = members.map((member) => member.call('eth_getTransactionReceipt', [hash]).catch(() => null));
  return (await Promise.all(answers)).some((answer) => answer !== null);
}
