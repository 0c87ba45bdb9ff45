import { ZERO_WORD } from '../bytes.ts';
import type { AccountDiff, Address, StateView, Word } from '../ports/index.ts';

/** A state with the changes of a block's transactions laid over it: each sees those before it. */
export interface Overlay {
  readonly view: StateView;
  /** Lays one transaction's changes on top. */
  absorb(diff: readonly AccountDiff[]): void;
  /** All changes so far, one diff per account, in the order of first change. */
  diff(): AccountDiff[];
}

interface Layer {
  readonly account: AccountDiff['account'];
  readonly code: Uint8Array | undefined;
  /** What lies below is hidden. */
  readonly cleared: boolean;
  readonly slots: Map<Word, Word>;
}

export function layOver(base: StateView): Overlay {
  const layers = new Map<Address, Layer>();
  const codes = new Map<Word, Uint8Array>();
  return {
    view: {
      account(address) {
        const layer = layers.get(address);
        if (!layer) return base.account(address);
        return layer.account ? { ...layer.account, hasStorage: hasStorage(layer, address, base) } : undefined;
      },
      slot(address, slot) {
        const layer = layers.get(address);
        return layer?.slots.get(slot) ?? (layer?.cleared ? ZERO_WORD : base.slot(address, slot));
      },
      code: (codeHash) => codes.get(codeHash) ?? base.code(codeHash),
      blockHash: (number) => base.blockHash(number),
    },
    absorb(diff) {
      for (const change of diff) {
        layers.set(change.address, merge(layers.get(change.address), change));
        if (change.account && change.code) codes.set(change.account.codeHash, change.code);
      }
    },
    diff: () => [...layers].map(([address, layer]) => diffOf(address, layer)),
  };
}

function merge(below: Layer | undefined, change: AccountDiff): Layer {
  const cleared = change.cleared || change.account === null;
  const slots = below && !cleared ? below.slots : new Map<Word, Word>();
  for (const [slot, value] of change.slots) slots.set(slot, value);
  const isSameCode = change.account?.codeHash === below?.account?.codeHash;
  const code = change.code ?? (isSameCode ? below?.code : undefined);
  return { account: change.account, code, cleared: cleared || below?.cleared === true, slots };
}

/**
 * May say yes after the last slot was emptied in the same block. It is asked only of an account about to be created, and one
 * without nonce and code runs nothing that could empty its slots.
 */
function hasStorage(layer: Layer, address: Address, base: StateView): boolean {
  for (const value of layer.slots.values()) if (value !== ZERO_WORD) return true;
  return !layer.cleared && base.account(address)?.hasStorage === true;
}

function diffOf(address: Address, layer: Layer): AccountDiff {
  const { account, code, cleared, slots } = layer;
  return { address, account, cleared, slots: account ? [...slots] : [], ...(account && code && { code }) };
}
