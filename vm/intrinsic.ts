/** What a transaction costs before anything runs, and what it costs at least. */
import { Context, ContextFlag, contextNumber } from './context';
import { Rule, rule } from './forks';

const TRANSACTION: u64 = 21000;
const CREATION: u64 = 32000;
const ZERO_BYTE: u64 = 4;
const NON_ZERO_BYTE: u64 = 16;
const INIT_CODE_PER_WORD: u64 = 2;
const ACCESS_LIST_ADDRESS: u64 = 2400;
const ACCESS_LIST_SLOT: u64 = 1900;
const AUTHORIZATION: u64 = 25000;
const TOKENS_PER_NON_ZERO_BYTE: u64 = 4;
/** Bytes of an access list's row before its slots. */
export const ACCESS_ROW: usize = 40;

/** Gas taken before execution (YP 6.2, EIP-2028, EIP-2930, EIP-3860, EIP-7702). */
export function intrinsicGas(): u64 {
  const size = <u64>contextNumber(Context.DataSize);
  const nonZero = <u64>nonZeroBytes();
  let gas = TRANSACTION + ZERO_BYTE * (size - nonZero) + NON_ZERO_BYTE * nonZero;
  if (!(contextNumber(Context.Flags) & ContextFlag.Calls)) {
    gas += CREATION;
    if (rule(Rule.InitCodeLimit)) gas += INIT_CODE_PER_WORD * ((size + 31) >> 5);
  }
  return gas + accessListGas() + AUTHORIZATION * <u64>contextNumber(Context.AuthorizationCount);
}

/** Gas used at least (EIP-7623). */
export function floorGas(): u64 {
  const perToken = <u64>rule(Rule.FloorPerToken);
  if (!perToken) return 0;
  const size = <u64>contextNumber(Context.DataSize);
  const nonZero = <u64>nonZeroBytes();
  return TRANSACTION + perToken * (size - nonZero + TOKENS_PER_NON_ZERO_BYTE * nonZero);
}

function accessListGas(): u64 {
  let row = <usize>contextNumber(Context.AccessList);
  let gas: u64 = 0;
  for (let left = contextNumber(Context.AccessCount); left > 0; left--) {
    const slots = load<u32>(row, 32);
    gas += ACCESS_LIST_ADDRESS + ACCESS_LIST_SLOT * <u64>slots;
    row += ACCESS_ROW + ((<usize>slots) << 5);
  }
  return gas;
}

function nonZeroBytes(): u32 {
  const at = <usize>contextNumber(Context.Data);
  const size = <usize>contextNumber(Context.DataSize);
  let found: u32 = 0;
  for (let index: usize = 0; index < size; index++) found += u32(load<u8>(at + index) != 0);
  return found;
}
