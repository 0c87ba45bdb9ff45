import { stringToHex, toHex } from 'viem';
import { type Command, Exit } from '../command.ts';
import { readCompose } from '../compose.ts';
import { connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { propose as sendProposal } from '../fleet/transactions.ts';
import { pinOptions, pinRelease } from '../pin.ts';
import { progress } from '../progress.ts';
import { tell } from '../tell.ts';
import { appName } from '../values.ts';
import { termOptions, termsOf } from './deploy.ts';

const { 'no-wait': _, ...terms } = termOptions;

export const propose: Command = {
  name: 'propose',
  summary: 'put a release on the ledger with one approval, for others to look at and approve',
  operands: [{ name: 'COMPOSE.yaml', help: 'the Compose file of the release' }],
  options: {
    app: { value: 'NAME', help: "the app; without it the file's name: or its folder" },
    ...connectionOptions,
    ...keyOptions,
    ...pinOptions,
    ...terms,
  },
  examples: [
    [
      'classpad propose compose.yaml --notes "new prices" --key alice.key',
      'prints the revision and what its images are pinned to',
    ],
    ['classpad diff hello 3 4', 'what the others look at'],
    ['classpad approve hello 4 --key bob.key', 'what they do then'],
  ],
  notes: ['Tags are resolved now, so that what is approved is what will run. With a threshold of one it rolls out at once.'],
  async run(input, io) {
    const file = readCompose(input.operands[0]!);
    const app = appName(
      input.text('app') ?? file.name,
      input.text('app') ? '--app' : '--app is missing, and the name of the file',
    );
    const conditions = termsOf(input);
    const connection = await connect(input);
    const [key] = operatorKeys(input, io, connection);
    await demandFleet(connection);
    const { bytes, pins } = await pinRelease(file.manifest, connection, input, io);
    const line = progress(io);
    line.say(`${app}: proposing ${bytes.length} bytes as ${key!.address}`);
    const word = stringToHex(app, { size: 32 });
    const release = { app: word, manifest: toHex(bytes), terms: conditions, notes: input.text('notes')! };
    const revision = await sendProposal(connection, key!, release);
    line.end();
    const needed = await readFleet(connection).threshold();
    const next = needed > 1 ? `; it needs ${needed} approvals: classpad approve ${app} ${revision} --key FILE` : ' and rolls out';
    tell(input, io, `${app} r${revision} is proposed${next}`, { app, revision, approvals: 1, needed, pins });
    return Exit.ok;
  },
};
