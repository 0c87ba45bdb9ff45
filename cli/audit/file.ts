import { once } from 'node:events';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Exit, Failure } from '../command.ts';
import type { Entry } from './fetch.ts';
import type { Trust } from './verify.ts';
import { WrongEntry } from './wrong-entry.ts';

/** First line of an exported trail; each line after it is an {@link Entry}, from block 0 on. */
export interface Title extends Trust {
  readonly classpad: 'audit trail 1';
  readonly fleet: `0x${string}`;
  /** Number of the last entry. */
  readonly newest: number;
  /** Where validators agree on the blocks: who they were at first, and the votes for the last entry. */
  readonly agreed?: { readonly validators: unknown; readonly trailingBlocks: unknown; readonly votes: unknown };
}

const LINE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Writes a trail, one line at a time. */
export async function writeTrail(path: string, title: Title, entries: AsyncIterable<Entry>): Promise<void> {
  const out = createWriteStream(path, { mode: 0o644 });
  await once(out, 'open');
  const write = async (value: unknown) => {
    if (!out.write(`${JSON.stringify(value)}\n`)) await once(out, 'drain');
  };
  await write(title);
  for await (const entry of entries) await write(entry);
  out.end();
  await once(out, 'finish');
}

/** Reads the first line. Throws {@link Failure} for what is no trail. */
export async function readTitle(path: string): Promise<Title> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new Failure(`there is no file ${path}`, Exit.badInput);
  for await (const line of linesOf(path)) {
    const title = parse(line) as Partial<Title> | undefined;
    const fits =
      title?.classpad === 'audit trail 1' && /^0x[0-9a-f]{40}$/.test(`${title.fleet}`) && Number.isSafeInteger(title.newest);
    if (fits) return title as Title;
    break;
  }
  throw new Failure(`${path} is no audit trail; classpad audit export FILE makes one`, Exit.badInput);
}

/** The entries in their order. Throws {@link WrongEntry} where one is missing or out of place. */
export async function* readTrail(path: string, newest: number): AsyncGenerator<Entry> {
  let number = -2;
  for await (const line of linesOf(path)) {
    number++;
    if (number < 0) continue; // the title
    const entry = parse(line) as Entry | undefined;
    if (!entry?.block || !Array.isArray(entry.block.transactions) || !Array.isArray(entry.receipts))
      throw new WrongEntry(`entry ${number}: it is no block with its receipts`);
    if (entry.number !== number)
      throw new WrongEntry(
        `entry ${number}: block ${entry.number} stands where block ${number} should; one is missing or out of place`,
      );
    yield entry;
  }
  if (number !== newest) throw new WrongEntry(`entry ${number + 1}: it is missing; the trail should end with block ${newest}`);
}

async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.length > LINE_LIMIT_BYTES) throw new WrongEntry(`a line of ${line.length} characters is larger than any block`);
    yield line;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
