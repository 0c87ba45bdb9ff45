import { bytesToHex, hexToBytes } from '../runtime/bytes.ts';
import type { Genesis } from '../runtime/config.ts';
import { borneTogether, decidersAfter, foundersOf } from '../runtime/consensus/follower.ts';
import { decodeBlocks, encodeBlocks } from '../runtime/consensus/messages.ts';
import { heightOf } from '../runtime/consensus/validators.ts';
import { askVotesAt, isEarly, type Told } from '../runtime/light/index.ts';
import type { Clock, Hex, Logger, Vm, Word } from '../runtime/ports/index.ts';
import { fetchText } from './system/fetch-text.ts';

export interface FollowOptions {
  /** JSON-RPC of nodes of the cluster. One is enough; another is asked when it does not answer, or tells what does not hold. */
  readonly urls: readonly string[];
  /** JSON-RPC of this node itself. */
  readonly own: (request: string) => Promise<string>;
  readonly genesis: Pick<Genesis, 'validators'>;
  readonly vm: Pick<Vm, 'keccak256'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Following {
  /** Who has answered last. */
  peers(): string[];
  stop(): void;
}

const EVERY_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** What waits is handed on again, unless it is in a block by then. */
const AGAIN_MS = 30_000;

/** Brings this node the blocks of a cluster with the votes that bear them, and the cluster what waits here, over a network that is there at times. */
export function follow(options: FollowOptions): Following {
  const follower = new Follower(options);
  follower.look();
  return { peers: () => follower.peers(), stop: () => follower.stop() };
}

class Follower {
  private readonly options: FollowOptions;
  private readonly own: Call;
  private turn = 0;
  private pauseMs = EVERY_MS;
  private answering: string | undefined;
  private complaint = '';
  /** Transactions, and when they were handed on. */
  private readonly handed = new Map<Hex, number>();
  private isStopped = false;
  private cancel = () => {};

  constructor(options: FollowOptions) {
    this.options = options;
    this.own = callerOf(options.own);
  }

  peers(): string[] {
    return this.answering === undefined ? [] : [new URL(this.answering).host];
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  look(): void {
    const { urls, clock } = this.options;
    const url = urls[this.turn % urls.length]!;
    this.exchange(url)
      .then(
        () => this.heard(url),
        (error: Error) => this.missed(url, error),
      )
      .finally(() => {
        if (!this.isStopped) this.cancel = clock.after(this.pauseMs, () => this.look());
      });
  }

  private async exchange(url: string): Promise<void> {
    const there = remote(url);
    do await this.handOn(url, there);
    while (!this.isStopped && (await this.fetchSome(url, there)));
  }

  private heard(url: string): void {
    if (this.answering !== url) this.options.log.write('info', `the ledger comes from ${url}`);
    Object.assign(this, { answering: url, complaint: '', pauseMs: EVERY_MS });
  }

  private missed(url: string, { message }: Error): void {
    const { log, urls } = this.options;
    if (this.isStopped) return;
    if (message !== this.complaint) log.write('warn', `the ledger does not come from ${url} now: ${message}`);
    const hasAskedAll = ++this.turn % urls.length === 0;
    const pauseMs = hasAskedAll ? Math.min(LONGEST_PAUSE_MS, 2 * this.pauseMs) : this.pauseMs;
    Object.assign(this, { answering: undefined, complaint: message, pauseMs });
  }

  /** The next blocks that one set of votes bears. Whether there were any. */
  private async fetchSome(url: string, there: Call): Promise<boolean> {
    const head = Number(await this.own('eth_blockNumber'));
    const blocks = decodeBlocks(hexToBytes((await there('classpad_exportBlocks', [head + 1])) as Hex));
    const next = blocks.length === 0 ? [] : borneTogether(blocks, await this.decidersAt(head));
    const last = next.at(-1);
    const told = last && (await askVotesSoon(url, (heightOf(last.header.extraData) ?? 0) + 1));
    if (!told) return false;
    await this.own('classpad_importBlocks', [bytesToHex(encodeBlocks(next)), told]);
    return true;
  }

  private async decidersAt(head: number): Promise<Word> {
    const { genesis, vm } = this.options;
    if (head === 0) return foundersOf(genesis, vm.keccak256);
    const [block] = decodeBlocks(hexToBytes((await this.own('classpad_exportBlocks', [head])) as Hex));
    if (!block) throw new Error(`block ${head} of this device is damaged`);
    return decidersAfter(block);
  }

  private async handOn(url: string, there: Call): Promise<void> {
    const { clock, log } = this.options;
    const nowMs = clock.nowMs();
    const waiting = (await this.own('classpad_exportTransactions')) as Hex[];
    for (const raw of this.handed.keys()) if (!waiting.includes(raw)) this.handed.delete(raw);
    for (const raw of waiting) {
      if (nowMs - (this.handed.get(raw) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) continue;
      await there('eth_sendRawTransaction', [raw]).catch((error: Error) => {
        if (!(error instanceof Refused)) throw error;
        log.write('debug', `${url} does not take a transaction that waits here: ${error.message}`);
      });
      this.handed.set(raw, nowMs);
    }
  }
}

/** Those for the newest block come a moment after it. */
function askVotesSoon(url: string, height: number): Promise<Told | undefined> {
  return askVotesAt(`${url}/cometbft`, height, (target) => fetchText(target)).catch((error: Error) => {
    if (isEarly(error)) return undefined;
    throw error;
  });
}

type Call = (method: string, params?: readonly unknown[]) => Promise<unknown>;

function callerOf(ask: (request: string) => Promise<string>): Call {
  return async (method, params = []) => {
    const text = await ask(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    const { result, error } = JSON.parse(text) as { result?: unknown; error?: { message?: unknown } };
    if (error) throw new Refused(String(error.message).slice(0, 500));
    return result;
  };
}

function remote(url: string): Call {
  const headers = { 'content-type': 'application/json' };
  return callerOf((body) => fetchText(url, { method: 'POST', headers, body }));
}

/** What a node says no to. */
class Refused extends Error {}
