import { encodeFunctionData, type Hex } from 'viem';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { askQuorum } from '../fleet/actions.ts';
import { type Connection, connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { findDevice } from '../fleet/devices.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { printJson } from '../tell.ts';
import { wholeNumber } from '../values.ts';

const MOST_POWER = 1_000_000;

export const validators: Command = {
  name: 'validators',
  summary: 'list the devices that make blocks in a cluster, give a device a vote, or take it',
  operands: [
    { name: 'list|set|remove', help: 'what to do' },
    { name: 'DEVICE', help: 'its name or address', optional: true },
  ],
  options: {
    validator: { value: 'KEY', help: 'set: its Ed25519 public key, as hex or base64; "classpad cluster join" prints it' },
    power: { value: 'N', fallback: '1', help: 'set: how much its vote weighs' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad validators list', 'who votes on blocks, and with what weight'],
    ['classpad validators set pad-05 --validator 0x… --key alice.key --key bob.key', 'pad-05 votes from the next blocks on'],
    ['classpad validators set pad-05 --power 2 --key alice.key --key bob.key', 'its vote weighs two'],
    ['classpad validators remove pad-05 --key alice.key --key bob.key', 'it follows, and votes no more'],
  ],
  notes: [
    'It takes as many approvals as a release. Fewer than a third of all weight may be faulty, and more than two thirds must be there: ' +
      'add one device at a time. Who is revoked loses the vote as well.',
  ],
  async run(input, io) {
    const [verb, wanted] = input.operands as [string, string | undefined];
    if (verb !== 'list' && verb !== 'set' && verb !== 'remove')
      throw new Failure(`"${verb}" is nothing to do with validators; write list, set or remove`, Exit.badInput);
    if (verb !== 'list' && wanted === undefined)
      throw new Failure(`DEVICE is missing; see: classpad validators --help`, Exit.badInput);
    const power = wholeNumber(input.text('power')!, '--power', 1, MOST_POWER);
    const given = input.text('validator');
    const key = given === undefined ? undefined : validatorKey(given);
    const connection = await connect(input);
    await demandFleet(connection);
    if (verb === 'list') return list(connection, input, io);
    return change(connection, wanted!, verb === 'set' ? { power, key } : { power: 0, key: undefined }, input, io);
  },
};

async function list(connection: Connection, input: Input, io: Io): Promise<number> {
  const fleet = readFleet(connection);
  const [devices, standing] = await Promise.all([fleet.devices(), fleet.validators()]);
  const nameOf = (account: string) => devices.find((one) => one.account === account)?.name ?? account;
  const rows = standing.map(({ device, power, key }) => ({ name: nameOf(device), device, power, key }));
  if (input.has('json')) printJson(io, rows);
  else if (rows.length === 0) io.out('the fleet names no validators: whoever began the ledger makes its blocks');
  else for (const { name, power, key } of rows) io.out(`${name.padEnd(12)}  power ${String(power).padEnd(4)}  key ${key}`);
  return Exit.ok;
}

interface Vote {
  readonly power: number;
  readonly key: Hex | undefined;
}

async function change(connection: Connection, wanted: string, vote: Vote, input: Input, io: Io): Promise<number> {
  const { account, name } = await findDevice(connection, wanted);
  const standing = (await readFleet(connection).validators()).find(({ device }) => device === account);
  const key = vote.key ?? standing?.key;
  if (!standing && vote.power === 0) throw new Failure(`${name} is no validator; see: classpad validators list`, Exit.badInput);
  if (!key) throw new Failure(`--validator KEY is missing: ${name} is no validator yet`, Exit.badInput);
  const keys = operatorKeys(input, io, connection);
  const call = encodeFunctionData({ abi: fleetAbi, functionName: 'setValidator', args: [account, key, BigInt(vote.power)] });
  const done = vote.power === 0 ? `${name} votes on blocks no more` : `${name} votes on blocks with power ${vote.power}`;
  const outcome = { device: name, power: vote.power, key };
  return askQuorum(connection, keys, { call, doing: `changing the vote of ${name}`, done, outcome }, input, io);
}

/** Hex, or base64 as CometBFT writes its keys. Throws {@link Failure}. */
function validatorKey(text: string): Hex {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 32 && bytes.toString('base64') === text) return `0x${bytes.toString('hex')}`;
  throw new Failure(
    `--validator "${text}" is no Ed25519 key; write 0x and 64 hexadecimal digits, or base64 of 32 bytes`,
    Exit.badInput,
  );
}
