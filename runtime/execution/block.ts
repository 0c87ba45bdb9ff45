import { bloomOf, mergeBlooms } from '../ledger/bloom.ts';
import type { Receipt } from '../ledger/receipt.ts';
import type { Transaction } from '../ledger/transaction.ts';
import type { AccountDiff, BlockContext, Executed, StateView, Vm } from '../ports/index.ts';
import { layOver } from './overlay.ts';

/** What a block's transactions did. */
export interface Execution {
  readonly included: readonly Transaction[];
  /** One for each included transaction. */
  readonly receipts: readonly Receipt[];
  /** Transactions that are not in the block, and why. */
  readonly excluded: readonly Excluded[];
  readonly gasUsed: bigint;
  readonly logsBloom: Uint8Array;
  readonly diff: readonly AccountDiff[];
}

export interface Excluded {
  readonly transaction: Transaction;
  /** `BlockFull`, a name of {@link inadmissible}, or a refusal of the VM. */
  readonly reason: string;
}

/** Bytes of a block's transactions: it travels in one message. */
export const MAX_BLOCK_BYTES = 512 * 1024;
/** A proposer takes no more, so that the smallest device can follow. */
export const MAX_BLOCK_TRANSACTIONS = 500;

/**
 * Runs the transactions in order, each on what those before it left. One that is invalid here, or does not fit, is excluded:
 * a proposer leaves it out, a verifier refuses the block. Equal arguments give equal results on every node.
 * Nothing but the transactions changes the state: this ledger has no rewards, no withdrawals, and none of the contracts that
 * others call at the start of a block (EIP-2935, EIP-4788).
 */
export function executeBlock(vm: Vm, context: BlockContext, state: StateView, transactions: Iterable<Transaction>): Execution {
  const overlay = layOver(state);
  const included: Transaction[] = [];
  const receipts: Receipt[] = [];
  const excluded: Excluded[] = [];
  let gasUsed = 0n;
  let bytes = 0;
  for (const transaction of transactions) {
    const fits =
      gasUsed + transaction.gasLimit <= context.gasLimit &&
      bytes + transaction.raw.length <= MAX_BLOCK_BYTES &&
      included.length < MAX_BLOCK_TRANSACTIONS;
    const reason = inadmissible(transaction, context.chainId) ?? (fits ? undefined : 'BlockFull');
    const outcome = reason ? { kind: 'refused' as const, reason } : vm.execute(context, transaction, overlay.view);
    if (outcome.kind === 'refused') {
      excluded.push({ transaction, reason: outcome.reason });
      continue;
    }
    overlay.absorb(outcome.diff);
    gasUsed += outcome.gasUsed;
    bytes += transaction.raw.length;
    included.push(transaction);
    receipts.push(receiptFor(transaction, outcome, gasUsed, vm));
  }
  const logsBloom = mergeBlooms(receipts.map((receipt) => receipt.logsBloom));
  return { included, receipts, excluded, gasUsed, logsBloom, diff: overlay.diff() };
}

/** Why no block of this ledger takes the transaction; `undefined` if one may. */
export function inadmissible(transaction: Transaction, chainId: bigint): string | undefined {
  if (transaction.type === 3) return 'BlobTransaction';
  if (transaction.chainId !== undefined && transaction.chainId !== chainId) return 'WrongChainId';
  return undefined;
}

function receiptFor(transaction: Transaction, outcome: Executed, cumulativeGasUsed: bigint, vm: Vm): Receipt {
  const logs = outcome.succeeded ? outcome.logs : [];
  return {
    type: transaction.type,
    succeeded: outcome.succeeded,
    cumulativeGasUsed,
    logsBloom: bloomOf(logs, vm.keccak256),
    logs,
    gasUsed: outcome.gasUsed,
    gasPrice: outcome.gasPrice,
    sender: transaction.sender,
    ...(outcome.created && { created: outcome.created }),
  };
}
