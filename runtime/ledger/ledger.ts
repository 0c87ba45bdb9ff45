import type { NodeConfig } from '../config.ts';
import { createCometbft, RETAINED_HEIGHTS, SNAPSHOT_INTERVAL } from '../consensus/cometbft.ts';
import type { Consensus } from '../consensus/consensus.ts';
import { createFollower } from '../consensus/follower.ts';
import { createSolo } from '../consensus/solo.ts';
import { ObeyedOrders } from '../order.ts';
import { type Address, EngineError, type Log, type Ports, type Word } from '../ports/index.ts';
import { Filters } from '../rpc/filters.ts';
import { answer } from '../rpc/server.ts';
import { openSession, type Session } from '../rpc/session.ts';
import type { Vault } from '../secrets/vault.ts';
import { readPart } from '../service/spool.ts';
import { wallMsOf } from '../steady.ts';
import { LedgerApplication } from './application.ts';
import { type CallRequest, type CallResult, callAtHead, hasCodeAtHead } from './at-head.ts';
import { Chain, type FinishedBlock } from './chain.ts';
import type { Core } from './core.ts';
import { buildGenesis } from './genesis.ts';
import { Intake } from './intake.ts';
import { Topic } from './topic.ts';
import type { Transaction } from './transaction.ts';

/** The head of the chain, as the rest of the node needs it. */
export interface Head {
  readonly number: number;
  readonly hash: Word;
  readonly stateRoot: Word;
  /** Seconds since 1970, by the ledger. */
  readonly timestamp: number;
}

/** A block just appended, with what its contracts logged. */
export interface AppendedBlock {
  readonly head: Head;
  readonly logs: readonly Log[];
}

export type { CallRequest, CallResult } from './at-head.ts';

/** One node's copy of the ledger: everything below the reconciler. */
export interface Ledger {
  readonly chainId: number;
  head(): Head;
  /** Next nonce of an account, pending transactions counted. */
  nextNonce(address: Address): bigint;
  /** Takes a signed transaction into the pool and passes it on. Answers its hash; throws `TransactionRefused`. */
  submit(raw: Uint8Array): Word;
  /** Whether a transaction is in the pool, on its way into a block. */
  isWaiting(hash: Word): boolean;
  /** Runs a call on the head's state and keeps nothing. */
  call(request: CallRequest): CallResult;
  /** Whether there is code at the address. */
  hasCode(address: Address): boolean;
  /** Calls back after each appended block, in order. Answers how to stop. */
  onBlock(handler: (block: AppendedBlock) => void): () => void;
  /** One JSON-RPC request or batch, as text, answered as text. Never rejects. */
  rpc(request: string): Promise<string>;
  /** A client that stays connected and may subscribe; `send` takes each text for it, and must neither wait nor throw. */
  session(send: (text: string) => void): Session;
  /** Whether this node needs nobody else for new blocks. */
  readonly isAlone: boolean;
  /** Why this node cannot follow the others any further, in a sentence. */
  fault(): string | undefined;
  stop(): void;
}

export type LedgerPorts = Pick<Ports, 'vm' | 'store' | 'clock' | 'network' | 'device' | 'log' | 'ordering' | 'votes'> & {
  /** Absent: the node runs nothing and knows no images. */
  readonly containers?: Pick<Ports['containers'], 'pin' | 'list' | 'logs'>;
};

/**
 * Opens the ledger in the store, or begins it there, and takes part in its consensus from now on.
 * @param vault What operators give this device by JSON-RPC; absent, it takes no secrets.
 * Throws a `GenesisError` or `ChainError` if genesis and store do not fit.
 */
export function createLedger(ports: LedgerPorts, config: NodeConfig, vault?: Vault): Ledger {
  const { vm, store, log } = ports;
  const { genesis } = config;
  const chainId = BigInt(genesis.chainId);
  const first = buildGenesis(genesis, store, vm.keccak256, config.fleet);
  const chain = new Chain(store, vm.keccak256, first.header, first.entries);
  const blocks = new Topic<FinishedBlock>('a block', log);
  const transactions = new Topic<Transaction>('a transaction', log);
  const rules = {
    chainId,
    gasLimit: first.header.gasLimit,
    baseFee: first.header.baseFee,
    takesUnprotected: config.unprotectedTransactions === true,
    account: (address: Address) => application.state().account(address),
  };
  const intake = new Intake(rules, vm, store, log, (transaction) => transactions.tell(transaction));
  const appended = (block: FinishedBlock) => blocks.tell(block);
  const isArchive = config.archive === true;
  const application = new LedgerApplication({ vm, store, log, chain, intake, chainId, rules, appended, isArchive });
  intake.restore();
  const consensus = createConsensus(application, chain, ports, config);

  const submit = (raw: Uint8Array) => {
    const transaction = intake.take(raw, 'our client');
    consensus.transactionAdded(transaction);
    return transaction.hash;
  };
  const core: Core = {
    chainId,
    version: config.version,
    fleet: config.fleet,
    sequencer: genesis.sequencer,
    founders: genesis,
    device: ports.device,
    ...(vault && { vault }),
    vm,
    chain,
    pool: intake.pool,
    blocks,
    transactions,
    filters: new Filters(),
    nextId: idsFrom(ports.clock.nowMs()),
    stateAt: (block) => application.stateAt(block),
    submit: async (raw) => {
      const { transaction, stored } = intake.takeSoon(raw);
      consensus.transactionAdded(transaction);
      await stored;
      return transaction.hash;
    },
    blockAt: (number) => application.blockAt(number),
    carried: consensus,
    ...timeOf(ports.clock),
    pinImage: (image) => pinOn(ports.containers, image),
    ...(ports.containers && { containers: ports.containers }),
    obeyed: new ObeyedOrders(),
    requestLines: (batch, part) => readPart(store, batch, part),
    peerCount: () => ports.network.peers().length,
    remark: () => consensus.remark(),
  };
  consensus.start();
  return {
    chainId: genesis.chainId,
    head: () => headOf(chain.head()),
    nextNonce: (address) => intake.pool.nextNonce(address),
    submit,
    isWaiting: (hash) => intake.pool.has(hash),
    call: (request) => callAtHead(core, request),
    hasCode: (address) => hasCodeAtHead(core, address),
    onBlock: (handler) =>
      blocks.on((block) => handler({ head: headOf(block), logs: block.receipts.flatMap(({ logs }) => logs) })),
    rpc: (request) => answer(core, log, request),
    session: (send) => openSession(core, log, send),
    isAlone: consensus.isAlone,
    fault: () => consensus.fault(),
    stop: () => consensus.stop(),
  };
}

function timeOf(clock: LedgerPorts['clock']): Pick<Core, 'nowSeconds' | 'nowMs' | 'after' | 'pause'> {
  return {
    nowSeconds: () => Math.floor(wallMsOf(clock) / 1000),
    nowMs: () => clock.nowMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    pause: () => new Promise((resolve) => void clock.after(0, resolve)),
  };
}

/** Numbers that no earlier start has given, unless it gave a thousand in each millisecond. */
function idsFrom(nowMs: number): () => bigint {
  let last = BigInt(Math.floor(nowMs)) * 1024n;
  return () => ++last;
}

async function pinOn(containers: LedgerPorts['containers'], image: string): Promise<string> {
  if (!containers) throw new EngineError('unreachable', 'this node has no engine');
  return containers.pin(image);
}

/** The one place that knows which consensus there are. */
function createConsensus(application: LedgerApplication, chain: Chain, ports: LedgerPorts, config: NodeConfig): Consensus {
  const {
    genesis,
    fleet,
    blockIntervalMs,
    trailingBlocks = 0,
    trustClock = false,
    snapshotInterval = SNAPSHOT_INTERVAL,
    retainedHeights = RETAINED_HEIGHTS,
  } = config;
  if (config.consensus === 'solo')
    return createSolo(application, ports, { sequencer: genesis.sequencer, blockIntervalMs, trailingBlocks, trustClock });
  if (config.consensus === 'follow') {
    if (!ports.votes) throw new Error('consensus: follow needs a host that checks votes, and this one does not');
    return createFollower(application, { ...ports, votes: ports.votes, genesis, fleet });
  }
  if (!ports.ordering) throw new Error('consensus: cometbft needs the engine beside the node, and this host has none');
  return createCometbft(application, {
    ...ports,
    ordering: ports.ordering,
    chain,
    genesis,
    fleet,
    snapshotInterval,
    retainedHeights,
    reopen: () => application.reopen(),
  });
}

function headOf({ header, hash }: Pick<FinishedBlock, 'header' | 'hash'>): Head {
  return { number: header.number, hash, stateRoot: header.stateRoot, timestamp: header.timestamp };
}
