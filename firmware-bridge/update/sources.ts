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
}

const ANSWER_MS = 20_000;

/** The bundle with this hash, from here, a stick, or a sister. Throws a sentence that names what was tried. */
export async function obtain(wanted: Wanted, options: SourceOptions): Promise<string> {
  const { payloads, peers, sticks, onProgress } = options;
  const here = payloads.find(wanted.sha256);
  if (here !== undefined && (await hashOf(here)) === wanted.sha256) return here;
  // All of it had come when the power went.
  if (payloads.begun(wanted.sha256) >= wanted.bytes) return payloads.take(wanted, nothing()).catch(() => obtain(wanted, options));
  const reasons: string[] = [];
  for (const file of sticks().flatMap((folder) => candidates(folder, wanted))) {
    if ((await hashOf(file)) === wanted.sha256)
      return payloads.take(wanted, createReadStream(file, { start: payloads.begun(wanted.sha256) }));
  }
  for (const peer of peers) {
    const url = `${peer.replace(/^ws:/, 'http:').replace(/\/$/, '')}/payload/${wanted.sha256}`;
    try {
      const from = payloads.begun(wanted.sha256);
      const answer = await ask(url, from);
      return await payloads.take(wanted, answer, (bytes) => {
        onProgress(`fetching ${percent(bytes, wanted.bytes)} from ${new URL(url).host}`);
      });
    } catch (error) {
      reasons.push(`${new URL(url).host}: ${(error as Error).message}`);
    }
  }
  throw new Error(`no source has it: ${reasons.join('; ') || 'no sister is known and no stick holds it'}`);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function percent(part: number, whole: number): string {
  return `${Math.floor((part * 100) / whole)} %`;
}

function ask(url: string, from: number): Promise<IncomingMessage> {
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
