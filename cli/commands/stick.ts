import { createEngine } from '../../firmware-bridge/docker/engine.ts';
import { type Command, Exit, Failure, type Input, type Io, type Option } from '../command.ts';
import { parseEngine, VIRTUAL } from '../engine.ts';
import { connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { progress } from '../progress.ts';
import { exportStick } from '../stick/export.ts';
import { type Imported, importStick } from '../stick/import.ts';
import { tell } from '../tell.ts';
import { counted, wholeNumber } from '../values.ts';

const BLOCKS_MOST = 999_999_999;

const engineOptions: Readonly<Record<string, Option>> = {
  engine: {
    value: 'URL',
    env: 'CLASSPAD_ENGINE',
    fallback: 'unix:///var/run/docker.sock',
    help: 'the Docker Engine beside the node',
  },
  'no-images': { help: 'carry decisions only' },
};
const folder = { name: 'DIR', help: 'a folder, such as that of a mounted stick' };

export const exportCommand: Command = {
  name: 'export',
  summary: 'write the ledger and the images of its releases to a stick, for a site without a network',
  operands: [folder],
  options: {
    from: { value: 'BLOCK', fallback: '1', help: 'the first block that is not known there' },
    'no-blocks': { help: 'carry only what waits here for its way into the ledger, such as the votes of a device' },
    ...engineOptions,
    ...connectionOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad export /media/stick', 'everything: what was written before is not written again'],
    ['classpad export /media/stick --from 1200 --no-images', 'the latest decisions only'],
    ['classpad export /media/stick --no-blocks', 'on the way back: the votes of a device without a network'],
  ],
  notes: [
    'Images are those of releases that are active or roll out; they must be pinned by digest or image id, or nobody could check them.',
    'Blocks that validators decided carry their votes; a device without CometBFT (consensus: follow) takes them in. What waits ' +
      'there goes back with --no-blocks, and is handed to the ledger where that stick is imported.',
  ],
  async run(input, io) {
    const from = wholeNumber(input.text('from')!, '--from', 1, BLOCKS_MOST);
    const onlyWaiting = input.has('no-blocks');
    const engine = onlyWaiting ? undefined : engineOf(input);
    const connection = await connect(input);
    if (engine) await demandFleet(connection);
    const line = progress(io);
    const stick = await exportStick(connection, {
      folder: input.operands[0]!,
      from: onlyWaiting ? undefined : from,
      engine,
      say: (text) => line.say(text),
    });
    line.end();
    const blocks = stick.blocks.reduce((sum, row) => sum + row.to - row.from + 1, 0);
    const outcome = { blocks, head: stick.blocks.at(-1)?.to ?? null, images: stick.images.map(({ image }) => image) };
    const waiting = stick.transactions ? ', and what waits in the pool' : '';
    const sentence = `${counted(blocks, 'block')} and ${counted(outcome.images.length, 'image')} are in ${input.operands[0]}${waiting}`;
    tell(input, io, sentence, { ...outcome, isWaiting: stick.transactions !== undefined });
    return Exit.ok;
  },
};

export const importCommand: Command = {
  name: 'import',
  summary: 'take decisions and images from a stick, once everything on it has been checked',
  operands: [folder],
  options: { ...engineOptions, ...connectionOptions, json: { help: 'print the outcome as JSON' } },
  examples: [['classpad import /media/stick', 'on the device itself, whose node must run; again is harmless']],
  notes: [
    'Blocks count by their seal or by the votes that bear them, and by executing them, images by their content against the digests that the releases name. If ' +
      'anything on the stick is wrong, it says what, and nothing of it is used.',
  ],
  async run(input, io) {
    const engine = engineOf(input);
    const connection = await connect(input);
    const line = progress(io);
    const done = await importStick(connection, { folder: input.operands[0]!, engine, say: (text) => line.say(text) });
    line.end();
    tellImported(input, io, done);
    return Exit.ok;
  },
};

function tellImported(input: Input, io: Io, done: Imported): void {
  const { blocks, images, transactions, head } = done;
  const handed = transactions > 0 ? `; ${counted(transactions, 'transaction')} handed on` : '';
  tell(
    input,
    io,
    `${counted(blocks, 'block')} and ${counted(images.length, 'image')} were new${handed}; the head is block ${head}`,
    {
      ...done,
    },
  );
}

function engineOf(input: Input) {
  if (input.has('no-images')) return undefined;
  const url = parseEngine(input.text('engine')!);
  if (url === VIRTUAL) throw new Failure('virtual containers have no archives; give --no-images', Exit.badInput);
  return createEngine(url);
}
