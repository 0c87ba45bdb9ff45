/** What the wasm exports: the fork, one transaction at a time by way of linear memory, and the cryptography. */
import { alloc, mark, release, setMemoryLimit } from './arena';
import { setTracing } from './code';
import { context } from './context';
import { keccak256 } from './crypto/keccak256';
import { recoverAddress } from './crypto/secp256k1';
import { sha256 } from './crypto/sha256';
import { Fork, selectRules } from './forks';
import { run } from './interpreter';
import { newBytes } from './pool';
import { prepareShapes } from './shapes';
import { refund } from './state';
import { Refusal, Status } from './status';
import { selectTraits } from './traits';
import { reset, result, transact } from './transaction';

export {
  alloc,
  Fork,
  keccak256,
  mark,
  Refusal,
  recoverAddress,
  release,
  run,
  Status,
  setMemoryLimit,
  setTracing,
  sha256,
  transact,
};

/** Makes a fork's rules the ones in force. Once, before anything else. */
export function setFork(fork: i32): void {
  selectRules(fork);
  selectTraits(fork);
  prepareShapes();
}

/** Begins a transaction: forgets the last one, and gives room for the message's variable parts. 0 if there is none. */
export function begin(bytes: usize): usize {
  reset();
  return newBytes(bytes);
}

/** Refund counter of the running transaction. */
export function refundSoFar(): i64 {
  return refund;
}

export function contextAddress(): usize {
  return context;
}

export function resultAddress(): usize {
  return result;
}
