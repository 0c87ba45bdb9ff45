import type {
  Account,
  AccountDiff,
  Address,
  BlockContext,
  Executed,
  Message,
  StateView,
  Vm,
  Word,
} from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { hex, type Machine, type Outcome } from './contract.ts';

/** The most that one transaction may have (EIP-7825). */
const GAS_LIMIT = 16_777_216n;
export const CHAIN_ID = 4400;
const ZERO: Word = `0x${'0'.repeat(64)}`;
const NOBODY: Address = `0x${'0'.repeat(40)}`;

interface Entry {
  readonly account: Account;
  readonly slots: Map<Word, Word>;
}

/** One whose storage can be seen. */
export interface OwnMachine extends Machine {
  /** Of the block before. */
  parentHash: Word;
  slot(address: Address, slot: Word): Word;
}

/** A machine on our own VM. Gas is free; its gas is that of whole transactions. */
export async function ownMachine(vm: Vm = createVm({ fork: 'Osaka' })): Promise<OwnMachine> {
  const entries = new Map<Address, Entry>();
  const codes = new Map<Word, Uint8Array>();
  const state: StateView = {
    account: (address) => entries.get(address)?.account,
    slot: (address, slot) => entries.get(address)?.slots.get(slot) ?? ZERO,
    code: (codeHash) => codes.get(codeHash) ?? new Uint8Array(),
    blockHash: () => machine.parentHash,
  };
  const run = (from: Address, to: Address | undefined, data: Uint8Array): Executed => {
    const message = messageOf(from, to, data, entries.get(from)?.account.nonce ?? 0n);
    const executed = vm.execute(blockAt(machine.timestamp), message, state);
    if (executed.kind === 'refused') throw new Error(`the VM refused the transaction: ${executed.reason}`);
    return executed;
  };
  const machine: OwnMachine = {
    timestamp: 1_800_000_000n,
    parentHash: ZERO,
    slot: (address, slot) => state.slot(address, slot),
    async send(from, to, data) {
      const executed = run(from, to, data);
      for (const diff of executed.diff) apply(diff);
      return outcomeOf(executed);
    },
    async read(from, to, data) {
      return outcomeOf(run(from, to, data));
    },
  };
  function apply({ address, account, code, cleared, slots }: AccountDiff): void {
    if (!account) return void entries.delete(address);
    const kept = cleared ? new Map<Word, Word>() : (entries.get(address)?.slots ?? new Map<Word, Word>());
    for (const [slot, value] of slots)
      if (value === ZERO) kept.delete(slot);
      else kept.set(slot, value);
    if (code) codes.set(hex(vm.keccak256(code)), code);
    entries.set(address, { account: { ...account, hasStorage: kept.size > 0 }, slots: kept });
  }
  return machine;
}

function blockAt(timestamp: bigint): BlockContext {
  const gasLimit = 2n * GAS_LIMIT;
  const fixed = { coinbase: NOBODY, baseFee: 0n, prevRandao: ZERO, excessBlobGas: 0n, chainId: BigInt(CHAIN_ID) };
  return { number: 1n, timestamp, gasLimit, ...fixed };
}

function messageOf(sender: Address, to: Address | undefined, data: Uint8Array, nonce: bigint): Message {
  const fees = { gasLimit: GAS_LIMIT, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  return { type: 2, sender, nonce, ...fees, ...(to && { to }), value: 0n, data };
}

function outcomeOf({ succeeded, output, gasUsed, logs, created }: Executed): Outcome {
  return { succeeded, output, gasUsed, logs, ...(created && { created }) };
}
