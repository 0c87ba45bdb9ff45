/** What a transaction pays for gas and blobs. */
import { Context, context, contextGas, contextNumber } from './context';
import { Rule, rule } from './forks';
import { add, copy, isZero, lt, mulWide, setU64, sub } from './u256';
import { div } from './u256-division';

const GAS_PER_BLOB: u64 = 131072;

const product: usize = memory.data(64, 8);
const factor: usize = memory.data(32, 8);
const sum: usize = memory.data(32, 8);
const accumulator: usize = memory.data(32, 8);
const divisor: usize = memory.data(32, 8);

/** out = gas · price. False if it exceeds 256 bits. `out` may be the price's address. */
export function timesGas(out: usize, price: usize, gas: u64): bool {
  setU64(factor, gas);
  mulWide(product, price, factor);
  copy(out, product);
  return isZero(product + 32);
}

/** out = a + b. False if it exceeds 256 bits. */
export function addChecked(out: usize, a: usize, b: usize): bool {
  add(sum, a, b);
  const fits = !lt(sum, a);
  copy(out, sum);
  return fits;
}

/** Price of a unit of gas: the fee cap, or base fee and priority fee if that is less (EIP-1559). */
export function setGasPrice(): void {
  const cap = context + Context.MaxFee;
  const price = context + Context.GasPrice;
  copy(price, cap);
  if (!rule(Rule.BaseFee) || lt(cap, context + Context.BaseFee)) return;
  sub(sum, cap, context + Context.BaseFee);
  if (lt(context + Context.MaxPriorityFee, sum)) add(price, context + Context.BaseFee, context + Context.MaxPriorityFee);
}

export function blobGas(): u64 {
  return GAS_PER_BLOB * <u64>contextNumber(Context.BlobCount);
}

/** fake_exponential(1, excess blob gas, fraction) of EIP-4844, in 256 bits; more than that is as good as unpayable. */
export function setBlobBaseFee(): void {
  const fee = context + Context.BlobBaseFee;
  const fraction = <u64>rule(Rule.BlobFeeFraction);
  setU64(fee, 0);
  if (!fraction) return;
  setU64(accumulator, fraction);
  for (let step: u64 = 1; !isZero(accumulator); step++) {
    if (!addChecked(fee, fee, accumulator) || !timesGas(accumulator, accumulator, contextGas(Context.ExcessBlobGas))) {
      memory.fill(fee, 0xff, 32);
      return;
    }
    setU64(divisor, fraction * step);
    div(accumulator, accumulator, divisor);
  }
  setU64(divisor, fraction);
  div(fee, fee, divisor);
}
