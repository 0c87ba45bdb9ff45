import { bytesToHex, EMPTY, equalBytes } from '../bytes.ts';
import {
  type Application,
  BlockRefused,
  type Candidate,
  type Decision,
  type Inputs,
  type WireBlock,
} from '../consensus/consensus.ts';
import { type Execution, executeBlock } from '../execution/block.ts';
import type { BlockContext, Logger, Store, Vm, Word } from '../ports/index.ts';
import { listRoot } from '../state/list-root.ts';
import { Pieces } from '../state/pieces.ts';
import { KEPT_STATES, Pruner } from '../state/pruner.ts';
import { NODE_PREFIX, openState, type State, type StoreEntry, viewOf } from '../state/state.ts';
import { EMPTY_ROOT } from '../state/trie.ts';
import { StateGone } from '../state/trie-node.ts';
import { BlockDamaged, type Chain, type FinishedBlock, type HashedHeader } from './chain.ts';
import { type Header, hashHeader, withExtraData } from './header.ts';
import type { Intake } from './intake.ts';
import type { PoolRules } from './pool.ts';
import { objectionTo, select } from './proposal.ts';
import { receiptsRoot } from './receipt.ts';
import { decodeTransaction, type Transaction, TransactionRefused } from './transaction.ts';

export interface ApplicationParts {
  readonly vm: Vm;
  readonly store: Store;
  readonly log: Logger;
  readonly chain: Chain;
  readonly intake: Intake;
  readonly chainId: bigint;
  readonly rules: PoolRules;
  /** The states of all blocks are kept. */
  readonly isArchive: boolean;
  /** Called after a block was appended. */
  readonly appended: (block: FinishedBlock) => void;
}

/** Once all blocks were found sound, one turn of so many looks at one: at some two hundred in an hour. */
const TURNS_PER_BLOCK = 5;

/** Refusals that time may mend: the transaction stays in the pool. */
const WAITING = new Set(['BlockFull', 'NonceTooHigh']);

/** The ledger behind its consensus: builds, checks and appends blocks. */
export class LedgerApplication implements Application {
  readonly pieces: Pieces;
  private readonly parts: ApplicationParts;
  private current: State;
  private readonly pruner: Pruner | undefined;
  /** Of the last proposal for the next block, so that deciding on one recovers no signature again. */
  private readonly proposed = new Map<Word, Transaction>();
  /** Blocks that the disk has changed. */
  private readonly damaged = new Set<number>();
  private scrubbed = 0;
  /** Until a block is looked at again. */
  private turnsLeft = 0;
  private turnsPerBlock = 1;

  constructor(parts: ApplicationParts) {
    const { chain, store, log, isArchive } = parts;
    this.parts = parts;
    this.pieces = new Pieces(store, parts.vm.keccak256);
    const roots = () => chain.stateRoots(KEPT_STATES + 1);
    this.pruner = isArchive ? undefined : new Pruner({ store, keccak256: parts.vm.keccak256, log, roots });
    this.current = this.stateOf(chain.head());
    this.finishHead();
    chain.onDamage = (number) => this.noteDamaged(number);
  }

  get genesisHash() {
    return this.parts.chain.at(0)!.hash;
  }

  head(): HashedHeader {
    return this.parts.chain.head();
  }

  /** The state after the head. */
  state(): State {
    this.current = this.current.trimmed();
    return this.current;
  }

  /** The state after a block. Throws {@link StateGone} for one that is kept no more, even if something of it is still there. */
  stateAt({ header: { number, stateRoot } }: HashedHeader): State {
    const { store, vm, isArchive } = this.parts;
    const age = this.head().header.number - number;
    if (age === 0) return this.state();
    if (!isArchive && age > KEPT_STATES) {
      throw new StateGone(
        stateRoot,
        `this node keeps the states of the last ${KEPT_STATES} blocks; ask one that runs with --archive`,
      );
    }
    if (!this.holds(stateRoot)) {
      throw new StateGone(stateRoot, 'this node began later, or without --archive');
    }
    return openState(stateRoot, store, vm.keccak256);
  }

  headerAt(number: number): HashedHeader | undefined {
    return this.parts.chain.headerAt(number);
  }

  hasWork(): boolean {
    return this.parts.intake.pool.hasExecutable();
  }

  isQuietFor(blocks: number): boolean {
    const { number } = this.head().header;
    for (let back = 0; back < Math.min(blocks, number); back++) {
      if (this.parts.chain.soundHeaderAt(number - back).gasUsed > 0n) return false;
    }
    return true;
  }

  propose(inputs: Inputs): Candidate {
    const { pool } = this.parts.intake;
    const execution = this.execute(inputs, pool.executable());
    for (const { transaction, reason } of execution.excluded) {
      if (WAITING.has(reason)) continue;
      this.parts.intake.drop(transaction);
      this.parts.log.write('warn', `transaction ${transaction.hash} left the pool: ${reason}`);
    }
    return this.candidate(inputs, execution);
  }

  verify({ header, transactions }: WireBlock): Candidate {
    const parent = this.head();
    if (header.number !== parent.header.number + 1) throw new BlockRefused(header.number, `the head is ${parent.header.number}`);
    if (header.parentHash !== parent.hash) throw new BlockRefused(header.number, `its parent is not ${parent.hash}`);
    if (header.timestamp < parent.header.timestamp) throw new BlockRefused(header.number, 'it is earlier than its parent');
    const execution = this.execute(header, this.decode(header.number, transactions));
    const excluded = execution.excluded[0];
    if (excluded)
      throw new BlockRefused(header.number, `transaction ${excluded.transaction.hash} is invalid: ${excluded.reason}`);
    const candidate = this.candidate(header, execution);
    const difference = firstDifference(header, candidate.header);
    if (difference) throw new BlockRefused(header.number, difference);
    return { ...candidate, header: withExtraData(header, EMPTY) };
  }

  select(maxBytes: number): readonly Uint8Array[] {
    const { intake, rules } = this.parts;
    return select(intake.pool.executable(), rules, maxBytes).map(({ raw }) => raw);
  }

  objection(transactions: readonly Uint8Array[]): string | undefined {
    this.proposed.clear();
    try {
      return objectionTo(this.decode(this.head().header.number + 1, transactions), this.parts.rules);
    } catch (error) {
      if (error instanceof BlockRefused) return error.message;
      throw error;
    }
  }

  decide(inputs: Inputs, transactions: readonly Uint8Array[]): Decision {
    const decoded = transactions.map((raw) => this.tryDecode(raw));
    const execution = this.execute(
      inputs,
      decoded.filter((each) => typeof each !== 'string'),
    );
    const receipts = new Map(execution.included.map(({ hash }, index) => [hash, execution.receipts[index]!]));
    const reasons = new Map(execution.excluded.map(({ transaction, reason }) => [transaction, reason]));
    const outcomes = decoded.map((each) => {
      if (typeof each === 'string') return { gasUsed: 0n, refused: each };
      const refused = reasons.get(each);
      return refused ? { gasUsed: 0n, refused } : { gasUsed: receipts.get(each.hash)!.gasUsed };
    });
    return {
      candidate: this.candidate(inputs, execution),
      outcomes,
      useless: execution.excluded.filter(({ reason }) => !WAITING.has(reason)).map(({ transaction }) => transaction),
    };
  }

  drop(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.parts.intake.drop(transaction);
  }

  finalize(candidate: Candidate, seal: Uint8Array, entries: readonly StoreEntry[] = []): void {
    const { chain, intake, vm, appended } = this.parts;
    const header = withExtraData(candidate.header, seal);
    const block = {
      header,
      hash: hashHeader(header, vm.keccak256),
      transactions: candidate.transactions,
      receipts: candidate.receipts,
    };
    const gone = this.pruner?.step(candidate.entries) ?? [];
    chain.append(block, [...gone, ...candidate.entries, ...entries], intake.entriesAfter(candidate.transactions));
    this.current = candidate.state;
    this.proposed.clear();
    intake.settle(candidate.transactions);
    appended(block);
  }

  blockAt(number: number): WireBlock | undefined {
    // Whoever asks for a damaged one asks the next node.
    try {
      const hashed = number > 0 ? this.parts.chain.at(number) : undefined;
      return hashed && { header: hashed.header, transactions: this.parts.chain.bodyAt(number) };
    } catch (error) {
      if (error instanceof BlockDamaged) return undefined;
      throw error;
    }
  }

  take(raw: Uint8Array): boolean {
    if (this.parts.intake.pool.has(bytesToHex(this.parts.vm.keccak256(raw)))) return false;
    this.parts.intake.take(raw, 'another node');
    return true;
  }

  standing(raw: Uint8Array): 'unknown' | 'ready' | 'waiting' {
    const { pool } = this.parts.intake;
    const known = pool.get(bytesToHex(this.parts.vm.keccak256(raw)));
    if (!known) return 'unknown';
    return known.nonce < pool.nextNonce(known.sender) ? 'ready' : 'waiting';
  }

  executable(limit: number): readonly Uint8Array[] {
    return this.parts.intake.pool
      .executable()
      .slice(0, limit)
      .map(({ raw }) => raw);
  }

  /** The store has another head than before: tells everyone of it. */
  reopen(): void {
    const { chain, appended } = this.parts;
    const head = this.head();
    this.pruner?.reset();
    this.current = this.stateOf(head);
    const receipts = chain.receiptsAt(head.header.number);
    appended({ ...head, receipts, transactions: chain.transactionsAt(head.header.number, receipts) });
  }

  pending(limit: number): readonly Transaction[] {
    return this.parts.intake.pool.all(limit);
  }

  newestMade(): number {
    return this.parts.chain.newestMade();
  }

  scrub(): number | undefined {
    const { chain } = this.parts;
    const { number: head, stateRoot } = this.head().header;
    this.pieces.scrub(stateRoot);
    if (--this.turnsLeft < 0 && head >= chain.firstWhole()) this.scrubBlock(head);
    return this.damaged.size === 0 ? undefined : Math.min(...this.damaged);
  }

  private scrubBlock(head: number): void {
    const { chain } = this.parts;
    const isRoundOver = this.scrubbed <= chain.firstWhole();
    if (isRoundOver && this.scrubbed > 0) this.turnsPerBlock = TURNS_PER_BLOCK;
    this.scrubbed = isRoundOver ? head : this.scrubbed - 1;
    if (!chain.isUnchanged(this.scrubbed)) this.noteDamaged(this.scrubbed);
    this.turnsLeft = this.turnsPerBlock - 1;
  }

  isDamaged(number: number): boolean {
    return this.damaged.has(number);
  }

  remake(block: WireBlock): void {
    const { number } = block.header;
    const { chain, vm } = this.parts;
    if (!this.damaged.has(number)) return;
    const hash = hashHeader(block.header, vm.keccak256);
    if (hash !== (chain.hashAt(number) ?? hash)) throw new BlockRefused(number, 'it is not the one that was here');
    this.executeAgain(block);
    this.damaged.delete(number);
    this.parts.log.write('info', `block ${number}, which the disk had changed, is whole again`);
  }

  mended(): void {
    this.parts.intake.restore();
  }

  private noteDamaged(number: number): void {
    if (this.damaged.has(number)) return;
    this.damaged.add(number);
    this.turnsPerBlock = 1;
    this.parts.log.write('warn', `the disk has changed block ${number}; others are asked for it`);
  }

  /** The power may have gone while the head was written: what executing it gives is written again, as far as it is not there. */
  private finishHead(): void {
    const { chain } = this.parts;
    const { number } = this.head().header;
    if (number <= chain.firstWhole() && number !== 1) return;
    try {
      this.executeAgain({ header: this.head().header, transactions: chain.bodyAt(number) });
    } catch (error) {
      this.parts.log.write('warn', `block ${number} could not be executed again: ${(error as Error).message}`);
    }
  }

  private executeAgain(block: WireBlock): void {
    const { chain, vm } = this.parts;
    const { header } = block;
    const parent = chain.headerAt(header.number - 1);
    if (!parent) throw new BlockRefused(header.number, 'the block before it is damaged');
    if (!this.holds(parent.header.stateRoot)) throw new BlockRefused(header.number, 'the state before it is kept no more');
    this.pruner?.reset();
    const before = this.stateOf(parent);
    const view = viewOf(before, chain.hashesBefore(header.number));
    const context = contextOf(header, parent, this.parts.chainId);
    const execution = executeBlock(vm, context, view, this.decode(header.number, block.transactions));
    const { state, entries } = before.apply(execution.diff);
    if (state.root !== header.stateRoot) throw new BlockRefused(header.number, 'executing it again gives another state');
    const { included: transactions, receipts } = execution;
    chain.rewrite({ header, hash: hashHeader(header, vm.keccak256), transactions, receipts }, entries);
  }

  private holds(root: Word): boolean {
    return root === EMPTY_ROOT || this.parts.store.get(NODE_PREFIX + root) !== undefined;
  }

  private stateOf({ header }: HashedHeader): State {
    return openState(header.stateRoot, this.pieces.reads(), this.parts.vm.keccak256);
  }

  private execute(inputs: Inputs, transactions: Iterable<Transaction>): Execution {
    const view = viewOf(this.current, this.parts.chain.hashesBefore(this.head().header.number + 1));
    return executeBlock(this.parts.vm, contextOf(inputs, this.head(), this.parts.chainId), view, transactions);
  }

  private candidate(inputs: Inputs, execution: Execution): Candidate {
    const { keccak256 } = this.parts.vm;
    const { header: parent, hash } = this.head();
    const { included, receipts } = execution;
    const { state, entries } = this.current.apply(execution.diff);
    const header: Header = {
      parentHash: hash,
      coinbase: inputs.coinbase,
      stateRoot: state.root,
      transactionsRoot: listRoot(
        included.map(({ raw }) => raw),
        keccak256,
      ),
      receiptsRoot: receiptsRoot(receipts, keccak256),
      logsBloom: execution.logsBloom,
      number: parent.number + 1,
      gasLimit: parent.gasLimit,
      gasUsed: execution.gasUsed,
      timestamp: inputs.timestamp,
      extraData: EMPTY,
      mixHash: hash,
      baseFee: parent.baseFee,
    };
    return { header, transactions: included, receipts, state, entries };
  }

  private decode(number: number, transactions: readonly Uint8Array[]): Transaction[] {
    return transactions.map((raw, index) => {
      const transaction = this.tryDecode(raw);
      if (typeof transaction === 'string') throw new BlockRefused(number, `transaction ${index}: ${transaction}`);
      return transaction;
    });
  }

  /** Why it cannot be decoded, if it cannot. */
  private tryDecode(raw: Uint8Array): Transaction | string {
    const hash = bytesToHex(this.parts.vm.keccak256(raw));
    try {
      return this.parts.intake.pool.get(hash) ?? this.proposed.get(hash) ?? this.newlyDecoded(raw);
    } catch (error) {
      if (error instanceof TransactionRefused) return error.message;
      throw error;
    }
  }

  private newlyDecoded(raw: Uint8Array): Transaction {
    const transaction = decodeTransaction(raw, this.parts.vm);
    this.proposed.set(transaction.hash, transaction);
    return transaction;
  }
}

/** What transactions of the block after this one see. */
function contextOf(inputs: Inputs, { header, hash }: HashedHeader, chainId: bigint): BlockContext {
  return {
    number: BigInt(header.number + 1),
    timestamp: BigInt(inputs.timestamp),
    gasLimit: header.gasLimit,
    coinbase: inputs.coinbase,
    baseFee: header.baseFee,
    prevRandao: hash,
    excessBlobGas: 0n,
    chainId,
  };
}

/** The first field in which a header is not what its block gives; the seal is not compared. */
function firstDifference(theirs: Header, ours: Header): string | undefined {
  for (const name of Object.keys(ours) as (keyof Header)[]) {
    if (name === 'extraData') continue;
    const [one, other] = [theirs[name], ours[name]];
    const isSame = one instanceof Uint8Array ? equalBytes(one, other as Uint8Array) : one === other;
    if (!isSame) return `its ${name} is ${textOf(one)}, executing it gives ${textOf(other)}`;
  }
  return undefined;
}

function textOf(value: Header[keyof Header]): string {
  return value instanceof Uint8Array ? bytesToHex(value) : `${value}`;
}
