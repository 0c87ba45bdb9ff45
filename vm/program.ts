/**
 * The decoded form that the interpreter runs. A program is a row of blocks; a block is a header and its instructions.
 * Header (8 bytes): gas of the whole block u32, bytes needed on the stack u16, bytes it grows by at most u16.
 * Instruction: handler u16, small operand u16, operand u32; some are followed by 8 or 32 bytes more.
 * A handler has the number of its opcode; the numbers of PUSH2 and up, and those that no opcode has, serve what decoding makes.
 */
export const enum Do {
  /** Goes on at the block that follows. */
  Enter = 0x0c,
  /** Tells the host, then goes on at the block that follows. Operand: pc. */
  Trace = 0x0d,
  /** No such opcode in this fork. */
  Undefined = 0x0e,
  /** Pushes the operand. */
  PushSmall = 0x60,
  /** Pushes the 8 bytes that follow. */
  PushLong = 0x61,
  /** Pushes the 32 bytes that follow. */
  PushWord = 0x62,
  /** Goes on at the block whose header's address is the operand. */
  JumpTo = 0x63,
  /** The same if the word on the stack is not zero, else at the block that follows. */
  JumpIfTo = 0x64,
  /** A jump to where no JUMPDEST is. */
  JumpNowhere = 0x65,
  JumpIfNowhere = 0x66,
}

export const enum Header {
  Gas = 0,
  Needs = 4,
  Grows = 6,
  Size = 8,
}

export const enum Instruction {
  Handler = 0,
  Small = 2,
  Operand = 4,
  Size = 8,
}

/** The record of a piece of code; its bytes follow, padded with zeros on both sides. */
export const enum Code {
  Next = 0,
  Hash = 4,
  Length = 8,
  /** Its program's address, 0 while it is not decoded. */
  Program = 12,
  /** For every pc, where in the program the block of its JUMPDEST begins; 0 elsewhere. */
  Jumps = 16,
  /** Frames that run it now. */
  Users = 20,
  ProgramBytes = 24,
  Keccak = 32,
  Size = 64,
}
