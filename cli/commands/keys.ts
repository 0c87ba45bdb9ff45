import { type Address, encodeFunctionData, getContractAddress } from 'viem';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { askQuorum } from '../fleet/actions.ts';
import { connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { makeKeyFile } from '../fleet/key-files.ts';
import { keyOptions, operatorKeys, readKey } from '../fleet/keys.ts';
import { tell } from '../tell.ts';

export const keys: Command = {
  name: 'keys',
  summary: "make an operator's key, show its address, or replace it in the fleet",
  operands: [
    { name: 'new|show|rotate', help: 'what to do' },
    { name: 'FILE', help: 'the file of the key; for rotate that of the old one' },
  ],
  options: {
    to: { value: 'FILE', help: 'for rotate: the new key, made there if it is not' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad keys new alice.key', 'only its owner may read it; it is shown nowhere'],
    ['classpad keys show alice.key', 'its address, for: classpad init --operator'],
    [
      'classpad keys rotate alice.key --to alice-2.key --key alice.key --key bob.key',
      "the fleet takes the new one's word from then on",
    ],
  ],
  notes: [
    'Operators change by as many approvals as a release needs. A key that was lost is replaced by the others in the same way.',
  ],
  async run(input, io) {
    const [verb, file] = input.operands as [string, string];
    if (verb === 'new') return made(file, input, io);
    if (verb === 'show') return shown(file, input, io);
    if (verb === 'rotate') return rotated(file, input, io);
    throw new Failure(`"${verb}" is nothing to do with keys; write new, show or rotate`, Exit.badInput);
  },
};

async function made(file: string, input: Input, io: Io): Promise<number> {
  const address = makeKeyFile(file);
  tell(input, io, `${file} is the key of ${address}`, { file, address, fleet: fleetOf(address) });
  if (!input.has('json')) tellFleet(address, io);
  return Exit.ok;
}

async function shown(file: string, input: Input, io: Io): Promise<number> {
  const address = readKey(file, io).address.toLowerCase();
  tell(input, io, address, { file, address, fleet: fleetOf(address) });
  if (!input.has('json')) tellFleet(address, io);
  return Exit.ok;
}

/** Where the first contract of an account comes to stand; nodes have to know it before it is there. */
function fleetOf(address: string): string {
  return getContractAddress({ from: address as Address, nonce: 0n }).toLowerCase();
}

function tellFleet(address: string, io: Io): void {
  io.err(`a fleet that it begins on a new ledger stands at ${fleetOf(address)}, as "fleet" in the configuration of its nodes`);
}

async function rotated(file: string, input: Input, io: Io): Promise<number> {
  const to = input.text('to');
  if (to === undefined) throw new Failure('--to FILE is missing: the new key', Exit.badInput);
  const old = readKey(file, io).address.toLowerCase();
  const connection = await connect(input);
  const signers = operatorKeys(input, io, connection);
  await demandFleet(connection);
  const fleet = readFleet(connection);
  const [operators, threshold] = await Promise.all([fleet.operators(), fleet.threshold()]);
  if (!operators.some((each) => each.toLowerCase() === old))
    throw new Failure(`${old} is no operator of this fleet; nothing to replace`, Exit.badInput);
  const next = await readKeyOrMake(to, io);
  const changed = operators.map((each) => (each.toLowerCase() === old ? next : each));
  const call = encodeFunctionData({ abi: fleetAbi, functionName: 'setOperators', args: [changed, threshold] });
  const done = `${next} is an operator in the place of ${old}`;
  return askQuorum(connection, signers, { call, doing: 'replacing a key', done, outcome: { old, next, file: to } }, input, io);
}

async function readKeyOrMake(file: string, io: Io): Promise<`0x${string}`> {
  try {
    return readKey(file, io).address;
  } catch (error) {
    if (!/does not exist/.test((error as Error).message)) throw error;
    return makeKeyFile(file);
  }
}
