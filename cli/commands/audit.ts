import { askerOf, fetchEntry } from '../audit/fetch.ts';
import { type Row, storyteller } from '../audit/story.ts';
import { type Checked, type Trust, verifyEntry } from '../audit/verify.ts';
import { WrongEntry } from '../audit/wrong-entry.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { type Connection, connect, connectionOptions } from '../fleet/connection.ts';
import { developmentNames } from '../fleet/keys.ts';
import { progress } from '../progress.ts';
import { printJson } from '../tell.ts';
import { accountAddress, counted, timeText } from '../values.ts';

export const audit: Command = {
  name: 'audit',
  summary: 'print who did what on the fleet, and check every entry of the trail',
  operands: [],
  options: {
    ...connectionOptions,
    sequencer: { value: 'ADDRESS', help: 'whose seal the blocks must bear; without it the node is believed' },
    genesis: { value: 'HASH', help: 'hash of the first block; without it the node is believed' },
    quiet: { help: 'print the verdict only' },
    json: { help: 'print the trail and the verdict as JSON' },
  },
  examples: [
    ['classpad audit', 'the whole trail, checked'],
    ['classpad audit --quiet --sequencer 0x… --genesis 0x…', 'believe nothing of what the node says of itself'],
  ],
  notes: [
    "From what the node shows, the hash of every header, its link to the block before it, the sequencer's seal, every signature, and the " +
      'roots of transactions and receipts are computed anew. The first entry that is wrong is named, and the exit code is 1.',
  ],
  async run(input, io) {
    const connection = await connect(input);
    const trust = trustOf(connection, input);
    const tell = storyteller(connection.fleet, developmentNames(connection));
    const rows: Row[] = [];
    const counts = { blocks: 0, transactions: 0 };
    const show = (row: Row) => !input.has('json') && !input.has('quiet') && io.out(lineOf(row));
    try {
      for await (const block of trail(connection, trust, io)) {
        counts.blocks++;
        counts.transactions += block.transactions.length;
        const told = tell(block);
        rows.push(...told);
        for (const row of told) show(row);
      }
    } catch (error) {
      if (!(error instanceof WrongEntry)) throw error;
      return conclude({ ok: false, wrong: error.message, ...counts, ...trust, rows }, input, io);
    }
    return conclude({ ok: true, ...counts, ...trust, rows }, input, io);
  },
};

interface Verdict extends Trust {
  readonly ok: boolean;
  readonly wrong?: string;
  readonly blocks: number;
  readonly transactions: number;
  readonly rows: readonly Row[];
}

function trustOf({ config, chain, rpc }: Connection, input: Input): Trust {
  const sequencer = input.text('sequencer') ?? config?.sequencer;
  const genesisHash = input.text('genesis') ?? config?.genesisHash;
  if (!sequencer || !genesisHash) {
    throw new Failure(
      `${rpc} does not say whose seal its blocks bear; give --sequencer ADDRESS and --genesis HASH`,
      Exit.badInput,
    );
  }
  if (!/^0x[0-9a-fA-F]{64}$/.test(genesisHash)) {
    throw new Failure(`--genesis "${genesisHash}" is no hash; write 0x and 64 hexadecimal digits`, Exit.badInput);
  }
  return {
    chainId: chain.id,
    sequencer: accountAddress(sequencer, '--sequencer'),
    genesisHash: genesisHash.toLowerCase() as Trust['genesisHash'],
  };
}

/** The checked blocks from the first to what was the newest when this began. Throws {@link WrongEntry}. */
async function* trail({ client }: Connection, trust: Trust, io: Io): AsyncGenerator<Checked> {
  const ask = askerOf(client);
  const newest = Number(await client.getBlockNumber({ cacheTime: 0 }));
  const line = progress({ ...io, err: () => {} });
  let previous: Checked | undefined;
  for (let number = 0; number <= newest; number++) {
    const entry = await fetchEntry(ask, number);
    if (!entry) throw new WrongEntry(`block ${number}: the node does not have it, though its newest is ${newest}`);
    previous = verifyEntry(entry, previous, trust);
    if (number % 100 === 99) line.say(`checked ${number + 1} of ${newest + 1} blocks`);
    yield previous;
  }
}

function lineOf({ block, timestamp, who, what, detail }: Row): string {
  const name = who.length > 14 ? `${who.slice(0, 6)}…${who.slice(-4)}` : who;
  return `${String(block).padStart(6)}  ${timeText(timestamp)}  ${name.padEnd(12)}  ${what.padEnd(14)}  ${detail}`;
}

function conclude(verdict: Verdict, input: Input, io: Io): number {
  const { ok, wrong, blocks, transactions, sequencer } = verdict;
  if (input.has('json')) printJson(io, verdict);
  else if (ok) {
    const pinned = input.text('sequencer') ? '' : ' (as the node says; pin it with --sequencer)';
    io.out(
      `${counted(blocks, 'block')}, ${counted(transactions, 'transaction')}: every hash, link, seal, signature and root is right.`,
    );
    io.out(`Sealed by ${sequencer}${pinned}.`);
  } else io.err(`classpad: the trail is wrong. ${wrong}; the ${blocks} blocks before it are right.`);
  return ok ? Exit.ok : Exit.failed;
}
