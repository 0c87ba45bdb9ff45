/** Delegations (EIP-7702): code of the form 0xef0100 followed by an address. */
import { Rule, rule } from './forks';
import { bytesOf, sizeOf } from './program';
import { accountAt, codeOfAccount, hasCode, loadAddress } from './state';

export const DELEGATION_SIZE: u32 = 23;
const delegate: usize = memory.data(32, 8);

/** The account to which this one's code delegates, or 0. */
export function delegateOf(account: usize): usize {
  if (!rule(Rule.Delegation) || !hasCode(account)) return 0;
  const code = codeOfAccount(account);
  if (!code || !isDelegation(code)) return 0;
  loadAddress(delegate, bytesOf(code) + 3);
  return accountAt(delegate);
}

export function isDelegation(code: usize): bool {
  return sizeOf(code) == DELEGATION_SIZE && (load<u32>(bytesOf(code)) & 0xffffff) == 0x0001ef;
}

/** Whether a sender has code that bars it from sending (EIP-3607): any but, since Prague, a delegation. */
export function isBarred(account: usize): bool {
  if (!hasCode(account)) return false;
  const code = codeOfAccount(account);
  return !(code && rule(Rule.Delegation) && isDelegation(code));
}
