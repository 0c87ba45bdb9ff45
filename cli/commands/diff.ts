import { stringToHex } from 'viem';
import { stringify } from 'yaml';
import { type Command, Exit } from '../command.ts';
import { type Connection, connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { manifestText, readManifest } from '../fleet/manifest.ts';
import { differences } from '../lines.ts';
import { printJson } from '../tell.ts';
import { appName, wholeNumber } from '../values.ts';

const REVISION_MOST = 999_999_999;

export const diff: Command = {
  name: 'diff',
  summary: 'what differs between two revisions of an app',
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
    const [a, b] = await Promise.all(numbers.map((revision) => manifestLines(connection, name, revision)));
    const lines = differences(a!, b!);
    if (input.has('json')) printJson(io, lines);
    else if (lines.length === 0) io.out(`${name} r${numbers[0]} and r${numbers[1]} are the same`);
    else for (const line of lines) io.out(line);
    return Exit.ok;
  },
};

/** A manifest as YAML: one value a line. Throws {@link Failure}. */
async function manifestLines(connection: Connection, name: string, revision: number): Promise<string[]> {
  const text = manifestText(await readManifest(connection, stringToHex(name, { size: 32 }), BigInt(revision)));
  try {
    return stringify(JSON.parse(text)).trimEnd().split('\n');
  } catch {
    return text.split('\n');
  }
}
