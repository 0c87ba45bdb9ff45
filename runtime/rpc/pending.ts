import { EMPTY } from '../bytes.ts';
import { executeBlock } from '../execution/block.ts';
import { layOver } from '../execution/overlay.ts';
import type { FinishedBlock } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import { type Header, hashHeader } from '../ledger/header.ts';
import { receiptsRoot } from '../ledger/receipt.ts';
import type { Address, BlockContext, StateView } from '../ports/index.ts';
import { listRoot } from '../state/list-root.ts';
import { viewOf } from '../state/state.ts';
import type { BlockParameter } from './decode.ts';
import { find } from './find.ts';

/** The block that would come next, and the state that it would leave. */
export interface Pending extends FinishedBlock {
  readonly view: StateView;
}

/** Executing what waits costs as much as a block: it is done again when the pool or the head has changed, or after this time. */
const LIFE_MS = 1_000;

interface Kept {
  readonly pending: Pending;
  /** {@link Pool.changes} when it was made. */
  readonly changes: number;
  readonly madeMs: number;
}

const kept = new WeakMap<Core['pool'], Kept>();

/** What the tag `pending` means: the transactions that could run now, executed on the head. Nothing of it stays, and no seal is on it. */
export function pendingBlock(core: Core): Pending {
  const last = kept.get(core.pool);
  const nowMs = core.nowMs();
  const isFresh =
    last !== undefined &&
    last.pending.header.parentHash === core.chain.head().hash &&
    last.changes === core.pool.changes &&
    nowMs >= last.madeMs &&
    nowMs < last.madeMs + LIFE_MS;
  if (isFresh) return last.pending;
  const pending = make(core);
  kept.set(core.pool, { pending, changes: core.pool.changes, madeMs: nowMs });
  return pending;
}

export function isPending(block: BlockParameter): boolean {
  return block.by === 'tag' && block.tag === 'pending';
}

/** The block with what is in it, the pending one too; `undefined` if the chain has none such. */
export function whole(core: Core, of: BlockParameter): FinishedBlock | undefined {
  if (isPending(of)) return pendingBlock(core);
  const block = find(core, of);
  if (!block) return undefined;
  const receipts = core.chain.receiptsAt(block.header.number);
  return { ...block, receipts, transactions: core.chain.transactionsAt(block.header.number, receipts) };
}

function make(core: Core): Pending {
  const { chain, vm } = core;
  const parent = chain.head();
  const state = core.stateAt(parent);
  const context = contextAfter(core, parent.header.coinbase);
  const before = viewOf(state, chain.hashesBefore(parent.header.number + 1));
  const execution = executeBlock(vm, context, before, core.pool.executable());
  const { included: transactions, receipts } = execution;
  const header: Header = {
    ...parent.header,
    parentHash: parent.hash,
    stateRoot: state.apply(execution.diff).state.root,
    transactionsRoot: listRoot(
      transactions.map(({ raw }) => raw),
      vm.keccak256,
    ),
    receiptsRoot: receiptsRoot(receipts, vm.keccak256),
    logsBloom: execution.logsBloom,
    number: parent.header.number + 1,
    gasUsed: execution.gasUsed,
    timestamp: Number(context.timestamp),
    extraData: EMPTY,
    mixHash: parent.hash,
  };
  const overlay = layOver(before);
  overlay.absorb(execution.diff);
  return { header, hash: hashHeader(header, vm.keccak256), transactions, receipts, view: overlay.view };
}

function contextAfter(core: Core, coinbase: Address): BlockContext {
  const { header, hash } = core.chain.head();
  return {
    number: BigInt(header.number + 1),
    timestamp: BigInt(Math.max(header.timestamp, core.nowSeconds())),
    gasLimit: header.gasLimit,
    coinbase,
    baseFee: header.baseFee,
    prevRandao: hash,
    excessBlobGas: 0n,
    chainId: core.chainId,
  };
}
