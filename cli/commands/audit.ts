import { bytesToHex, EMPTY } from '../../runtime/bytes.ts';
import { heightOf, Validators } from '../../runtime/consensus/validators.ts';
import { headerOfJson } from '../../runtime/ledger/header-json.ts';
import type { Address } from '../../runtime/ports/index.ts';
import { type Bearing, bearingBy, bearingIn } from '../audit/bearing.ts';
import { type Founders, namedIn, readFounders } from '../audit/deciders.ts';
import { askerOf, type Entry, fetchEntry } from '../audit/fetch.ts';
import { readTitle, readTrail, type Title, writeTrail } from '../audit/file.ts';
import { type Row, storyteller } from '../audit/story.ts';
import { type Checked, cryptography, isAgreed, type Trust, verifyEntry } from '../audit/verify.ts';
import { WrongEntry } from '../audit/wrong-entry.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { type Connection, connect, connectionOptions } from '../fleet/connection.ts';
import { developmentNames } from '../fleet/keys.ts';
import { askVotes, lightClient, lightOptions, readTrust, votesOf } from '../light.ts';
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
      'their votes for the last block, and for each that changes who decides, are checked against it, offline, too.',
    'A trail that ends too early is right as far as it goes: the verdict says with which block and when it ends.',
  ],
  async run(input, io) {
    const [verb, file] = input.operands;
    if ((verb === 'export' || verb === 'verify') && file === undefined)
      throw new Failure(`FILE is missing: audit ${verb} FILE; see: classpad audit --help`, Exit.badInput);
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
    const subject = { ...trust, fleet: connection.fleet };
    return check(entriesOf(connection), subject, developmentNames(connection), input, io, bearing);
  },
};

async function exportFile(file: string, connection: Connection, trust: Trust, input: Input, io: Io): Promise<number> {
  const newest = Number(await connection.client.getBlockNumber({ cacheTime: 0 }));
  const agreed = isAgreed(trust) && (await agreedOf(connection, newest));
  const title = { classpad: 'audit trail 1', ...trust, fleet: connection.fleet, newest, ...(agreed && { agreed }) } as const;
  const entries = entriesOf(connection, newest);
  await writeTrail(file, title, agreed ? withVotes(entries, agreed, connection.rpc) : entries);
  tell(input, io, `${counted(newest + 1, 'block')} written to ${file}; check it with: classpad audit verify ${file}`, {
    file,
    ...trust,
    fleet: connection.fleet,
    newest,
  });
  return Exit.ok;
}

/** Believes the file no more than a node: give --sequencer, --genesis and --fleet to believe nothing. */
async function verifyFile(file: string, input: Input, io: Io): Promise<number> {
  const title = await readTitle(file);
  const trust = pinned(title, input);
  const { height, hash } = input.text('trust') === undefined ? {} : readTrust(input.text('trust'));
  const bearing = bearingIn(title, trust, hash && `${height}:0x${hash}`);
  return check(readTrail(file, title.newest), { ...trust, fleet: title.fleet }, new Map(), input, io, bearing);
}

/** As {@link bearingIn}, of what a node says; where a block is trusted, from that one on instead. */
function bearingOf(connection: Connection, trust: Trust, input: Input): Bearing {
  const { validators, trailingBlocks } = connection.config ?? {};
  const founders = validators === undefined ? undefined : { validators, trailingBlocks };
  const ask = ({ height = 0 }: Checked) => askVotes(connection.rpc, height + 1);
  const trusted = input.text('trust');
  const bearing = bearingBy({ founders, within: ask, atEnd: ask, trusted }, trust, connection.fleet);
  return trusted === undefined ? bearing : { ...bearing, sign: (last) => votesFor(last, connection, input) };
}

/** What a file needs so that the votes for its last block can be checked offline. */
async function agreedOf(connection: Connection, newest: number): Promise<Title['agreed']> {
  const { validators, trailingBlocks } = connection.config ?? {};
  const entry = newest > 0 && validators ? await fetchEntry(askerOf(connection.client), newest) : undefined;
  const height = entry && heightOf(headerOfJson(entry.block).extraData);
  if (height === undefined) return undefined;
  return { validators, trailingBlocks, votes: await askVotes(connection.rpc, height + 1) };
}

/** The same entries; those that change who decides with the votes for them. */
async function* withVotes(entries: AsyncIterable<Entry>, founders: Founders, rpc: string): AsyncGenerator<Entry> {
  let before = bytesToHex(cryptography.keccak256(new Validators(readFounders(founders).validators).encode()));
  for await (const entry of entries) {
    const { extraData } = headerOfJson(entry.block);
    const after = entry.number === 0 ? before : bytesToHex(namedIn(extraData) ?? EMPTY);
    yield after === before ? entry : { ...entry, votes: await votesWithin(entry.number, heightOf(extraData) ?? 0, rpc) };
    before = after;
  }
}

async function votesWithin(number: number, height: number, rpc: string): Promise<unknown> {
  try {
    return await askVotes(rpc, height + 1);
  } catch (error) {
    throw new Failure(
      `block ${number} changes who decides, and the votes for it cannot be had: ${(error as Error).message}; ask a node that keeps older blocks`,
    );
  }
}

async function check(
  entries: AsyncIterable<Entry>,
  subject: Subject,
  names: ReadonlyMap<string, string>,
  input: Input,
  io: Io,
  bearing?: Bearing,
): Promise<number> {
  const tellOf = storyteller(subject.fleet, names);
  const rows: Row[] = [];
  let last: Checked | undefined;
  let signed: string | undefined;
  const counts = { blocks: 0, transactions: 0 };
  const show = (row: Row) => !input.has('json') && !input.has('quiet') && io.out(lineOf(row));
  try {
    for await (const block of trail(entries, subject, io)) {
      await bearing?.follow(block);
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
    return conclude({ ok: false, wrong: error.message, ...counts, ...subject, rows }, input, io);
  }
  const end = last && { last: { number: last.number, hash: last.hash, timestamp: last.timestamp } };
  return conclude({ ok: true, ...counts, ...subject, ...end, ...(signed && { signed }), rows }, input, io);
}

/** Of which ledger and which fleet a trail tells. */
interface Subject extends Trust {
  readonly fleet: Address;
}

interface Verdict extends Subject {
  readonly ok: boolean;
  readonly wrong?: string;
  /** Which votes bear the last block. */
  readonly signed?: string;
  readonly blocks: number;
  readonly transactions: number;
  /** What came after it, a trail cannot tell. */
  readonly last?: Pick<Checked, 'number' | 'hash' | 'timestamp'>;
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

/** What a file says of itself, held against what is given. Throws {@link Failure}. */
function pinned({ fleet, chainId, ...title }: Title, input: Input): Trust {
  const [wantedFleet, wantedChain] = [input.text('fleet'), input.text('chain')];
  if (wantedFleet !== undefined && accountAddress(wantedFleet, '--fleet') !== fleet)
    throw new Failure(`the trail is of the fleet at ${fleet}, not of ${wantedFleet}`);
  if (wantedChain !== undefined && wantedChain !== String(chainId))
    throw new Failure(`the trail is of the ledger with chain id ${chainId}, not ${wantedChain}`);
  return demandTrust(input.text('sequencer') ?? title.sequencer, input.text('genesis') ?? title.genesisHash, chainId);
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
    io.out(endOf(verdict, input));
    io.out(bearersOf(verdict, input));
  } else io.err(`classpad: the trail is wrong. ${wrong}; the ${blocks} blocks before it are right.`);
  return ok ? Exit.ok : Exit.failed;
}

/** Where it ends and whose story it is: what neither seals nor votes say. */
function endOf({ last, fleet }: Verdict, input: Input): string {
  const said = input.operands[0] === 'verify' ? 'the file' : 'the node';
  const pinned = input.text('fleet') ? '' : ` (as ${said} says; pin it with --fleet)`;
  const end = last ? `It ends with block ${last.number} of ${timeText(last.timestamp)}` : 'It has no blocks';
  return `${end}; the fleet is the one at ${fleet}${pinned}.`;
}

/** Who stands for the blocks, and whether that was checked. */
function bearersOf(verdict: Verdict, input: Input): string {
  const said = input.operands[0] === 'verify' ? 'the file' : 'the node';
  if (!isAgreed(verdict)) {
    const pinned = input.text('sequencer') ? '' : ` (as ${said} says; pin it with --sequencer)`;
    return `Sealed by ${verdict.sequencer}${pinned}.`;
  }
  if (!verdict.signed) return 'Validators agree on the blocks of this ledger; so far there is none but the first.';
  const isPinned = input.text('trust') ?? input.text('genesis');
  const pinned = isPinned ? '' : ` (from the first block on that ${said} shows; pin it with --genesis)`;
  return `The last block is the one agreed on: ${verdict.signed}${pinned}.`;
}

/** The votes for the last block, which bears all before it. Throws {@link WrongEntry} if they are for another. */
async function votesFor({ number, hash, height = 0 }: Checked, { rpc, chain }: Connection, input: Input): Promise<string> {
  const block = await lightClient(input, rpc, chain.id).verify(height + 1);
  const agreed = bytesToHex(block.header.appHash);
  if (agreed !== hash) throw new WrongEntry(`block ${number}: its hash is ${hash}, and the validators agreed on ${agreed}`);
  return votesOf(block);
}
