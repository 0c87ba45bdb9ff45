/** How each opcode's operands are found, and which handler does its work. */
import { Op } from './opcodes';
import { Do } from './program';

export const enum Shape {
  /** No such opcode. */
  None,
  /** Two operands in slots, one result. */
  Plain,
  /** The same, and a handler for a constant operand follows, whichever it is. */
  Commutes,
  /** The same, and two handlers follow: for a constant first, and for a constant second operand. */
  Ordered,
  /** As `Ordered`, with the operands exchanged. */
  Reversed,
  /** As `Ordered`; a constant second operand is added negated. */
  Subtracts,
  /** The same, and a handler for a constant first operand follows. */
  Shifts,
  /** One operand, one result. */
  Unary,
  /** Three operands, one result. */
  Ternary,
  /** No operand, one result. */
  Nullary,
  /** One operand, one result, and a handler for a constant operand follows. */
  Loads,
  /** Two operands, and a handler for a constant first one follows. */
  Stores,
  /** Two operands. */
  Consumes,
  /** All operands and results in their own slots; the handler gets the place of the topmost operand. */
  Settled,
  /** Nothing follows. */
  Ends,
  /** JUMP. */
  Jumps,
  /** JUMPI. */
  Branches,
  /** As `Settled`, and ends the block. */
  Breaks,
  /** GAS: ends the block, for what follows must not be paid yet. */
  Gas,
  /** A call or creation: ends the block. */
  Asks,
  /** A constant. */
  Pc,
  Pop,
  /** JUMPDEST. */
  Mark,
}

// biome-ignore format: a table
//  opcode             shape             handler
const rows: StaticArray<i32> = [
    Op.ADD,            Shape.Commutes,   Do.Add,
    Op.MUL,            Shape.Commutes,   Do.Mul,
    Op.SUB,            Shape.Subtracts,  Do.Sub,
    Op.DIV,            Shape.Plain,      Do.Div,
    Op.SDIV,           Shape.Plain,      Do.SDiv,
    Op.MOD,            Shape.Plain,      Do.Mod,
    Op.SMOD,           Shape.Plain,      Do.SMod,
    Op.ADDMOD,         Shape.Ternary,    Do.AddMod,
    Op.MULMOD,         Shape.Ternary,    Do.MulMod,
    Op.EXP,            Shape.Plain,      Do.Exp,
    Op.SIGNEXTEND,     Shape.Plain,      Do.SignExtend,
    Op.LT,             Shape.Ordered,    Do.Lt,
    Op.GT,             Shape.Reversed,   Do.Lt,
    Op.SLT,            Shape.Ordered,    Do.Slt,
    Op.SGT,            Shape.Reversed,   Do.Slt,
    Op.EQ,             Shape.Commutes,   Do.Eq,
    Op.ISZERO,         Shape.Unary,      Do.IsZero,
    Op.AND,            Shape.Commutes,   Do.And,
    Op.OR,             Shape.Commutes,   Do.Or,
    Op.XOR,            Shape.Commutes,   Do.Xor,
    Op.NOT,            Shape.Unary,      Do.Not,
    Op.BYTE,           Shape.Plain,      Do.Byte,
    Op.SHL,            Shape.Shifts,     Do.Shl,
    Op.SHR,            Shape.Shifts,     Do.Shr,
    Op.SAR,            Shape.Plain,      Do.Sar,
    Op.CLZ,            Shape.Unary,      Do.Clz,
    Op.KECCAK256,      Shape.Plain,      Do.Keccak,
    Op.ADDRESS,        Shape.Nullary,    Do.Address,
    Op.BALANCE,        Shape.Settled,    Do.Balance,
    Op.ORIGIN,         Shape.Nullary,    Do.Origin,
    Op.CALLER,         Shape.Nullary,    Do.Caller,
    Op.CALLVALUE,      Shape.Nullary,    Do.CallValue,
    Op.CALLDATALOAD,   Shape.Unary,      Do.CallDataLoad,
    Op.CALLDATASIZE,   Shape.Nullary,    Do.CallDataSize,
    Op.CALLDATACOPY,   Shape.Settled,    Do.CallDataCopy,
    Op.CODESIZE,       Shape.Nullary,    Do.CodeSize,
    Op.CODECOPY,       Shape.Settled,    Do.CodeCopy,
    Op.GASPRICE,       Shape.Nullary,    Do.GasPrice,
    Op.EXTCODESIZE,    Shape.Settled,    Do.ExtCodeSize,
    Op.EXTCODECOPY,    Shape.Settled,    Do.ExtCodeCopy,
    Op.RETURNDATASIZE, Shape.Nullary,    Do.ReturnDataSize,
    Op.RETURNDATACOPY, Shape.Settled,    Do.ReturnDataCopy,
    Op.EXTCODEHASH,    Shape.Settled,    Do.ExtCodeHash,
    Op.BLOCKHASH,      Shape.Settled,    Do.BlockHash,
    Op.COINBASE,       Shape.Nullary,    Do.Coinbase,
    Op.TIMESTAMP,      Shape.Nullary,    Do.Timestamp,
    Op.NUMBER,         Shape.Nullary,    Do.Number,
    Op.PREVRANDAO,     Shape.Nullary,    Do.PrevRandao,
    Op.GASLIMIT,       Shape.Nullary,    Do.GasLimit,
    Op.CHAINID,        Shape.Nullary,    Do.ChainId,
    Op.SELFBALANCE,    Shape.Nullary,    Do.SelfBalance,
    Op.BASEFEE,        Shape.Nullary,    Do.BaseFee,
    Op.BLOBHASH,       Shape.Settled,    Do.BlobHash,
    Op.BLOBBASEFEE,    Shape.Nullary,    Do.BlobBaseFee,
    Op.MLOAD,          Shape.Loads,      Do.MLoad,
    Op.MSTORE,         Shape.Stores,     Do.MStore,
    Op.MSTORE8,        Shape.Consumes,   Do.MStore8,
    Op.MSIZE,          Shape.Nullary,    Do.MSize,
    Op.MCOPY,          Shape.Settled,    Do.MCopy,
    Op.SLOAD,          Shape.Unary,      Do.SLoad,
    Op.TLOAD,          Shape.Unary,      Do.TLoad,
    Op.TSTORE,         Shape.Settled,    Do.TStore,
    Op.LOG0,           Shape.Settled,    Do.Log0,
    Op.LOG1,           Shape.Settled,    Do.Log1,
    Op.LOG2,           Shape.Settled,    Do.Log2,
    Op.LOG3,           Shape.Settled,    Do.Log3,
    Op.LOG4,           Shape.Settled,    Do.Log4,
    Op.STOP,           Shape.Ends,       Do.Stop,
    Op.RETURN,         Shape.Consumes,   Do.Return,
    Op.REVERT,         Shape.Consumes,   Do.Revert,
    Op.INVALID,        Shape.Ends,       Do.Invalid,
    Op.SELFDESTRUCT,   Shape.Settled,    Do.SelfDestruct,
    Op.JUMP,           Shape.Jumps,      Do.JumpTo,
    Op.JUMPI,          Shape.Branches,   Do.NonZeroJump,
    Op.SSTORE,         Shape.Breaks,     Do.SStore,
    Op.GAS,            Shape.Gas,        Do.Gas,
    Op.CREATE,         Shape.Asks,       Do.Ask,
    Op.CREATE2,        Shape.Asks,       Do.Ask,
    Op.CALL,           Shape.Asks,       Do.Ask,
    Op.CALLCODE,       Shape.Asks,       Do.Ask,
    Op.DELEGATECALL,   Shape.Asks,       Do.Ask,
    Op.STATICCALL,     Shape.Asks,       Do.Ask,
    Op.PC,             Shape.Pc,         Do.Invalid,
    Op.POP,            Shape.Pop,        Do.Invalid,
    Op.JUMPDEST,       Shape.Mark,       Do.Invalid,
];

const shapes: usize = memory.data(256, 8);
const handlers: usize = memory.data(256, 8);

export function shapeOf(opcode: i32): i32 {
  return load<u8>(shapes + <usize>opcode);
}

export function handlerOf(opcode: i32): i32 {
  return load<u8>(handlers + <usize>opcode);
}

/** Fills the lookup tables. Once, before anything is decoded. */
export function prepareShapes(): void {
  for (let row = 0; row < rows.length; row += 3) {
    const opcode = <usize>unchecked(rows[row]);
    store<u8>(shapes + opcode, unchecked(rows[row + 1]));
    store<u8>(handlers + opcode, unchecked(rows[row + 2]));
  }
}
