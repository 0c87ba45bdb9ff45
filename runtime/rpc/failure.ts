import { bytesToBigint, bytesToHex, utf8Decode } from '../bytes.ts';
import type { Executed, Refused } from '../ports/index.ts';
import { ErrorCode, RpcError } from './errors.ts';

const ERROR_STRING = '0x08c379a0';
const PANIC = '0x4e487b71';
const MAX_REASON_BYTES = 1024;

/** Solidity's panic codes, in words. */
const PANICS: Readonly<Record<number, string>> = {
  0: 'generic panic',
  1: 'assert(false)',
  17: 'arithmetic underflow or overflow',
  18: 'division or modulo by zero',
  33: 'enum overflow',
  34: 'invalid encoded storage byte array accessed',
  49: 'out-of-bounds array access; popping on an empty array',
  50: 'out-of-bounds access of an array or bytesN',
  65: 'out of memory',
  81: 'uninitialized function',
};

/** Refusals of the VM in the words that tools know. */
const REFUSALS: Readonly<Record<string, string>> = {
  InsufficientFunds: 'insufficient funds for gas * price + value',
  IntrinsicGas: 'intrinsic gas too low',
  FloorGas: 'intrinsic gas too low',
  MaxFeeBelowBaseFee: 'max fee per gas less than block base fee',
  PriorityFeeAboveMaxFee: 'max priority fee per gas higher than max fee per gas',
  InitCodeTooLarge: 'max initcode size exceeded',
};

/** The error that tells of a call which did not succeed. */
export function failureOf(outcome: Executed | Refused): RpcError {
  if (outcome.kind === 'refused') return new RpcError(ErrorCode.Server, REFUSALS[outcome.reason] ?? inWords(outcome.reason));
  if (outcome.status !== 'Revert') return new RpcError(ErrorCode.Server, inWords(outcome.status));
  const reason = revertReason(outcome.output);
  const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`;
  return new RpcError(ErrorCode.Revert, message, bytesToHex(outcome.output));
}

/** What a contract says about its revert: the text of `Error(string)`, the meaning of `Panic(uint256)`. */
export function revertReason(output: Uint8Array): string | undefined {
  const selector = bytesToHex(output.subarray(0, 4));
  if (selector === PANIC && output.length === 36) {
    const code = bytesToBigint(output.subarray(4));
    return PANICS[Number(code)] ?? `unknown panic code: 0x${code.toString(16)}`;
  }
  if (selector !== ERROR_STRING || output.length < 68) return undefined;
  const length = bytesToBigint(output.subarray(36, 68));
  if (length > BigInt(output.length - 68)) return undefined;
  return utf8Decode(output.subarray(68, 68 + Math.min(Number(length), MAX_REASON_BYTES)));
}

/** `StackUnderflow` as `stack underflow`. */
function inWords(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase();
}
