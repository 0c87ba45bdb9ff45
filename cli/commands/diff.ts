import { stringToHex } from 'viem';
import { type Command, Exit } from '../command.ts';
import { Phase } from '../fleet/abi.ts';
import { connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { readRelease, releaseLines } from '../fleet/proposal.ts';
import { differences } from '../lines.ts';
import { printJson } from '../tell.ts';
import { appName, wholeNumber } from '../values.ts';

const REVISION_MOST = 999_999_999;

export const diff: Command = {
  name: 'diff',
  summary: 'what differs between two revisions of an app: terms, and what runs',
  operands: [
    { name: 'APP', help: 'the name of the app' },
    { name: 'A', help: 'one revision' },
    { name: 'B', help: 'the other' },
  ],
  options: { ...connectionOptions, json: { help: 'print the lines as JSON' } },
  examples: [['classpad diff hello 1 2', 'lines of r1 with -, lines of r2 with +']],
  async run(input, io) {
    const [app, ...revisions] = input.operands as [string, string, string];
    const name = appName(app, 'the app');
    const numbers = revisions.map((text) => wholeNumber(text.replace(/^r/, ''), 'the revision', 1, REVISION_MOST));
    const connection = await connect(input);
    await demandFleet(connection);
    const word = stringToHex(name, { size: 32 });
    const [a, b] = await Promise.all(numbers.map((revision) => readRelease(connection, word, BigInt(revision))));
    const lines = differences(releaseLines(a!), releaseLines(b!));
    if (input.has('json')) printJson(io, lines);
    else if (lines.length === 0) io.out(`${name} r${numbers[0]} and r${numbers[1]} are the same`);
    else for (const line of lines) io.out(line);
    const { phase } = await readFleet(connection).release(word, BigInt(numbers[1]!));
    if (phase === Phase.proposed)
      io.err(`what was shown is approved with: classpad approve ${name} ${numbers[1]} --release ${b!.releaseHash}`);
    return Exit.ok;
  },
};
