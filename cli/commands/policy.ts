import { type Address, encodeFunctionData } from 'viem';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { askQuorum } from '../fleet/actions.ts';
import { readArtifact } from '../fleet/artifacts.ts';
import { type Connection, connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { describePolicy, policyKinds } from '../fleet/policies.ts';
import { deployContract } from '../fleet/transactions.ts';
import { progress } from '../progress.ts';
import { printJson } from '../tell.ts';
import { accountAddress } from '../values.ts';

const kinds = Object.keys(policyKinds).join(', ');

export const policy: Command = {
  name: 'policy',
  summary: 'list, add or remove what is asked before a release starts, proceeds or ends',
  operands: [
    { name: 'list|show|add|remove', help: 'what to do' },
    {
      name: 'KIND|ADDRESS',
      help: `for add one of ${kinds}, or the address of a contract; for show and remove an address`,
      optional: true,
    },
  ],
  options: {
    days: { value: 'DAYS', help: 'change-window: on which days, such as mon-fri or sat,sun' },
    from: { value: 'TIME', help: 'change-window: 08:00; freeze: 2026-12-24 or 2026-12-24T18:00; all in UTC' },
    until: { value: 'TIME', help: 'the same; excluded' },
    time: { value: 'TIME', help: 'minimum-canary: how long, such as 10m' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad policy list', 'what is asked now'],
    [
      'classpad policy add change-window --days mon-thu --from 08:00 --until 16:00 --key alice.key --key bob.key',
      'no release on Friday',
    ],
    [
      'classpad policy add freeze --from 2026-12-23 --until 2027-01-02 --key alice.key --key bob.key',
      'nothing over the holidays',
    ],
    ['classpad policy remove 0x… --key alice.key --key bob.key', 'asked no more'],
  ],
  notes: [
    'A policy is a contract. One that refuses, fails or never answers counts as a no, and cannot stay against the operators: the same quorum ' +
      'that starts releases removes it without asking it. Rolling back what is unhealthy is never held beyond the health window.',
  ],
  async run(input, io) {
    const [verb, what] = input.operands;
    if (verb !== 'list' && verb !== 'show' && verb !== 'add' && verb !== 'remove')
      throw new Failure(`"${verb}" is nothing to do with policies; write list, show, add or remove`, Exit.badInput);
    if (verb !== 'list' && what === undefined)
      throw new Failure(`what to ${verb} is missing; see: classpad policy --help`, Exit.badInput);
    const made = verb === 'add' ? addition(what!, input) : undefined;
    const wanted = verb === 'show' || verb === 'remove' ? accountAddress(what!, 'the policy') : undefined;
    const connection = await connect(input);
    await demandFleet(connection);
    const now = (await readFleet(connection).policies()).map((each) => each.toLowerCase() as Address);
    if (verb === 'list' || verb === 'show') return list(connection, verb === 'list' ? now : [wanted!], input, io);
    const keys = operatorKeys(input, io, connection);
    if (verb === 'remove') return remove(connection, keys, now, wanted!, input, io);
    const added = await made!(connection, keys[0]!, io);
    const call = encodeFunctionData({ abi: fleetAbi, functionName: 'setPolicies', args: [[...now, added]] });
    const done = `${added} is asked from now on`;
    return askQuorum(connection, keys, { call, doing: 'adding a policy', done, outcome: { added } }, input, io);
  },
};

type Keys = ReturnType<typeof operatorKeys>;

/** Reads everything before anything is sent. */
function addition(what: string, input: Input): (connection: Connection, key: Keys[number], io: Io) => Promise<Address> {
  const kind = Object.hasOwn(policyKinds, what) ? policyKinds[what]! : undefined;
  if (!kind) {
    if (!what.startsWith('0x'))
      throw new Failure(`"${what}" is no policy; there are ${kinds}, or give an address`, Exit.badInput);
    const address = accountAddress(what, 'the policy');
    return async () => address;
  }
  const args = kind.read(input);
  return async (connection, key, io) => {
    const line = progress(io);
    line.say(`putting ${what} on the ledger as ${key.address}`);
    const address = await deployContract(connection, key, { ...readArtifact(kind.contract), args });
    line.end();
    return address;
  };
}

async function remove(
  connection: Connection,
  keys: Keys,
  now: readonly Address[],
  gone: Address,
  input: Input,
  io: Io,
): Promise<number> {
  if (!now.includes(gone)) throw new Failure(`${gone} is not asked; see: classpad policy list`, Exit.badInput);
  const args = [now.filter((each) => each !== gone)] as const;
  const call = encodeFunctionData({ abi: fleetAbi, functionName: 'setPolicies', args });
  const done = `${gone} is asked no more`;
  return askQuorum(connection, keys, { call, doing: 'removing a policy', done, outcome: { removed: gone } }, input, io);
}

async function list(connection: Connection, policies: readonly Address[], input: Input, io: Io): Promise<number> {
  const rows = await Promise.all(policies.map(async (address) => ({ address, says: await describePolicy(connection, address) })));
  if (input.has('json')) printJson(io, rows);
  else if (rows.length === 0) io.out('no policy is asked: what is approved starts');
  else for (const { address, says } of rows) io.out(`${address}  ${says}`);
  return Exit.ok;
}
