/** For those who have no ledger of their own: a state in memory, and a block and a message in which only what matters has to be said. */
import type { Account, AccountDiff, Address, BlockContext, Message, StateView, Vm, Word } from '../../runtime/ports/index.ts';

/** A state in memory, which takes in what transactions change. */
export interface MemoryState extends StateView {
  /** Puts an account there, or changes what is named of one. */
  set(address: Address, account: { readonly nonce?: bigint; readonly balance?: bigint; readonly code?: Uint8Array }): void;
  /** Takes in what a transaction has changed. */
  apply(diff: readonly AccountDiff[]): void;
}

const ZERO: Word = `0x${'00'.repeat(32)}`;
const NOBODY: Address = `0x${'00'.repeat(20)}`;
/** Far below the cap of EIP-7825. */
const BLOCK_GAS = 30_000_000n;
const MESSAGE_GAS = 10_000_000n;

interface Entry {
  readonly account: Omit<Account, 'hasStorage'>;
  readonly slots: Map<Word, Word>;
}

/** An empty state. Addresses and slots are lower case, as everywhere in the VM's interface. */
export function memoryState(vm: Pick<Vm, 'keccak256'>, blockHash: StateView['blockHash'] = () => ZERO): MemoryState {
  const entries = new Map<Address, Entry>();
  const codes = new Map<Word, Uint8Array>();
  const keep = (code: Uint8Array): Word => {
    const hash = hexOf(vm.keccak256(code));
    codes.set(hash, code);
    return hash;
  };
  const none = keep(new Uint8Array());
  return {
    account(address) {
      const entry = entries.get(address);
      return entry && { ...entry.account, hasStorage: entry.slots.size > 0 };
    },
    slot: (address, slot) => entries.get(address)?.slots.get(slot) ?? ZERO,
    code: (codeHash) => codes.get(codeHash) ?? new Uint8Array(),
    blockHash,
    set(address, { code, ...named }) {
      const { account, slots } = entries.get(address) ?? {
        account: { nonce: 0n, balance: 0n, codeHash: none },
        slots: new Map(),
      };
      entries.set(address, { account: { ...account, ...named, ...(code && { codeHash: keep(code) }) }, slots });
    },
    apply(diff) {
      for (const change of diff) {
        if (change.code) keep(change.code);
        if (change.account)
          entries.set(change.address, { account: change.account, slots: slotsAfter(entries.get(change.address), change) });
        else entries.delete(change.address);
      }
    },
  };
}

function slotsAfter(before: Entry | undefined, { cleared, slots }: AccountDiff): Map<Word, Word> {
  const after = new Map(cleared ? [] : before?.slots);
  for (const [slot, value] of slots) {
    if (value === ZERO) after.delete(slot);
    else after.set(slot, value);
  }
  return after;
}

/** A block as a transaction sees it: the first, free of fees, on chain 1, but for what is named. */
export function blockContext(named: Partial<BlockContext> = {}): BlockContext {
  return {
    number: 1n,
    timestamp: 1n,
    gasLimit: BLOCK_GAS,
    coinbase: NOBODY,
    baseFee: 0n,
    prevRandao: ZERO,
    excessBlobGas: 0n,
    chainId: 1n,
    ...named,
  };
}

/** A transaction from `sender`: of type 0, free, with no value and ten million gas, but for what is named. Without `to` it creates. */
export function message(named: Partial<Message> & Pick<Message, 'sender'>): Message {
  const fees = {
    maxFeePerGas: named.maxFeePerGas ?? 0n,
    maxPriorityFeePerGas: named.maxPriorityFeePerGas ?? named.maxFeePerGas ?? 0n,
  };
  return { type: 0, nonce: 0n, gasLimit: MESSAGE_GAS, value: 0n, data: new Uint8Array(), ...named, ...fees };
}

function hexOf(bytes: Uint8Array): Word {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
