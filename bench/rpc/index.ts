/**
 * `npm run bench -- rpc [--json] [--senders N] [--transfers N] [--rounds N]`: a node of ours under load beside anvil, in the same
 * run and by turns: signed ERC-20 transfers and calls over HTTP, each sender on a connection of its own.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Peer, startAnvil, startClasspad } from '../nodes.ts';
import { clockOf } from '../vm/measure.ts';
import { askAll, type Signed, type Stretch, sendAll, sendAndWait } from './load.ts';
import { balanceOf, deployment, Sender, stranger, transfer } from './senders.ts';
import { Wire } from './wire.ts';

const DEADLINE_MS = 900_000;
/** Transactions a sender sends one after the other to find out how long a receipt takes. */
const WAITED_FOR = 100;

export async function benchRpc(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      senders: { type: 'string', default: '16' },
      transfers: { type: 'string', default: '4000' },
      calls: { type: 'string', default: '8000' },
      rounds: { type: 'string', default: '3' },
      interval: { type: 'string', default: '10' },
      ours: { type: 'boolean', default: false },
      theirs: { type: 'boolean', default: false },
    },
  });
  const log = values.json ? () => undefined : console.log;
  const senders = Array.from({ length: Number(values.senders) + 1 }, (_, index) => new Sender(index));
  const options = {
    accounts: senders.map(({ address }) => address),
    deadlineMs: DEADLINE_MS,
    blockIntervalMs: Number(values.interval),
  };
  const peers: Peer[] = [];
  if (!values.theirs) peers.push(await startClasspad(options));
  const anvil = values.ours ? undefined : await startAnvil(options);
  if (anvil) peers.push(anvil);
  try {
    const [owner, ...others] = senders as [Sender, ...Sender[]];
    const { coin, raws } = deployment(owner, others);
    for (const peer of peers) await prepare(peer, raws);
    for (let round = 0; round < Number(values.rounds); round++) {
      const each = Math.ceil(Number(values.transfers) / others.length);
      const many = rowsOf(others, coin, each);
      const few = rowsOf(others.slice(0, 8), coin, WAITED_FOR);
      for (const peer of peers) {
        const clock = clockOf(peer.processId);
        const measured = async (name: string, run: () => Promise<Stretch>) => {
          const before = clock?.() ?? 0;
          const stretch = await run();
          const cpuMs = ((clock?.() ?? 0) - before) / stretch.count;
          log(
            peer.name.padEnd(10), name.padEnd(10), (stretch.count / stretch.seconds).toFixed(0).padStart(7), '/s',
            'p50', quantile(stretch.latenciesMs, 0.5).toFixed(2), 'p99', quantile(stretch.latenciesMs, 0.99).toFixed(2),
            'cpu ms each', cpuMs.toFixed(3),
          );
        };
        await measured('send', () => sendAll(peer, many));
        await measured('wait', () => sendAndWait(peer, few));
        const call = { to: coin, data: balanceOf(owner.address) };
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_call', params: [call, 'latest'] });
        await measured('call', () => askAll(peer, others.map(() => body), Number(values.calls) / others.length));
      }
    }
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

let strangers = 0;
function rowsOf(senders: readonly Sender[], coin: `0x${string}`, each: number): Signed[][] {
  return senders.map((sender) =>
    Array.from({ length: each }, () => sender.next({ to: coin, data: transfer(stranger(strangers++ % 5000), 1n) })),
  );
}

async function prepare(peer: Peer, raws: readonly `0x${string}`[]): Promise<void> {
  const wire = new Wire(peer.port);
  for (const raw of raws) {
    const hash = await wire.ask('eth_sendRawTransaction', [raw]);
    while (!(await wire.ask('eth_getTransactionReceipt', [hash]))) await new Promise((done) => setTimeout(done, 5));
  }
  wire.close();
}
