/** Computes an opcode of constants while decoding. */
import { Op } from './opcodes';
import { add, and, eq, isZero, lt, mul, not, or, setU64, shl, shr, slt, sub, xor } from './u256';
import { div } from './u256-division';

/** out = a op b, a having been on top. False if the opcode is not one that is folded. */
export function foldBinary(opcode: i32, out: usize, a: usize, b: usize): bool {
  switch (opcode) {
    case Op.ADD:
      add(out, a, b);
      return true;
    case Op.MUL:
      mul(out, a, b);
      return true;
    case Op.SUB:
      sub(out, a, b);
      return true;
    case Op.DIV:
      div(out, a, b);
      return true;
    case Op.AND:
      and(out, a, b);
      return true;
    case Op.OR:
      or(out, a, b);
      return true;
    case Op.XOR:
      xor(out, a, b);
      return true;
    case Op.SHL:
      shl(out, a, b);
      return true;
    case Op.SHR:
      shr(out, a, b);
      return true;
    case Op.LT:
      setU64(out, u64(lt(a, b)));
      return true;
    case Op.GT:
      setU64(out, u64(lt(b, a)));
      return true;
    case Op.SLT:
      setU64(out, u64(slt(a, b)));
      return true;
    case Op.SGT:
      setU64(out, u64(slt(b, a)));
      return true;
    case Op.EQ:
      setU64(out, u64(eq(a, b)));
      return true;
    default:
      return false;
  }
}

/** out = op a. False if the opcode is not one that is folded. */
export function foldUnary(opcode: i32, out: usize, a: usize): bool {
  if (opcode == Op.NOT) not(out, a);
  else if (opcode == Op.ISZERO) setU64(out, u64(isZero(a)));
  else return false;
  return true;
}
