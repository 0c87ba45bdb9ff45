import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { hashOf, type Payloads, type Wanted } from './payloads.ts';

export interface SourceOptions {
  readonly payloads: Payloads;
  /** Addresses of other nodes, as the configuration has them: `ws://host:port`. */
  readonly peers: readonly string[];
  /** Folders that may hold bundles: sticks. */
  readonly sticks: () => readonly string[];
  readonly onProgress: (sentence: string) => void;
  /** A sister that is slower than any network after this time is left for another. Absent: a minute. */
  readonly patienceMs?: number;
}

const ANSWER_MS = 20_000;
const PATIENCE_MS = 60_000;
const SLOWEST_BYTES_PER_SECOND = 256;

/** The bundle with this hash, from here, a stick, or a sister. Throws a sentence that names what was tried. */
export async function obtain(wanted: Wanted, options: SourceOptions): Promise<string> {
  const { payloads, peers, sticks } = options;
  const here = payloads.find(wanted.sha256);
  if (here !== undefined && (await hashOf(here)) === wanted.sha256) return here;
  const reasons: string[] = [];
  const attempt = async (who: string, give: Give) => {
    try {
      return await resume(wanted, payloads, give);
    } catch (error) {
      reasons.push(`${who}: ${(error as Error).message}`);
      return undefined;
    }
  };
  // All of it had come when the power went.
  if (payloads.begun(wanted.sha256) >= wanted.bytes) {
    const taken = await payloads.take(wanted, nothing()).catch(() => undefined);
    if (taken !== undefined) return taken;
  }
  for (const file of sticks().flatMap((folder) => candidates(folder, wanted))) {
    if ((await hashOf(file)) !== wanted.sha256) continue;
    const taken = await attempt(file, async (from) => payloads.take(wanted, createReadStream(file, { start: from })));
    if (taken !== undefined) return taken;
  }
  for (const peer of peers) {
    const url = new URL(`${peer.replace(/^ws:/, 'http:').replace(/\/$/, '')}/payload/${wanted.sha256}`);
    const taken = await attempt(url.host, (from) => fetchFrom(url, from, wanted, options));
    if (taken !== undefined) return taken;
  }
  throw new Error(`no source has it: ${reasons.join('; ') || 'no sister is known and no stick holds it'}`);
}

/** Takes what a source gives behind so many bytes. */
type Give = (from: number) => Promise<string>;

/** Goes on where the last source ended. If that led to nothing, this one may still be right by itself. */
async function resume({ sha256 }: Wanted, payloads: Payloads, give: Give): Promise<string> {
  const from = payloads.begun(sha256);
  try {
    return await give(from);
  } catch (error) {
    if (from === 0 || payloads.begun(sha256) > 0) throw error;
    return give(0);
  }
}

async function fetchFrom(url: URL, from: number, wanted: Wanted, options: SourceOptions): Promise<string> {
  const { payloads, onProgress, patienceMs = PATIENCE_MS } = options;
  const answer = await ask(url, from);
  const giveUp = () => answer.destroy(new Error(`it gave less than ${SLOWEST_BYTES_PER_SECOND} bytes a second`));
  let fewest = from;
  const looking = setInterval(() => {
    fewest += (SLOWEST_BYTES_PER_SECOND * patienceMs) / 1000;
    if (payloads.begun(wanted.sha256) < fewest) giveUp();
  }, patienceMs);
  try {
    return await payloads.take(wanted, answer, (bytes) =>
      onProgress(`fetching ${percent(bytes, wanted.bytes)} from ${url.host}`),
    );
  } finally {
    clearInterval(looking);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function percent(part: number, whole: number): string {
  return `${Math.floor((part * 100) / whole)} %`;
}

function ask(url: URL, from: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: ANSWER_MS, headers: from > 0 ? { range: `bytes=${from}-` } : {} }, (response) => {
      const isRight = response.statusCode === (from > 0 ? 206 : 200);
      if (isRight) return resolve(response);
      response.resume();
      reject(new Error(response.statusCode === 404 ? 'it is not there' : `status ${response.statusCode}`));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

/** Files of the right size in the folders of a stick where bundles are looked for. */
function candidates(folder: string, { bytes }: Wanted): string[] {
  return ['', 'classpad'].flatMap((below) => {
    const place = join(folder, below);
    if (!existsSync(place)) return [];
    const files = readdirSync(place).filter((name) => /\.(firmware|raucb)$/.test(name));
    return files.map((name) => join(place, name)).filter((path) => statSync(path, { throwIfNoEntry: false })?.size === bytes);
  });
}
