import { decodeFunctionData, type Hex, type PrivateKeyAccount } from 'viem';
import { Exit, type Input, type Io } from '../command.ts';
import { progress } from '../progress.ts';
import { tell } from '../tell.ts';
import { fleetAbi } from './abi.ts';
import { askQuorum } from './actions.ts';
import { type Connection, readFleet } from './connection.ts';
import { execute } from './transactions.ts';

/** A change that one operator may make in some fleets, and only the quorum in others. */
export interface Change {
  readonly call: Hex;
  readonly doing: string;
  readonly done: string;
  readonly outcome: object;
}

/** Enrols or invites, the way that this fleet has it. Answers the exit code: 1 while approvals are missing. */
export async function changeMembers(
  connection: Connection,
  keys: readonly PrivateKeyAccount[],
  change: Change,
  input: Input,
  io: Io,
): Promise<number> {
  const fleet = readFleet(connection);
  const [byQuorum, threshold] = await Promise.all([fleet.enrolmentByQuorum(), fleet.threshold()]);
  if (byQuorum && threshold > 1) return askQuorum(connection, keys, change, input, io);
  const line = progress(io);
  line.say(`${change.doing} as ${keys[0]!.address}`);
  const { functionName, args } = decodeFunctionData({ abi: fleetAbi, data: change.call });
  await execute(connection, keys[0]!, functionName, args ?? []);
  line.end();
  tell(input, io, change.done, change.outcome);
  return Exit.ok;
}
