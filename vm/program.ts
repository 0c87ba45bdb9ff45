/**
 * The decoded form that the interpreter runs. A program is a row of blocks; a block is a header and its instructions.
 *
 * Within a block the stack pointer stands still: instructions name their operands by where these stand relative to it, so that PUSH,
 * DUP, SWAP and POP need no instructions of their own, and what is to lie on the stack is put there when the block ends.
 *
 * Header (8 bytes): gas of the whole block u32, bytes needed on the stack u16, bytes it grows by at most u16.
 * Instruction: handler u16, then up to three places i16 (`Out`, `A`, `B`), in bytes from the stack pointer. Letters in a handler's name
 * say what differs: C: a constant of 32 bytes follows; CR, RC: the constant is the first or the second operand; N: a number is in place
 * of `A` and `B`. Handlers that end a block add `Out` to the stack pointer.
 */
export const enum Do {
  /** Goes on at the block that follows. */
  Enter,
  /** Tells the host of the opcode `A` at the pc that follows, then goes on at the block after that. */
  Trace,
  /** INVALID, or an opcode that the fork does not have. */
  Invalid,
  Stop,
  Return,
  Revert,
  SelfDestruct,

  Move,
  Swap,
  Const,
  ConstN,

  Add,
  AddC,
  Mul,
  MulC,
  Sub,
  SubCR,
  Div,
  SDiv,
  Mod,
  SMod,
  AddMod,
  MulMod,
  Exp,
  SignExtend,

  Lt,
  LtCR,
  LtRC,
  Slt,
  SltCR,
  SltRC,
  Eq,
  EqC,
  IsZero,
  And,
  AndC,
  Or,
  OrC,
  Xor,
  XorC,
  Not,
  Byte,
  Shl,
  ShlN,
  Shr,
  ShrN,
  Sar,
  Clz,

  Keccak,

  Address,
  Balance,
  Origin,
  Caller,
  CallValue,
  CallDataLoad,
  CallDataSize,
  CallDataCopy,
  CodeSize,
  CodeCopy,
  GasPrice,
  ExtCodeSize,
  ExtCodeCopy,
  ReturnDataSize,
  ReturnDataCopy,
  ExtCodeHash,
  BlockHash,
  Coinbase,
  Timestamp,
  Number,
  PrevRandao,
  GasLimit,
  ChainId,
  SelfBalance,
  BaseFee,
  BlobHash,
  BlobBaseFee,

  MLoad,
  MLoadN,
  MStore,
  MStoreN,
  MStore8,
  MSize,
  MCopy,
  SLoad,
  SStore,
  TLoad,
  TStore,
  Gas,
  Log0,
  Log1,
  Log2,
  Log3,
  Log4,

  /** To the pc in the word at `A`. */
  Jump,
  /** To the pc in the word at `A` if the word at `B` is not zero. */
  JumpIf,
  /** The jumps from here on go to the block whose header's address follows. */
  JumpTo,
  /** Those from here on jump if their condition is not what follows that (0: if it holds, 1: if it does not). */
  NonZeroJump,
  LtJump,
  LtCRJump,
  LtRCJump,
  SltJump,
  EqJump,
  EqCJump,

  /** A call or creation: `A` is its opcode. */
  Ask,

  /** Stands where a block is not decoded yet: decodes it, at the pc that follows, and goes on there. */
  Decode,
  /** Static jumps go here before they are first taken: finds the block of the JUMPDEST at the pc that follows, and goes on there. */
  Link,

  Count,
}

export const enum Header {
  Gas = 0,
  Needs = 4,
  Grows = 6,
  Size = 8,
}

export const enum Instruction {
  Handler = 0,
  Out = 2,
  A = 4,
  B = 6,
  Size = 8,
  /** A third operand (i16), or in a static jump the address of the block's header. */
  C = 8,
  /** In a static jump: 1 to jump if the condition does not hold. */
  Unless = 12,
  /** In what stands for a block: where that begins. */
  Pc = 12,
  /** With what follows those. */
  Long = 16,
}

/** The record of a piece of code; its bytes follow, padded with zeros on both sides, then a bit for each that is a JUMPDEST. */
export const enum Code {
  Next = 0,
  Hash = 4,
  Length = 8,
  /** Where its first block begins, 0 while nothing is decoded. */
  Program = 12,
  /** For every pc, where the block of its JUMPDEST begins, 0 while that is not decoded; 0 itself before the first jump. */
  Jumps = 16,
  /** Frames that run it now. */
  Users = 20,
  ProgramBytes = 24,
  /** The newest chunk of its program; each begins with the address of the one before. */
  Chunk = 28,
  Keccak = 32,
  /** Where in the newest chunk the next block goes, and the chunk's end. */
  Top = 64,
  End = 68,
  /** 1 once the JUMPDESTs are marked. */
  IsMarked = 72,
  Size = 80,
}

/** Zero bytes before and after the code, so that reading a word at either end needs no check. */
export const PADDING: usize = 64;

export function bytesOf(code: usize): usize {
  return code + Code.Size + PADDING;
}

/** Where the marks of its JUMPDESTs stand. */
export function marksOf(code: usize): usize {
  return bytesOf(code) + <usize>load<u32>(code, Code.Length) + PADDING;
}

export function sizeOf(code: usize): u32 {
  return load<u32>(code, Code.Length);
}
