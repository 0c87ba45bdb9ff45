/** For web pages: which node of a fleet is nearest, and which next when that one is gone. Needs nothing but `fetch`. */

const WELL_KNOWN = '/.well-known/classpad';
const DEADLINE_MS = 3_000;
/** As many as a node has peers. */
const MOST_NODES = 65;

export interface NearestOptions {
  /** A node that does not answer within so many milliseconds is not there. */
  readonly deadlineMs?: number;
}

/** Addresses of those that answer, by the time an answer took, the nearest first. */
export async function nearest(urls: readonly string[], { deadlineMs = DEADLINE_MS }: NearestOptions = {}): Promise<string[]> {
  const asked = urls.map(async (url) => ({ url, tookMs: await roundTripMs(url, deadlineMs) }));
  const found = (await Promise.all(asked)).filter(({ tookMs }) => tookMs !== undefined);
  return found.sort((a, b) => a.tookMs! - b.tookMs!).map(({ url }) => url);
}

/**
 * All nodes that one node names, itself included: whoever believes it does what it says. Throws if it does not answer. What is no
 * address of a node is passed over.
 */
export async function nodesOf(url: string, { deadlineMs = DEADLINE_MS }: NearestOptions = {}): Promise<string[]> {
  const response = await fetch(`${url}${WELL_KNOWN}`, { signal: AbortSignal.timeout(deadlineMs) });
  const { nodes } = (await response.json()) as { readonly nodes?: unknown };
  const named = (Array.isArray(nodes) ? nodes : []).map((node) => (node as { readonly url?: unknown } | null)?.url);
  return [...new Set([url, ...named.filter(isAddress)])].slice(0, MOST_NODES);
}

function isAddress(url: unknown): url is string {
  return typeof url === 'string' && /^https?:\/\/[\w.:[\]-]+$/.test(url);
}

/**
 * A `fetch` that goes to the nearest node and, when that one cannot be reached or has nothing there (502 to 504), to the next.
 * A request that is no GET or HEAD goes to one node only: it may have been received. Throws what the last node did.
 */
export function fetchNearest(urls: readonly string[], options: NearestOptions = {}): typeof fetch {
  let order: Promise<string[]> | undefined;
  return async (path, init) => {
    order ??= nearest(urls, options);
    const known = await order;
    const method = (init?.method ?? 'GET').toUpperCase();
    const tries = method === 'GET' || method === 'HEAD' ? known : known.slice(0, 1);
    let last: Error | Response = new TypeError('no node answers');
    for (const url of tries) {
      last = await fetch(`${url}${String(path)}`, init).catch((error: Error) => error);
      if (last instanceof Response && (last.status < 502 || last.status > 504)) return last;
    }
    // What was near is gone: look again next time.
    order = undefined;
    if (last instanceof Response) return last;
    throw last;
  };
}

/** The shorter of two: the first opens the connection. */
async function roundTripMs(url: string, deadlineMs: number): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    let shortest = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 2; round++) {
      const startedMs = performance.now();
      await fetch(`${url}${WELL_KNOWN}`, { method: 'HEAD', cache: 'no-store', signal });
      shortest = Math.min(shortest, performance.now() - startedMs);
    }
    return shortest;
  } catch {
    return undefined;
  }
}
