/** A transaction in its phases: validate, pre-execution (nonce, fees, warm sets, authorizations), execution, post-execution. */
import { applyAuthorizations } from './authorizations';
import { beginFirstCall, beginFirstCreation, createdAddress, lastGas, lastStatus, runFrames } from './calls';
import { trimCodes } from './code';
import { Context, ContextFlag, context, contextGas, contextNumber, simulates } from './context';
import { delegateOf } from './delegation';
import { diffAt, diffRows, writeDiff } from './diff';
import { clearFailure, fatal } from './failure';
import { blobGas, setBlobBaseFee, setGasPrice, timesGas } from './fees';
import { Rule, rule } from './forks';
import { forgetHashes } from './instructions/environment';
import { ACCESS_ROW, floorGas, intrinsicGas } from './intrinsic';
import { resetJournal } from './journal';
import { logsAt, logsUsed, resetLogs } from './logs';
import { resetReturnData, returnData, returnDataSize } from './output';
import { resetPool } from './pool';
import { Account } from './records';
import {
  accountAt,
  addBalance,
  refund,
  resetState,
  setNonce,
  slotAt,
  storeAddress,
  subBalance,
  warmAccount,
  warmSlot,
} from './state';
import { copy, lt, setU64, sub } from './u256';
import { validate } from './validation';

/** The outcome, for the host. */
export const enum Result {
  Refusal = 0,
  Status = 4,
  GasUsed = 8,
  GasRefunded = 16,
  /** A word. */
  GasPrice = 24,
  Output = 56,
  OutputSize = 60,
  Logs = 64,
  LogsSize = 68,
  Diff = 72,
  DiffRows = 76,
  /** 20 bytes big-endian: the contract of a creation. */
  Created = 80,
  Size = 104,
}

export const result: usize = memory.data(Result.Size, 8);

const amount: usize = memory.data(32, 8);
const tip: usize = memory.data(32, 8);

/** Forgets the last transaction. */
export function reset(): void {
  clearFailure();
  resetPool();
  resetState();
  resetJournal();
  resetLogs();
  resetReturnData();
  forgetHashes();
  trimCodes();
}

/** Runs the transaction that stands in `context` and writes `result`. Returns 0, or the fatal status that left it without outcome. */
export function transact(): i32 {
  memory.fill(result, 0, Result.Size);
  if (!(contextNumber(Context.Flags) & ContextFlag.BlobBaseFee)) setBlobBaseFee();
  const refusal = validate();
  if (fatal) return fatal;
  store<u32>(result, refusal, Result.Refusal);
  if (refusal) return 0;
  setGasPrice();
  const sender = accountAt(context + Context.Sender);
  const nonce = load<u64>(sender, Account.Nonce);
  prepay(sender);
  warmUp();
  execute(sender, nonce);
  if (fatal) return fatal;
  settle(sender);
  writeDiff();
  writeResult();
  return fatal;
}

/** The sender pays for all the gas it may use, and for its blobs, at once. */
function prepay(sender: usize): void {
  setNonce(sender, load<u64>(sender, Account.Nonce) + 1);
  if (simulates()) return;
  timesGas(amount, context + Context.GasPrice, contextGas(Context.GasLimit));
  subBalance(sender, amount);
  timesGas(amount, context + Context.BlobBaseFee, blobGas());
  subBalance(sender, amount);
}

function warmUp(): void {
  warmAccount(accountAt(context + Context.Sender));
  if (calls()) warmAccount(accountAt(context + Context.To));
  if (rule(Rule.WarmCoinbase)) warmAccount(accountAt(context + Context.Coinbase));
  let row = <usize>contextNumber(Context.AccessList);
  for (let left = contextNumber(Context.AccessCount); left > 0; left--) row = warmRow(row);
  applyAuthorizations();
}

function warmRow(row: usize): usize {
  const account = accountAt(row);
  warmAccount(account);
  const slots = load<u32>(row, 32);
  let at = row + ACCESS_ROW;
  for (let left = slots; left > 0; left--) {
    warmSlot(slotAt(account, at));
    at += 32;
  }
  return at;
}

function execute(sender: usize, nonce: u64): void {
  const gas = contextGas(Context.GasLimit) - intrinsicGas();
  const value = context + Context.Value;
  const data = <usize>contextNumber(Context.Data);
  const size = contextNumber(Context.DataSize);
  if (calls()) {
    const account = accountAt(context + Context.To);
    const delegate = delegateOf(account);
    if (delegate) warmAccount(delegate);
    beginFirstCall(sender + Account.Address, account, delegate ? delegate : account, value, data, size, gas);
  } else {
    beginFirstCreation(sender + Account.Address, nonce, value, data, size, gas);
    storeAddress(result + Result.Created, createdAddress());
  }
  runFrames();
}

/** Refunds what was not used, and pays the coinbase (EIP-1559, EIP-3529, EIP-7623). */
function settle(sender: usize): void {
  const limit = contextGas(Context.GasLimit);
  const spent = limit - lastGas;
  const refunded = min<u64>(<u64>max<i64>(refund, 0), spent / <u64>rule(Rule.RefundQuotient));
  const used = max(spent - refunded, floorGas());
  store<u64>(result, used, Result.GasUsed);
  store<u64>(result, spent > used ? spent - used : 0, Result.GasRefunded);
  if (simulates()) return;
  timesGas(amount, context + Context.GasPrice, limit - used);
  addBalance(sender, amount);
  setTip();
  timesGas(amount, tip, used);
  addBalance(accountAt(context + Context.Coinbase), amount);
}

/** What the coinbase gets of the price: all but the base fee. */
function setTip(): void {
  copy(tip, context + Context.GasPrice);
  if (!rule(Rule.BaseFee)) return;
  if (lt(tip, context + Context.BaseFee)) setU64(tip, 0);
  else sub(tip, tip, context + Context.BaseFee);
}

function writeResult(): void {
  store<u32>(result, lastStatus, Result.Status);
  copy(result + Result.GasPrice, context + Context.GasPrice);
  store<u32>(result, <u32>returnData(), Result.Output);
  store<u32>(result, returnDataSize, Result.OutputSize);
  store<u32>(result, <u32>logsAt(), Result.Logs);
  store<u32>(result, <u32>logsUsed, Result.LogsSize);
  store<u32>(result, <u32>diffAt, Result.Diff);
  store<u32>(result, diffRows, Result.DiffRows);
}

function calls(): bool {
  return (contextNumber(Context.Flags) & ContextFlag.Calls) != 0;
}
