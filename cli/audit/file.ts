import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Exit, Failure } from '../command.ts';
import type { Entry } from './fetch.ts';
import type { Trust } from './verify.ts';
import { WrongEntry } from './wrong-entry.ts';

const FORM = 'audit trail 1';

/** First line of an exported trail; each line after it is an {@link Entry}, from block 0 on. */
export interface Title extends Trust {
  readonly classpad: typeof FORM;
  readonly fleet: `0x${string}`;
  /** Number of the last entry. */
  readonly newest: number;
  /** Where validators agree on the blocks: who they were at first, and the votes for the last entry. */
  readonly agreed?: { readonly validators: unknown; readonly trailingBlocks: unknown; readonly votes: unknown };
}

const LINE_LIMIT_BYTES = 64 * 1024 * 1024;
const TITLE_LIMIT_BYTES = 1024 * 1024;
const NEWLINE = 10;

/** Writes a trail, one line at a time: the file is there when it is whole. Throws {@link Failure} over what is no trail. */
export async function writeTrail(path: string, title: Title, entries: AsyncIterable<Entry>): Promise<void> {
  if (existsSync(path) && !beginsAsTrail(path))
    throw new Failure(`${path} is there already and is no audit trail; it is not overwritten`, Exit.badInput);
  const part = `${path}.part`;
  async function* lines() {
    yield `${JSON.stringify(title)}\n`;
    for await (const entry of entries) yield `${JSON.stringify(entry)}\n`;
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(part, { mode: 0o644 }));
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** A former trail may be replaced; anything else may be somebody's key. */
function beginsAsTrail(path: string): boolean {
  if (!statSync(path).isFile()) return false;
  const start = Buffer.from(`{"classpad":"${FORM}"`);
  const found = Buffer.alloc(start.length);
  const file = openSync(path, 'r');
  const length = readSync(file, found);
  closeSync(file);
  return length === 0 || found.equals(start);
}

/** Reads the first line. Throws {@link Failure} for what is no trail. */
export async function readTitle(path: string): Promise<Title> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new Failure(`there is no file ${path}; classpad audit export FILE makes one`, Exit.badInput);
  const title = parse(await firstLine(path)) as Partial<Title> | null | undefined;
  const fits =
    title?.classpad === FORM &&
    [title.fleet, title.sequencer].every((each) => /^0x[0-9a-f]{40}$/.test(`${each}`)) &&
    /^0x[0-9a-f]{64}$/.test(`${title.genesisHash}`) &&
    isCount(title.chainId) &&
    isCount(title.newest);
  if (fits) return title as Title;
  throw new Failure(`${path} is no audit trail; classpad audit export FILE makes one`, Exit.badInput);
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

async function firstLine(path: string): Promise<string> {
  try {
    for await (const line of linesOf(path, TITLE_LIMIT_BYTES)) return line;
  } catch (error) {
    if (!(error instanceof WrongEntry)) throw error;
  }
  return '';
}

/** The entries in their order. Throws {@link WrongEntry} where one is missing or out of place. */
export async function* readTrail(path: string, newest: number): AsyncGenerator<Entry> {
  let number = -2;
  for await (const line of linesOf(path, LINE_LIMIT_BYTES)) {
    number++;
    if (number < 0) continue; // the title
    if (number > newest) throw new WrongEntry(`entry ${number}: the trail should end with block ${newest}`);
    const entry = parse(line) as Entry | null | undefined;
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

/** A line is bounded before it is held. */
async function* linesOf(path: string, limitBytes: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  const keep = (part: Buffer) => {
    length += part.length;
    if (length > limitBytes) throw new WrongEntry(`a line of more than ${limitBytes} bytes is larger than any block`);
    parts.push(part);
  };
  const taken = () => {
    const line = Buffer.concat(parts).toString('utf8');
    [parts, length] = [[], 0];
    return line;
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      yield taken();
      from = end + 1;
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) yield taken();
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
