import type { EngineValidator, LightBlock } from './block.ts';
import { object, readCommit, readHeader, readValidators, safe, Unreadable } from './read.ts';

/** Somebody who says what the blocks are. Nothing it says is believed. */
export interface Provider {
  readonly name: string;
  /** The block of this height, or its newest. Rejects with a sentence. */
  lightBlock(height: number | 'latest'): Promise<LightBlock>;
}

/** One GET, answered as text; rejects if there is no answer. Browsers and Node have `fetch` for it. */
export type Get = (url: string) => Promise<string>;

/** How long a height is waited for that the validators have not decided yet. */
export interface Patience {
  readonly attempts: number;
  /** Between two of them; nobody here knows the time. */
  readonly pause: () => Promise<unknown>;
}

/** Votes on their way: {@link readLightBlock} reads them. */
export interface Told {
  readonly signed_header: unknown;
  readonly validators: unknown[];
}

const VALIDATORS_A_PAGE = 100;
const MAX_PAGES = 100;

/** CometBFT's RPC at this address, such as `http://10.0.0.1:26657`. */
export function rpcProvider(url: string, get: Get): Provider {
  const base = url.replace(/\/+$/, '');
  const ask = askerAt(base, get);
  const validatorsAt = async (height: number): Promise<EngineValidator[]> => {
    const found: EngineValidator[] = [];
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await ask(`validators?height=${height}&page=${page}&per_page=${VALIDATORS_A_PAGE}`);
      const some = readValidators(answer['validators']);
      found.push(...some);
      if (some.length === 0 || found.length >= safe(answer['total'], 'the number of validators')) return found;
    }
    throw new Unreadable(`${base} names more validators than there can be`);
  };
  return {
    name: base,
    async lightBlock(height) {
      const { signed_header } = await ask(height === 'latest' ? 'commit' : `commit?height=${height}`);
      const { header, commit } = object(signed_header, 'a signed header');
      const read = readHeader(header);
      if (height !== 'latest' && read.height !== height) throw new Unreadable(`${base} answers with another height`);
      return { header: read, commit: readCommit(commit), validators: await validatorsAt(read.height) };
    },
  };
}

function askerAt(url: string, get: Get): (path: string) => Promise<Readonly<Record<string, unknown>>> {
  const base = url.replace(/\/+$/, '');
  return async (path) => {
    const { result, error } = object(parse(await get(`${base}/${path}`)), 'an answer');
    if (result === undefined) throw new Unreadable(`${base} refuses ${path}: ${JSON.stringify(error ?? null).slice(0, 200)}`);
    return object(result, 'an answer');
  };
}

/** What an engine tells of a height, as it tells it: for whoever carries it to where it is checked. Rejects with a sentence. */
export async function askVotesAt(url: string, height: number, get: Get): Promise<Told> {
  const ask = askerAt(url, get);
  const { signed_header } = await ask(`commit?height=${height}`);
  const validators: unknown[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const answer = await ask(`validators?height=${height}&page=${page}&per_page=${VALIDATORS_A_PAGE}`);
    const some = answer['validators'];
    if (!Array.isArray(some) || some.length === 0) break;
    validators.push(...some);
    if (validators.length >= safe(answer['total'], 'the number of validators')) break;
  }
  return { signed_header, validators };
}

/** One who is asked again: whoever has just heard of a block hears of the votes for it a moment later, and from another node later still. */
export function patientProvider(provider: Provider, patience: Patience): Provider {
  const { name } = provider;
  return { name, lightBlock: (height) => whenDecided(height, name, () => provider.lightBlock(height), patience) };
}

/** Asks for a height until it is there: one height, for a head that goes on would stay ahead of whoever follows it. Rejects with {@link Undecided}. */
export async function whenDecided<T>(
  height: number | 'latest',
  name: string,
  ask: () => Promise<T>,
  { attempts, pause }: Patience,
): Promise<T> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!isEarly(error)) throw error;
    }
    await pause();
  }
  throw new Undecided(`${name} does not have height ${height}: either it is not decided yet, or the node is behind the others`);
}

/** Whether an engine says that a height is still to come. */
export function isEarly(error: unknown): boolean {
  return /must be less than or equal to the current blockchain height/.test((error as Error).message);
}

/** A height that is still to come. */
export class Undecided extends Error {
  override readonly name = 'Undecided';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable('an answer is not JSON');
  }
}
