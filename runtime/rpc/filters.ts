import type { Core } from '../ledger/core.ts';
import type { Word } from '../ports/index.ts';
import type { LogFilter } from './decode.ts';
import type { Json } from './encode.ts';
import { ErrorCode, RpcError } from './errors.ts';
import { findLogs } from './logs.ts';

/** Filters of all clients together. */
export const MAX_FILTERS = 256;
/** A filter that nobody has asked for so long is gone. */
export const FILTER_LIFE_MS = 5 * 60_000;
/** Hashes of blocks or transactions that a filter keeps for its client; the oldest are forgotten. */
const MAX_HASHES = 4096;

type Kind =
  | { readonly is: 'logs'; readonly filter: LogFilter }
  | { readonly is: 'blocks' }
  | { readonly is: 'transactions'; readonly hashes: Word[]; readonly stop: () => void };

interface Filter {
  readonly kind: Kind;
  /** The first block that its client has not heard of. */
  nextBlock: number;
  askedMs: number;
}

/**
 * The filters that clients poll over HTTP. Those of logs and blocks remember only how far their client has read: what is new
 * is looked up when it is asked for. There is no timer: what has expired goes when somebody comes.
 */
export class Filters {
  private readonly filters = new Map<bigint, Filter>();

  get size(): number {
    return this.filters.size;
  }

  addLogs(core: Core, filter: LogFilter): bigint {
    return this.add(core, { is: 'logs', filter });
  }

  addBlocks(core: Core): bigint {
    return this.add(core, { is: 'blocks' });
  }

  addTransactions(core: Core): bigint {
    this.sweep(core);
    const hashes: Word[] = [];
    const stop = core.transactions.on(({ hash }) => {
      hashes.push(hash);
      if (hashes.length > MAX_HASHES) hashes.shift();
    });
    try {
      return this.add(core, { is: 'transactions', hashes, stop });
    } catch (error) {
      stop();
      throw error;
    }
  }

  /** Answers whether there was one. */
  remove(id: bigint): boolean {
    const filter = this.filters.get(id);
    if (filter?.kind.is === 'transactions') filter.kind.stop();
    return this.filters.delete(id);
  }

  /** What is new since the last time. Throws if there is no such filter. */
  async changes(core: Core, id: bigint): Promise<Json> {
    const filter = this.find(core, id);
    const { kind, nextBlock } = filter;
    const head = core.chain.head().header.number;
    if (kind.is === 'transactions') return kind.hashes.splice(0);
    if (kind.is === 'blocks') {
      filter.nextBlock = head + 1;
      return hashesBetween(core, Math.max(nextBlock, head + 1 - MAX_HASHES), head);
    }
    const { from, to } = boundsOf(kind.filter);
    const last = Math.min(head, to);
    const first = Math.max(nextBlock, from);
    const found = first > last ? [] : await findLogs(core, kind.filter, first, last);
    // Only now: what could not be told is asked for again.
    filter.nextBlock = head + 1;
    return found;
  }

  /** The filter by which logs are looked for, for `eth_getFilterLogs`. */
  logFilter(core: Core, id: bigint): LogFilter {
    const { kind } = this.find(core, id);
    if (kind.is !== 'logs') throw notFound();
    return kind.filter;
  }

  private add(core: Core, kind: Kind): bigint {
    this.sweep(core);
    if (this.filters.size >= MAX_FILTERS) {
      throw new RpcError(ErrorCode.LimitExceeded, `${MAX_FILTERS} filters are in use; uninstall one or try again later`);
    }
    const nextBlock = core.chain.head().header.number + 1;
    const id = core.nextId();
    this.filters.set(id, { kind, nextBlock, askedMs: core.nowMs() });
    return id;
  }

  private find(core: Core, id: bigint): Filter {
    this.sweep(core);
    const filter = this.filters.get(id);
    if (!filter) throw notFound();
    filter.askedMs = core.nowMs();
    return filter;
  }

  private sweep(core: Core): void {
    const nowMs = core.nowMs();
    for (const [id, { askedMs }] of this.filters) if (nowMs - askedMs > FILTER_LIFE_MS) this.remove(id);
  }
}

/** The numbers of the blocks in which a filter looks; a tag that moves with the chain is no bound. */
function boundsOf({ from, to }: LogFilter): { readonly from: number; readonly to: number } {
  return {
    from: from.by === 'number' ? Number(from.number) : 0,
    to: to.by === 'number' ? Number(to.number) : Number.POSITIVE_INFINITY,
  };
}

function hashesBetween(core: Core, from: number, to: number): Json[] {
  const hashes: Json[] = [];
  for (let number = from; number <= to; number++) {
    const hash = core.chain.hashAt(number) ?? core.chain.wholeAt(number)?.hash;
    if (hash !== undefined) hashes.push(hash);
  }
  return hashes;
}

function notFound(): RpcError {
  return new RpcError(ErrorCode.Server, 'filter not found');
}
