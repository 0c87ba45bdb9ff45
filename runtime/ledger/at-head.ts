import { EMPTY } from '../bytes.ts';
import { callGas, simulate } from '../execution/simulate.ts';
import type { Address } from '../ports/index.ts';
import { EMPTY_CODE_HASH } from '../state/account.ts';
import type { Core } from './core.ts';

export interface CallRequest {
  readonly from?: Address;
  readonly to: Address;
  readonly data: Uint8Array;
  /** As if a block were made now; else at the head's own time. */
  readonly isNow?: boolean;
}

export type CallResult =
  | { readonly ok: true; readonly output: Uint8Array; readonly gasUsed: bigint }
  | { readonly ok: false; readonly output: Uint8Array; readonly status: string };

const NOBODY: Address = `0x${'00'.repeat(20)}`;

/** Runs a call on the head's state and keeps nothing. */
export function callAtHead(core: Core, { from = NOBODY, to, data, isNow }: CallRequest): CallResult {
  const block = core.chain.head();
  const { number } = block.header;
  const timestamp = isNow ? Math.max(block.header.timestamp, core.nowSeconds()) : block.header.timestamp;
  const scene = { ...core, block, state: core.stateAt(block), number, timestamp };
  const message = { type: 2, sender: from, to, data, value: 0n, nonce: 0n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n } as const;
  const outcome = simulate(scene, { ...message, gasLimit: callGas(scene) });
  if (outcome.kind === 'refused') return { ok: false, output: EMPTY, status: outcome.reason };
  const { output, gasUsed, status } = outcome;
  return outcome.succeeded ? { ok: true, output, gasUsed } : { ok: false, output, status };
}

export function hasCodeAtHead(core: Core, address: Address): boolean {
  return (core.stateAt(core.chain.head()).account(address)?.codeHash ?? EMPTY_CODE_HASH) !== EMPTY_CODE_HASH;
}
