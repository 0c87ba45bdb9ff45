import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { blockInTrail } from '../audit/bearing.ts';
import { askerOf, fetchEntry } from '../audit/fetch.ts';
import { isAgreed } from '../audit/verify.ts';
import { WrongEntry } from '../audit/wrong-entry.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { type Connection, connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { type DeviceRecord, findDevice } from '../fleet/devices.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { batchesOf, linesOf, type PlacedBatch } from '../requests/lines.ts';
import { parseProof, pathOf, type RequestProof, verifyRequest } from '../requests/proof.ts';
import { printJson, tell } from '../tell.ts';
import { accountAddress, appName, timeText, wholeNumber } from '../values.ts';

const FILE_LIMIT_BYTES = 64 * 1024 * 1024;
const MOST_BATCHES = 10_000;

export const requests: Command = {
  name: 'requests',
  summary: 'read the requests that a device served, and prove a single one with no network',
  operands: [
    { name: 'list|prove|verify', help: 'what to do' },
    { name: 'APP|FILE', help: 'list, prove: the app; verify: the proof' },
    { name: 'REQUEST', help: 'prove: as list shows it, such as r2/1764106800/17', optional: true },
  ],
  options: {
    device: { value: 'NAME', help: 'list, prove: the device that served; --rpc must lead to its own node' },
    batches: { value: 'N', fallback: '1', help: 'list: of the last so many batches' },
    out: { value: 'FILE', fallback: 'request.json', help: 'prove: where the proof is written' },
    sequencer: { value: 'ADDRESS', help: 'verify: whose seal the block must bear; without it the file is believed' },
    genesis: { value: 'HASH', help: 'verify: hash of the first block of the trail; without it the file is believed' },
    trail: { value: 'FILE', help: 'verify: an exported trail that holds the block; on a cluster it says who agreed' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    [
      'classpad requests list hello --device pad-2 --key alice.key',
      'time, app, revision, method, host, path, status, failure, µs, bytes',
    ],
    ['classpad requests prove hello r2/1764106800/17 --device pad-2 --key alice.key', 'writes request.json'],
    ['classpad requests verify request.json --sequencer 0x…', 'no network: that pad-2 logged it, in which block'],
  ],
  notes: [
    'A device keeps a line for each request, without its query and without who asked, and logs the root of their tree with each batch. ' +
      'The lines are shown to operators alone, by a signature. They make room for later ones in the end; what stands on the ledger does not.',
  ],
  async run(input, io) {
    const [verb, what, which] = input.operands as [string, string, string | undefined];
    if (verb !== 'list' && verb !== 'prove' && verb !== 'verify')
      throw new Failure(`"${verb}" is nothing to do with requests; write list, prove or verify`, Exit.badInput);
    if (verb === 'verify') return verify(what, input, io);
    const app = appName(what, 'the app');
    const name = input.text('device');
    if (name === undefined) throw new Failure('--device NAME is missing', Exit.badInput);
    const wanted = verb === 'prove' ? requestName(which) : undefined;
    const count = wholeNumber(input.text('batches')!, '--batches', 1, MOST_BATCHES);
    const connection = await connect(input);
    await demandFleet(connection);
    const device = await findDevice(connection, name);
    const batches = await batchesOf(connection, device.account.toLowerCase() as `0x${string}`, app);
    if (batches.length === 0) throw new Failure(`${device.name} has logged no requests of ${app} yet`);
    if (wanted) return prove(connection, device, batches, wanted, input, io);
    return list(connection, batches.slice(-count), input, io);
  },
};

/** `r2/1764106800/17`: revision, beginning of the batch, place in it. */
interface RequestName {
  readonly revision: number;
  readonly from: number;
  readonly index: number;
}

function requestName(text: string | undefined): RequestName {
  const [, revision, from, index] = /^r(\d{1,9})\/(\d{1,12})\/(\d{1,9})$/.exec(text ?? '') ?? [];
  if (index !== undefined) return { revision: Number(revision), from: Number(from), index: Number(index) };
  throw new Failure(
    text === undefined
      ? 'REQUEST is missing: as classpad requests list shows it'
      : `"${text}" is no request; write it as classpad requests list shows it, such as r2/1764106800/17`,
    Exit.badInput,
  );
}

async function list(connection: Connection, batches: readonly PlacedBatch[], input: Input, io: Io): Promise<number> {
  const [operator] = operatorKeys(input, io, connection);
  const rows: { request: string; line: string }[] = [];
  for (const batch of batches) {
    const lines = await linesOf(connection, batch, operator!);
    rows.push(...lines.map((line, index) => ({ request: `r${batch.revision}/${batch.from}/${index}`, line })));
  }
  if (input.has('json')) printJson(io, rows);
  else for (const { request, line } of rows) io.out(`${request}  ${line}`);
  return Exit.ok;
}

async function prove(
  connection: Connection,
  device: DeviceRecord,
  batches: readonly PlacedBatch[],
  { revision, from, index }: RequestName,
  input: Input,
  io: Io,
): Promise<number> {
  const batch = batches.find((one) => one.revision === revision && one.from === from);
  if (!batch || index >= batch.requests)
    throw new Failure(`${device.name} has logged no request r${revision}/${from}/${index}`, Exit.badInput);
  const { config, chain, fleet } = connection;
  if (!config) throw new Failure('the node does not say whose seal its blocks bear; is it a classpad node?');
  const [operator] = operatorKeys(input, io, connection);
  const lines = await linesOf(connection, batch, operator!);
  const entry = await fetchEntry(askerOf(connection.client), batch.block);
  if (!entry) throw new Failure(`the node has block ${batch.block} no more`);
  const trust = { chainId: chain.id, sequencer: config.sequencer, genesisHash: config.genesisHash };
  const path = pathOf(lines, index);
  const proof: RequestProof = { classpad: 'request proof 1', ...trust, fleet, line: lines[index]!, index, path, entry };
  const file = input.text('out')!;
  checkOwn(proof);
  // A former proof may be replaced; anything else may be somebody's key.
  if (existsSync(file) && !isProof(file))
    throw new Failure(`${file} is there already and is no proof of a request; it is not overwritten`, Exit.badInput);
  writeFileSync(file, `${JSON.stringify(proof)}\n`);
  tell(input, io, `${file} proves: ${proof.line}`, { file, line: proof.line, block: batch.block });
  return Exit.ok;
}

/** What this command writes must hold, as far as that can be told without the votes of a cluster. */
function checkOwn(proof: RequestProof): void {
  verifyRequest(proof, isAgreed(proof) ? proof.entry.block.hash : undefined);
}

async function verify(file: string, input: Input, io: Io): Promise<number> {
  const proof = pinned(readProof(file), input);
  const { line, fleet } = proof;
  try {
    const trail = input.text('trail');
    const borne = trail === undefined ? undefined : await blockInTrail(trail, proof.entry.number, proof);
    const { device, batch, block } = verifyRequest(proof, borne?.block.hash);
    const by = borne?.by ?? `sealed by ${proof.sequencer}`;
    if (input.has('json')) {
      io.out(JSON.stringify({ ok: true, line, device, block: block.number, by, fleet }));
      return Exit.ok;
    }
    const where = `request ${proof.index + 1} of ${batch.requests} that ${device} logged in block ${block.number} (${timeText(block.timestamp)})`;
    const believed = (option: string) => (input.text(option) ? '' : ` (as the file says; pin it with --${option})`);
    io.out(line);
    const pin = isAgreed(proof) ? 'genesis' : 'sequencer';
    io.out(`It is ${where} in the fleet at ${fleet}${believed('fleet')}, ${by}${believed(pin)}.`);
    return Exit.ok;
  } catch (error) {
    if (!(error instanceof WrongEntry)) throw error;
    if (input.has('json')) printJson(io, { ok: false, wrong: error.message });
    else io.err(`classpad: the proof is wrong. ${error.message}`);
    return Exit.failed;
  }
}

/** A proof held against what is given beside it. Throws {@link Failure}. */
function pinned(proof: RequestProof, input: Input): RequestProof {
  const given = (option: string, said: string) => input.text(option)?.toLowerCase() ?? said;
  const [fleet, chainId] = [given('fleet', proof.fleet), given('chain', String(proof.chainId))];
  if (fleet !== proof.fleet) throw new Failure(`${proof.fleet} is the fleet that the proof is of, not ${fleet}`);
  if (chainId !== String(proof.chainId)) throw new Failure(`the proof is of the ledger ${proof.chainId}, not of ${chainId}`);
  const sequencer = accountAddress(given('sequencer', proof.sequencer), '--sequencer');
  return { ...proof, sequencer, genesisHash: given('genesis', proof.genesisHash) as RequestProof['genesisHash'] };
}

function isProof(file: string): boolean {
  try {
    return readProof(file) !== undefined;
  } catch {
    return false;
  }
}

function readProof(file: string): RequestProof {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Failure(`there is no file ${file}`, Exit.badInput);
  const proof = stat.size > FILE_LIMIT_BYTES ? undefined : parseProof(readFileSync(file, 'utf8'));
  if (!proof) throw new Failure(`${file} is no proof of a request; classpad requests prove makes one`, Exit.badInput);
  return proof;
}
