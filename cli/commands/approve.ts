import { stringToHex } from 'viem';
import { type Command, Exit, Failure } from '../command.ts';
import { Phase } from '../fleet/abi.ts';
import { connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { follow } from '../fleet/follow.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { readRelease, releaseLines, termLines } from '../fleet/proposal.ts';
import { approve as sendApproval } from '../fleet/transactions.ts';
import { progress } from '../progress.ts';
import { tell } from '../tell.ts';
import { appName, wholeNumber } from '../values.ts';
import { conclude } from './deploy.ts';

const REVISION_MOST = 999_999_999;

export const approve: Command = {
  name: 'approve',
  summary: "add an operator's approval to a proposed revision",
  operands: [
    { name: 'APP', help: 'the name of the app' },
    { name: 'REVISION', help: 'the number of the proposed revision' },
  ],
  options: {
    ...connectionOptions,
    ...keyOptions,
    release: { value: 'HASH', help: 'approve this release and no other: the hash that its proposer was told' },
    'no-wait': { help: 'return as soon as the approval is on the ledger' },
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad approve hello 3 --key bob.key', 'the second of two approvals: it rolls out, and this waits for the devices'],
    ['classpad approve hello 3 --release 0x8c1f… --key bob.key', 'what alice proposed, whatever the node shows'],
  ],
  notes: [
    'The approval is of all that is shown, manifest and terms, by its hash: a node that shows anything else than the ledger has gains ' +
      'nothing by it. With --release only the terms are shown, for whoever knows the hash knows the rest.',
  ],
  async run(input, io) {
    const name = appName(input.operands[0]!, 'the app');
    const revision = BigInt(wholeNumber(input.operands[1]!.replace(/^r/, ''), 'the revision', 1, REVISION_MOST));
    const connection = await connect(input);
    const keys = operatorKeys(input, io, connection);
    await demandFleet(connection);
    const app = stringToHex(name, { size: 32 });
    const shown = await readRelease(connection, app, revision);
    const { releaseHash } = shown;
    const wanted = input.text('release')?.toLowerCase();
    if (wanted !== undefined && wanted !== releaseHash)
      throw new Failure(`${name} r${revision} is the release ${releaseHash} here, not ${wanted}; nothing was approved`);
    io.err(`approving ${name} r${revision}, release ${releaseHash}:`);
    for (const each of wanted ? termLines(shown.proposal) : releaseLines(shown)) io.err(`  ${each}`);
    const line = progress(io);
    const read = () => readFleet(connection).release(app, revision);
    for (const key of keys) {
      line.say(`${name} r${revision}: approving as ${key.address}`);
      await sendApproval(connection, key, { app, revision, releaseHash });
      if ((await read()).phase !== Phase.proposed) break;
    }
    const { phase, approvals } = await read();
    const needed = await readFleet(connection).threshold();
    if (phase !== Phase.proposed && !input.has('no-wait')) {
      const decided = await follow(connection, { app, revision, account: keys[0]! }, line);
      line.end();
      return conclude(name, decided, input, io);
    }
    const outcome = { app: name, revision, phase: phase === Phase.proposed ? 'proposed' : 'rolling out', approvals, needed };
    line.end();
    tell(input, io, `${name} r${revision} is ${outcome.phase} with ${approvals} of ${needed} approvals`, outcome);
    return Exit.ok;
  },
};
