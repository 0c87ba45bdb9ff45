import { bigintToBytes, EMPTY, equalBytes, hexToBytes } from '../bytes.ts';
import type { Genesis } from '../config.ts';
import { type Chain, ChainError } from '../ledger/chain.ts';
import { hashHeader, withExtraData } from '../ledger/header.ts';
import { TransactionRefused } from '../ledger/transaction.ts';
import type { Abci, Address, FinalizedBlock, OrderedBlock, Ordering, Ports, TransactionOutcome } from '../ports/index.ts';
import { asBytes, asList, asNumber, decodeRlp, encodeRlp } from '../rlp/index.ts';
import type { StoreEntry } from '../state/state.ts';
import { type Application, BlockRefused, type Consensus, type Decision } from './consensus.ts';
import { type Point, Snapshots } from './snapshots.ts';
import { sealOf, Validators } from './validators.ts';

export interface CometbftParts extends Pick<Ports, 'vm' | 'store' | 'clock' | 'device' | 'log'> {
  readonly ordering: Ordering;
  readonly chain: Chain;
  readonly genesis: Genesis;
  readonly fleet: Address;
  readonly snapshotInterval: number;
  readonly retainedHeights: number;
  /** The state in the store is another one now. */
  readonly reopen: () => void;
}

/** What stays of the engine's history on a device where nothing else is said, in its blocks. Ours stay all: they are the audit trail. */
export const RETAINED_HEIGHTS = 100_000;
/** A snapshot may be taken at each multiple, where nothing else is said. */
export const SNAPSHOT_INTERVAL = 500;
const SNAPSHOT_POINTS = 3;
/** What waits is looked through so often. */
const RETRY_MS = 2_000;
/** After the engine has started, which forgets what it had, all is handed to it again so many times; it is not ready at once. */
const RETRIES_AFTER_START = 6;
/** Otherwise what has waited for so many looks. */
const PATIENCE = 5;
const RETRIED_AT_ONCE = 200;
const HEIGHT = 'consensus/height';
const VALIDATORS = 'consensus/validators';
const POINTS = 'consensus/points';

/** The name of a ledger among engines. */
export function engineChainId(chainId: number): string {
  return `classpad-${chainId}`;
}

/**
 * CometBFT orders and this answers its questions over the ledger's application. The engine's blocks have heights; one with
 * transactions becomes a block of the ledger, and so do as many empty ones after it as the genesis says; other empty ones
 * change nothing, not even the app hash, so that the engine rests. The app hash is the hash of the ledger's head.
 * Block time is the validators' time in whole seconds, never before the parent's; several blocks may share a second.
 */
export function createCometbft(application: Application, parts: CometbftParts): Consensus {
  const adapter = new Cometbft(application, parts);
  const { device, genesis, ordering, clock, log } = parts;
  let cancel = () => {};
  const retry = () => {
    cancel = clock.after(RETRY_MS, retry);
    try {
      for (const raw of adapter.waiting(RETRIED_AT_ONCE)) ordering.broadcast(raw);
    } catch (error) {
      log.write('warn', `what waits in the pool is not handed on for now: ${(error as Error).message}`);
    }
  };
  return {
    start() {
      ordering.serve(adapter);
      retry();
    },
    transactionAdded({ raw }) {
      for (const ready of adapter.added(raw)) ordering.broadcast(ready);
    },
    import({ header }) {
      throw new BlockRefused(
        header.number,
        'this node has the engine of the validators, and blocks come from there; a device without it (consensus: follow) takes them from a stick',
      );
    },
    fault: () => undefined,
    remark: () => undefined,
    isAlone: genesis.validators?.length === 1 && genesis.validators[0]!.device === device.address,
    stop: () => cancel(),
  };
}

/** A decided block, executed and not yet written. */
interface Pending {
  readonly height: number;
  /** Absent: nothing of the ledger changes. */
  readonly decision?: Decision;
  readonly seal: Uint8Array;
  readonly validators: Validators;
}

class Cometbft implements Abci {
  private readonly application: Application;
  private readonly parts: CometbftParts;
  private readonly snapshots: Snapshots;
  private readonly trailingBlocks: number;
  private height: number;
  private validators: Validators;
  private points: readonly Point[];
  private pending: Pending | undefined;
  /** Transactions that could run, and for how many looks already. */
  private waits = new Map<Uint8Array, number>();
  private retriesLeft = RETRIES_AFTER_START;
  /** Of our own clients, behind a gap. */
  private gapped: Uint8Array[] = [];

  constructor(application: Application, parts: CometbftParts) {
    const { store, genesis } = parts;
    this.application = application;
    this.parts = parts;
    this.snapshots = new Snapshots(parts);
    this.trailingBlocks = genesis.trailingBlocks ?? 0;
    this.height = readNumbers(store.get(HEIGHT))[0] ?? 0;
    const validators = store.get(VALIDATORS);
    this.validators = validators ? Validators.decode(validators) : new Validators(genesis.validators ?? []);
    this.points = readPoints(store.get(POINTS));
    this.demandSound();
  }

  /** What the disk has changed of this could not be told apart later: the engine would find that this device disagrees with all. */
  private demandSound(): void {
    const { extraData, number } = this.application.head().header;
    const { keccak256 } = this.parts.vm;
    if (number === 0 || equalBytes(extraData.subarray(8), keccak256(this.validators.encode()))) return;
    throw new ChainError(
      'the store is damaged: it names other validators than its last block; start this device without its ledger, which it then fetches anew',
    );
  }

  /** What is to be handed to the engine again. */
  waiting(limit: number): Uint8Array[] {
    const ready = this.application.executable(limit);
    const before = this.waits;
    this.waits = new Map(ready.map((raw) => [raw, (before.get(raw) ?? 0) + 1]));
    const isAfterStart = this.retriesLeft-- > 0;
    return ready.filter((raw) => isAfterStart || this.waits.get(raw)! % PATIENCE === 0);
  }

  /** A client's transaction has come: it, and those it was missing for, if they could run now. */
  added(raw: Uint8Array): Uint8Array[] {
    const waiting = [raw, ...this.gapped].map((each) => ({ each, standing: this.application.standing(each) }));
    this.gapped = waiting.filter(({ standing }) => standing === 'waiting').map(({ each }) => each);
    return waiting.filter(({ standing }) => standing === 'ready').map(({ each }) => each);
  }

  info() {
    this.retriesLeft = RETRIES_AFTER_START;
    return { height: this.height, appHash: this.appHash() };
  }

  initChain({ chainId, validators }: Parameters<Abci['initChain']>[0]): FinalizedBlock {
    const { genesis } = this.parts;
    const expected = engineChainId(genesis.chainId);
    if (chainId !== expected) throw new Error(`the engine's chain is ${chainId}, and this ledger's is ${expected}`);
    if (this.height > 0) throw new Error(`the engine begins anew, and this ledger is at height ${this.height}`);
    const own = this.validators.since(new Validators([]));
    const same = validators.length === own.length && own.every((each) => validators.some((other) => isSame(each, other)));
    if (validators.length > 0 && !same) throw new Error("the engine's genesis names other validators than the ledger's");
    return { outcomes: [], validators: own, appHash: this.appHash() };
  }

  checkTransaction(raw: Uint8Array, again: boolean): TransactionOutcome {
    const { application } = this;
    const before = again ? application.standing(raw) : 'unknown';
    try {
      // A copy: what waits in the pool must not hold the message it came in.
      if (before === 'unknown') application.take(new Uint8Array(raw));
    } catch (error) {
      if (error instanceof TransactionRefused) return refusedOutcome(error.message);
      throw error;
    }
    // One behind a gap would keep the engine making blocks; it comes again when the gap is filled.
    const standing = again && before === 'unknown' ? application.standing(raw) : before;
    if (standing === 'waiting') return refusedOutcome('transactions before it are missing');
    return { code: 0, gasUsed: 0n, log: '' };
  }

  prepareProposal(_block: OrderedBlock, maxBytes: number): readonly Uint8Array[] {
    return this.application.select(maxBytes);
  }

  processProposal({ height, transactions }: OrderedBlock): string | undefined {
    const objection =
      height === this.height + 1 ? this.application.objection(transactions) : `the next height is ${this.height + 1}`;
    if (objection) this.parts.log.write('warn', `the proposal of height ${height} is refused: ${objection}`);
    return objection;
  }

  finalizeBlock(block: OrderedBlock): FinalizedBlock {
    const { height, transactions } = block;
    if (height !== this.height + 1) throw new Error(`height ${height} is decided, and this ledger is at ${this.height}`);
    this.tellOf(block);
    if (transactions.length === 0 && this.isQuiet()) return this.unchanged(height, []);
    const decision = this.application.decide(this.inputsOf(block), transactions);
    const outcomes = decision.outcomes.map(({ gasUsed, refused }) =>
      refused ? refusedOutcome(refused) : { code: 0, gasUsed, log: '' },
    );
    if (decision.candidate.transactions.length === 0 && this.isQuiet()) {
      return this.unchanged(height, outcomes, decision.useless.length > 0 ? decision : undefined);
    }
    return this.changed(height, outcomes, decision);
  }

  commit(): number {
    const { pending, application } = this;
    if (!pending) throw new Error('nothing was finalized that could be committed');
    const { height, decision, seal, validators } = pending;
    const isBlock = seal.length > 0;
    const number = application.head().header.number + (isBlock ? 1 : 0);
    const points =
      height % this.parts.snapshotInterval === 0 && number > 0
        ? [...this.points, { height, number, validators }].slice(-SNAPSHOT_POINTS)
        : this.points;
    const entries = [...entriesOf(height, validators), [POINTS, packPoints(points)] as const];
    if (decision && isBlock) application.finalize(decision.candidate, seal, entries);
    else this.parts.store.write(entries);
    Object.assign(this, { height, validators, points, pending: undefined });
    if (decision) application.drop(decision.useless);
    return this.retainedFrom(height);
  }

  query(path: string) {
    const found = path === '/head' ? hexToBytes(this.application.head().hash) : undefined;
    return found
      ? { code: 0, value: found, log: '' }
      : { code: 1, value: EMPTY, log: 'ask by Ethereum JSON-RPC; here is /head alone' };
  }

  listSnapshots() {
    return this.snapshots.list(this.points);
  }

  offerSnapshot(snapshot: Parameters<Abci['offerSnapshot']>[0], appHash: Uint8Array) {
    // The engine offers where it has no history: it is new, it crashed before it noted where to begin, or was told to begin anew.
    return snapshot.height < this.height ? 'reject' : this.snapshots.offer(snapshot, appHash);
  }

  loadChunk(height: number, format: number, chunk: number): Uint8Array {
    return this.snapshots.chunk(height, format, chunk) ?? EMPTY;
  }

  applyChunk(index: number, chunk: Uint8Array) {
    return this.snapshots.apply(index, chunk, ({ height, validators }, begin) => {
      begin([...entriesOf(height, validators), [POINTS, undefined]]);
      Object.assign(this, { height, validators, points: [], pending: undefined });
      this.parts.reopen();
      this.parts.log.write('info', `this device begins with height ${height}, block ${this.application.head().header.number}`);
    });
  }

  /** Taking away the vote of one that was caught is for the operators to decide. */
  private tellOf({ caught = [] }: OrderedBlock): void {
    for (const { validator, height } of caught) {
      const device = this.validators.deviceOf(validator, this.parts.vm.sha256);
      const who = device ? `the device ${device} (validator ${validator})` : `validator ${validator}`;
      this.parts.log.write(
        'error',
        `${who} signed two things that exclude each other at height ${height}; it should lose its vote`,
      );
    }
  }

  /** Whoever begins with a snapshot still needs what came after it. */
  private retainedFrom(height: number): number {
    const oldest = this.points[0]?.height ?? 0;
    return Math.max(0, Math.min(height - this.parts.retainedHeights, oldest));
  }

  private appHash(): Uint8Array {
    return hexToBytes(this.application.head().hash);
  }

  private isQuiet(): boolean {
    return this.application.isQuietFor(this.trailingBlocks);
  }

  private inputsOf({ timeSeconds, proposer }: OrderedBlock) {
    const coinbase = this.validators.deviceOf(proposer, this.parts.vm.sha256) ?? proposer;
    return { timestamp: Math.max(this.application.head().header.timestamp, timeSeconds), coinbase };
  }

  private unchanged(height: number, outcomes: readonly TransactionOutcome[], decision?: Decision): FinalizedBlock {
    this.pending = { height, seal: EMPTY, validators: this.validators, ...(decision && { decision }) };
    return { outcomes, validators: [], appHash: this.appHash() };
  }

  private changed(height: number, outcomes: readonly TransactionOutcome[], decision: Decision): FinalizedBlock {
    const { vm, fleet } = this.parts;
    const { header, receipts } = decision.candidate;
    const validators = this.validators.after(
      receipts.flatMap(({ logs }) => logs),
      fleet,
    );
    const seal = sealOf(height, validators, vm.keccak256);
    this.pending = { height, decision, seal, validators };
    const appHash = hexToBytes(hashHeader(withExtraData(header, seal), vm.keccak256));
    return { outcomes, validators: validators.since(this.validators), appHash };
  }
}

function refusedOutcome(log: string): TransactionOutcome {
  return { code: 1, gasUsed: 0n, log };
}

function isSame(a: FinalizedBlock['validators'][number], b: FinalizedBlock['validators'][number]): boolean {
  return a.power === b.power && a.publicKey.every((byte, index) => byte === b.publicKey[index]);
}

function entriesOf(height: number, validators: Validators): StoreEntry[] {
  return [
    [HEIGHT, packNumbers([height])],
    [VALIDATORS, validators.encode()],
  ];
}

function packPoints(points: readonly Point[]): Uint8Array {
  return encodeRlp(points.map(({ height, number, validators }) => [packNumbers([height, number]), validators.encode()]));
}

function readPoints(bytes: Uint8Array | undefined): Point[] {
  if (!bytes) return [];
  return asList(decodeRlp(bytes), 'points').map((item) => {
    const [numbers, validators] = asList(item, 'a point', 2);
    const [height = 0, number = 0] = readNumbers(asBytes(numbers, 'numbers'));
    return { height, number, validators: Validators.decode(asBytes(validators, 'validators')) };
  });
}

function packNumbers(numbers: readonly number[]): Uint8Array {
  return encodeRlp(numbers.map((number) => bigintToBytes(BigInt(number))));
}

function readNumbers(bytes: Uint8Array | undefined): number[] {
  return bytes ? asList(decodeRlp(bytes), 'numbers').map((item) => asNumber(item, 'a number')) : [];
}
