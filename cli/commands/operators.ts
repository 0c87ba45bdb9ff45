import { type Address, encodeFunctionData, type Hex } from 'viem';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { askQuorum } from '../fleet/actions.ts';
import { connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { developmentNames, keyOptions, operatorKeys } from '../fleet/keys.ts';
import { printJson } from '../tell.ts';
import { accountAddress, wholeNumber } from '../values.ts';

/** Who decides, as it stands on the ledger. */
interface Standing {
  readonly operators: readonly Address[];
  readonly threshold: number;
  readonly enrolmentByQuorum: boolean;
}

/** A change of it, read from the command line before anything is asked. */
type Change = (now: Standing) => { readonly call: Hex; readonly done: string };

/** `Fleet.OPERATORS_LIMIT`. */
const MOST_OPERATORS = 32;

export const operators: Command = {
  name: 'operators',
  summary: 'list the operators, or change who they are and how many must agree',
  operands: [
    { name: 'list|add|remove|threshold|enrolment', help: 'what to do' },
    { name: 'ADDRESS|M|quorum|one', help: 'an operator, a number of approvals, or who enrols devices', optional: true },
  ],
  options: {
    threshold: { value: 'M', help: 'add, remove: approvals that a release takes from then on; without it as many as before' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad operators list', 'who they are, and how many must approve'],
    ['classpad operators add 0x… --threshold 3 --key alice.key --key bob.key', 'one more, and from then on three must agree'],
    ['classpad operators remove 0x… --key alice.key --key bob.key', 'approvals of theirs on what is undecided count no more'],
    ['classpad operators threshold 2 --key alice.key --key bob.key', 'two approvals start a release'],
    ['classpad operators enrolment one --key alice.key --key bob.key', 'one operator alone may enrol devices'],
  ],
  notes: [
    'It takes as many approvals as a release: those that are asked are asked themselves. To replace a key: classpad keys rotate.',
  ],
  async run(input, io) {
    const [verb, what] = input.operands as [string, string | undefined];
    const change = changeOf(verb, what, input);
    const connection = await connect(input);
    await demandFleet(connection);
    const fleet = readFleet(connection);
    const [list, threshold, enrolmentByQuorum] = await Promise.all([
      fleet.operators(),
      fleet.threshold(),
      fleet.enrolmentByQuorum(),
    ]);
    const now = { operators: list.map((each) => each.toLowerCase() as Address), threshold, enrolmentByQuorum };
    if (!change) return show(now, developmentNames(connection), input, io);
    const { call, done } = change(now);
    const keys = operatorKeys(input, io, connection);
    return askQuorum(connection, keys, { call, doing: 'changing who decides', done, outcome: { done } }, input, io);
  },
};

/** `undefined`: it is only to be shown. Throws {@link Failure}. */
function changeOf(verb: string, what: string | undefined, input: Input): Change | undefined {
  if (verb === 'list') return undefined;
  const make = Object.hasOwn(changes, verb) ? changes[verb] : undefined;
  if (!make)
    throw new Failure(`"${verb}" is nothing to do with operators; write list, ${Object.keys(changes).join(', ')}`, Exit.badInput);
  if (what === undefined) throw new Failure(`what to ${verb} is missing; see: classpad operators --help`, Exit.badInput);
  const threshold = input.text('threshold');
  return make(what, threshold === undefined ? undefined : wholeNumber(threshold, '--threshold', 1, MOST_OPERATORS));
}

const changes: Readonly<Record<string, (what: string, threshold: number | undefined) => Change>> = {
  add(what, asked) {
    const address = accountAddress(what, 'the operator');
    return ({ operators, threshold }) => {
      if (operators.includes(address)) throw new Failure(`${address} is an operator already`, Exit.badInput);
      return set([...operators, address], asked ?? threshold);
    };
  },
  remove(what, asked) {
    const address = accountAddress(what, 'the operator');
    return ({ operators, threshold }) => {
      if (!operators.includes(address))
        throw new Failure(`${address} is no operator; see: classpad operators list`, Exit.badInput);
      const left = operators.filter((each) => each !== address);
      return set(left, asked ?? Math.min(threshold, left.length));
    };
  },
  threshold(what) {
    const asked = wholeNumber(what, 'the threshold', 1, MOST_OPERATORS);
    return ({ operators }) => set(operators, asked);
  },
  enrolment(what) {
    if (what !== 'quorum' && what !== 'one')
      throw new Failure(`"${what}" does not say who enrols devices; write quorum or one`, Exit.badInput);
    const call = encodeFunctionData({ abi: fleetAbi, functionName: 'setEnrolment', args: [what === 'quorum'] });
    return () => ({ call, done: enrolmentText(what === 'quorum') });
  },
};

function set(list: readonly Address[], threshold: number): ReturnType<Change> {
  if (list.length === 0) throw new Failure('the last operator cannot be removed: nobody could decide any more', Exit.badInput);
  if (list.length > MOST_OPERATORS) throw new Failure(`a fleet has at most ${MOST_OPERATORS} operators`, Exit.badInput);
  if (threshold > list.length)
    throw new Failure(`${threshold} approvals cannot be had of ${list.length} operators`, Exit.badInput);
  const call = encodeFunctionData({ abi: fleetAbi, functionName: 'setOperators', args: [list, threshold] });
  return { call, done: `${threshold} of ${list.length} operators must approve from now on` };
}

function show(now: Standing, names: ReadonlyMap<string, string>, input: Input, io: Io): number {
  if (input.has('json')) printJson(io, now);
  else {
    for (const address of now.operators) io.out(`${address}  ${names.get(address) ?? ''}`.trimEnd());
    io.out(`${now.threshold} of ${now.operators.length} must approve; ${enrolmentText(now.enrolmentByQuorum)}`);
  }
  return Exit.ok;
}

function enrolmentText(byQuorum: boolean): string {
  return byQuorum ? 'only as many enrol devices' : 'one operator alone may enrol devices';
}
