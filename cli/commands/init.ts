import { type Address, getContractAddress } from 'viem';
import { type Command, Exit, Failure, type Input } from '../command.ts';
import { readArtifact } from '../fleet/artifacts.ts';
import { type Connection, connect, connectionOptions } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { deployFleet } from '../fleet/transactions.ts';
import { progress } from '../progress.ts';
import { tell } from '../tell.ts';
import { accountAddress, wholeNumber } from '../values.ts';

const OPERATORS_LIMIT = 32;

export const init: Command = {
  name: 'init',
  summary: 'put the Fleet contract on a new ledger',
  operands: [],
  options: {
    operator: { value: 'ADDRESS', many: true, help: 'an operator' },
    threshold: { value: 'M', fallback: '1', help: 'how many operators must approve a release' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad init --operator 0x… --operator 0x… --operator 0x… --threshold 2 --key alice.key', 'two of three must approve'],
  ],
  notes: [
    'The nodes know beforehand where their fleet will be: it is the first contract of the account in their configuration. Sign with that ' +
      "account's key; it need not be an operator. Then enrol the devices: classpad enrol --help.",
  ],
  async run(input, io) {
    const operators = input.list('operator').map((text) => accountAddress(text, '--operator'));
    if (operators.length === 0) throw new Failure('--operator ADDRESS is missing; name every operator', Exit.badInput);
    if (operators.length > OPERATORS_LIMIT) throw new Failure(`a fleet has at most ${OPERATORS_LIMIT} operators`, Exit.badInput);
    const twice = operators.find((each, index) => operators.indexOf(each) !== index);
    if (twice) throw new Failure(`--operator ${twice} is named twice`, Exit.badInput);
    if (operators.some((each) => BigInt(each) === 0n))
      throw new Failure('--operator: nobody can sign for the zero address', Exit.badInput);
    const threshold = wholeNumber(input.text('threshold')!, '--threshold', 1, operators.length);
    const connection = await connect(input);
    const [account] = operatorKeys(input, io, connection);
    await demandPlace(connection, account!.address, input);
    const line = progress(io);
    line.say(`putting the Fleet contract on the ledger as ${account!.address}`);
    const fleet = await deployFleet(connection, account!, readArtifact('Fleet').bytecode, operators, threshold);
    line.end();
    tell(input, io, `the fleet is at ${fleet}`, { fleet, operators, threshold });
    return Exit.ok;
  },
};

/** Looks before it sends: the contract must come to stand where the nodes will look for it. */
async function demandPlace({ client, config, rpc }: Connection, from: Address, input: Input): Promise<void> {
  if (!config || input.text('fleet')) return;
  const [nonce, code] = await Promise.all([
    client.getTransactionCount({ address: from }),
    client.getCode({ address: config.fleet }),
  ]);
  if (code && code !== '0x') throw new Failure(`the ledger of ${rpc} has its fleet already, at ${config.fleet}`);
  const place = getContractAddress({ from, nonce: BigInt(nonce) }).toLowerCase();
  if (place === config.fleet) return;
  throw new Failure(`the nodes look for their fleet at ${config.fleet}, and ${from} would put it at ${place}; nothing was sent`);
}
