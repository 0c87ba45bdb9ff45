import type { Ledger } from '../ledger/ledger.ts';
import { signTransaction } from '../ledger/transaction.ts';
import type { Address, Clock, Device, Vm, Word } from '../ports/index.ts';
import { revertName, revertSentence } from './fleet.ts';
import type { FleetErrorName } from './interface.ts';

/** What became of a wish to send. */
export type Sending =
  | { readonly is: 'sent' }
  /** It is on the way, or failed a short while ago. */
  | { readonly is: 'waiting' }
  | { readonly is: 'refused'; readonly by?: FleetErrorName; readonly sentence: string };

/** Transactions signed by this device. Asked again and again for the same wish, it sends once, and again only when it must. */
export interface Outbox {
  /** `despite`: reverts of the trial that do not keep it from sending, because the trial runs at the time of the last block; `isNow`:
   * it runs at the time by this node's clock. */
  send(key: string, data: Uint8Array, despite?: readonly FleetErrorName[], isNow?: boolean): Sending;
}

export interface OutboxOptions {
  readonly ledger: Pick<Ledger, 'chainId' | 'head' | 'nextNonce' | 'submit' | 'isWaiting' | 'call'>;
  readonly device: Pick<Device, 'address' | 'sign'>;
  readonly keccak256: Vm['keccak256'];
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly to: Address;
  /** Wei per gas. */
  readonly baseFee: bigint;
  /** Gas a block may use. */
  readonly blockGasLimit: bigint;
}

interface Sent {
  readonly attempts: number;
  readonly retryAtMs: number;
  /** Number of the head when it was sent; until another block is there it cannot have failed. */
  readonly atHead: number | undefined;
  /** Its transaction. It may wait long where blocks come by a stick, and go on its way by one. */
  readonly hash?: Word;
}

const FIRST_RETRY_MS = 4_000;
const LONGEST_RETRY_MS = 300_000;
/** On top of twice what the trial used: the vote that decides does more than the trial foresaw. */
const SPARE_GAS = 100_000n;
/** EIP-7825. */
const TRANSACTION_GAS_LIMIT = 16_777_216n;
/** Wishes remembered; a device has a few at a time. */
const LIMIT = 256;

export function createOutbox(options: OutboxOptions): Outbox {
  const { ledger, device, clock, to } = options;
  const sent = new Map<string, Sent>();

  function remember(key: string, atHead: number | undefined, hash?: Word): void {
    const attempts = (sent.get(key)?.attempts ?? 0) + 1;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS);
    sent.delete(key);
    sent.set(key, { attempts, retryAtMs: clock.nowMs() + delayMs, atHead, ...(hash && { hash }) });
    if (sent.size > LIMIT) sent.delete(sent.keys().next().value!);
  }

  function isTooEarly({ retryAtMs, atHead, hash }: Sent): boolean {
    if (clock.nowMs() < retryAtMs || (atHead !== undefined && ledger.head().number <= atHead)) return true;
    return hash !== undefined && ledger.isWaiting(hash);
  }

  function refused(key: string, sentence: string, by?: FleetErrorName): Sending {
    remember(key, undefined);
    return { is: 'refused', sentence, ...(by ? { by } : {}) };
  }

  function submit(key: string, data: Uint8Array, gasLimit: bigint): Sending {
    const fields = {
      chainId: BigInt(ledger.chainId),
      nonce: ledger.nextNonce(device.address),
      maxPriorityFeePerGas: 0n,
      maxFeePerGas: options.baseFee,
      gasLimit,
      to,
      value: 0n,
      data,
    };
    try {
      const hash = ledger.submit(signTransaction(fields, device, options.keccak256));
      remember(key, ledger.head().number, hash);
      return { is: 'sent' };
    } catch (error) {
      return refused(key, (error as Error).message);
    }
  }

  return {
    send(key, data, despite = [], isNow = false) {
      const before = sent.get(key);
      if (before !== undefined && isTooEarly(before)) return { is: 'waiting' };
      const trial = ledger.call({ from: device.address, to, data, isNow });
      const by = trial.ok ? undefined : revertName(trial.output);
      const isHopeless = !trial.ok && (by === undefined || !despite.includes(by));
      if (isHopeless) return refused(key, revertSentence(trial.output) ?? `the Fleet contract refused it: ${trial.status}`, by);
      const usual = (trial.ok ? trial.gasUsed * 2n : 200_000n) + SPARE_GAS;
      return submit(key, data, gasLimit(usual, before?.attempts ?? 0));
    },
  };

  /** More each time: too little gas is what may have failed. */
  function gasLimit(usual: bigint, attempts: number): bigint {
    const wished = usual << BigInt(Math.min(attempts, 4));
    return [wished, options.blockGasLimit, TRANSACTION_GAS_LIMIT].reduce((least, gas) => (gas < least ? gas : least));
  }
}
