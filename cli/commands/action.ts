import { actionText } from '../audit/story.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { tellAction } from '../fleet/actions.ts';
import { type Connection, connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { approveAction } from '../fleet/transactions.ts';
import { printJson } from '../tell.ts';
import { timeText, wholeNumber } from '../values.ts';

const NUMBER_MOST = 999_999_999;

export const action: Command = {
  name: 'action',
  summary: 'list the changes of the fleet itself, or approve one',
  operands: [{ name: 'list|approve', help: '"list", or "approve" with --id' }],
  options: {
    id: { value: 'NUMBER', help: 'the action to approve' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad action list', 'what was asked, by whom, and how many approved'],
    ['classpad action approve --id 3 --key bob.key', 'the second of two approvals: it is done'],
  ],
  notes: [
    'Operators, thresholds, policies, enrolment, labels and revocations change by as many approvals as a release. An action expires after a week.',
  ],
  async run(input, io) {
    const [verb] = input.operands;
    if (verb !== 'list' && verb !== 'approve')
      throw new Failure(`"${verb}" is nothing to do with actions; write list or approve`, Exit.badInput);
    const id = verb === 'approve' ? BigInt(wholeNumber(input.text('id') ?? '', '--id', 1, NUMBER_MOST)) : 0n;
    const connection = await connect(input);
    await demandFleet(connection);
    if (verb === 'list') return list(connection, input, io);
    const keys = operatorKeys(input, io, connection);
    const { call } = await readAction(connection, id);
    io.err(`approving action ${id}: ${actionText(call)}`);
    const standing = await approveAction(connection, keys, id, call);
    return tellAction(standing, `action ${id} is done`, {}, input, io);
  },
};

/** As the node shows it. Throws {@link Failure}: there is no such action. */
async function readAction({ client, fleet: address }: Connection, id: bigint) {
  const asked = await client.readContract({ address, abi: fleetAbi, functionName: 'action', args: [id] });
  if (asked.expiresAt === 0n) throw new Failure(`there is no action ${id}; see: classpad action list`);
  return asked;
}

async function list(connection: Connection, input: Input, io: Io): Promise<number> {
  const { client, fleet: address } = connection;
  const last = await client.readContract({ address, abi: fleetAbi, functionName: 'actions' });
  const rows = [];
  for (let id = 1n; id <= last; id++) {
    const { call, ...asked } = await readAction(connection, id);
    rows.push({ id, ...asked, does: actionText(call) });
  }
  if (input.has('json')) printJson(io, rows);
  else if (rows.length === 0) io.out('no action was ever proposed');
  else for (const row of rows) io.out(lineOf(row));
  return Exit.ok;
}

function lineOf(row: { id: bigint; does: string; isDone: boolean; approvals: number; expiresAt: bigint }): string {
  const standing = row.isDone ? 'done' : `${row.approvals} approvals, until ${timeText(row.expiresAt)}`;
  return `${String(row.id).padStart(4)}  ${row.does}  ${standing}`;
}
