import type { Board } from '../../emulator/board.ts';
import type { Link } from '../../emulator/network.ts';
import type { World } from '../../emulator/world.ts';
import { asList, asNumber, decodeRlp } from '../../runtime/rlp/index.ts';

const BLOCK = 'number/';

/**
 * The one case in which a `solo` ledger may part: the sequencer's disk lost a block that it had said it holds, and the sequencer made
 * another in its place while no device that has the lost one was in its reach. Nothing else is excused.
 */
export interface Partings {
  /** At every look. */
  look(): void;
  /** Whether this block is one that was lost so, and replaced. */
  isExcused(hash: string): boolean;
}

export function watchPartings({ boards, sequencer, network }: World): Partings {
  /** Of each block that was lost and replaced, whether that is excused; said once. */
  const verdicts = new Map<string, boolean>();
  let inReach = new Set<Board>();
  let wasRunning = false;

  const reaches = (board: Board): boolean => {
    const [a, b] = [sequencer.identity.name, board.identity.name];
    return sequencer.running && board.running && isWhole(network.link(a, b), network.usual(a, b)) && isWhole(network.link(b, a), network.usual(b, a)); // biome-ignore format: one
  };
  const holderInReach = (hash: string, now: ReadonlySet<Board>): boolean =>
    [...now].some((board) => board.store.get(BLOCK + hash) !== undefined && (inReach.has(board) || !wasRunning));
  return {
    look() {
      const now = new Set(boards.filter((board) => board !== sequencer && reaches(board)));
      const fresh = replaced(sequencer).filter((hash) => !verdicts.has(hash));
      for (const hash of fresh) verdicts.set(hash, !holderInReach(hash, now));
      inReach = now;
      wasRunning = sequencer.running;
    },
    isExcused: (hash) => verdicts.get(hash) === true,
  };
}

/** Blocks that the disk of the sequencer has lost and that it has made others for. */
function replaced(sequencer: Board): string[] {
  const head = sequencer.status()?.head.number ?? -1;
  const hashes: string[] = [];
  for (const [key, bytes] of sequencer.store.lost) {
    if (!key.startsWith(BLOCK) || sequencer.store.get(key)) continue;
    if (asNumber(asList(decodeRlp(bytes), 'a number', 1)[0], 'a number') <= head) hashes.push(key.slice(BLOCK.length));
  }
  return hashes;
}

/** Nothing on it is lost, late or slow. */
function isWhole(link: Link, usual: Link): boolean {
  const { repeatRate: _, ...rest } = link;
  return (Object.keys(rest) as (keyof typeof rest)[]).every((what) => link[what] === usual[what]);
}
