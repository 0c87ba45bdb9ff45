/** The CALL family and creations: what stands on the caller's stack becomes a new frame, and its end an answer on that stack. */
import { accessCost, charge, chargeRanges, gasForCall } from './call-gas';
import { addCode, copyOf, dropCode, enterProgram, leaveProgram } from './code';
import { setCreate2Address, setCreateAddress } from './creation-address';
import { keccak256 } from './crypto/keccak256';
import { tracing } from './decode';
import { delegateOf } from './delegation';
import { fail, fatal } from './failure';
import { isPrecompile, Rule, rule } from './forks';
import { dropFrame, Frame, FrameFlag, newFrame } from './frame';
import { hostEnter, hostLeave, hostPause } from './host';
import { Action, run, wanted } from './interpreter';
import { checkpoint, revert } from './journal';
import { cutLogs, logsUsed } from './logs';
import { rangeCost, reachRange, UNPAYABLE } from './memory';
import { Op } from './opcodes';
import { clearReturnData, outputAt, outputSize, setOutput, setReturnData } from './output';
import { precompiledGasLeft, runPrecompile } from './precompiled';
import { Code, sizeOf } from './program';
import { Account, AccountFlag } from './records';
import {
  accountAt,
  addBalance,
  codeOfAccount,
  hasCode,
  hasFlag,
  isEmpty,
  refund,
  setCode,
  setFlag,
  setNonce,
  setRefund,
  subBalance,
  touch,
  warmAccount,
} from './state';
import { Status, succeeded } from './status';
import { copy, fitsU64, isZero, lt, setU64 } from './u256';

const VALUE_TRANSFER: u64 = 9000;
const NEW_ACCOUNT: u64 = 25000;
const STIPEND: u64 = 2300;
const DEPTH_LIMIT: u32 = 1024;
const CODE_LIMIT: u32 = 24576;
const DEPOSIT_PER_BYTE: u64 = 200;
const INIT_CODE_PER_WORD: u64 = 2;
const HASH_PER_WORD: u64 = 6;

/** The frame to run next: the one that called, the one that was called, or 0 after the first has ended. */
export let current: usize = 0;
/** How the first frame ended, and what it left. */
export let lastStatus: i32 = 0;
export let lastGas: u64 = 0;

const target: usize = memory.data(32, 8);
const noValue: usize = memory.data(32, 8);
const hash: usize = memory.data(32, 8);

/** Runs the current frame and all that it calls, until the first has ended or the transaction has failed. */
export function runFrames(): void {
  while (current && !fatal) {
    const frame = current;
    let status = run(frame);
    if (status == Action.Slice) {
      hostPause();
      continue;
    }
    if (status == Action.Call) {
      status = wanted == Op.CREATE || wanted == Op.CREATE2 ? create(frame, wanted) : call(frame, wanted);
      if (status == Status.Stop) continue;
    }
    leave(frame, status);
  }
  while (current) abandon();
}

/** Runs what a CALL, CALLCODE, DELEGATECALL or STATICCALL asks for, up to the new frame. Returns a failing status of the caller, or Stop. */
export function call(frame: usize, opcode: i32): i32 {
  const sp = <usize>load<u32>(frame, Frame.Sp);
  const carries = opcode == Op.CALL || opcode == Op.CALLCODE;
  const value = carries ? sp + 64 : noValue;
  const ranges = carries ? sp + 96 : sp + 64;
  const transfers = carries && !isZero(value);
  if (transfers && opcode == Op.CALL && isStatic(frame)) return Status.StaticViolation;
  if (!chargeRanges(frame, ranges)) return Status.OutOfGas;
  const account = accountAt(sp + 32);
  let cost = accessCost(account);
  if (transfers) cost += opcode == Op.CALL && isEmpty(account) ? VALUE_TRANSFER + NEW_ACCOUNT : VALUE_TRANSFER;
  const delegate = delegateOf(account);
  if (delegate) cost += accessCost(delegate);
  if (!charge(frame, cost) || fatal) return Status.OutOfGas;
  const gas = gasForCall(frame, sp) + (transfers ? STIPEND : 0);
  popArguments(frame, ranges);
  if (load<u32>(frame, Frame.Depth) >= DEPTH_LIMIT || (transfers && lt(self(frame) + Account.Balance, value))) {
    return decline(frame, opcode, account + Account.Address, value, inputAt(frame, ranges), load<u32>(ranges, 32), gas);
  }
  return begin(frame, opcode, account, delegate ? delegate : account, value, transfers, gas, ranges);
}

/** Runs what a CREATE or CREATE2 asks for, up to the new frame. Returns a failing status of the creator, or Stop. */
export function create(frame: usize, opcode: i32): i32 {
  if (isStatic(frame)) return Status.StaticViolation;
  const sp = <usize>load<u32>(frame, Frame.Sp);
  const cost = rangeCost(frame, sp + 32, sp + 64);
  if (cost == UNPAYABLE) return Status.OutOfGas;
  const size = load<u32>(sp, 64);
  const limit = <u32>rule(Rule.InitCodeLimit);
  if (limit && size > limit) return Status.InitCodeTooLarge;
  const perWord = (limit ? INIT_CODE_PER_WORD : 0) + (opcode == Op.CREATE2 ? HASH_PER_WORD : 0);
  if (!charge(frame, cost + perWord * ((<u64>size + 31) >> 5))) return Status.OutOfGas;
  if (!reachRange(frame, sp + 32, sp + 64)) return Status.OutOfGas;
  const left = load<u64>(frame, Frame.Gas);
  const gas = left - (left >> 6);
  store<u64>(frame, left - gas, Frame.Gas);
  store<u32>(frame, <u32>sp + (opcode == Op.CREATE2 ? 96 : 64), Frame.Sp);
  clearReturnData();
  const creator = self(frame);
  const nonce = load<u64>(creator, Account.Nonce);
  const code = <usize>load<u32>(frame, Frame.Memory) + (size ? <usize>load<u32>(sp, 32) : 0);
  if (load<u32>(frame, Frame.Depth) >= DEPTH_LIMIT || lt(creator + Account.Balance, sp) || nonce == u64.MAX_VALUE) {
    return decline(frame, opcode, noValue, sp, code, size, gas);
  }
  setNonce(creator, nonce + 1);
  if (opcode == Op.CREATE2) setCreate2Address(target, creator + Account.Address, sp + 96, code, size);
  else setCreateAddress(target, creator + Account.Address, nonce);
  return beginCreation(frame, target, sp, code, size, gas);
}

/** Begins the creation of the contract at an address, `frame` being the creator's or 0. The creator's nonce has gone up. Returns Stop. */
function beginCreation(frame: usize, address: usize, value: usize, code: usize, size: u32, gas: u64): i32 {
  const creator = frame ? self(frame) + Account.Address : firstCaller;
  if (tracing) hostEnter(frame ? wanted : Op.CREATE, creator, address, value, code, size, gas);
  const account = accountAt(address);
  warmAccount(account);
  if (collides(account)) return endAtOnce(frame, Status.CreateCollision, 0);
  const init = copyOf(code, <usize>size);
  const created = init ? newFrame(frame) : 0;
  if (!created) return exhausted();
  prepare(created, account, init, gas);
  store<u32>(created, FrameFlag.Create, Frame.Flags);
  copy(created + Frame.Caller, creator);
  copy(created + Frame.Value, value);
  setFlag(account, AccountFlag.Created);
  touch(account);
  setNonce(account, 1);
  transfer(accountAt(creator), account, value);
  if (!enterProgram(init)) return exhausted();
  start(created, init);
  return Status.Stop;
}

const firstCaller: usize = memory.data(32, 8);

/** Begins the transaction's call. `account` is whom it is to, `runs` whose code runs there. */
export function beginFirstCall(sender: usize, account: usize, runs: usize, value: usize, data: usize, size: u32, gas: u64): i32 {
  current = 0;
  clearReturnData();
  copy(firstCaller, sender);
  return enter(0, Op.CALL, account, runs, value, !isZero(value), gas, data, size);
}

/** Begins the transaction's creation, at the address of the sender's nonce. */
export function beginFirstCreation(sender: usize, nonce: u64, value: usize, code: usize, size: u32, gas: u64): i32 {
  current = 0;
  clearReturnData();
  copy(firstCaller, sender);
  setCreateAddress(target, sender, nonce);
  return beginCreation(0, target, value, code, size, gas);
}

/** The address of the creation that began last. */
export function createdAddress(): usize {
  return target;
}

/** Ends the current frame. Its caller becomes the current one; after the first frame there is none. */
export function leave(frame: usize, ended: i32): void {
  const code = <usize>load<u32>(frame, Frame.Code);
  const creates = (load<u32>(frame, Frame.Flags) & FrameFlag.Create) != 0;
  let status = ended;
  if (creates && succeeded(status)) status = deploy(frame, status);
  if (!succeeded(status)) undo(frame);
  const gas = status <= Status.Revert ? load<u64>(frame, Frame.Gas) : 0;
  if (status > Status.Revert || status == Status.Stop || status == Status.SelfDestruct) setOutput(0, 0);
  const parent = <usize>load<u32>(frame, Frame.Parent);
  if (parent && !creates) writeOutput(parent);
  if (creates && succeeded(status) && parent) clearReturnData();
  else setReturnData(outputAt, outputSize);
  if (parent && creates && succeeded(status)) copy(target, self(frame) + Account.Address);
  // What the frame leaves stands in its memory, which goes with it.
  if (tracing) hostLeave(status, gas, outputAt, outputSize);
  leaveProgram(code);
  if (creates) dropCode(code);
  dropFrame(frame);
  conclude(parent, creates ? CREATED : CALLED, status, gas);
}

/** Drops the current frame, when nothing of the transaction counts any more. */
function abandon(): void {
  const frame = current;
  current = <usize>load<u32>(frame, Frame.Parent);
  leaveProgram(<usize>load<u32>(frame, Frame.Code));
  if (load<u32>(frame, Frame.Flags) & FrameFlag.Create) dropCode(<usize>load<u32>(frame, Frame.Code));
  dropFrame(frame);
}

const CALLED = 1;
const CREATED = 2;

/** Puts the answer of a call or creation on the caller's stack, with the gas that is left of it. */
function conclude(parent: usize, kind: i32, status: i32, gas: u64): i32 {
  current = parent;
  if (!parent) {
    lastStatus = status;
    lastGas = gas;
    return Status.Stop;
  }
  store<u64>(parent, load<u64>(parent, Frame.Gas) + gas, Frame.Gas);
  const sp = <usize>load<u32>(parent, Frame.Sp);
  if (!succeeded(status)) setU64(sp, 0);
  else if (kind == CREATED) copy(sp, target);
  else setU64(sp, 1);
  return Status.Stop;
}

/** The answer of a call or creation for which no frame is made. */
function endAtOnce(frame: usize, status: i32, gas: u64): i32 {
  if (tracing) hostLeave(status, gas, outputAt, outputSize);
  return conclude(frame, CALLED, status, gas);
}

/** The answer of a call or creation that is too deep, or that the caller cannot pay or count: all its gas comes back. */
function decline(frame: usize, opcode: i32, to: usize, value: usize, input: usize, size: u32, gas: u64): i32 {
  if (tracing) {
    const isDeep = load<u32>(frame, Frame.Depth) >= DEPTH_LIMIT;
    const isPoor = lt(self(frame) + Account.Balance, value);
    hostEnter(opcode, self(frame) + Account.Address, to, value, input, size, gas);
    hostLeave(isDeep ? Status.CallDepth : isPoor ? Status.InsufficientBalance : Status.NonceOverflow, gas, 0, 0);
  }
  store<u64>(frame, load<u64>(frame, Frame.Gas) + gas, Frame.Gas);
  setU64(<usize>load<u32>(frame, Frame.Sp), 0);
  return Status.Stop;
}

function begin(
  frame: usize,
  opcode: i32,
  account: usize,
  runs: usize,
  value: usize,
  transfers: bool,
  gas: u64,
  ranges: usize,
): i32 {
  return enter(frame, opcode, account, runs, value, transfers, gas, inputAt(frame, ranges), load<u32>(ranges, 32));
}

/** Where a call's input stands; an empty one may be anywhere. */
function inputAt(frame: usize, ranges: usize): usize {
  return <usize>load<u32>(frame, Frame.Memory) + (load<u32>(ranges, 32) ? <usize>load<u32>(ranges) : 0);
}

function enter(
  frame: usize,
  opcode: i32,
  account: usize,
  runs: usize,
  value: usize,
  transfers: bool,
  gas: u64,
  input: usize,
  size: u32,
): i32 {
  const caller = frame ? self(frame) + Account.Address : firstCaller;
  if (tracing) hostEnter(opcode, caller, account + Account.Address, value, input, size, gas);
  const mark = checkpoint();
  if (opcode == Op.CALL || opcode == Op.STATICCALL) touch(account);
  if (transfers && opcode == Op.CALL) transfer(accountAt(caller), account, value);
  const low = load<u64>(account, Account.Address);
  if (runs == account && low <= 0x100 && isLow(account) && isPrecompile(<u32>low)) {
    return precompiled(frame, <u32>low, input, size, gas, mark);
  }
  const code = codeOfAccount(runs);
  if (!code) return exhausted();
  if (sizeOf(code) == 0) return succeedAtOnce(frame, gas);
  return enterFrame(frame, opcode, account, code, value, gas, input, size, mark);
}

function enterFrame(
  frame: usize,
  opcode: i32,
  account: usize,
  code: usize,
  value: usize,
  gas: u64,
  input: usize,
  size: u32,
  mark: usize,
): i32 {
  const called = newFrame(frame);
  if (!called || !enterProgram(code)) return exhausted();
  const keeps = opcode == Op.CALLCODE || opcode == Op.DELEGATECALL;
  prepare(called, keeps ? self(frame) : account, code, gas);
  store<u32>(called, <u32>mark, Frame.Journal);
  store<u32>(called, <u32>input, Frame.Input);
  store<u32>(called, size, Frame.InputSize);
  const isQuiet = opcode == Op.STATICCALL || (frame && isStatic(frame));
  store<u32>(called, isQuiet ? FrameFlag.Static : 0, Frame.Flags);
  const inherits = opcode == Op.DELEGATECALL;
  copy(called + Frame.Caller, inherits ? frame + Frame.Caller : frame ? self(frame) + Account.Address : firstCaller);
  copy(called + Frame.Value, inherits ? frame + Frame.Value : value);
  start(called, code);
  return Status.Stop;
}

function prepare(frame: usize, account: usize, code: usize, gas: u64): void {
  store<u32>(frame, <u32>account, Frame.Account);
  store<u32>(frame, <u32>code, Frame.Code);
  store<u64>(frame, gas, Frame.Gas);
  store<u32>(frame, <u32>checkpoint(), Frame.Journal);
  store<u32>(frame, <u32>logsUsed, Frame.Logs);
  store<i64>(frame, refund, Frame.Refund);
}

function start(frame: usize, code: usize): void {
  store<u32>(frame, load<u32>(code, Code.Program), Frame.Ip);
  clearReturnData();
  current = frame;
}

function precompiled(frame: usize, number: u32, input: usize, size: u32, gas: u64, mark: usize): i32 {
  const status = runPrecompile(number, input, size, gas);
  if (!succeeded(status)) {
    revert(mark);
    setOutput(0, 0);
  }
  if (frame) writeOutput(frame);
  setReturnData(outputAt, outputSize);
  return endAtOnce(frame, status, succeeded(status) ? precompiledGasLeft() : 0);
}

function succeedAtOnce(frame: usize, gas: u64): i32 {
  clearReturnData();
  return endAtOnce(frame, Status.Stop, gas);
}

/** Writes as much of the output as fits where the caller wants it. */
function writeOutput(frame: usize): void {
  const size = min(outputSize, load<u32>(frame, Frame.OutputSize));
  if (size)
    memory.copy(<usize>load<u32>(frame, Frame.Memory) + <usize>load<u32>(frame, Frame.OutputOffset), outputAt, <usize>size);
}

/** What init code returned becomes the account's code, if it may. */
function deploy(frame: usize, status: i32): i32 {
  if (outputSize > CODE_LIMIT) return Status.CodeTooLarge;
  if (outputSize && rule(Rule.RefusesEf) && load<u8>(outputAt) == 0xef) return Status.CodeBeginsWithEf;
  if (!charge(frame, DEPOSIT_PER_BYTE * <u64>outputSize)) return Status.OutOfGas;
  if (!outputSize) return status;
  keccak256(hash, outputAt, <usize>outputSize);
  const code = addCode(hash, outputAt, <usize>outputSize);
  if (code) setCode(self(frame), hash, code);
  return status;
}

function undo(frame: usize): void {
  revert(<usize>load<u32>(frame, Frame.Journal));
  cutLogs(<usize>load<u32>(frame, Frame.Logs));
  setRefund(load<i64>(frame, Frame.Refund));
}

function transfer(from: usize, to: usize, value: usize): void {
  if (isZero(value)) return;
  subBalance(from, value);
  addBalance(to, value);
}

function collides(account: usize): bool {
  return load<u64>(account, Account.Nonce) != 0 || hasCode(account) || hasFlag(account, AccountFlag.HasStorage);
}

/** Leaves room for the answer only, and keeps where the output goes. */
function popArguments(frame: usize, ranges: usize): void {
  store<u32>(frame, load<u32>(ranges, 64), Frame.OutputOffset);
  store<u32>(frame, fitsU64(ranges + 96) ? load<u32>(ranges, 96) : 0, Frame.OutputSize);
  store<u32>(frame, <u32>ranges + 96, Frame.Sp);
  clearReturnData();
}

function isStatic(frame: usize): bool {
  return (load<u32>(frame, Frame.Flags) & FrameFlag.Static) != 0;
}

function self(frame: usize): usize {
  return <usize>load<u32>(frame, Frame.Account);
}

function isLow(account: usize): bool {
  return (load<u64>(account, Account.Address + 8) | load<u64>(account, Account.Address + 16)) == 0;
}

function exhausted(): i32 {
  fail(Status.MemoryLimit);
  return Status.MemoryLimit;
}
