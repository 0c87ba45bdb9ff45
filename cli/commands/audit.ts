import { bytesToHex } from '../../runtime/bytes.ts';
import { heightOf } from '../../runtime/consensus/validators.ts';
import { headerOfJson } from '../../runtime/ledger/header-json.ts';
import { type Bearing, bearingIn } from '../audit/bearing.ts';
import { Deciders } from '../audit/deciders.ts';
import { askerOf, type Entry, fetchEntry } from '../audit/fetch.ts';
import { readTitle, readTrail, type Title, writeTrail } from '../audit/file.ts';
import { type Row, storyteller } from '../audit/story.ts';
import { type Checked, isAgreed, type Trust, verifyEntry } from '../audit/verify.ts';
import { WrongEntry } from '../audit/wrong-entry.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { type Connection, connect, connectionOptions } from '../fleet/connection.ts';
import { developmentNames } from '../fleet/keys.ts';
import { askVotes, lightClient, lightOptions, verifySoon, votesOf } from '../light.ts';
import { progress } from '../progress.ts';
import { printJson, tell } from '../tell.ts';
import { accountAddress, counted, timeText } from '../values.ts';

export const audit: Command = {
  name: 'audit',
  summary: 'print who did what on the fleet, and check every entry of the trail',
  operands: [
    { name: '[export|verify', help: 'write the trail to a file, or check such a file with no network', optional: true },
    { name: 'FILE]', help: 'the file', optional: true },
  ],
  options: {
    ...connectionOptions,
    sequencer: { value: 'ADDRESS', help: 'whose seal the blocks must bear; without it the node is believed' },
    genesis: { value: 'HASH', help: 'hash of the first block; without it the node is believed' },
    ...lightOptions,
    quiet: { help: 'print the verdict only' },
    json: { help: 'print the trail and the verdict as JSON' },
  },
  examples: [
    ['classpad audit', 'the whole trail, checked'],
    ['classpad audit export trail.jsonl', 'one file with all that is needed to check it anywhere'],
    ['classpad audit verify trail.jsonl', 'no network: names the first forged, missing or reordered entry'],
    ['classpad audit --trust 1:0x…', 'on a cluster: the votes for the last block from a block that is known to be right'],
    ['classpad audit --quiet --sequencer 0x… --genesis 0x…', 'believe nothing of what the node says of itself'],
  ],
  notes: [
    "From what the node shows, the hash of every header, its link to the block before it, the sequencer's seal, every signature, and the " +
      'roots of transactions and receipts are computed anew. The first entry that is wrong is named, and the exit code is 1.',
    'On a cluster the trail itself says who decides: the first block names the first validators, and what the Fleet logs changes them. So ' +
      'their votes for the last block are checked against it, offline, too.',
  ],
  async run(input, io) {
    const [verb, file] = input.operands;
    if (verb !== undefined && ((verb !== 'export' && verb !== 'verify') || file === undefined))
      throw new Failure(
        `"${verb}" is nothing to do with a trail; write: audit export FILE, or: audit verify FILE`,
        Exit.badInput,
      );
    if (verb === 'verify') return verifyFile(file!, input, io);
    const connection = await connect(input);
    const trust = trustOf(connection, input);
    if (verb === 'export') return exportFile(file!, connection, trust, input, io);
    const bearing = isAgreed(trust) ? bearingOf(connection, trust, input) : undefined;
    return check(entriesOf(connection), trust, storyteller(connection.fleet, developmentNames(connection)), input, io, bearing);
  },
};

async function exportFile(file: string, connection: Connection, trust: Trust, input: Input, io: Io): Promise<number> {
  const newest = Number(await connection.client.getBlockNumber({ cacheTime: 0 }));
  const agreed = isAgreed(trust) && (await agreedOf(connection, newest));
  const title = { classpad: 'audit trail 1', ...trust, fleet: connection.fleet, newest, ...(agreed && { agreed }) } as const;
  await writeTrail(file, title, entriesOf(connection, newest));
  tell(input, io, `${counted(newest + 1, 'block')} written to ${file}; check it with: classpad audit verify ${file}`, {
    file,
    ...trust,
    fleet: connection.fleet,
    newest,
  });
  return Exit.ok;
}

/** Believes the file no more than a node: give --sequencer and --genesis to believe nothing. */
async function verifyFile(file: string, input: Input, io: Io): Promise<number> {
  const title = await readTitle(file);
  const trust = demandTrust(
    input.text('sequencer') ?? title.sequencer,
    input.text('genesis') ?? title.genesisHash,
    title.chainId,
  );
  return check(readTrail(file, title.newest), trust, storyteller(title.fleet, new Map()), input, io, bearingIn(title, trust));
}

/** As {@link bearingIn}, of what a node says; where a block is trusted, from that one on besides. */
function bearingOf(connection: Connection, trust: Trust, input: Input): Bearing {
  const { validators, trailingBlocks } = connection.config ?? {};
  const founders = { validators, trailingBlocks };
  const deciders = validators === undefined ? undefined : new Deciders(founders, trust.chainId, connection.fleet);
  return {
    follow: (block) => deciders?.follow(block),
    async sign(last) {
      if (input.text('trust') !== undefined) return votesFor(last, connection, input);
      if (!deciders) return '';
      return votesOf(deciders.verifyVotes(last, await askVotes(connection.rpc, (last.height ?? 0) + 1)));
    },
  };
}

/** What a file needs so that the votes for its last block can be checked offline. */
async function agreedOf(connection: Connection, newest: number): Promise<Title['agreed']> {
  const { validators, trailingBlocks } = connection.config ?? {};
  const entry = newest > 0 && validators ? await fetchEntry(askerOf(connection.client), newest) : undefined;
  const height = entry && heightOf(headerOfJson(entry.block).extraData);
  if (height === undefined) return undefined;
  return { validators, trailingBlocks, votes: await askVotes(connection.rpc, height + 1) };
}

async function check(
  entries: AsyncIterable<Entry>,
  trust: Trust,
  tellOf: ReturnType<typeof storyteller>,
  input: Input,
  io: Io,
  bearing?: Bearing,
): Promise<number> {
  const rows: Row[] = [];
  let last: Checked | undefined;
  let signed: string | undefined;
  const counts = { blocks: 0, transactions: 0 };
  const show = (row: Row) => !input.has('json') && !input.has('quiet') && io.out(lineOf(row));
  try {
    for await (const block of trail(entries, trust, io)) {
      bearing?.follow(block);
      counts.blocks++;
      last = block;
      counts.transactions += block.transactions.length;
      const told = tellOf(block);
      rows.push(...told);
      for (const row of told) show(row);
    }
    if (bearing && last && last.number > 0) signed = await bearing.sign(last);
  } catch (error) {
    if (!(error instanceof WrongEntry)) throw error;
    return conclude({ ok: false, wrong: error.message, ...counts, ...trust, rows }, input, io);
  }
  return conclude({ ok: true, ...counts, ...trust, ...(signed && { signed }), rows }, input, io);
}

interface Verdict extends Trust {
  readonly ok: boolean;
  readonly wrong?: string;
  /** Which votes bear the last block. */
  readonly signed?: string;
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
  return demandTrust(sequencer, genesisHash, chain.id);
}

function demandTrust(sequencer: string, genesisHash: string, chainId: number): Trust {
  if (!/^0x[0-9a-fA-F]{64}$/.test(genesisHash)) {
    throw new Failure(`--genesis "${genesisHash}" is no hash; write 0x and 64 hexadecimal digits`, Exit.badInput);
  }
  return {
    chainId,
    sequencer: accountAddress(sequencer, '--sequencer'),
    genesisHash: genesisHash.toLowerCase() as Trust['genesisHash'],
  };
}

/** What the node shows, from the first block to what was the newest when this began. Throws {@link WrongEntry}. */
async function* entriesOf({ client }: Connection, until?: number): AsyncGenerator<Entry> {
  const ask = askerOf(client);
  const newest = until ?? Number(await client.getBlockNumber({ cacheTime: 0 }));
  for (let number = 0; number <= newest; number++) {
    const entry = await fetchEntry(ask, number);
    if (!entry) throw new WrongEntry(`block ${number}: the node does not have it, though its newest is ${newest}`);
    yield entry;
  }
}

/** The checked blocks. Throws {@link WrongEntry}. */
async function* trail(entries: AsyncIterable<Entry>, trust: Trust, io: Io): AsyncGenerator<Checked> {
  const line = progress({ ...io, err: () => {} });
  let previous: Checked | undefined;
  for await (const entry of entries) {
    previous = verifyEntry(entry, previous, trust);
    if (previous.number % 100 === 99) line.say(`checked ${previous.number + 1} blocks`);
    yield previous;
  }
}

function lineOf({ block, timestamp, who, what, detail }: Row): string {
  const name = who.length > 14 ? `${who.slice(0, 6)}…${who.slice(-4)}` : who;
  return `${String(block).padStart(6)}  ${timeText(timestamp)}  ${name.padEnd(12)}  ${what.padEnd(14)}  ${detail}`;
}

function conclude(verdict: Verdict, input: Input, io: Io): number {
  const { ok, wrong, blocks, transactions } = verdict;
  if (input.has('json')) printJson(io, verdict);
  else if (ok) {
    const seals = isAgreed(verdict) ? '' : ' seal,';
    io.out(
      `${counted(blocks, 'block')}, ${counted(transactions, 'transaction')}: every hash, link,${seals} signature and root is right.`,
    );
    io.out(bearersOf(verdict, input));
  } else io.err(`classpad: the trail is wrong. ${wrong}; the ${blocks} blocks before it are right.`);
  return ok ? Exit.ok : Exit.failed;
}

/** Who stands for the blocks, and whether that was checked. */
function bearersOf(verdict: Verdict, input: Input): string {
  const said = input.operands[0] === 'verify' ? 'the file' : 'the node';
  if (!isAgreed(verdict)) {
    const pinned = input.text('sequencer') ? '' : ` (as ${said} says; pin it with --sequencer)`;
    return `Sealed by ${verdict.sequencer}${pinned}.`;
  }
  if (!verdict.signed) return `Validators agree on these blocks, as ${said} says; their votes are not there.`;
  const isPinned = input.text('trust') ?? input.text('genesis');
  const pinned = isPinned ? '' : ` (from the first block on that ${said} shows; pin it with --genesis)`;
  return `The last block is the one agreed on: ${verdict.signed}${pinned}.`;
}

/** The votes for the last block, which bears all before it. Throws {@link WrongEntry} if they are for another. */
async function votesFor({ number, hash, height = 0 }: Checked, { rpc, chain }: Connection, input: Input): Promise<string> {
  const block = await verifySoon(lightClient(input, rpc, chain.id), async () => height + 1);
  const agreed = bytesToHex(block.header.appHash);
  if (agreed !== hash) throw new WrongEntry(`block ${number}: its hash is ${hash}, and the validators agreed on ${agreed}`);
  return votesOf(block);
}
