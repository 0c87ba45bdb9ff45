import { votesOf } from '../light.ts';
import { Deciders } from './deciders.ts';
import { readTitle, readTrail, type Title } from './file.ts';
import { type Checked, isAgreed, type Trust, verifyEntry } from './verify.ts';
import { WrongEntry } from './wrong-entry.ts';

/** By which votes a trail's end is borne, followed from its beginning. */
export interface Bearing {
  /** Each checked block. Throws {@link WrongEntry}. */
  follow(block: Checked): void;
  /** In words, whose votes bear the last block. Rejects with {@link WrongEntry}. */
  sign(last: Checked): Promise<string>;
}

/** What a file says of votes, checked by the trail itself. */
export function bearingIn({ agreed, fleet }: Title, trust: Trust): Bearing | undefined {
  if (!isAgreed(trust) || !agreed) return undefined;
  const deciders = new Deciders(agreed, trust.chainId, fleet);
  return {
    follow: (block) => deciders.follow(block),
    sign: async (last) => votesOf(deciders.verifyVotes(last, agreed.votes)),
  };
}

/** A block of an exported trail, with what bears it. */
export interface Borne {
  readonly block: Checked;
  /** In words: votes, or a seal. */
  readonly by: string;
}

/** Checks a whole trail offline. Answers the block of a number in it. Throws {@link WrongEntry}. */
export async function blockInTrail(path: string, number: number): Promise<Borne> {
  const title = await readTitle(path);
  const bearing = bearingIn(title, title);
  let last: Checked | undefined;
  let found: Checked | undefined;
  for await (const entry of readTrail(path, title.newest)) {
    last = verifyEntry(entry, last, title);
    bearing?.follow(last);
    if (last.number === number) found = last;
  }
  if (!found || !last) throw new WrongEntry(`block ${number}: the trail ${path} ends before it`);
  if (!isAgreed(title)) return { block: found, by: `sealed by ${title.sequencer}` };
  if (!bearing) throw new WrongEntry(`the trail ${path} holds no votes for its end; classpad audit export writes them`);
  return { block: found, by: `borne by ${await bearing.sign(last)}` };
}
