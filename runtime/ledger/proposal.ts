import { inadmissible, MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS } from '../execution/block.ts';
import type { Address } from '../ports/index.ts';
import { checkTransaction, costOf, NOTHING, type PoolRules } from './pool.ts';
import { type Transaction, TransactionRefused } from './transaction.ts';

/**
 * The rules of a proposed block that can be checked without executing it: each transaction valid by itself, each sender's in
 * the order of its nonces from the one at the head and together within its balance, all within the limits of a block even if
 * every one used all its gas.
 * What an honest proposer takes is what an honest validator accepts.
 */
class Room {
  private readonly rules: PoolRules;
  private readonly maxBytes: number;
  private readonly senders = new Map<Address, { readonly nonce: bigint; readonly cost: bigint }>();
  private bytes = 0;
  private gas = 0n;
  private count = 0;

  constructor(rules: PoolRules, maxBytes: number) {
    this.rules = rules;
    this.maxBytes = Math.min(maxBytes, MAX_BLOCK_BYTES);
  }

  /** Why the transaction cannot be the next; `undefined`: it is the next now. */
  take(transaction: Transaction): string | undefined {
    const { sender, raw, gasLimit, hash } = transaction;
    const account = this.rules.account(sender) ?? NOTHING;
    const before = this.senders.get(sender) ?? { nonce: account.nonce, cost: 0n };
    const { nonce } = before;
    const cost = before.cost + costOf(transaction);
    if (transaction.nonce !== nonce) return `transaction ${hash} has the nonce ${transaction.nonce}, and ${nonce} is next`;
    // Else one who can pay for one would fill a block with others for nothing.
    if (cost > account.balance)
      return `with transaction ${hash} those of its sender cost up to ${cost} wei, and it has ${account.balance}`;
    if (this.count === MAX_BLOCK_TRANSACTIONS) return `it has more than ${MAX_BLOCK_TRANSACTIONS} transactions`;
    if (this.bytes + raw.length > this.maxBytes) return `its transactions have more than ${this.maxBytes} bytes`;
    if (this.gas + gasLimit > this.rules.gasLimit) return `its transactions may use more than ${this.rules.gasLimit} gas`;
    const reason = inadmissible(transaction, this.rules.chainId) ?? refusal(transaction, this.rules);
    if (reason) return `transaction ${hash}: ${reason}`;
    this.senders.set(sender, { nonce: nonce + 1n, cost });
    this.bytes += raw.length;
    this.gas += gasLimit;
    this.count++;
    return undefined;
  }
}

/** What fits into the next block, in the order given; whatever cannot be taken is left out, and with it what comes after it of its sender. */
export function select(transactions: readonly Transaction[], rules: PoolRules, maxBytes: number): Transaction[] {
  const room = new Room(rules, maxBytes);
  return transactions.filter((transaction) => room.take(transaction) === undefined);
}

/** Why these transactions, in this order, are no block; `undefined` if they may be one. */
export function objectionTo(transactions: Iterable<Transaction>, rules: PoolRules): string | undefined {
  const room = new Room(rules, MAX_BLOCK_BYTES);
  for (const transaction of transactions) {
    const objection = room.take(transaction);
    if (objection) return objection;
  }
  return undefined;
}

function refusal(transaction: Transaction, rules: PoolRules): string | undefined {
  try {
    checkTransaction(transaction, rules);
    return undefined;
  } catch (error) {
    if (error instanceof TransactionRefused) return error.message;
    throw error;
  }
}
