/**
 * Runs a frame's program until it ends or needs something that is not done in here. Gas, stack underflow and overflow are checked once
 * per block, so that an instruction's case is what the specification says of it and nothing else. `continue` goes on at the next
 * instruction, `break` at the block at `ip`.
 */
import { bytesOf, sizeOf } from './code';
import { Context, context } from './context';
import { Frame } from './frame';
import { spend, takeSlice, totalGas } from './gas';
import { hostTrace } from './host';
import { balance, blobHash, blockHash, codeHashOf, codeSizeOf, copyCodeOf, loadCallData } from './instructions/environment';
import { log } from './instructions/logs';
import { copyReturnData, copyToMemory, copyWithin, hashRange, reachWord, takeOutput } from './instructions/memory';
import { sload, sstore, tload, tstore } from './instructions/storage';
import { selfDestruct } from './instructions/system';
import { Op } from './opcodes';
import { returnDataSize, setOutput } from './output';
import { Code, Do, Header, Instruction } from './program';
import { Account } from './records';
import { Status } from './status';
import {
  add,
  addmod,
  and,
  byte,
  byteLength,
  clz,
  copy,
  eq,
  exp,
  fitsU64,
  isZero,
  loadBigEndian,
  lt,
  mul,
  mulmod,
  not,
  or,
  sar,
  setU64,
  shl,
  shr,
  signextend,
  slt,
  storeBigEndian,
  sub,
  xor,
} from './u256';
import { div, mod, sdiv, smod } from './u256-division';

/** What `run` returns besides a status: what the frame waits for. Its fields are up to date then. */
export const enum Action {
  /** A new slice of gas. */
  Slice = -1,
  /** The call or creation whose opcode is `wanted`. */
  Call = -2,
}

/** The opcode of the call or creation that the frame waits for. */
export let wanted: i32 = 0;
/** Gas of the block before which the last slice ended. */
let blockGas: u64 = 0;

const EXP_PER_BYTE: u64 = 50;
const STACK_SIZE: usize = 32768;

/** Returns the status with which the frame ended, or an `Action`. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one loop over one switch becomes one br_table.
export function run(frame: usize): i32 {
  let ip = <usize>load<u32>(frame, Frame.Ip);
  let sp = <usize>load<u32>(frame, Frame.Sp);
  const base = <usize>load<u32>(frame, Frame.Base);
  let memoryAt = <usize>load<u32>(frame, Frame.Memory);
  let memorySize = <u64>load<u32>(frame, Frame.MemorySize);
  let gas = takeSlice(load<u64>(frame, Frame.Gas), blockGas);
  blockGas = 0;

  while (true) {
    gas -= <i64>load<u32>(ip, Header.Gas);
    const misfits =
      (sp + <usize>load<u16>(ip, Header.Needs) > base) | (sp - <usize>load<u16>(ip, Header.Grows) < base - STACK_SIZE);
    if (misfits | (gas < 0)) {
      gas += <i64>load<u32>(ip, Header.Gas);
      if (misfits || totalGas(gas) < <u64>load<u32>(ip, Header.Gas)) return misfit(frame, ip, sp, totalGas(gas));
      blockGas = <u64>load<u32>(ip, Header.Gas);
      pause(frame, ip, sp, gas);
      return Action.Slice;
    }
    ip += Header.Size;

    while (true) {
      switch (<i32>load<u16>(ip)) {
        case Op.STOP:
          setOutput(0, 0);
          return end(frame, gas, Status.Stop);
        case Do.Enter:
          ip += 8;
          break;
        case Do.Trace:
          pause(frame, ip + 8, sp, gas);
          hostTrace(load<u32>(ip, Instruction.Operand), load<u16>(ip, Instruction.Small), frame);
          ip += 8;
          break;
        case Op.ADD:
          add(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.MUL:
          mul(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.SUB:
          sub(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.DIV:
          div(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.SDIV:
          sdiv(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.MOD:
          mod(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.SMOD:
          smod(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.ADDMOD:
          addmod(sp + 64, sp, sp + 32, sp + 64);
          sp += 64;
          ip += 8;
          continue;
        case Op.MULMOD:
          mulmod(sp + 64, sp, sp + 32, sp + 64);
          sp += 64;
          ip += 8;
          continue;
        case Op.EXP:
          gas = spend(gas, exponentCost(sp + 32));
          if (gas < 0) return <i32>-gas;
          exp(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.SIGNEXTEND:
          signextend(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.LT:
          setU64(sp + 32, u64(lt(sp, sp + 32)));
          sp += 32;
          ip += 8;
          continue;
        case Op.GT:
          setU64(sp + 32, u64(lt(sp + 32, sp)));
          sp += 32;
          ip += 8;
          continue;
        case Op.SLT:
          setU64(sp + 32, u64(slt(sp, sp + 32)));
          sp += 32;
          ip += 8;
          continue;
        case Op.SGT:
          setU64(sp + 32, u64(slt(sp + 32, sp)));
          sp += 32;
          ip += 8;
          continue;
        case Op.EQ:
          setU64(sp + 32, u64(eq(sp, sp + 32)));
          sp += 32;
          ip += 8;
          continue;
        case Op.ISZERO:
          setU64(sp, u64(isZero(sp)));
          ip += 8;
          continue;
        case Op.AND:
          and(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.OR:
          or(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.XOR:
          xor(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.NOT:
          not(sp, sp);
          ip += 8;
          continue;
        case Op.BYTE:
          byte(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.SHL:
          shl(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.SHR:
          shr(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.SAR:
          sar(sp + 32, sp, sp + 32);
          sp += 32;
          ip += 8;
          continue;
        case Op.CLZ:
          clz(sp, sp);
          ip += 8;
          continue;
        case Op.KECCAK256:
          gas = hashRange(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 32;
          ip += 8;
          continue;
        case Op.ADDRESS:
          sp -= 32;
          copy(sp, <usize>load<u32>(frame, Frame.Account) + Account.Address);
          ip += 8;
          continue;
        case Op.BALANCE:
          gas = balance(sp, gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Op.ORIGIN:
          sp -= 32;
          copy(sp, context + Context.Sender);
          ip += 8;
          continue;
        case Op.CALLER:
          sp -= 32;
          copy(sp, frame + Frame.Caller);
          ip += 8;
          continue;
        case Op.CALLVALUE:
          sp -= 32;
          copy(sp, frame + Frame.Value);
          ip += 8;
          continue;
        case Op.CALLDATALOAD:
          loadCallData(frame, sp);
          ip += 8;
          continue;
        case Op.CALLDATASIZE:
          sp -= 32;
          setU64(sp, load<u32>(frame, Frame.InputSize));
          ip += 8;
          continue;
        case Op.CALLDATACOPY:
          gas = copyToMemory(frame, sp, <usize>load<u32>(frame, Frame.Input), load<u32>(frame, Frame.InputSize), gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 96;
          ip += 8;
          continue;
        case Op.CODESIZE:
          sp -= 32;
          setU64(sp, sizeOf(<usize>load<u32>(frame, Frame.Code)));
          ip += 8;
          continue;
        case Op.CODECOPY:
          gas = copyToMemory(
            frame,
            sp,
            bytesOf(<usize>load<u32>(frame, Frame.Code)),
            sizeOf(<usize>load<u32>(frame, Frame.Code)),
            gas,
          );
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 96;
          ip += 8;
          continue;
        case Op.GASPRICE:
          sp -= 32;
          copy(sp, context + Context.GasPrice);
          ip += 8;
          continue;
        case Op.EXTCODESIZE:
          gas = codeSizeOf(sp, gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Op.EXTCODECOPY:
          gas = copyCodeOf(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 128;
          ip += 8;
          continue;
        case Op.RETURNDATASIZE:
          sp -= 32;
          setU64(sp, returnDataSize);
          ip += 8;
          continue;
        case Op.RETURNDATACOPY:
          gas = copyReturnData(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 96;
          ip += 8;
          continue;
        case Op.EXTCODEHASH:
          gas = codeHashOf(sp, gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Op.BLOCKHASH:
          gas = blockHash(sp, gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Op.COINBASE:
          sp -= 32;
          copy(sp, context + Context.Coinbase);
          ip += 8;
          continue;
        case Op.TIMESTAMP:
          sp -= 32;
          copy(sp, context + Context.Timestamp);
          ip += 8;
          continue;
        case Op.NUMBER:
          sp -= 32;
          copy(sp, context + Context.Number);
          ip += 8;
          continue;
        case Op.PREVRANDAO:
          sp -= 32;
          copy(sp, context + Context.PrevRandao);
          ip += 8;
          continue;
        case Op.GASLIMIT:
          sp -= 32;
          copy(sp, context + Context.BlockGasLimit);
          ip += 8;
          continue;
        case Op.CHAINID:
          sp -= 32;
          copy(sp, context + Context.ChainId);
          ip += 8;
          continue;
        case Op.SELFBALANCE:
          sp -= 32;
          copy(sp, <usize>load<u32>(frame, Frame.Account) + Account.Balance);
          ip += 8;
          continue;
        case Op.BASEFEE:
          sp -= 32;
          copy(sp, context + Context.BaseFee);
          ip += 8;
          continue;
        case Op.BLOBHASH:
          blobHash(sp);
          ip += 8;
          continue;
        case Op.BLOBBASEFEE:
          sp -= 32;
          copy(sp, context + Context.BlobBaseFee);
          ip += 8;
          continue;
        case Op.POP:
          sp += 32;
          ip += 8;
          continue;
        case Op.MLOAD:
          if (!fitsU64(sp) || load<u64>(sp) >> 32 || load<u64>(sp) + 32 > memorySize) {
            gas = reachWord(frame, sp, 32, gas);
            if (gas < 0) return <i32>-gas;
            memoryAt = <usize>load<u32>(frame, Frame.Memory);
            memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          }
          loadBigEndian(sp, memoryAt + <usize>load<u32>(sp));
          ip += 8;
          continue;
        case Op.MSTORE:
          if (!fitsU64(sp) || load<u64>(sp) >> 32 || load<u64>(sp) + 32 > memorySize) {
            gas = reachWord(frame, sp, 32, gas);
            if (gas < 0) return <i32>-gas;
            memoryAt = <usize>load<u32>(frame, Frame.Memory);
            memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          }
          storeBigEndian(memoryAt + <usize>load<u32>(sp), sp + 32);
          sp += 64;
          ip += 8;
          continue;
        case Op.MSTORE8:
          if (!fitsU64(sp) || load<u64>(sp) >> 32 || load<u64>(sp) + 1 > memorySize) {
            gas = reachWord(frame, sp, 1, gas);
            if (gas < 0) return <i32>-gas;
            memoryAt = <usize>load<u32>(frame, Frame.Memory);
            memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          }
          store<u8>(memoryAt + <usize>load<u32>(sp), load<u8>(sp, 32));
          sp += 64;
          ip += 8;
          continue;
        case Op.SLOAD:
          gas = sload(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Op.SSTORE:
          gas = sstore(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          sp += 64;
          ip += 8;
          break;
        case Op.JUMP:
          ip = jumpTarget(frame, sp);
          if (!ip) return Status.InvalidJump;
          sp += 32;
          break;
        case Op.JUMPI:
          if (isZero(sp + 32)) {
            ip += 8;
          } else {
            ip = jumpTarget(frame, sp);
            if (!ip) return Status.InvalidJump;
          }
          sp += 64;
          break;
        case Op.PC:
        case Do.PushSmall:
          sp -= 32;
          setU64(sp, load<u32>(ip, Instruction.Operand));
          ip += 8;
          continue;
        case Op.MSIZE:
          sp -= 32;
          setU64(sp, memorySize);
          ip += 8;
          continue;
        case Op.GAS:
          sp -= 32;
          setU64(sp, totalGas(gas));
          ip += 8;
          break;
        case Op.TLOAD:
          tload(frame, sp);
          ip += 8;
          continue;
        case Op.TSTORE:
          gas = tstore(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          sp += 64;
          ip += 8;
          continue;
        case Op.MCOPY:
          gas = copyWithin(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 96;
          ip += 8;
          continue;
        case Op.PUSH0:
          sp -= 32;
          setU64(sp, 0);
          ip += 8;
          continue;
        case Do.PushLong:
          sp -= 32;
          setU64(sp, load<u64>(ip, 8));
          ip += 16;
          continue;
        case Do.PushWord:
          sp -= 32;
          copy(sp, ip + 8);
          ip += 40;
          continue;
        case Op.DUP1:
          sp -= 32;
          copy(sp, sp + 32);
          ip += 8;
          continue;
        case Op.DUP2:
          sp -= 32;
          copy(sp, sp + 64);
          ip += 8;
          continue;
        case Op.DUP3:
          sp -= 32;
          copy(sp, sp + 96);
          ip += 8;
          continue;
        case Op.DUP4:
          sp -= 32;
          copy(sp, sp + 128);
          ip += 8;
          continue;
        case Op.DUP5:
          sp -= 32;
          copy(sp, sp + 160);
          ip += 8;
          continue;
        case Op.DUP6:
          sp -= 32;
          copy(sp, sp + 192);
          ip += 8;
          continue;
        case Op.DUP7:
          sp -= 32;
          copy(sp, sp + 224);
          ip += 8;
          continue;
        case Op.DUP8:
          sp -= 32;
          copy(sp, sp + 256);
          ip += 8;
          continue;
        case Op.DUP9:
          sp -= 32;
          copy(sp, sp + 288);
          ip += 8;
          continue;
        case Op.DUP10:
          sp -= 32;
          copy(sp, sp + 320);
          ip += 8;
          continue;
        case Op.DUP11:
          sp -= 32;
          copy(sp, sp + 352);
          ip += 8;
          continue;
        case Op.DUP12:
          sp -= 32;
          copy(sp, sp + 384);
          ip += 8;
          continue;
        case Op.DUP13:
          sp -= 32;
          copy(sp, sp + 416);
          ip += 8;
          continue;
        case Op.DUP14:
          sp -= 32;
          copy(sp, sp + 448);
          ip += 8;
          continue;
        case Op.DUP15:
          sp -= 32;
          copy(sp, sp + 480);
          ip += 8;
          continue;
        case Op.DUP16:
          sp -= 32;
          copy(sp, sp + 512);
          ip += 8;
          continue;
        case Op.SWAP1:
          swap(sp, sp + 32);
          ip += 8;
          continue;
        case Op.SWAP2:
          swap(sp, sp + 64);
          ip += 8;
          continue;
        case Op.SWAP3:
          swap(sp, sp + 96);
          ip += 8;
          continue;
        case Op.SWAP4:
          swap(sp, sp + 128);
          ip += 8;
          continue;
        case Op.SWAP5:
          swap(sp, sp + 160);
          ip += 8;
          continue;
        case Op.SWAP6:
          swap(sp, sp + 192);
          ip += 8;
          continue;
        case Op.SWAP7:
          swap(sp, sp + 224);
          ip += 8;
          continue;
        case Op.SWAP8:
          swap(sp, sp + 256);
          ip += 8;
          continue;
        case Op.SWAP9:
          swap(sp, sp + 288);
          ip += 8;
          continue;
        case Op.SWAP10:
          swap(sp, sp + 320);
          ip += 8;
          continue;
        case Op.SWAP11:
          swap(sp, sp + 352);
          ip += 8;
          continue;
        case Op.SWAP12:
          swap(sp, sp + 384);
          ip += 8;
          continue;
        case Op.SWAP13:
          swap(sp, sp + 416);
          ip += 8;
          continue;
        case Op.SWAP14:
          swap(sp, sp + 448);
          ip += 8;
          continue;
        case Op.SWAP15:
          swap(sp, sp + 480);
          ip += 8;
          continue;
        case Op.SWAP16:
          swap(sp, sp + 512);
          ip += 8;
          continue;
        case Op.LOG0:
          gas = log(frame, sp, 0, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 64;
          ip += 8;
          continue;
        case Op.LOG1:
          gas = log(frame, sp, 1, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 96;
          ip += 8;
          continue;
        case Op.LOG2:
          gas = log(frame, sp, 2, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 128;
          ip += 8;
          continue;
        case Op.LOG3:
          gas = log(frame, sp, 3, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 160;
          ip += 8;
          continue;
        case Op.LOG4:
          gas = log(frame, sp, 4, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          sp += 192;
          ip += 8;
          continue;
        case Op.CREATE:
          return ask(frame, ip, sp, gas, Op.CREATE);
        case Op.CALL:
          return ask(frame, ip, sp, gas, Op.CALL);
        case Op.CALLCODE:
          return ask(frame, ip, sp, gas, Op.CALLCODE);
        case Op.DELEGATECALL:
          return ask(frame, ip, sp, gas, Op.DELEGATECALL);
        case Op.CREATE2:
          return ask(frame, ip, sp, gas, Op.CREATE2);
        case Op.STATICCALL:
          return ask(frame, ip, sp, gas, Op.STATICCALL);
        case Op.RETURN:
          gas = takeOutput(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          return end(frame, gas, Status.Return);
        case Op.REVERT:
          gas = takeOutput(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          return end(frame, gas, Status.Revert);
        case Op.SELFDESTRUCT:
          gas = selfDestruct(frame, sp, gas);
          if (gas < 0) return <i32>-gas;
          setOutput(0, 0);
          return end(frame, gas, Status.SelfDestruct);
        default:
          return Status.InvalidOpcode;
      }
      break;
    }
  }
}

/** Writes back what the loop holds. */
function pause(frame: usize, ip: usize, sp: usize, gas: i64): void {
  store<u32>(frame, <u32>ip, Frame.Ip);
  store<u32>(frame, <u32>sp, Frame.Sp);
  store<u64>(frame, totalGas(gas), Frame.Gas);
}

function end(frame: usize, gas: i64, status: i32): i32 {
  store<u64>(frame, totalGas(gas), Frame.Gas);
  return status;
}

/** Pauses before a call or creation; the next block follows it. */
function ask(frame: usize, ip: usize, sp: usize, gas: i64, opcode: i32): i32 {
  pause(frame, ip + Instruction.Size, sp, gas);
  wanted = opcode;
  return Action.Call;
}

/** The status of a block that cannot run. */
function misfit(frame: usize, ip: usize, sp: usize, gas: u64): i32 {
  if (gas < <u64>load<u32>(ip, Header.Gas)) return Status.OutOfGas;
  return sp + <usize>load<u16>(ip, Header.Needs) > <usize>load<u32>(frame, Frame.Base)
    ? Status.StackUnderflow
    : Status.StackOverflow;
}

/** The address of the block at the pc on the stack, or 0 if there is no JUMPDEST. */
function jumpTarget(frame: usize, sp: usize): usize {
  const code = <usize>load<u32>(frame, Frame.Code);
  const pc = load<u64>(sp);
  if (!fitsU64(sp) || pc >= <u64>sizeOf(code)) return 0;
  const offset = <usize>load<u32>(<usize>load<u32>(code, Code.Jumps) + ((<usize>pc) << 2));
  return offset ? <usize>load<u32>(code, Code.Program) + offset : 0;
}

function swap(a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  copy(a, b);
  store<u64>(b, a0);
  store<u64>(b, a1, 8);
  store<u64>(b, a2, 16);
  store<u64>(b, a3, 24);
}

/** Bytes of an exponent, at 50 gas each (EIP-160). */
function exponentCost(exponent: usize): u64 {
  return EXP_PER_BYTE * <u64>byteLength(exponent);
}
