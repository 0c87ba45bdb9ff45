import { bigintToBytes, hexToBytes } from '../bytes.ts';
import type { AccountDiff, Address, StateView, Vm, Word } from '../ports/index.ts';
import { encodeRlp, type RlpItem } from '../rlp/index.ts';
import { EMPTY_CODE_HASH } from '../state/account.ts';
import { listRoot } from '../state/list-root.ts';
import * as read from './decode.ts';
import { type JsonObject, quantity } from './encode.ts';

/** What a validator of a beacon chain is paid in a block (EIP-4895). This ledger has none, but a simulated block may have some. */
export interface Withdrawal {
  readonly index: bigint;
  readonly validatorIndex: bigint;
  readonly address: Address;
  /** Gwei. */
  readonly amount: bigint;
}

const MAX_WITHDRAWALS = 16;
const GWEI = 10n ** 9n;

const oneWithdrawal: read.Decoder<Withdrawal> = (value, name) => {
  const given = read.record(value, name);
  const number = (field: string) => read.quantity(given[field], `${name}.${field}`);
  const address = read.address(given['address'], `${name}.address`);
  return { index: number('index'), validatorIndex: number('validatorIndex'), address, amount: number('amount') };
};

/** None if the parameter is left out. */
export const withdrawalList: read.Decoder<readonly Withdrawal[]> = read.optional(read.list(oneWithdrawal, MAX_WITHDRAWALS), []);

/** What one changes in the state; nothing if it pays nothing. */
export function payment({ address, amount }: Withdrawal, view: StateView): AccountDiff[] {
  if (amount === 0n) return [];
  const { nonce = 0n, balance = 0n, codeHash = EMPTY_CODE_HASH } = view.account(address) ?? {};
  return [{ address, account: { nonce, balance: balance + amount * GWEI, codeHash }, cleared: false, slots: [] }];
}

export function withdrawalsRoot(withdrawals: readonly Withdrawal[], keccak256: Vm['keccak256']): Word {
  return listRoot(
    withdrawals.map((each) => encodeRlp(withdrawalItem(each))),
    keccak256,
  );
}

/** In the order of the wire. */
export function withdrawalItem({ index, validatorIndex, address, amount }: Withdrawal): RlpItem {
  return [bigintToBytes(index), bigintToBytes(validatorIndex), hexToBytes(address), bigintToBytes(amount)];
}

export function encodeWithdrawal({ index, validatorIndex, address, amount }: Withdrawal): JsonObject {
  return { index: quantity(index), validatorIndex: quantity(validatorIndex), address, amount: quantity(amount) };
}
