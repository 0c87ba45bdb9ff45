import type { Address, BlockContext, Word } from '../../../runtime/ports/index.ts';
import { COINBASE } from './scenario.ts';

export interface ResultAccount {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: string;
  readonly storage: Readonly<Record<Word, Word>>;
}

/** All that can be seen of a transaction, in a form in which two implementations are comparable. */
export interface Result {
  readonly outcome: 'success' | 'revert' | 'failure' | `refused: ${string}`;
  readonly output: string;
  readonly gasUsed: bigint;
  readonly gasRefunded: bigint;
  readonly created?: Address;
  readonly logs: readonly string[];
  /** Accounts that exist. */
  readonly state: Readonly<Record<Address, ResultAccount>>;
}

export const GAS_PRICE = 10n;
export const BLOCK: BlockContext = {
  number: 600n,
  timestamp: 1_700_000_000n,
  gasLimit: 30_000_000n,
  coinbase: COINBASE,
  baseFee: 7n,
  prevRandao: `0x${'5a'.repeat(32)}`,
  excessBlobGas: 20_000_000n,
  chainId: 1n,
};

/** What differs, a line each; nothing where the results are the same. */
export function differences(ours: Result, theirs: Result): string[] {
  const a = flatten(ours);
  const b = flatten(theirs);
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.filter((key) => a[key] !== b[key]).map((key) => `${key}: ours ${a[key]}, EthereumJS ${b[key]}`);
}

function flatten(result: Result): Record<string, string> {
  const { outcome, output, gasUsed, gasRefunded, created, logs, state } = result;
  const flat: Record<string, string> = {
    outcome,
    output,
    gasUsed: `${gasUsed}`,
    gasRefunded: `${gasRefunded}`,
    created: `${created}`,
  };
  for (const [i, log] of logs.entries()) flat[`log ${i}`] = log;
  for (const [address, account] of Object.entries(state)) {
    flat[`${address} nonce`] = `${account.nonce}`;
    flat[`${address} balance`] = `${account.balance}`;
    flat[`${address} code`] = account.code;
    for (const [slot, value] of Object.entries(account.storage)) flat[`${address} slot ${BigInt(slot)}`] = `${BigInt(value)}`;
  }
  return flat;
}

/** A log in a form that can be compared. */
export function logLine(address: string, topics: readonly string[], data: Uint8Array): string {
  return [address, ...topics, Buffer.from(data).toString('hex')].join(' ');
}
