import { type Hex, hexToString, type PrivateKeyAccount } from 'viem';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { type Draft, draft, draftOptions } from '../draft.ts';
import { Phase } from '../fleet/abi.ts';
import { type Connection, readFleet } from '../fleet/connection.ts';
import { type Decision, follow } from '../fleet/follow.ts';
import { readRelease } from '../fleet/proposal.ts';
import { approve, type Proposed, propose } from '../fleet/transactions.ts';
import { type Progress, progress } from '../progress.ts';
import { tell } from '../tell.ts';
import { counted, inWords } from '../values.ts';

export const deploy: Command = {
  name: 'deploy',
  summary: 'release a Compose file to the fleet and wait until the devices have judged it',
  operands: [{ name: 'COMPOSE.yaml', help: 'the Compose file of the release' }],
  options: {
    ...draftOptions,
    'no-wait': { help: 'return as soon as it rolls out' },
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad deploy examples/hello/compose.yaml', "against an emulator, with the emulator's own keys"],
    ['classpad deploy compose.yaml --key alice.key --key bob.key', 'two approvals from one machine'],
    ['CLASSPAD_RPC=http://pad-1:8545 classpad deploy compose.yaml', 'another node'],
  ],
  notes: [
    'The release becomes a manifest on the ledger; with enough approvals every device runs it and votes. More than half healthy: it is ' +
      'active. Otherwise, or after the window, the whole release is rolled back. Exit code 0 only if it is active.',
  ],
  async run(input, io) {
    const { app, connection, keys, pins, release } = await draft(input, io);
    if (await runsAlready(connection, release))
      return told(input, io, `${app} runs exactly this already; nothing to do`, { app, pins });
    await waitForTurn(connection, release.app, keys[0]!, input, io);
    return rollOut(connection, release, keys, input, io);
  },
};

/** The same on the same devices; how it came there is past. */
async function runsAlready(connection: Connection, { app, manifest, terms }: Draft['release']): Promise<boolean> {
  const fleet = readFleet(connection);
  const [active, rolling] = await Promise.all([fleet.active(app), fleet.rollingOut(app)]);
  if (active === 0n || rolling !== 0n) return false;
  const shown = await readRelease(connection, app, active);
  const labels = (given: readonly string[]) => [...new Set(given)].sort().join();
  return shown.manifest === manifest && labels(shown.proposal.terms.labels) === labels(terms.labels);
}

/** What rolls out now must be decided first: the contract would refuse the approvals. */
async function waitForTurn(connection: Connection, app: Hex, account: PrivateKeyAccount, input: Input, io: Io): Promise<void> {
  const revision = await readFleet(connection).rollingOut(app);
  if (revision === 0n) return;
  const name = hexToString(app, { size: 32 });
  if (input.has('no-wait'))
    throw new Failure(`${name} r${revision} is still rolling out; nothing was sent. See: classpad status --watch`);
  io.err(`${name} r${revision} is still rolling out; waiting until it is decided`);
  const line = progress(io);
  await follow(connection, { app, revision, account }, line);
  line.end();
}

async function rollOut(
  connection: Connection,
  release: Draft['release'],
  keys: readonly PrivateKeyAccount[],
  input: Input,
  io: Io,
): Promise<number> {
  const line = progress(io);
  const name = hexToString(release.app, { size: 32 });
  line.say(`${name}: proposing ${release.manifest.length / 2 - 1} bytes as ${keys[0]!.address}`);
  const proposed = await propose(connection, keys[0]!, release);
  return approveAndFollow(connection, proposed, keys, line, input, io);
}

/** Approves what the first key has proposed with the others, and waits for the decision. Answers the exit code. */
export async function approveAndFollow(
  connection: Connection,
  proposed: Proposed,
  keys: readonly PrivateKeyAccount[],
  line: Progress,
  input: Input,
  io: Io,
): Promise<number> {
  const { app, revision } = proposed;
  const name = hexToString(app, { size: 32 });
  for (const key of keys.slice(1)) {
    if ((await readFleet(connection).release(app, revision)).phase !== Phase.proposed) break;
    line.say(`${name} r${revision}: approving as ${key.address}`);
    await approve(connection, key, proposed);
  }
  const { phase, approvals } = await readFleet(connection).release(app, revision);
  if (phase === Phase.proposed) return short(connection, proposed, approvals, input, io);
  if (input.has('no-wait'))
    return told(input, io, `${name} r${revision} is rolling out`, { app: name, revision, phase: 'rolling out' });
  const decided = await follow(connection, { app, revision, account: keys[0]! }, line);
  line.end();
  return conclude(name, decided, input, io);
}

async function short(
  connection: Connection,
  { app, revision, releaseHash }: Proposed,
  approvals: number,
  input: Input,
  io: Io,
): Promise<number> {
  const needed = await readFleet(connection).threshold();
  const name = hexToString(app, { size: 32 });
  const sentence = `${name} r${revision} is proposed and has ${approvals} of ${needed} approvals; others approve it with: classpad approve ${name} ${revision} --release ${releaseHash} --key FILE`;
  told(input, io, sentence, { app: name, revision, phase: 'proposed', releaseHash, approvals, needed });
  return input.has('no-wait') ? Exit.ok : Exit.failed;
}

/** Says how a rollout ended, and answers the exit code. */
export function conclude(name: string, decided: Decision, input: Input, io: Io): number {
  const { release, active, seconds, why, complaints } = decided;
  const votes = { healthy: release.healthyVotes, unhealthy: release.unhealthyVotes };
  const outcome = {
    app: name,
    revision: release.revision,
    active,
    seconds: Math.round(seconds * 10) / 10,
    ...votes,
    why,
    complaints,
  };
  if (release.phase === Phase.active) {
    const sentence = `${name} r${release.revision} is active: ${counted(release.healthyVotes, 'device')} found it healthy within ${inWords(seconds)}`;
    return told(input, io, sentence, { ...outcome, phase: 'active' });
  }
  const back = active === 0n ? 'nothing ran before it' : `r${active} is active again`;
  const sentence = `${name} r${release.revision} was rolled back after ${inWords(seconds)}: ${why ?? 'another revision took its place'}; ${back}`;
  told(input, io, sentence, { ...outcome, phase: 'rolled back' });
  if (!input.has('json')) for (const { device, reason } of complaints) io.out(`  ${device}: ${reason || 'unhealthy'}`);
  return Exit.failed;
}

function told(input: Input, io: Io, sentence: string, outcome: object): number {
  tell(input, io, sentence, outcome);
  return Exit.ok;
}
