/** Runs precompiles for calls: their answer becomes the output. */
import { fail } from './failure';
import { fork } from './forks';
import { setOutput } from './output';
import { precompile, precompileGasLeft, precompileOutput, precompileOutputLength } from './precompiles/index';
import { isFatal } from './status';

/** Returns a status; gas left is 0 unless it is a success. */
export function runPrecompile(number: u32, input: usize, size: u32, gas: u64): i32 {
  const status = precompile(<i32>number, input, size, gas, fork);
  if (isFatal(status)) fail(status);
  setOutput(precompileOutput, precompileOutputLength);
  return status;
}

export function precompiledGasLeft(): u64 {
  return precompileGasLeft;
}
