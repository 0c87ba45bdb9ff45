/** Phase 1 of a transaction: is it valid? Looks at everything, changes nothing. */
import { Context, ContextFlag, context, contextGas, contextNumber, simulates } from './context';
import { isBarred } from './delegation';
import { addChecked, blobGas, timesGas } from './fees';
import { Rule, rule } from './forks';
import { floorGas, intrinsicGas } from './intrinsic';
import { Account } from './records';
import { accountAt } from './state';
import { Refusal } from './status';
import { lt } from './u256';

const cost: usize = memory.data(32, 8);
const part: usize = memory.data(32, 8);
/** First byte of a versioned hash: KZG commitments (EIP-4844). */
const BLOB_VERSION: u8 = 1;

/** The first rule that the transaction breaks, or `Refusal.None`. */
export function validate(): i32 {
  const type = <i32>contextNumber(Context.Type);
  if (type > rule(Rule.HighestType)) return Refusal.TypeNotSupported;
  let refusal = validateGasLimit();
  if (!refusal) refusal = validateFees(type);
  if (!refusal && type == 3) refusal = validateBlobs();
  if (!refusal && type == 4) refusal = validateAuthorizations();
  if (!refusal) refusal = validateSender();
  if (!refusal) refusal = validateFunds(type);
  return refusal;
}

function validateGasLimit(): i32 {
  const gas = contextGas(Context.GasLimit);
  if (gas > contextGas(Context.BlockGasLimit) && !simulates()) return Refusal.GasLimitAboveBlock;
  const cap = <u64>rule(Rule.GasCap);
  if (cap && gas > cap && !simulates()) return Refusal.GasLimitAboveCap;
  if (intrinsicGas() > gas) return Refusal.IntrinsicGas;
  if (floorGas() > gas) return Refusal.FloorGas;
  const limit = <u32>rule(Rule.InitCodeLimit);
  return limit && !calls() && contextNumber(Context.DataSize) > limit ? Refusal.InitCodeTooLarge : Refusal.None;
}

function validateFees(type: i32): i32 {
  if (simulates()) return Refusal.None;
  if (rule(Rule.BaseFee) && lt(context + Context.MaxFee, context + Context.BaseFee)) return Refusal.MaxFeeBelowBaseFee;
  if (type >= 2 && lt(context + Context.MaxFee, context + Context.MaxPriorityFee)) return Refusal.PriorityFeeAboveMaxFee;
  return Refusal.None;
}

function validateBlobs(): i32 {
  const count = contextNumber(Context.BlobCount);
  if (!calls()) return Refusal.BlobCreation;
  if (count == 0) return Refusal.NoBlobs;
  if (count > <u32>rule(Rule.MaxBlobsPerTransaction)) return Refusal.TooManyBlobs;
  const hashes = <usize>contextNumber(Context.BlobHashes);
  for (let index: u32 = 0; index < count; index++) {
    if (load<u8>(hashes + ((<usize>index) << 5), 31) != BLOB_VERSION) return Refusal.BlobVersion;
  }
  return !simulates() && lt(context + Context.MaxBlobFee, context + Context.BlobBaseFee)
    ? Refusal.BlobFeeBelowBaseFee
    : Refusal.None;
}

function validateAuthorizations(): i32 {
  if (!calls()) return Refusal.AuthorizationCreation;
  return contextNumber(Context.AuthorizationCount) == 0 ? Refusal.NoAuthorizations : Refusal.None;
}

function validateSender(): i32 {
  if (simulates()) return Refusal.None;
  const sender = accountAt(context + Context.Sender);
  const nonce = contextGas(Context.Nonce);
  if (nonce == u64.MAX_VALUE) return Refusal.NonceAtMaximum;
  if (nonce < load<u64>(sender, Account.Nonce)) return Refusal.NonceTooLow;
  if (nonce > load<u64>(sender, Account.Nonce)) return Refusal.NonceTooHigh;
  return isBarred(sender) ? Refusal.SenderHasCode : Refusal.None;
}

/** The sender must be able to pay the highest fee and the value, in unbounded arithmetic. */
function validateFunds(type: i32): i32 {
  const sender = accountAt(context + Context.Sender);
  if (simulates()) return lt(sender + Account.Balance, context + Context.Value) ? Refusal.InsufficientFunds : Refusal.None;
  if (!timesGas(cost, context + Context.MaxFee, contextGas(Context.GasLimit))) return Refusal.InsufficientFunds;
  if (!addChecked(cost, cost, context + Context.Value)) return Refusal.InsufficientFunds;
  if (type == 3) {
    if (!timesGas(part, context + Context.MaxBlobFee, blobGas()) || !addChecked(cost, cost, part))
      return Refusal.InsufficientFunds;
  }
  return lt(sender + Account.Balance, cost) ? Refusal.InsufficientFunds : Refusal.None;
}

function calls(): bool {
  return (contextNumber(Context.Flags) & ContextFlag.Calls) != 0;
}
