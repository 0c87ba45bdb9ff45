import type { Address, Word } from '../ports/index.ts';
import type { StoredAccount } from '../state/account.ts';
import { floorGas, intrinsicGas, MAX_TRANSACTION_GAS } from './gas.ts';
import { type Transaction, TransactionRefused } from './transaction.ts';

/** What the pool knows of the ledger. */
export interface PoolRules {
  readonly chainId: bigint;
  /** Gas a block may use. */
  readonly gasLimit: bigint;
  /** Wei per gas. */
  readonly baseFee: bigint;
  /** Whether transactions are taken that name no ledger, and so may come from any other. */
  readonly takesUnprotected?: boolean;
  /** The account at the head. */
  account(address: Address): Pick<StoredAccount, 'nonce' | 'balance'> | undefined;
}

/** One transaction, as RLP. */
export const MAX_TRANSACTION_BYTES = 128 * 1024;
/** Init code of a creation (EIP-3860). */
const MAX_INIT_CODE_BYTES = 49_152;
const MAX_TRANSACTIONS = 4096;
const MAX_PER_SENDER = 256;
const MAX_BYTES = 8 * 1024 * 1024;
/** A replacement pays at least this much more, in percent, of both fees. */
const REPLACEMENT_PERCENT = 10n;

/** An account that is not there. */
export const NOTHING = { nonce: 0n, balance: 0n };

interface Pooled {
  readonly transaction: Transaction;
  /** Order of arrival. */
  readonly arrival: number;
}

/** Transactions that wait for a block. Those of one sender stand in the order of their nonces; gaps may be filled later. */
export class Pool {
  /** How often something has come or gone. */
  changes = 0;
  private readonly rules: PoolRules;
  private readonly senders = new Map<Address, Map<bigint, Pooled>>();
  private readonly byHash = new Map<Word, Pooled>();
  private bytes = 0;
  private arrivals = 0;

  constructor(rules: PoolRules) {
    this.rules = rules;
  }

  get size(): number {
    return this.byHash.size;
  }

  has(hash: Word): boolean {
    return this.byHash.has(hash);
  }

  get(hash: Word): Transaction | undefined {
    return this.byHash.get(hash)?.transaction;
  }

  /**
   * Answers the transactions that make room for it: the one it replaces, or, when the pool is full, some that are worth less.
   * Throws {@link TransactionRefused} with the words that tools recognise; then nothing has changed.
   */
  add(transaction: Transaction): Transaction[] {
    checkTransaction(transaction, this.rules);
    // Not a rule of blocks: nodes may differ in it.
    if (transaction.chainId === undefined && this.rules.takesUnprotected !== true)
      throw new TransactionRefused('only replay-protected (EIP-155) transactions allowed over RPC');
    const queue = this.senders.get(transaction.sender);
    const replaced = queue?.get(transaction.nonce)?.transaction;
    if (replaced) checkReplacement(transaction, replaced);
    this.checkAccount(transaction);
    const gone = replaced ? [replaced] : this.roomFor(transaction, queue?.size ?? 0);
    for (const each of gone) this.remove(each);
    this.insert(transaction);
    return gone;
  }

  remove(transaction: Transaction): void {
    const queue = this.senders.get(transaction.sender);
    if (queue?.get(transaction.nonce)?.transaction.hash !== transaction.hash) return;
    this.changes++;
    queue.delete(transaction.nonce);
    if (queue.size === 0) this.senders.delete(transaction.sender);
    this.byHash.delete(transaction.hash);
    this.bytes -= transaction.raw.length;
  }

  /** Drops what the head has made useless: transactions of nonces that these senders have used, or that they cannot pay any more. */
  settle(senders: Iterable<Address>): Transaction[] {
    const stale: Transaction[] = [];
    for (const sender of new Set(senders)) {
      const { nonce, balance } = this.rules.account(sender) ?? NOTHING;
      for (const { transaction } of this.senders.get(sender)?.values() ?? []) {
        if (transaction.nonce < nonce || costOf(transaction) > balance) stale.push(transaction);
      }
    }
    for (const transaction of stale) this.remove(transaction);
    return stale;
  }

  /** The nonce after the last that follows without a gap. */
  nextNonce(address: Address): bigint {
    let nonce = this.rules.account(address)?.nonce ?? 0n;
    const queue = this.senders.get(address);
    while (queue?.has(nonce)) nonce++;
    return nonce;
  }

  hasExecutable(): boolean {
    for (const [sender, queue] of this.senders) if (queue.has(this.rules.account(sender)?.nonce ?? 0n)) return true;
    return false;
  }

  /**
   * Transactions that could run now, best first: by priority fee, then by arrival, each sender's in the order of their nonces.
   * In its sender's row a transaction is worth what the cheapest up to it pays, and as late as the latest up to it.
   */
  executable(): Transaction[] {
    const ranked: { transaction: Transaction; worth: bigint; arrival: number }[] = [];
    for (const [sender, queue] of this.senders) {
      let nonce = this.rules.account(sender)?.nonce ?? 0n;
      let worth: bigint | undefined;
      let arrival = 0;
      for (let next = queue.get(nonce); next; next = queue.get(++nonce)) {
        const tip = tipOf(next.transaction, this.rules.baseFee);
        worth = worth === undefined || tip < worth ? tip : worth;
        arrival = Math.max(arrival, next.arrival);
        ranked.push({ transaction: next.transaction, worth, arrival });
      }
    }
    // The sort is stable, and equals are of one sender, already in order.
    ranked.sort((a, b) => (a.worth === b.worth ? a.arrival - b.arrival : a.worth > b.worth ? -1 : 1));
    return ranked.map(({ transaction }) => transaction);
  }

  /** By sender and nonce; what follows a gap is queued. */
  bySender(): Map<Address, { readonly pending: readonly Transaction[]; readonly queued: readonly Transaction[] }> {
    const rows = new Map<Address, { pending: Transaction[]; queued: Transaction[] }>();
    for (const [sender, queue] of this.senders) {
      const next = this.nextNonce(sender);
      const all = [...queue.values()].map(({ transaction }) => transaction);
      all.sort((a, b) => Number(a.nonce - b.nonce));
      rows.set(sender, {
        pending: all.filter(({ nonce }) => nonce < next),
        queued: all.filter(({ nonce }) => nonce >= next),
      });
    }
    return rows;
  }

  /** In the order of arrival. */
  all(limit: number): Transaction[] {
    const some: Transaction[] = [];
    for (const { transaction } of this.byHash.values()) {
      if (some.length === limit) break;
      some.push(transaction);
    }
    return some;
  }

  private insert(transaction: Transaction): void {
    this.changes++;
    const pooled = { transaction, arrival: this.arrivals++ };
    const queue = this.senders.get(transaction.sender) ?? new Map<bigint, Pooled>();
    queue.set(transaction.nonce, pooled);
    this.senders.set(transaction.sender, queue);
    this.byHash.set(transaction.hash, pooled);
    this.bytes += transaction.raw.length;
  }

  private checkAccount(transaction: Transaction): void {
    const { nonce, balance } = this.rules.account(transaction.sender) ?? NOTHING;
    if (transaction.nonce < nonce) {
      throw new TransactionRefused(`nonce too low: next nonce ${nonce}, tx nonce ${transaction.nonce}`);
    }
    if (transaction.nonce >= nonce + BigInt(MAX_PER_SENDER)) {
      throw new TransactionRefused(`nonce too high: next nonce ${nonce}, tx nonce ${transaction.nonce}`);
    }
    const cost = costOf(transaction);
    if (cost > balance) {
      throw new TransactionRefused(
        `insufficient funds for gas * price + value: address ${transaction.sender} have ${balance} want ${cost}`,
      );
    }
  }

  /** Which transactions have to go for this one; none while there is room. */
  private roomFor(transaction: Transaction, queued: number): Transaction[] {
    if (queued >= MAX_PER_SENDER)
      throw new TransactionRefused(`account limit exceeded: ${queued} transactions of this sender wait`);
    const isEnough = (gone: number, bytes: number) =>
      this.size - gone < MAX_TRANSACTIONS && this.bytes - bytes + transaction.raw.length <= MAX_BYTES;
    if (isEnough(0, 0)) return [];
    const gone: Transaction[] = [];
    let bytes = 0;
    for (const worse of this.worseThan(transaction)) {
      gone.push(worse);
      bytes += worse.raw.length;
      if (isEnough(gone.length, bytes)) return gone;
    }
    throw new TransactionRefused(`txpool is full: ${this.size} transactions wait; try again later or pay more`);
  }

  /**
   * The last transaction of each other sender, if it is worth less; the worst first. What waits behind a gap is worth less
   * than what could run, whatever it pays: otherwise a full pool of gaps would stop the ledger.
   */
  private worseThan(transaction: Transaction): Transaction[] {
    const { baseFee } = this.rules;
    const own = { canRun: transaction.nonce <= this.nextNonce(transaction.sender), tip: tipOf(transaction, baseFee) };
    const worse: { readonly last: Pooled; readonly worth: Worth }[] = [];
    for (const [sender, queue] of this.senders) {
      if (sender === transaction.sender) continue;
      const last = lastOf(queue);
      const tip = tipOf(last.transaction, baseFee);
      // In a full pool this is asked of thousands, and whoever fills it can have it asked again and again.
      if (!own.canRun && tip >= own.tip) continue;
      const worth = { canRun: last.transaction.nonce < this.nextNonce(sender), tip };
      if (compare(worth, own) < 0) worse.push({ last, worth });
    }
    worse.sort((a, b) => compare(a.worth, b.worth) || b.last.arrival - a.last.arrival);
    return worse.map(({ last }) => last.transaction);
  }
}

interface Worth {
  readonly canRun: boolean;
  /** Wei per gas. */
  readonly tip: bigint;
}

/** Below zero if the first is worth less. */
function compare(a: Worth, b: Worth): number {
  return Number(a.canRun) - Number(b.canRun) || (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0);
}

function lastOf(queue: ReadonlyMap<bigint, Pooled>): Pooled {
  let last: Pooled | undefined;
  for (const each of queue.values()) if (!last || each.transaction.nonce > last.transaction.nonce) last = each;
  return last!;
}

/** The most that it may take from its sender, in wei. */
export function costOf({ gasLimit, maxFeePerGas, value }: Transaction): bigint {
  return gasLimit * maxFeePerGas + value;
}

/** Priority fee that a unit of gas pays, in wei. */
function tipOf(transaction: Transaction, baseFee: bigint): bigint {
  const { maxFeePerGas, maxPriorityFeePerGas } = transaction;
  return maxPriorityFeePerGas + baseFee > maxFeePerGas ? maxFeePerGas - baseFee : maxPriorityFeePerGas;
}

/** The rules that need no account. Throws {@link TransactionRefused}. */
export function checkTransaction(transaction: Transaction, rules: PoolRules): void {
  const { gasLimit, maxFeePerGas, maxPriorityFeePerGas } = transaction;
  const intrinsic = intrinsicGas(transaction);
  const floor = floorGas(transaction);
  const isCreation = transaction.to === undefined;
  const refusals: [refused: boolean, message: () => string][] = [
    [transaction.type === 3, () => 'transaction type not supported: this ledger carries no blobs'],
    [
      transaction.chainId !== undefined && transaction.chainId !== rules.chainId,
      () => `invalid chain id for signer: have ${transaction.chainId} want ${rules.chainId}`,
    ],
    [
      gasLimit > MAX_TRANSACTION_GAS,
      () => `transaction gas limit too high (cap: ${MAX_TRANSACTION_GAS}, tx: ${gasLimit}) (EIP-7825)`,
    ],
    [gasLimit > rules.gasLimit, () => `exceeds block gas limit: have ${gasLimit} want at most ${rules.gasLimit}`],
    [
      maxPriorityFeePerGas > maxFeePerGas,
      () => `max priority fee per gas higher than max fee per gas: ${maxPriorityFeePerGas} against ${maxFeePerGas}`,
    ],
    [
      maxFeePerGas < rules.baseFee,
      () => `max fee per gas less than block base fee: maxFeePerGas: ${maxFeePerGas}, baseFee: ${rules.baseFee}`,
    ],
    [gasLimit < intrinsic, () => `intrinsic gas too low: gas ${gasLimit}, minimum needed ${intrinsic}`],
    [gasLimit < floor, () => `intrinsic gas too low: gas ${gasLimit}, minimum needed ${floor} (EIP-7623)`],
    [
      isCreation && transaction.data.length > MAX_INIT_CODE_BYTES,
      () => `max initcode size exceeded: code size ${transaction.data.length}, limit ${MAX_INIT_CODE_BYTES}`,
    ],
    [transaction.type === 4 && isCreation, () => 'EIP-7702 transaction cannot be used to create contract'],
    [transaction.authorizations?.length === 0, () => 'EIP-7702 transaction with empty authorization list'],
  ];
  const refusal = refusals.find(([refused]) => refused);
  if (refusal) throw new TransactionRefused(refusal[1]());
}

/** At least 10 % more of both fees. Where fees are zero nothing can be replaced. */
function checkReplacement(transaction: Transaction, replaced: Transaction): void {
  if (transaction.hash === replaced.hash) throw new TransactionRefused('already known');
  const enough = (fee: bigint, before: bigint) => fee > before && fee * 100n >= before * (100n + REPLACEMENT_PERCENT);
  const pays =
    enough(transaction.maxFeePerGas, replaced.maxFeePerGas) &&
    enough(transaction.maxPriorityFeePerGas, replaced.maxPriorityFeePerGas);
  if (!pays) {
    throw new TransactionRefused(
      `replacement transaction underpriced: nonce ${replaced.nonce} is taken by ${replaced.hash}; both fees should be 10 % higher`,
    );
  }
}
