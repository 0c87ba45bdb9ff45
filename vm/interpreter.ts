/**
 * Runs a frame's program until it ends or needs something that is not done in here. Gas, stack underflow and overflow are checked once
 * per block, so that an instruction's case is what the specification says of it and nothing else. `continue` goes on at the next
 * instruction, `break` at the block at `ip`.
 */
import { Context, context } from './context';
import { blockAt, decodeBlock } from './decode';
import { Frame } from './frame';
import { spend, takeSlice, totalGas } from './gas';
import { hostTrace } from './host';
import { balance, blobHash, blockHash, codeHashOf, codeSizeOf, copyCodeOf, loadCallData } from './instructions/environment';
import { log } from './instructions/logs';
import { copyReturnData, copyToMemory, copyWithin, hashRange, reachNumber, reachWord, takeOutput } from './instructions/memory';
import { shiftLeft, shiftRight } from './instructions/shift';
import { sload, sstore, tload, tstore } from './instructions/storage';
import { selfDestruct } from './instructions/system';
import { returnDataSize, setOutput } from './output';
import { bytesOf, Code, Do, Header, Instruction, sizeOf } from './program';
import { Account } from './records';
import { Status } from './status';
import { addmod, byte, byteLength, clz, exp, fitsU64, mul, mulmod, not, sar, shl, shr, signextend, slt } from './u256';
import { div, mod, sdiv, smod } from './u256-division';
import { add, and, copy, eq, fitsU32, isZero, loadBigEndian, lt, or, setU64, sub, xor } from './words';

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
        case Do.Enter:
          sp += <usize>load<i16>(ip, Instruction.Out);
          ip += 8;
          break;
        case Do.Trace:
          pause(frame, ip + Instruction.Long, sp, gas);
          hostTrace(load<u32>(ip, Instruction.C), load<u16>(ip, Instruction.A), frame);
          ip += Instruction.Long;
          break;
        case Do.Stop:
          setOutput(0, 0);
          return end(frame, gas, Status.Stop);
        case Do.Return:
          gas = takeOutput(frame, aOf(sp, ip), bOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          return end(frame, gas, Status.Return);
        case Do.Revert:
          gas = takeOutput(frame, aOf(sp, ip), bOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          return end(frame, gas, Status.Revert);
        case Do.SelfDestruct:
          gas = selfDestruct(frame, aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          setOutput(0, 0);
          return end(frame, gas, Status.SelfDestruct);
        case Do.Move:
          copy(outOf(sp, ip), aOf(sp, ip));
          ip += 8;
          continue;
        case Do.Swap:
          swap(aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.Const:
          copy(outOf(sp, ip), ip + Instruction.Size);
          ip += 40;
          continue;
        case Do.ConstN:
          setU64(outOf(sp, ip), load<u32>(ip, Instruction.A));
          ip += 8;
          continue;
        case Do.Add:
          add(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.AddC:
          add(outOf(sp, ip), aOf(sp, ip), ip + Instruction.Size);
          ip += 40;
          continue;
        case Do.Mul:
          mul(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.MulC:
          mul(outOf(sp, ip), aOf(sp, ip), ip + Instruction.Size);
          ip += 40;
          continue;
        case Do.Sub:
          sub(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.SubCR:
          sub(outOf(sp, ip), ip + Instruction.Size, aOf(sp, ip));
          ip += 40;
          continue;
        case Do.Div:
          div(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.SDiv:
          sdiv(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.Mod:
          mod(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.SMod:
          smod(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.AddMod:
          addmod(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip), sp + <usize>load<i16>(ip, Instruction.C));
          ip += 16;
          continue;
        case Do.MulMod:
          mulmod(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip), sp + <usize>load<i16>(ip, Instruction.C));
          ip += 16;
          continue;
        case Do.Exp:
          gas = spend(gas, exponentCost(bOf(sp, ip)));
          if (gas < 0) return <i32>-gas;
          exp(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.SignExtend:
          signextend(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.Lt:
          setU64(outOf(sp, ip), u64(lt(aOf(sp, ip), bOf(sp, ip))));
          ip += 8;
          continue;
        case Do.LtCR:
          setU64(outOf(sp, ip), u64(lt(ip + Instruction.Size, aOf(sp, ip))));
          ip += 40;
          continue;
        case Do.LtRC:
          setU64(outOf(sp, ip), u64(lt(aOf(sp, ip), ip + Instruction.Size)));
          ip += 40;
          continue;
        case Do.Slt:
          setU64(outOf(sp, ip), u64(slt(aOf(sp, ip), bOf(sp, ip))));
          ip += 8;
          continue;
        case Do.SltCR:
          setU64(outOf(sp, ip), u64(slt(ip + Instruction.Size, aOf(sp, ip))));
          ip += 40;
          continue;
        case Do.SltRC:
          setU64(outOf(sp, ip), u64(slt(aOf(sp, ip), ip + Instruction.Size)));
          ip += 40;
          continue;
        case Do.Eq:
          setU64(outOf(sp, ip), u64(eq(aOf(sp, ip), bOf(sp, ip))));
          ip += 8;
          continue;
        case Do.EqC:
          setU64(outOf(sp, ip), u64(eq(aOf(sp, ip), ip + Instruction.Size)));
          ip += 40;
          continue;
        case Do.IsZero:
          setU64(outOf(sp, ip), u64(isZero(aOf(sp, ip))));
          ip += 8;
          continue;
        case Do.And:
          and(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.AndC:
          and(outOf(sp, ip), aOf(sp, ip), ip + Instruction.Size);
          ip += 40;
          continue;
        case Do.Or:
          or(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.OrC:
          or(outOf(sp, ip), aOf(sp, ip), ip + Instruction.Size);
          ip += 40;
          continue;
        case Do.Xor:
          xor(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.XorC:
          xor(outOf(sp, ip), aOf(sp, ip), ip + Instruction.Size);
          ip += 40;
          continue;
        case Do.Not:
          not(outOf(sp, ip), aOf(sp, ip));
          ip += 8;
          continue;
        case Do.Byte:
          byte(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.Shl:
          shl(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.ShlN:
          shiftLeft(outOf(sp, ip), aOf(sp, ip), load<u16>(ip, Instruction.B));
          ip += 8;
          continue;
        case Do.Shr:
          shr(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.ShrN:
          shiftRight(outOf(sp, ip), aOf(sp, ip), load<u16>(ip, Instruction.B));
          ip += 8;
          continue;
        case Do.Sar:
          sar(outOf(sp, ip), aOf(sp, ip), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.Clz:
          clz(outOf(sp, ip), aOf(sp, ip));
          ip += 8;
          continue;
        case Do.Keccak:
          gas = hashRange(frame, outOf(sp, ip), aOf(sp, ip), bOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.Address:
          copy(outOf(sp, ip), <usize>load<u32>(frame, Frame.Account) + Account.Address);
          ip += 8;
          continue;
        case Do.Balance:
          gas = balance(aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Do.Origin:
          copy(outOf(sp, ip), context + Context.Sender);
          ip += 8;
          continue;
        case Do.Caller:
          copy(outOf(sp, ip), frame + Frame.Caller);
          ip += 8;
          continue;
        case Do.CallValue:
          copy(outOf(sp, ip), frame + Frame.Value);
          ip += 8;
          continue;
        case Do.CallDataLoad:
          loadCallData(frame, outOf(sp, ip), aOf(sp, ip));
          ip += 8;
          continue;
        case Do.CallDataSize:
          setU64(outOf(sp, ip), load<u32>(frame, Frame.InputSize));
          ip += 8;
          continue;
        case Do.CallDataCopy:
          gas = copyToMemory(frame, aOf(sp, ip), <usize>load<u32>(frame, Frame.Input), load<u32>(frame, Frame.InputSize), gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.CodeSize:
          setU64(outOf(sp, ip), sizeOf(<usize>load<u32>(frame, Frame.Code)));
          ip += 8;
          continue;
        case Do.CodeCopy:
          gas = copyToMemory(
            frame,
            aOf(sp, ip),
            bytesOf(<usize>load<u32>(frame, Frame.Code)),
            sizeOf(<usize>load<u32>(frame, Frame.Code)),
            gas,
          );
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.GasPrice:
          copy(outOf(sp, ip), context + Context.GasPrice);
          ip += 8;
          continue;
        case Do.ExtCodeSize:
          gas = codeSizeOf(aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Do.ExtCodeCopy:
          gas = copyCodeOf(frame, aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.ReturnDataSize:
          setU64(outOf(sp, ip), returnDataSize);
          ip += 8;
          continue;
        case Do.ReturnDataCopy:
          gas = copyReturnData(frame, aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.ExtCodeHash:
          gas = codeHashOf(aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Do.BlockHash:
          gas = blockHash(aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Do.Coinbase:
          copy(outOf(sp, ip), context + Context.Coinbase);
          ip += 8;
          continue;
        case Do.Timestamp:
          copy(outOf(sp, ip), context + Context.Timestamp);
          ip += 8;
          continue;
        case Do.Number:
          copy(outOf(sp, ip), context + Context.Number);
          ip += 8;
          continue;
        case Do.PrevRandao:
          copy(outOf(sp, ip), context + Context.PrevRandao);
          ip += 8;
          continue;
        case Do.GasLimit:
          copy(outOf(sp, ip), context + Context.BlockGasLimit);
          ip += 8;
          continue;
        case Do.ChainId:
          copy(outOf(sp, ip), context + Context.ChainId);
          ip += 8;
          continue;
        case Do.SelfBalance:
          copy(outOf(sp, ip), <usize>load<u32>(frame, Frame.Account) + Account.Balance);
          ip += 8;
          continue;
        case Do.BaseFee:
          copy(outOf(sp, ip), context + Context.BaseFee);
          ip += 8;
          continue;
        case Do.BlobHash:
          blobHash(aOf(sp, ip));
          ip += 8;
          continue;
        case Do.BlobBaseFee:
          copy(outOf(sp, ip), context + Context.BlobBaseFee);
          ip += 8;
          continue;
        case Do.MLoad:
          if (isBeyond(aOf(sp, ip), 32, memorySize)) {
            gas = reachWord(frame, aOf(sp, ip), 32, gas);
            if (gas < 0) return <i32>-gas;
            memoryAt = <usize>load<u32>(frame, Frame.Memory);
            memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          }
          loadBigEndian(outOf(sp, ip), memoryAt + <usize>load<u32>(aOf(sp, ip)));
          ip += 8;
          continue;
        case Do.MLoadN:
          if (<u64>load<u32>(ip, Instruction.A) + 32 > memorySize) {
            gas = reachNumber(frame, load<u32>(ip, Instruction.A), 32, gas);
            if (gas < 0) return <i32>-gas;
            memoryAt = <usize>load<u32>(frame, Frame.Memory);
            memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          }
          loadBigEndian(outOf(sp, ip), memoryAt + <usize>load<u32>(ip, Instruction.A));
          ip += 8;
          continue;
        case Do.MStore:
          if (isBeyond(aOf(sp, ip), 32, memorySize)) {
            gas = reachWord(frame, aOf(sp, ip), 32, gas);
            if (gas < 0) return <i32>-gas;
            memoryAt = <usize>load<u32>(frame, Frame.Memory);
            memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          }
          loadBigEndian(memoryAt + <usize>load<u32>(aOf(sp, ip)), bOf(sp, ip));
          ip += 8;
          continue;
        case Do.MStoreN:
          if (<u64>load<u32>(ip, Instruction.A) + 32 > memorySize) {
            gas = reachNumber(frame, load<u32>(ip, Instruction.A), 32, gas);
            if (gas < 0) return <i32>-gas;
            memoryAt = <usize>load<u32>(frame, Frame.Memory);
            memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          }
          loadBigEndian(memoryAt + <usize>load<u32>(ip, Instruction.A), outOf(sp, ip));
          ip += 8;
          continue;
        case Do.MStore8:
          if (isBeyond(aOf(sp, ip), 1, memorySize)) {
            gas = reachWord(frame, aOf(sp, ip), 1, gas);
            if (gas < 0) return <i32>-gas;
            memoryAt = <usize>load<u32>(frame, Frame.Memory);
            memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          }
          store<u8>(memoryAt + <usize>load<u32>(aOf(sp, ip)), load<u8>(bOf(sp, ip)));
          ip += 8;
          continue;
        case Do.MSize:
          setU64(outOf(sp, ip), memorySize);
          ip += 8;
          continue;
        case Do.MCopy:
          gas = copyWithin(frame, aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.SLoad:
          gas = sload(frame, outOf(sp, ip), aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Do.SStore:
          gas = sstore(frame, aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          sp += <usize>load<i16>(ip, Instruction.Out);
          ip += 8;
          break;
        case Do.TLoad:
          tload(frame, outOf(sp, ip), aOf(sp, ip));
          ip += 8;
          continue;
        case Do.TStore:
          gas = tstore(frame, aOf(sp, ip), gas);
          if (gas < 0) return <i32>-gas;
          ip += 8;
          continue;
        case Do.Gas:
          setU64(aOf(sp, ip), totalGas(gas));
          sp += <usize>load<i16>(ip, Instruction.Out);
          ip += 8;
          break;
        case Do.Log0:
          gas = log(frame, aOf(sp, ip), 0, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.Log1:
          gas = log(frame, aOf(sp, ip), 1, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.Log2:
          gas = log(frame, aOf(sp, ip), 2, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.Log3:
          gas = log(frame, aOf(sp, ip), 3, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.Log4:
          gas = log(frame, aOf(sp, ip), 4, gas);
          if (gas < 0) return <i32>-gas;
          memoryAt = <usize>load<u32>(frame, Frame.Memory);
          memorySize = <u64>load<u32>(frame, Frame.MemorySize);
          ip += 8;
          continue;
        case Do.Jump: {
          const target = jumpTarget(frame, aOf(sp, ip));
          if (!target) return Status.InvalidJump;
          sp += <usize>load<i16>(ip, Instruction.Out);
          ip = target;
          break;
        }
        case Do.JumpIf:
          if (isZero(bOf(sp, ip))) {
            sp += <usize>load<i16>(ip, Instruction.Out);
            ip += Instruction.Size;
            break;
          } else {
            const target = jumpTarget(frame, aOf(sp, ip));
            if (!target) return Status.InvalidJump;
            sp += <usize>load<i16>(ip, Instruction.Out);
            ip = target;
            break;
          }
        case Do.JumpTo:
          sp += <usize>load<i16>(ip, Instruction.Out);
          ip = <usize>load<u32>(ip, Instruction.C);
          break;
        case Do.NonZeroJump: {
          const holds = u32(!isZero(aOf(sp, ip)));
          sp += <usize>load<i16>(ip, Instruction.Out);
          if (holds != load<u32>(ip, Instruction.Unless)) {
            ip = <usize>load<u32>(ip, Instruction.C);
          } else ip += 16;
          break;
        }
        case Do.LtJump: {
          const holds = u32(lt(aOf(sp, ip), bOf(sp, ip)));
          sp += <usize>load<i16>(ip, Instruction.Out);
          if (holds != load<u32>(ip, Instruction.Unless)) {
            ip = <usize>load<u32>(ip, Instruction.C);
          } else ip += 16;
          break;
        }
        case Do.LtCRJump: {
          const holds = u32(lt(ip + Instruction.Long, aOf(sp, ip)));
          sp += <usize>load<i16>(ip, Instruction.Out);
          if (holds != load<u32>(ip, Instruction.Unless)) {
            ip = <usize>load<u32>(ip, Instruction.C);
          } else ip += 48;
          break;
        }
        case Do.LtRCJump: {
          const holds = u32(lt(aOf(sp, ip), ip + Instruction.Long));
          sp += <usize>load<i16>(ip, Instruction.Out);
          if (holds != load<u32>(ip, Instruction.Unless)) {
            ip = <usize>load<u32>(ip, Instruction.C);
          } else ip += 48;
          break;
        }
        case Do.SltJump: {
          const holds = u32(slt(aOf(sp, ip), bOf(sp, ip)));
          sp += <usize>load<i16>(ip, Instruction.Out);
          if (holds != load<u32>(ip, Instruction.Unless)) {
            ip = <usize>load<u32>(ip, Instruction.C);
          } else ip += 16;
          break;
        }
        case Do.EqJump: {
          const holds = u32(eq(aOf(sp, ip), bOf(sp, ip)));
          sp += <usize>load<i16>(ip, Instruction.Out);
          if (holds != load<u32>(ip, Instruction.Unless)) {
            ip = <usize>load<u32>(ip, Instruction.C);
          } else ip += 16;
          break;
        }
        case Do.EqCJump: {
          const holds = u32(eq(aOf(sp, ip), ip + Instruction.Long));
          sp += <usize>load<i16>(ip, Instruction.Out);
          if (holds != load<u32>(ip, Instruction.Unless)) {
            ip = <usize>load<u32>(ip, Instruction.C);
          } else ip += 48;
          break;
        }
        case Do.Ask:
          sp += <usize>load<i16>(ip, Instruction.Out);
          return ask(frame, ip, sp, gas, load<u16>(ip, Instruction.A));
        case Do.Decode:
          ip = decodeNext(frame, ip);
          if (!ip) return Status.MemoryLimit;
          break;
        case Do.Link:
          ip = link(frame, ip);
          if (!ip) return Status.InvalidJump;
          break;
        default:
          return Status.InvalidOpcode;
      }
      break;
    }
  }
}

/** The place of an instruction's result. */
function outOf(sp: usize, ip: usize): usize {
  return sp + <usize>load<i16>(ip, Instruction.Out);
}

function aOf(sp: usize, ip: usize): usize {
  return sp + <usize>load<i16>(ip, Instruction.A);
}

function bOf(sp: usize, ip: usize): usize {
  return sp + <usize>load<i16>(ip, Instruction.B);
}

/** Whether memory does not hold `size` bytes at the offset in a word. */
function isBeyond(offset: usize, size: u64, memorySize: u64): bool {
  return !fitsU32(offset) || load<u64>(offset) + size > memorySize;
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
  const jumps = <usize>load<u32>(code, Code.Jumps);
  const block = jumps ? <usize>load<u32>(jumps + ((<usize>pc) << 2)) : 0;
  return block ? block : blockAt(code, <u32>pc);
}

/** The block to which a static jump goes that is taken for the first time, or 0 if there is no JUMPDEST. The jump knows it from now on. */
function link(frame: usize, ip: usize): usize {
  const code = <usize>load<u32>(frame, Frame.Code);
  const pc = load<u32>(ip, Instruction.Pc);
  const block = pc < sizeOf(code) ? blockAt(code, pc) : 0;
  if (block) store<u32>(<usize>load<u32>(ip, Instruction.C), <u32>block);
  return block;
}

function decodeNext(frame: usize, ip: usize): usize {
  return decodeBlock(<usize>load<u32>(frame, Frame.Code), load<u32>(ip, Instruction.Pc), ip - Header.Size);
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
