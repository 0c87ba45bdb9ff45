import { fetchText } from '../system/fetch-text.ts';

/** Which heights a node has: from where on its blocks are kept, and how far it has come. */
export interface Heights {
  readonly name: string;
  readonly earliest: number;
  readonly latest: number;
}

/** A node that nobody can bring up block by block any more. */
export interface LeftBehind {
  readonly name: string;
  readonly latest: number;
  /** The first height that anybody ahead of it still has. */
  readonly earliest: number;
}

const DEADLINE_MS = 2_000;

/** Those whose next block none of the nodes ahead of them keeps. Pure. */
export function leftBehind(all: readonly Heights[]): LeftBehind[] {
  return all.flatMap(({ name, latest }) => {
    const ahead = all.filter((other) => other.latest > latest).map(({ earliest }) => earliest);
    const earliest = Math.min(...ahead);
    return ahead.length > 0 && earliest > latest + 1 ? [{ name, latest, earliest }] : [];
  });
}

/** The heights of the nodes whose CometBFT answers at its RPC. */
export async function askHeights(nodes: readonly { readonly name: string; readonly url: string }[]): Promise<Heights[]> {
  const found = await Promise.all(nodes.map((node) => heightsAt(node.name, node.url).catch(() => undefined)));
  return found.filter((heights) => heights !== undefined);
}

async function heightsAt(name: string, url: string): Promise<Heights | undefined> {
  const { result } = JSON.parse(await fetchText(`${url}/status`, {}, DEADLINE_MS)) as {
    result?: { sync_info?: Record<string, unknown> };
  };
  const { earliest_block_height, latest_block_height } = result?.sync_info ?? {};
  const [earliest, latest] = [Number(earliest_block_height), Number(latest_block_height)];
  return Number.isSafeInteger(earliest) && Number.isSafeInteger(latest) ? { name, earliest, latest } : undefined;
}
