import type { Account, Address, StateView, Word } from '../ports/index.ts';
import { EMPTY_CODE_HASH } from '../state/account.ts';

/** Who hears of what the VM reads. */
export interface Reader {
  account(address: Address): unknown;
  slot(address: Address, slot: Word, value: Word): unknown;
}

/** The same state; `reader` hears of each account and slot that is read. */
export function watchReads(view: StateView, reader: Reader): StateView {
  return {
    account(address) {
      reader.account(address);
      return asked(view.account(address));
    },
    slot(address, slot) {
      const value = view.slot(address, slot);
      reader.slot(address, slot, value);
      return value;
    },
    code: (codeHash) => view.code(codeHash),
    blockHash: (number) => view.blockHash(number),
  };
}

/** The VM does not ask for slots of an account without storage. With code there is no other use of the flag (EIP-7610). */
function asked(account: Account | undefined): Account | undefined {
  return account && account.codeHash !== EMPTY_CODE_HASH ? { ...account, hasStorage: true } : account;
}
