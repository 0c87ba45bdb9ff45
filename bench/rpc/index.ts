/**
 * `npm run bench -- rpc`: a node of ours under load beside anvil, in the same run and by turns: signed ERC-20 transfers and calls over
 * HTTP, each sender on a connection of its own, in the order of its nonces. Ours keeps its ledger in lmdb and syncs before it
 * acknowledges; anvil keeps everything in memory.
 */
import { cpus } from 'node:os';
import { Exit } from '../../cli/command.ts';
import { type Script, wholeOf } from '../../cli/script.ts';
import { type NodeOptions, type Peer, startAnvil, startClasspad } from '../nodes.ts';
import { askAll, type Stretch, sendAll, sendAndWait } from './load.ts';
import { Load } from './senders.ts';
import { Sheet, type Side, type What } from './sheet.ts';

const DEADLINE_MS = 1_200_000;

export const benchRpc: Script = {
  name: 'rpc',
  summary: 'a node under load beside anvil: ERC-20 transfers, receipts and calls over HTTP',
  options: {
    senders: { value: 'N', fallback: '64', help: 'accounts that send, each on a connection of its own' },
    transfers: { value: 'N', fallback: '6400', help: 'transfers of a round, all senders together' },
    calls: { value: 'N', fallback: '32000', help: 'calls of a round, all senders together' },
    rounds: { value: 'N', fallback: '3', help: 'how often all of it is measured' },
    json: { help: 'print the figures as JSON' },
  },
  async run(input, io) {
    const load = new Load(wholeOf(input, 'senders'), wholeOf(input, 'transfers'), wholeOf(input, 'calls'));
    const rounds = wholeOf(input, 'rounds');
    const nodes = await start({ accounts: load.addresses, deadlineMs: DEADLINE_MS, blockIntervalMs: 0 });
    try {
      await Promise.all(Object.values(nodes).map((node) => node && load.prepare(node)));
      const sheet = new Sheet();
      for (let round = 0; round < rounds; round++) await runRound(nodes, load, sheet);
      const heading = `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${rounds} rounds`;
      io.out(input.has('json') ? JSON.stringify(sheet.asJson()) : `${heading}\n\n${sheet.asText()}`);
    } finally {
      await Promise.all(Object.values(nodes).map((node) => node?.stop()));
    }
    return Exit.ok;
  },
};

/**
 * By default anvil makes a block of each transaction, and each takes longer than the one before: it is asked for receipts and calls.
 * For throughput there is a second one that makes a block a second, with which it is fastest.
 */
interface Nodes {
  readonly ours: Peer;
  readonly anvil: Peer | undefined;
  readonly anvilBySecond: Peer | undefined;
}

async function start(options: NodeOptions): Promise<Nodes> {
  const [ours, anvil, anvilBySecond] = await Promise.all([
    startClasspad(options),
    startAnvil(options),
    startAnvil({ ...options, anvil: { '--block-time': 1 } }),
  ]);
  return { ours, anvil, anvilBySecond };
}

async function runRound({ ours, anvil, anvilBySecond }: Nodes, load: Load, sheet: Sheet): Promise<void> {
  const [many, few, calls] = [load.many(), load.few(), load.callBodies()];
  const stretches: readonly [What, Side, Peer | undefined, (peer: Peer) => Promise<Stretch>][] = [
    ['transfers', 'ours', ours, (peer) => sendAll(peer, many)],
    ['transfers', 'anvil', anvilBySecond, (peer) => sendAll(peer, many)],
    ['receipts', 'ours', ours, (peer) => sendAndWait(peer, few)],
    ['receipts', 'anvil', anvil, (peer) => sendAndWait(peer, few)],
    ['calls', 'ours', ours, (peer) => askAll(peer, calls, load.callsEach)],
    ['calls', 'anvil', anvil, (peer) => askAll(peer, calls, load.callsEach)],
  ];
  for (const [what, side, peer, run] of stretches) if (peer) await sheet.add(what, side, peer, () => run(peer));
}
