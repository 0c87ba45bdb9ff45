/** Set-code authorizations (EIP-7702): each is checked on its own, applied or skipped; what is applied stays. */
import { addCode, EMPTY_HASH, noCode } from './code';
import { Context, context, contextNumber } from './context';
import { keccak256 } from './crypto/keccak256';
import { recoverAddress } from './crypto/secp256k1';
import { DELEGATION_SIZE, isDelegation } from './delegation';
import { Account, AccountFlag } from './records';
import {
  accountAt,
  codeOfAccount,
  hasCode,
  hasFlag,
  isEmpty,
  loadAddress,
  refund,
  setCode,
  setNonce,
  setRefund,
  storeAddress,
  touch,
  warmAccount,
} from './state';
import { byteLength, eq, fitsU64, isZero, low64, lt, storeBigEndian } from './u256';

const enum Row {
  ChainId = 0,
  Address = 32,
  Nonce = 64,
  YParity = 96,
  R = 128,
  S = 160,
  Size = 192,
}

const MAGIC: u8 = 0x05;
const EXISTING_AUTHORITY_REFUND: i64 = 12500;

/** Half of the order of secp256k1, rounded down. */
const HALF_ORDER: usize = memory.data<u64>([0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff]);

const message: usize = memory.data(160, 8);
const hash: usize = memory.data(32, 8);
const bytes: usize = memory.data(32, 8);
const authority: usize = memory.data(32, 8);

export function applyAuthorizations(): void {
  let row = <usize>contextNumber(Context.Authorizations);
  for (let left = contextNumber(Context.AuthorizationCount); left > 0; left--) {
    apply(row);
    row += Row.Size;
  }
}

function apply(row: usize): void {
  if (!isZero(row + Row.ChainId) && !eq(row + Row.ChainId, context + Context.ChainId)) return;
  if (!fitsU64(row + Row.Nonce) || low64(row + Row.Nonce) == u64.MAX_VALUE) return;
  if (!recoverAuthority(row)) return;
  const account = accountAt(authority);
  warmAccount(account);
  if (hasCode(account)) {
    const code = codeOfAccount(account);
    if (!code || !isDelegation(code)) return;
  }
  if (load<u64>(account, Account.Nonce) != low64(row + Row.Nonce)) return;
  if (exists(account)) setRefund(refund + EXISTING_AUTHORITY_REFUND);
  delegate(account, row + Row.Address);
  setNonce(account, load<u64>(account, Account.Nonce) + 1);
  touch(account);
}

function exists(account: usize): bool {
  return hasFlag(account, AccountFlag.Existed) || !isEmpty(account);
}

function delegate(account: usize, address: usize): void {
  if (isZero(address)) return setCode(account, EMPTY_HASH, noCode());
  store<u32>(bytes, 0x0001ef);
  storeAddress(bytes + 3, address);
  keccak256(hash, bytes, <usize>DELEGATION_SIZE);
  const code = addCode(hash, bytes, <usize>DELEGATION_SIZE);
  if (code) setCode(account, hash, code);
}

/** The signer of keccak256(0x05 ++ rlp([chain id, address, nonce])). */
function recoverAuthority(row: usize): bool {
  if (!fitsU64(row + Row.YParity) || low64(row + Row.YParity) > 1 || lt(HALF_ORDER, row + Row.S)) return false;
  let at = message + 2;
  at = writeNumber(at, row + Row.ChainId);
  store<u8>(at, 0x94);
  storeAddress(at + 1, row + Row.Address);
  at = writeNumber(at + 21, row + Row.Nonce);
  store<u8>(message, MAGIC);
  const length = at - message - 2;
  if (length > 55) {
    memory.copy(message + 3, message + 2, length);
    store<u8>(message, 0xf8, 1);
    store<u8>(message, <u8>length, 2);
    at++;
  } else {
    store<u8>(message, <u8>(0xc0 + length), 1);
  }
  keccak256(hash, message, at - message);
  if (!recoverAddress(bytes, hash, low64(row + Row.YParity), row + Row.R, row + Row.S)) return false;
  loadAddress(authority, bytes);
  return true;
}

/** RLP of a number. Returns where the next item goes. */
function writeNumber(at: usize, word: usize): usize {
  const size = <usize>byteLength(word);
  if (size == 1 && low64(word) < 0x80) {
    store<u8>(at, load<u8>(word));
    return at + 1;
  }
  store<u8>(at, <u8>(0x80 + size));
  storeBigEndian(bytes, word);
  memory.copy(at + 1, bytes + 32 - size, size);
  return at + 1 + size;
}
