import { type Hex, stringToHex } from 'viem';
import { decodeLog, logKindName, logKinds } from '../../runtime/contracts/log-kinds.ts';
import { loggedText } from '../audit/story.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { type Connection, connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { findDevice } from '../fleet/devices.ts';
import { keyOptions } from '../fleet/keys.ts';
import { showOutput } from '../output.ts';
import { printJson } from '../tell.ts';
import { appName, timeText, wholeNumber } from '../values.ts';

const LINES_MOST = 100_000;
const OUTPUT_MOST = 2_000;

export const logs: Command = {
  name: 'logs',
  summary: 'what the devices noted on the ledger (traffic, drift, restarts, refusals …), or what the containers of an app print',
  operands: [{ name: 'APP', help: 'only what concerns this app', optional: true }],
  options: {
    device: { value: 'NAME', help: 'only of this device' },
    kind: { value: 'KIND', help: `only of this kind: ${Object.keys(logKinds).join(', ')}` },
    lines: { value: 'N', fallback: '100', help: 'the last so many' },
    output: { help: 'what the containers of the app print, told by their own device' },
    service: { value: 'NAME', help: 'output: of this service only' },
    follow: { help: 'output: and what they print from now on, until Ctrl-C' },
    tail: { value: 'N', help: 'output: the last so many lines of each container' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print them as JSON' },
  },
  examples: [
    ['classpad logs hello --kind traffic', 'requests, errors and times, batch by batch'],
    ['classpad logs --device pad-2', 'everything that one device noted'],
    ['classpad logs hello --output --device pad-2 --rpc http://pad-2:8545 --key alice.key', 'what its containers print there'],
    ['classpad logs hello --service web --follow', 'the same of one service, as it comes'],
  ],
  notes: [
    'What containers print never stands on the ledger: it may hold anything. Their device shows it to operators alone, by a signature ' +
      'that counts for this device and for five minutes. --rpc must lead to the node of that device.',
  ],
  async run(input, io) {
    const app = input.operands[0] === undefined ? undefined : appName(input.operands[0], 'the app');
    if (
      ['output', 'follow'].some((name) => input.has(name)) ||
      ['service', 'tail'].some((name) => input.text(name) !== undefined)
    )
      return output(app, input, io);
    const lines = wholeNumber(input.text('lines')!, '--lines', 1, LINES_MOST);
    const kind = input.text('kind');
    if (kind !== undefined && !Object.hasOwn(logKinds, kind))
      throw new Failure(`--kind "${kind}" is none; there are ${Object.keys(logKinds).join(', ')}`, Exit.badInput);
    const connection = await connect(input);
    await demandFleet(connection);
    const entries = await read(connection, app, input.text('device'));
    const wanted = entries.filter((each) => kind === undefined || logKindName(each.kind) === kind).slice(-lines);
    const rows = await Promise.all(wanted.map(async (each) => ({ ...each, time: await timeOf(connection, each.block) })));
    if (rows.length === 0) io.err('nothing of that has been noted yet');
    if (input.has('json')) printJson(io, rows.map(asJson));
    else for (const row of rows) io.out(`${timeText(row.time)}  ${row.device.padEnd(12)}  ${loggedText(row)}`);
    return Exit.ok;
  },
};

async function output(app: string | undefined, input: Input, io: Io): Promise<number> {
  if (app === undefined) throw new Failure('APP is missing: the output of which app?', Exit.badInput);
  const service = input.text('service') ?? '';
  if (!/^[\w.-]{0,63}$/.test(service)) throw new Failure(`--service "${service}" is no name of a service`, Exit.badInput);
  const tail = input.text('tail');
  const lines = wholeNumber(tail ?? input.text('lines')!, tail === undefined ? '--lines' : '--tail', 1, OUTPUT_MOST);
  const connection = await connect(input);
  await demandFleet(connection);
  return showOutput(connection, { app, service, lines }, input, io);
}

interface Entry {
  readonly block: bigint;
  readonly device: string;
  readonly app: Hex;
  readonly revision: bigint;
  readonly kind: number;
  readonly data: Hex;
}

async function read(connection: Connection, app: string | undefined, name: string | undefined): Promise<Entry[]> {
  const { client, fleet: address } = connection;
  const devices = await readFleet(connection).devices();
  const device = name === undefined ? undefined : (await findDevice(connection, name)).account;
  const args = { ...(device && { device }), ...(app !== undefined && { app: stringToHex(app, { size: 32 }) }) };
  const range = { address, abi: fleetAbi, fromBlock: 0n, toBlock: 'latest', strict: true } as const;
  const events = await client.getContractEvents({ ...range, eventName: 'Logged', args });
  const nameOf = (account: string) => devices.find((each) => each.account === account)?.name ?? account;
  return events.map(({ blockNumber, args: said }) => ({ ...said, block: blockNumber, device: nameOf(said.device) }));
}

async function timeOf({ client }: Connection, blockNumber: bigint): Promise<bigint> {
  return (await client.getBlock({ blockNumber })).timestamp;
}

function asJson({ time, block, device, app, revision, kind, data }: Entry & { time: bigint }) {
  const about = loggedText({ app, revision, kind, data }).split(':')[0];
  return { time, block, device, about, kind: logKindName(kind), revision, fields: decodeLog(Buffer.from(data.slice(2), 'hex')) };
}
