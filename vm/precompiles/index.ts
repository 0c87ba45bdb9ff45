/**
 * The precompiled contracts: price, rules on the input, dispatch. Which of them exist in which fork is said in `forks`.
 * bn254, KZG, BLS12-381 and P-256 are answered by the host, all through one import; the rest is computed here.
 */
import { alloc, give, mark, release, take } from '../arena';
import { beginBlake2f, endBlake2f, runBlake2fRounds } from '../crypto/blake2f';
import { modexp } from '../crypto/modexp';
import { ripemd160 } from '../crypto/ripemd160';
import { recoverAddress } from '../crypto/secp256k1';
import { sha256 } from '../crypto/sha256';
import { Fork } from '../forks';
import { hostPause, hostPrecompile } from '../host';
import { Status } from '../status';
import { bitLength, fitsU64, isZero, loadBigEndian, low64, setU64 } from '../u256';
import { modexpPrice } from './modexp-price';
import { multiplicationPriceG1, multiplicationPriceG2 } from './multiplication-price';
import { fitsShape, inputUnit, isHosted, outputLengthOf, Precompile, tablePrice } from './prices';

/** Gas that the last precompile left. */
export let precompileGasLeft: u64 = 0;
/** Where the last precompile's output stands, until the next call of one. */
export let precompileOutput: usize = 0;
export let precompileOutputLength: u32 = 0;

/** EIP-7823: bytes of an operand of MODEXP. */
const MODEXP_LIMIT: u64 = 1024;
/** Input longer than this is unpayable, whatever it is for. */
const LENGTH_LIMIT: u64 = 1 << 31;

/** For outputs and inputs of known size. */
const small = memory.data(256, 8);
const word = memory.data(32, 8);
const r = memory.data(32, 8);
const s = memory.data(32, 8);
/** Output without known size; grows, and is kept. */
let large: usize = 0;
let largeLength: u32 = 0;
/** Rounds between two pauses: some milliseconds. */
const BLAKE2F_PORTION: u32 = 50_000;
/** A larger output is given back when the next precompile runs. */
const KEPT: u32 = 4096;

/**
 * Runs precompile `number` on `inputLength` bytes at `input`. Answers Status.Return, and the output; or OutOfGas or
 * PrecompileFailure, which leave no gas; or HostFailure or MemoryLimit, which leave no outcome.
 */
export function precompile(number: i32, input: usize, inputLength: u32, gas: u64, fork: i32): i32 {
  precompileGasLeft = 0;
  answer(small, 0);
  if (largeLength > KEPT) giveLarge();
  if (number == Precompile.Modexp) return runModexp(input, inputLength, gas, fork);
  if (isHosted(number) && takesAnyLength(number)) {
    input = filledUp(input, inputLength, inputUnit(number));
    inputLength = inputUnit(number);
  }
  const price = priceOf(number, input, inputLength, fork);
  if (price > gas) return Status.OutOfGas;
  hostPause();
  const status = isHosted(number) ? runHosted(number, input, inputLength) : run(number, input, inputLength);
  if (status == Status.Return) precompileGasLeft = gas - price;
  return status;
}

function priceOf(number: i32, input: usize, length: u32, fork: i32): u64 {
  switch (number) {
    case Precompile.Blake2f:
      return length == 213 ? u64(bswap(load<u32>(input))) : 0;
    case Precompile.MultiplyG1:
      return multiplicationPriceG1(u64(length / 160));
    case Precompile.MultiplyG2:
      return multiplicationPriceG2(u64(length / 288));
    default:
      return tablePrice(number, length, fork);
  }
}

function run(number: i32, input: usize, length: u32): i32 {
  switch (number) {
    case Precompile.Recover:
      return runRecover(filledUp(input, length, 128));
    case Precompile.Sha256:
      sha256(small, input, length);
      return answer(small, 32);
    case Precompile.Ripemd160:
      setU64(small, 0);
      ripemd160(small + 12, input, length);
      return answer(small, 32);
    case Precompile.Identity:
      return runIdentity(input, length);
    case Precompile.Blake2f:
      return runBlake2f(input, length);
    default:
      return Status.PrecompileFailure;
  }
}

/** Input: hash, v, r, s. A signature that no key can have made gives no output, but does not fail. */
function runRecover(input: usize): i32 {
  loadBigEndian(word, input + 32);
  loadBigEndian(r, input + 64);
  loadBigEndian(s, input + 96);
  if (!fitsU64(word)) return answer(small, 0);
  memory.copy(small + 128, input, 32);
  setU64(small, 0);
  const found = recoverAddress(small + 12, small + 128, low64(word) - 27, r, s);
  return answer(small, found ? 32 : 0);
}

/** The output is a copy, for the input may change while the output is still read. */
function runIdentity(input: usize, length: u32): i32 {
  if (!reserve(length)) return Status.MemoryLimit;
  memory.copy(large, input, length);
  return answer(large, length);
}

/** Input (EIP-152): rounds (big-endian), state, message, offset, 1 for the last block. */
function runBlake2f(input: usize, length: u32): i32 {
  if (length != 213 || load<u8>(input, 212) > 1) return Status.PrecompileFailure;
  memory.copy(small, input + 4, 64);
  const rounds = bswap(load<u32>(input));
  beginBlake2f(small, input + 196, load<u8>(input, 212) == 1);
  for (let done: u32 = 0; done < rounds; ) {
    const next = rounds - done > BLAKE2F_PORTION ? done + BLAKE2F_PORTION : rounds;
    runBlake2fRounds(input + 68, done, next);
    done = next;
    hostPause();
  }
  endBlake2f(small);
  return answer(small, 64);
}

/** Input (EIP-198): the lengths of base, exponent and modulus as words, then the three; what lies beyond the input is 0. */
function runModexp(input: usize, inputLength: u32, gas: u64, fork: i32): i32 {
  const header = filledUp(input, inputLength, 96);
  const baseLength = lengthAt(header);
  const exponentLength = lengthAt(header + 32);
  const modulusLength = lengthAt(header + 64);
  const longest = max(baseLength, modulusLength);
  if (fork >= Fork.Osaka && max(longest, exponentLength) > MODEXP_LIMIT) return Status.PrecompileFailure;
  const bits = leadingExponentBits(input, inputLength, baseLength, exponentLength);
  const price = modexpPrice(longest, exponentLength, bits, fork);
  if (price > gas) return Status.OutOfGas;
  if (longest == 0) {
    precompileGasLeft = gas - price;
    return answer(small, 0);
  }
  if (longest >= LENGTH_LIMIT || exponentLength >= LENGTH_LIMIT) return Status.OutOfGas;
  const status = computeModexp(input, inputLength, u32(baseLength), u32(exponentLength), u32(modulusLength));
  if (status == Status.Return) precompileGasLeft = gas - price;
  return status;
}

function computeModexp(input: usize, inputLength: u32, baseLength: u32, exponentLength: u32, modulusLength: u32): i32 {
  // Of an exponent that the input holds only in part, the zeros that follow still count.
  const total = u64(baseLength) + u64(exponentLength) + u64(modulusLength);
  if (total >= LENGTH_LIMIT || !reserve(modulusLength)) return Status.MemoryLimit;
  const before = mark();
  const operands = alloc(usize(total));
  if (!operands) return Status.MemoryLimit;
  const present = inputLength > 96 ? min(inputLength - 96, u32(total)) : 0;
  memory.copy(operands, input + 96, present);
  memory.fill(operands + present, 0, u32(total) - present);
  const exponent = operands + baseLength;
  const modulus = exponent + exponentLength;
  const done = modexp(large, operands, baseLength, exponent, exponentLength, modulus, modulusLength);
  release(before);
  return done ? answer(large, modulusLength) : Status.MemoryLimit;
}

/** A length of 2^32 or more counts as 2^32: too much for any gas. */
function lengthAt(at: usize): u64 {
  loadBigEndian(word, at);
  return fitsU64(word) ? min<u64>(low64(word), u64(1) << 32) : u64(1) << 32;
}

/** Bits of the first 32 bytes of the exponent, or of all of it where it is shorter. */
function leadingExponentBits(input: usize, inputLength: u32, baseLength: u64, exponentLength: u64): u64 {
  const from = 96 + baseLength;
  const length = usize(min<u64>(exponentLength, 32));
  setU64(word, 0);
  for (let i: usize = 0; i < length; i++) {
    const at = from + i;
    if (at < u64(inputLength)) store<u8>(word + length - 1 - i, load<u8>(input + usize(at)));
  }
  return isZero(word) ? 0 : u64(bitLength(word));
}

/** bn254's addition and multiplication cut or fill up their input. */
function takesAnyLength(number: i32): bool {
  return number == Precompile.AddBn254 || number == Precompile.MultiplyBn254;
}

function runHosted(number: i32, input: usize, length: u32): i32 {
  if (!fitsShape(number, length)) {
    // EIP-7951 answers nothing instead of failing.
    return number == Precompile.VerifyP256 ? answer(small, 0) : Status.PrecompileFailure;
  }
  const written = hostPrecompile(number, input, length, small);
  if (written == HOST_REFUSED) return Status.PrecompileFailure;
  const expected = i32(outputLengthOf(number));
  if (written == expected || (written == 0 && number == Precompile.VerifyP256)) return answer(small, u32(written));
  return Status.HostFailure;
}

/** The host's answer where the input is invalid. */
const HOST_REFUSED: i32 = -1;

/** The first `wanted` bytes of the input, with zeros for what it lacks. */
function filledUp(input: usize, length: u32, wanted: u32): usize {
  if (length >= wanted) return input;
  memory.copy(small, input, length);
  memory.fill(small + length, 0, wanted - length);
  return small;
}

function answer(output: usize, length: u32): i32 {
  precompileOutput = output;
  precompileOutputLength = length;
  return Status.Return;
}

function reserve(length: u32): bool {
  if (length <= largeLength) return true;
  giveLarge();
  large = take(length);
  if (!large) return false;
  largeLength = length;
  return true;
}

function giveLarge(): void {
  give(large);
  large = 0;
  largeLength = 0;
}
