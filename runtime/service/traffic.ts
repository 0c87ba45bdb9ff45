import { utf8Encode } from '../bytes.ts';
import type { LogFields } from '../contracts/log-kinds.ts';
import type { Exchange, Vm, Word } from '../ports/index.ts';
import { BUCKETS, countOf, type Histogram, histogramText, quantileUs, readHistogram, record } from './histogram.ts';
import { type GrowingTree, growingTree } from './merkle.ts';
import { requestLine } from './request-line.ts';

/** What one revision served in one interval. */
export interface Batch {
  readonly app: string;
  readonly revision: number;
  /** Seconds by the ledger's time: the beginning of an interval, or when the device came up within it. */
  readonly from: number;
  readonly seconds: number;
  readonly requests: number;
  /** Answered with 500 and above, by the app or for it. */
  readonly failed: number;
  /** Of these: the container was not reached. */
  readonly unreached: number;
  readonly latency: Histogram;
  /** Over the lines of its requests, in the order of their ends. */
  readonly root: Word;
}

/** A batch that still grows. */
export interface OpenBatch {
  /** Answers the request's line. */
  add(exchange: Exchange): string;
  /** @param until Seconds. */
  close(until: number): Batch;
}

export function openBatch(of: Pick<Batch, 'app' | 'revision' | 'from'>, sha256: Vm['sha256']): OpenBatch {
  const latency: Histogram = new Map();
  const tree: GrowingTree = growingTree(sha256);
  let failed = 0;
  let unreached = 0;
  return {
    add(exchange) {
      const line = requestLine(exchange);
      tree.add(utf8Encode(line));
      record(latency, exchange.tookUs);
      if (exchange.status >= 500 || exchange.failure !== undefined) failed++;
      if (exchange.failure === 'connect') unreached++;
      return line;
    },
    close: (until) => ({
      ...of,
      seconds: Math.max(1, until - of.from),
      requests: tree.size,
      failed,
      unreached,
      latency,
      root: tree.root(),
    }),
  };
}

/** Of the 1024 bytes that an entry may have. */
const LATENCY_CHARACTERS = 600;

/** As it stands on the ledger. */
export function batchFields({ from, seconds, requests, failed, unreached, latency, root }: Batch): LogFields {
  const p50Us = quantileUs(latency, 0.5);
  const p99Us = quantileUs(latency, 0.99);
  return { from, seconds, requests, failed, unreached, p50Us, p99Us, latency: fitting(latency), root };
}

/** What an entry of the ledger says of traffic; `undefined` if it does not say that. */
export function readBatch(
  app: string,
  revision: number,
  fields: LogFields,
): (Batch & { p50Us: number; p99Us: number }) | undefined {
  const { from, seconds, requests, failed, unreached, p50Us, p99Us, latency, root } = fields;
  const numbers = [from, seconds, requests, failed, unreached, p50Us, p99Us];
  if (!numbers.every((value) => Number.isSafeInteger(value) && (value as number) >= 0)) return undefined;
  if (typeof root !== 'string' || !/^0x[0-9a-f]{64}$/.test(root)) return undefined;
  const histogram = typeof latency === 'string' ? readHistogram(latency) : undefined;
  if (histogram === undefined) return undefined;
  return { ...(fields as unknown as Batch), app, revision, latency: histogram, p50Us: p50Us as number, p99Us: p99Us as number };
}

/** A histogram too wide for an entry is made coarser: neighbours are counted together, and the error bound doubles each time. */
function fitting(latency: Histogram): string {
  for (let wide = latency, step = 2; ; step *= 2) {
    const text = histogramText(wide);
    if (text.length <= LATENCY_CHARACTERS || countOf(wide) === 0) return text;
    const coarse: Histogram = new Map();
    for (const [bucket, count] of latency) {
      const place = Math.min(Math.floor(bucket / step) * step + (step >> 1), BUCKETS - 1);
      coarse.set(place, (coarse.get(place) ?? 0) + count);
    }
    wide = coarse;
  }
}
