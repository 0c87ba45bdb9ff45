import { type Abi, decodeFunctionData, type Hex } from 'viem';
import { decodeCall } from './calls.ts';
import { decodeFleetEvent, type FleetEvent, shortAddress, tell } from './fleet.ts';
import type { CallView, LedgerRow, RevisionView, Snapshot } from './protocol.ts';
import { RevisionFold } from './revisions.ts';
import { ask, type RpcDoor } from './rpc.ts';

const ROWS_LIMIT = 200;
const EVENTS_LIMIT = 10_000;
/** Blocks read in one go; a longer backlog is read in several. */
const BLOCKS_AT_ONCE = 50;

export type ReleaseView = NonNullable<Snapshot['release']>;

/** A block as the gauges need it. */
export interface BlockFacts {
  readonly timestamp: number;
  readonly gas: number;
}

interface RpcLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly logIndex: Hex;
}

interface RpcTransaction {
  readonly hash: Hex;
  readonly from: Hex;
  readonly input: Hex;
}

interface RpcReceipt {
  readonly contractAddress?: Hex | null;
  readonly status: Hex;
  readonly gasUsed: Hex;
  readonly logs: readonly RpcLog[];
}

interface RpcBlock {
  readonly number: Hex;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: Hex;
  readonly gasUsed: Hex;
  readonly transactions: readonly RpcTransaction[];
}

/** The ledger as the page and the audit trail tell it, read through JSON-RPC as any client would. */
export interface Feed {
  /** Reads the blocks that are new; whether there were any. */
  update(): Promise<boolean>;
  readonly rows: readonly LedgerRow[];
  /** The last 10,000. */
  readonly events: readonly FleetEvent[];
  readonly head: Snapshot['head'];
  /** The release that changed last. */
  readonly release: ReleaseView | undefined;
  /** Addresses of the devices that are of the fleet. */
  readonly members: ReadonlySet<string>;
  /** Newest first. */
  readonly revisions: readonly RevisionView[];
  /** The blocks that were read since the last call. */
  takeBlocks(): readonly BlockFacts[];
  /** Blocks whose parent is not the block before them; none on a sound ledger. */
  readonly broken: readonly number[];
}

export interface FeedOptions {
  readonly door: RpcDoor;
  readonly abi: Abi;
  readonly fleet: Hex;
  /** Names of operators and devices by address. */
  readonly names: ReadonlyMap<string, string>;
}

export function ledgerFeed(options: FeedOptions): Feed {
  return new RpcFeed(options);
}

class RpcFeed implements Feed {
  rows: readonly LedgerRow[] = [];
  events: FleetEvent[] = [];
  head: Snapshot['head'] = { number: 0, hash: '0x', timestamp: 0 };
  broken: number[] = [];
  private readonly options: FeedOptions;
  private fold = new ReleaseFold();
  private revisionFold = new RevisionFold();
  private fresh: BlockFacts[] = [];
  private next = 0;
  private reading: Promise<boolean> | undefined;

  constructor(options: FeedOptions) {
    this.options = options;
  }

  get release(): ReleaseView | undefined {
    return this.fold.view();
  }

  get members(): ReadonlySet<string> {
    return this.fold.members;
  }

  get revisions(): readonly RevisionView[] {
    return this.revisionFold.view();
  }

  takeBlocks(): readonly BlockFacts[] {
    const taken = this.fresh;
    this.fresh = [];
    return taken;
  }

  /** Whoever asks while a reading is under way gets that one. */
  update(): Promise<boolean> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async read(): Promise<boolean> {
    const latest = Number(await ask<Hex>(this.options.door, 'eth_blockNumber'));
    if (latest < this.next - 1) this.forget();
    const end = Math.min(latest, this.next + BLOCKS_AT_ONCE - 1);
    if (this.next > end) return false;
    for (; this.next <= end; this.next += 1) await this.readBlock(this.next);
    return true;
  }

  /** The world went back in time: what was read has not happened. */
  private forget(): void {
    this.next = 0;
    this.rows = [];
    this.events = [];
    this.fresh = [];
    this.broken = [];
    this.fold = new ReleaseFold();
    this.revisionFold = new RevisionFold();
  }

  private async readBlock(number: number): Promise<void> {
    const { door } = this.options;
    const block = await ask<RpcBlock | null>(door, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, true]);
    if (!block) throw new Error(`the ledger names block ${number} its head and does not have it`);
    if (number > 0 && block.parentHash !== this.head.hash) this.broken.push(number);
    this.head = { number, hash: block.hash, timestamp: Number(block.timestamp) };
    this.fresh.push({ timestamp: Number(block.timestamp), gas: Number(block.gasUsed) });
    const rows: LedgerRow[] = [];
    for (const transaction of block.transactions) {
      const receipt = await ask<RpcReceipt>(door, 'eth_getTransactionReceipt', [transaction.hash]);
      rows.push(...this.rowsOf(transaction, receipt, rows.length));
    }
    if (rows.length > 0) this.rows = [...this.rows, ...rows].slice(-ROWS_LIMIT);
  }

  /** A row for each Fleet event; one for the transaction itself where it brought none. */
  private rowsOf(transaction: RpcTransaction, receipt: RpcReceipt, firstIndex: number): LedgerRow[] {
    const place = { block: this.head.number, timestamp: this.head.timestamp };
    const gas = Number(receipt.gasUsed);
    const nameOf = (address: Hex | undefined) => this.nameOf(address);
    const events = receipt.logs
      .filter((log) => log.address.toLowerCase() === this.options.fleet)
      .map((log) => decodeFleetEvent(this.options.abi, log))
      .filter((event) => event !== undefined);
    const { view: call, manifest } = this.callOf(transaction, receipt);
    if (events.length === 0) {
      const words = plainTransaction(transaction, receipt, this.options);
      return [{ ...place, index: firstIndex, who: nameOf(transaction.from), ...words, gas, call }];
    }
    return events.map((event, index) => {
      this.keep(event, manifest);
      // The gas of a transaction stands once, at its first event.
      return { ...place, index: firstIndex + index, what: event.name, ...tell(event, nameOf), gas: index === 0 ? gas : 0, call };
    });
  }

  private keep(event: FleetEvent, manifest: Hex | undefined): void {
    this.events.push(event);
    if (this.events.length > EVENTS_LIMIT) this.events.shift();
    this.fold.apply(event);
    this.revisionFold.apply(event, this.head.number, (address) => this.nameOf(address as Hex), manifest);
  }

  private callOf({ hash, from, input }: RpcTransaction, receipt: RpcReceipt): { view: CallView; manifest: Hex | undefined } {
    const { name, args, manifest } = decodeCall(this.options.abi, input, (address) => this.nameOf(address));
    return { view: { hash, from: this.nameOf(from), name, args, succeeded: Number(receipt.status) === 1 }, manifest };
  }

  private nameOf(address: Hex | undefined): string {
    if (!address) return 'nobody';
    if (address.toLowerCase() === this.options.fleet) return 'fleet';
    return this.options.names.get(address.toLowerCase()) ?? shortAddress(address);
  }
}

type Words = Pick<LedgerRow, 'what' | 'text' | 'state'>;

function plainTransaction({ input }: RpcTransaction, receipt: RpcReceipt, { abi, fleet }: FeedOptions): Words {
  if (Number(receipt.status) === 0) return failedTransaction(functionName(abi, input));
  const created = receipt.contractAddress?.toLowerCase();
  if (created === fleet)
    return { what: 'Deployed', text: `The Fleet contract stands at ${shortAddress(fleet)}`, state: 'neutral' };
  if (created) return { what: 'Deployed', text: `A contract stands at ${shortAddress(created)}`, state: 'neutral' };
  return { what: 'Transaction', text: 'A transaction without an event of the fleet', state: 'neutral' };
}

function failedTransaction(name: string | undefined): Words {
  // Votes are on their way when the last one needed decides: the rest come too late, and that is as it should be.
  if (name === 'attest') return { what: 'Late', text: 'A vote came after the decision and changed nothing', state: 'neutral' };
  return { what: 'Reverted', text: `A call of ${name ?? 'a contract'} failed and changed nothing`, state: 'failed' };
}

function functionName(abi: Abi, data: Hex): string | undefined {
  try {
    return decodeFunctionData({ abi, data }).functionName;
  } catch {
    return undefined;
  }
}

interface OpenRelease {
  readonly app: string;
  readonly revision: number;
  phase: string;
  /** By device: it may change its mind. */
  readonly votes: Map<string, boolean>;
}

const phases: { readonly [event: string]: string } = {
  Proposed: 'proposed',
  RollingOut: 'rolling out',
  Promoted: 'active',
  RolledBack: 'rolled back',
  Superseded: 'superseded',
};

/** Follows the contract's events to where the latest release stands. */
export class ReleaseFold {
  readonly members = new Set<string>();
  private readonly releases = new Map<string, OpenRelease>();
  private latest: OpenRelease | undefined;

  apply(event: FleetEvent): void {
    if (event.name === 'DeviceEnrolled' && event.device) this.members.add(event.device);
    if (event.name === 'DeviceRevoked' && event.device) this.members.delete(event.device);
    if (event.app === undefined || event.revision === undefined) return;
    const key = `${event.app} ${event.revision}`;
    const release = this.releases.get(key) ?? { app: event.app, revision: event.revision, phase: 'proposed', votes: new Map() };
    this.releases.set(key, release);
    release.phase = phases[event.name] ?? release.phase;
    if (event.name === 'Attested' && event.device) release.votes.set(event.device, event.healthy === true);
    if (event.name !== 'Superseded') this.latest = release;
  }

  view(): ReleaseView | undefined {
    if (!this.latest) return undefined;
    const { app, revision, phase, votes } = this.latest;
    const given = [...votes].filter(([device]) => this.members.has(device)).map(([, healthy]) => healthy);
    const healthyVotes = given.filter((healthy) => healthy).length;
    const voters = this.members.size;
    // The contract's rule: more than half of the enrolled devices.
    const quorum = Math.floor(voters / 2) + 1;
    return { app, revision, phase, healthyVotes, unhealthyVotes: given.length - healthyVotes, quorum, voters };
  }
}
