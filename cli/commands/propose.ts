import { type Command, Exit } from '../command.ts';
import { draft, draftOptions } from '../draft.ts';
import { readFleet } from '../fleet/connection.ts';
import { propose as sendProposal } from '../fleet/transactions.ts';
import { progress } from '../progress.ts';
import { tell } from '../tell.ts';

export const propose: Command = {
  name: 'propose',
  summary: 'put a release on the ledger with one approval, for others to look at and approve',
  operands: [{ name: 'COMPOSE.yaml', help: 'the Compose file of the release' }],
  options: {
    ...draftOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    [
      'classpad propose compose.yaml --notes "new prices" --key alice.key',
      'prints the revision and what its images are pinned to',
    ],
    ['classpad diff hello 3 4', 'what the others look at'],
    ['classpad approve hello 4 --key bob.key', 'what they do then'],
  ],
  notes: [
    'Tags are resolved now, so that what is approved is what will run. With a threshold of one it rolls out at once.',
    'The hash that is printed is of all that was proposed: told to the others by another way than through a node, it is what they approve and nothing else.',
  ],
  async run(input, io) {
    const { app, connection, keys, bytes, pins, release } = await draft(input, io);
    const [key] = keys;
    const line = progress(io);
    line.say(`${app}: proposing ${bytes.length} bytes as ${key!.address}`);
    const { revision, releaseHash } = await sendProposal(connection, key!, release);
    line.end();
    const needed = await readFleet(connection).threshold();
    const next =
      needed > 1
        ? `; it needs ${needed} approvals: classpad approve ${app} ${revision} --release ${releaseHash} --key FILE`
        : ' and rolls out';
    tell(input, io, `${app} r${revision} is proposed${next}`, { app, revision, releaseHash, approvals: 1, needed, pins });
    return Exit.ok;
  },
};
