import { nameOf } from '../../runtime/light/index.ts';
import { votesOf } from '../light.ts';
import { Deciders, type Founders } from './deciders.ts';
import { readTitle, readTrail, type Title } from './file.ts';
import { type Checked, isAgreed, type Trust, verifyEntry } from './verify.ts';
import { WrongEntry } from './wrong-entry.ts';

/** By which votes a trail's end is borne, followed from its beginning. */
export interface Bearing {
  /** Each checked block. Rejects with {@link WrongEntry}. */
  follow(block: Checked): Promise<void>;
  /** In words, whose votes bear the last block. Rejects with {@link WrongEntry}. */
  sign(last: Checked): Promise<string>;
}

/** What is known of votes; what is not there is `undefined`. */
export interface Ballots {
  /** Who decided at first, as somebody says. */
  readonly founders: Founders | undefined;
  /** Votes for a block that changes who decides. */
  readonly within: (block: Checked) => Promise<unknown>;
  /** Votes for the last block. */
  readonly atEnd: (block: Checked) => Promise<unknown>;
  /** `HEIGHT:HASH` of the block of CometBFT whose votes bear the end: then those within are not needed. */
  readonly trusted?: string | undefined;
}

/** Where validators agree: the votes for the end, and for each block within that changes whose votes count after it. */
export function bearingBy(ballots: Ballots, { chainId }: Trust, fleet: Title['fleet']): Bearing {
  const { founders, within, atEnd, trusted } = ballots;
  const deciders = founders && new Deciders(founders, chainId, fleet);
  return {
    async follow(block) {
      const isChange = deciders?.follow(block) === true;
      if (isChange && trusted === undefined)
        deciders.verifyVotes(block, demandVotes(await within(block), block, 'it changes who decides, and the trail'));
    },
    async sign(last) {
      const votes = demandVotes(deciders && (await atEnd(last)), last, 'the trail');
      const block = deciders!.verifyVotes(last, votes);
      const name = nameOf(block.header);
      if (trusted !== undefined && name !== trusted)
        throw new WrongEntry(`block ${last.number}: the votes for it are those for ${name}, not for ${trusted}`);
      return votesOf(block);
    },
  };
}

/** What a file says of votes, checked by the trail itself. */
export function bearingIn({ agreed, fleet }: Title, trust: Trust, trusted?: string): Bearing | undefined {
  if (!isAgreed(trust)) return undefined;
  const ballots = { founders: agreed, within: async ({ votes }: Checked) => votes, atEnd: async () => agreed?.votes, trusted };
  return bearingBy(ballots, trust, fleet);
}

/** A block of an exported trail, with what bears it. */
export interface Borne {
  readonly block: Checked;
  /** In words: votes, or a seal. */
  readonly by: string;
}

/** Checks a whole trail of a known ledger and fleet offline. Answers the block of a number in it. Throws {@link WrongEntry}. */
export async function blockInTrail(path: string, number: number, trust: Trust & Pick<Title, 'fleet'>): Promise<Borne> {
  const title = await readTitle(path);
  if (title.fleet !== trust.fleet)
    throw new WrongEntry(`the trail ${path} is of the fleet at ${title.fleet}, not of ${trust.fleet}`);
  const bearing = bearingIn(title, trust);
  let last: Checked | undefined;
  let found: Checked | undefined;
  for await (const entry of readTrail(path, title.newest)) {
    last = verifyEntry(entry, last, trust);
    await bearing?.follow(last);
    if (last.number === number) found = last;
  }
  if (!found || !last) throw new WrongEntry(`block ${number}: the trail ${path} ends before it`);
  return { block: found, by: bearing ? `borne by ${await bearing.sign(last)}` : `sealed by ${trust.sequencer}` };
}

function demandVotes(votes: unknown, { number }: Checked, what: string): unknown {
  if (votes === undefined) throw new WrongEntry(`block ${number}: ${what} does not hold the votes for it`);
  return votes;
}
