import { stringToHex } from 'viem';
import { type Command, Exit, Failure } from '../command.ts';
import { Phase } from '../fleet/abi.ts';
import { type Connection, connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { readRelease, releaseLines } from '../fleet/proposal.ts';
import { proposeRollback } from '../fleet/transactions.ts';
import { progress } from '../progress.ts';
import { appName, durationSeconds, wholeNumber } from '../values.ts';
import { approveAndFollow } from './deploy.ts';

const REVISION_MOST = 999_999_999;

export const rollback: Command = {
  name: 'rollback',
  summary: 'go back to a revision that was active once; the devices ratify it by their votes',
  operands: [{ name: 'APP', help: 'the name of the app' }],
  options: {
    to: { value: 'REVISION', help: 'where to; without it the last that was active before the present one' },
    ...connectionOptions,
    ...keyOptions,
    window: { value: 'TIME', fallback: '2m', help: 'how long the devices may take to judge it' },
    'no-wait': { help: 'return as soon as it rolls out' },
    json: { help: 'print the outcome as JSON' },
  },
  examples: [['classpad rollback hello --key alice.key --key bob.key', 'what ran before becomes the next revision']],
  notes: [
    'The earlier manifest and its labels become a new revision, which needs approvals and votes as every release does. Exit code 0 only if it is active.',
  ],
  async run(input, io) {
    const name = appName(input.operands[0]!, 'the app');
    const given = input.text('to');
    const wanted = given === undefined ? undefined : wholeNumber(given.replace(/^r/, ''), '--to', 1, REVISION_MOST);
    const seconds = durationSeconds(input.text('window')!, '--window');
    const connection = await connect(input);
    const keys = operatorKeys(input, io, connection);
    await demandFleet(connection);
    const app = stringToHex(name, { size: 32 });
    const to = wanted === undefined ? await lastGood(connection, app, name) : BigInt(wanted);
    const shown = await readRelease(connection, app, to);
    io.err(`going back to ${name} r${to}, release ${shown.releaseHash}:`);
    for (const each of releaseLines(shown)) io.err(`  ${each}`);
    const line = progress(io);
    line.say(`${name}: proposing to go back to r${to} as ${keys[0]!.address}`);
    const proposed = await proposeRollback(connection, keys[0]!, shown, seconds);
    return approveAndFollow(connection, proposed, keys, line, input, io);
  },
};

/** Of what has started, only what was active is superseded. Throws {@link Failure}. */
async function lastGood(connection: Connection, app: `0x${string}`, name: string): Promise<bigint> {
  const fleet = readFleet(connection);
  for (let revision = (await fleet.active(app)) - 1n; revision >= 1n; revision--) {
    const { phase, startedAt } = await fleet.release(app, revision);
    if (phase === Phase.superseded && startedAt !== 0n) return revision;
  }
  throw new Failure(`${name} has no revision that was active before; see: classpad history ${name}`, Exit.badInput);
}
