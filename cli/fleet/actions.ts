import type { PrivateKeyAccount } from 'viem';
import { Exit, type Input, type Io } from '../command.ts';
import { progress } from '../progress.ts';
import { tell } from '../tell.ts';
import type { Connection } from './connection.ts';
import { type ActionStanding, act } from './transactions.ts';

/** Proposes a change of the fleet itself and says how far it came. Answers the exit code: 1 if it still waits for approvals. */
export async function askQuorum(
  connection: Connection,
  keys: readonly PrivateKeyAccount[],
  change: { readonly call: `0x${string}`; readonly doing: string; readonly done: string; readonly outcome: object },
  input: Input,
  io: Io,
): Promise<number> {
  const line = progress(io);
  line.say(`${change.doing} as ${keys[0]!.address}`);
  const standing = await act(connection, keys, change.call);
  line.end();
  return tellAction(standing, change.done, change.outcome, input, io);
}

export function tellAction(standing: ActionStanding, done: string, outcome: object, input: Input, io: Io): number {
  const { id, isDone, approvals, needed } = standing;
  const waiting = `action ${id} has ${approvals} of ${needed} approvals; others approve it with: classpad action approve --id ${id} --key FILE`;
  tell(input, io, isDone ? done : waiting, { ...outcome, action: id, isDone, approvals, needed });
  return isDone ? Exit.ok : Exit.failed;
}
