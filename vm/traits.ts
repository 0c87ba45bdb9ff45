/** What every opcode costs, takes and gives, and since when it exists. */
import { Fork } from './forks';
import { Op } from './opcodes';

/**
 * One row per opcode; where a fork reprices, one more row, and the last that applies wins.
 * Gas is the part known before execution; where it depends on operands or state (EIP-2929), the instruction adds the rest.
 */
//  opcode             gas  in out  since
// biome-ignore format: a table
const rows: StaticArray<i32> = [
    Op.STOP,                0,  0,  0, Fork.Frontier,
    Op.ADD,                 3,  2,  1, Fork.Frontier,
    Op.MUL,                 5,  2,  1, Fork.Frontier,
    Op.SUB,                 3,  2,  1, Fork.Frontier,
    Op.DIV,                 5,  2,  1, Fork.Frontier,
    Op.SDIV,                5,  2,  1, Fork.Frontier,
    Op.MOD,                 5,  2,  1, Fork.Frontier,
    Op.SMOD,                5,  2,  1, Fork.Frontier,
    Op.ADDMOD,              8,  3,  1, Fork.Frontier,
    Op.MULMOD,              8,  3,  1, Fork.Frontier,
    Op.EXP,                10,  2,  1, Fork.Frontier,
    Op.SIGNEXTEND,          5,  2,  1, Fork.Frontier,
    Op.LT,                  3,  2,  1, Fork.Frontier,
    Op.GT,                  3,  2,  1, Fork.Frontier,
    Op.SLT,                 3,  2,  1, Fork.Frontier,
    Op.SGT,                 3,  2,  1, Fork.Frontier,
    Op.EQ,                  3,  2,  1, Fork.Frontier,
    Op.ISZERO,              3,  1,  1, Fork.Frontier,
    Op.AND,                 3,  2,  1, Fork.Frontier,
    Op.OR,                  3,  2,  1, Fork.Frontier,
    Op.XOR,                 3,  2,  1, Fork.Frontier,
    Op.NOT,                 3,  1,  1, Fork.Frontier,
    Op.BYTE,                3,  2,  1, Fork.Frontier,
    Op.SHL,                 3,  2,  1, Fork.Constantinople,
    Op.SHR,                 3,  2,  1, Fork.Constantinople,
    Op.SAR,                 3,  2,  1, Fork.Constantinople,
    Op.CLZ,                 5,  1,  1, Fork.Osaka,
    Op.KECCAK256,          30,  2,  1, Fork.Frontier,
    Op.ADDRESS,             2,  0,  1, Fork.Frontier,
    Op.BALANCE,             0,  1,  1, Fork.Frontier,
    Op.ORIGIN,              2,  0,  1, Fork.Frontier,
    Op.CALLER,              2,  0,  1, Fork.Frontier,
    Op.CALLVALUE,           2,  0,  1, Fork.Frontier,
    Op.CALLDATALOAD,        3,  1,  1, Fork.Frontier,
    Op.CALLDATASIZE,        2,  0,  1, Fork.Frontier,
    Op.CALLDATACOPY,        3,  3,  0, Fork.Frontier,
    Op.CODESIZE,            2,  0,  1, Fork.Frontier,
    Op.CODECOPY,            3,  3,  0, Fork.Frontier,
    Op.GASPRICE,            2,  0,  1, Fork.Frontier,
    Op.EXTCODESIZE,         0,  1,  1, Fork.Frontier,
    Op.EXTCODECOPY,         0,  4,  0, Fork.Frontier,
    Op.RETURNDATASIZE,      2,  0,  1, Fork.Byzantium,
    Op.RETURNDATACOPY,      3,  3,  0, Fork.Byzantium,
    Op.EXTCODEHASH,         0,  1,  1, Fork.Constantinople,
    Op.BLOCKHASH,          20,  1,  1, Fork.Frontier,
    Op.COINBASE,            2,  0,  1, Fork.Frontier,
    Op.TIMESTAMP,           2,  0,  1, Fork.Frontier,
    Op.NUMBER,              2,  0,  1, Fork.Frontier,
    Op.PREVRANDAO,          2,  0,  1, Fork.Frontier,
    Op.GASLIMIT,            2,  0,  1, Fork.Frontier,
    Op.CHAINID,             2,  0,  1, Fork.Istanbul,
    Op.SELFBALANCE,         5,  0,  1, Fork.Istanbul,
    Op.BASEFEE,             2,  0,  1, Fork.London,
    Op.BLOBHASH,            3,  1,  1, Fork.Cancun,
    Op.BLOBBASEFEE,         2,  0,  1, Fork.Cancun,
    Op.POP,                 2,  1,  0, Fork.Frontier,
    Op.MLOAD,               3,  1,  1, Fork.Frontier,
    Op.MSTORE,              3,  2,  0, Fork.Frontier,
    Op.MSTORE8,             3,  2,  0, Fork.Frontier,
    Op.SLOAD,               0,  1,  1, Fork.Frontier,
    Op.SSTORE,              0,  2,  0, Fork.Frontier,
    Op.JUMP,                8,  1,  0, Fork.Frontier,
    Op.JUMPI,              10,  2,  0, Fork.Frontier,
    Op.PC,                  2,  0,  1, Fork.Frontier,
    Op.MSIZE,               2,  0,  1, Fork.Frontier,
    Op.GAS,                 2,  0,  1, Fork.Frontier,
    Op.JUMPDEST,            1,  0,  0, Fork.Frontier,
    Op.TLOAD,             100,  1,  1, Fork.Cancun,
    Op.TSTORE,            100,  2,  0, Fork.Cancun,
    Op.MCOPY,               3,  3,  0, Fork.Cancun,
    Op.PUSH0,               2,  0,  1, Fork.Shanghai,
    Op.PUSH1,               3,  0,  1, Fork.Frontier,
    Op.PUSH2,               3,  0,  1, Fork.Frontier,
    Op.PUSH3,               3,  0,  1, Fork.Frontier,
    Op.PUSH4,               3,  0,  1, Fork.Frontier,
    Op.PUSH5,               3,  0,  1, Fork.Frontier,
    Op.PUSH6,               3,  0,  1, Fork.Frontier,
    Op.PUSH7,               3,  0,  1, Fork.Frontier,
    Op.PUSH8,               3,  0,  1, Fork.Frontier,
    Op.PUSH9,               3,  0,  1, Fork.Frontier,
    Op.PUSH10,              3,  0,  1, Fork.Frontier,
    Op.PUSH11,              3,  0,  1, Fork.Frontier,
    Op.PUSH12,              3,  0,  1, Fork.Frontier,
    Op.PUSH13,              3,  0,  1, Fork.Frontier,
    Op.PUSH14,              3,  0,  1, Fork.Frontier,
    Op.PUSH15,              3,  0,  1, Fork.Frontier,
    Op.PUSH16,              3,  0,  1, Fork.Frontier,
    Op.PUSH17,              3,  0,  1, Fork.Frontier,
    Op.PUSH18,              3,  0,  1, Fork.Frontier,
    Op.PUSH19,              3,  0,  1, Fork.Frontier,
    Op.PUSH20,              3,  0,  1, Fork.Frontier,
    Op.PUSH21,              3,  0,  1, Fork.Frontier,
    Op.PUSH22,              3,  0,  1, Fork.Frontier,
    Op.PUSH23,              3,  0,  1, Fork.Frontier,
    Op.PUSH24,              3,  0,  1, Fork.Frontier,
    Op.PUSH25,              3,  0,  1, Fork.Frontier,
    Op.PUSH26,              3,  0,  1, Fork.Frontier,
    Op.PUSH27,              3,  0,  1, Fork.Frontier,
    Op.PUSH28,              3,  0,  1, Fork.Frontier,
    Op.PUSH29,              3,  0,  1, Fork.Frontier,
    Op.PUSH30,              3,  0,  1, Fork.Frontier,
    Op.PUSH31,              3,  0,  1, Fork.Frontier,
    Op.PUSH32,              3,  0,  1, Fork.Frontier,
    Op.DUP1,                3,  1,  2, Fork.Frontier,
    Op.DUP2,                3,  2,  3, Fork.Frontier,
    Op.DUP3,                3,  3,  4, Fork.Frontier,
    Op.DUP4,                3,  4,  5, Fork.Frontier,
    Op.DUP5,                3,  5,  6, Fork.Frontier,
    Op.DUP6,                3,  6,  7, Fork.Frontier,
    Op.DUP7,                3,  7,  8, Fork.Frontier,
    Op.DUP8,                3,  8,  9, Fork.Frontier,
    Op.DUP9,                3,  9, 10, Fork.Frontier,
    Op.DUP10,               3, 10, 11, Fork.Frontier,
    Op.DUP11,               3, 11, 12, Fork.Frontier,
    Op.DUP12,               3, 12, 13, Fork.Frontier,
    Op.DUP13,               3, 13, 14, Fork.Frontier,
    Op.DUP14,               3, 14, 15, Fork.Frontier,
    Op.DUP15,               3, 15, 16, Fork.Frontier,
    Op.DUP16,               3, 16, 17, Fork.Frontier,
    Op.SWAP1,               3,  2,  2, Fork.Frontier,
    Op.SWAP2,               3,  3,  3, Fork.Frontier,
    Op.SWAP3,               3,  4,  4, Fork.Frontier,
    Op.SWAP4,               3,  5,  5, Fork.Frontier,
    Op.SWAP5,               3,  6,  6, Fork.Frontier,
    Op.SWAP6,               3,  7,  7, Fork.Frontier,
    Op.SWAP7,               3,  8,  8, Fork.Frontier,
    Op.SWAP8,               3,  9,  9, Fork.Frontier,
    Op.SWAP9,               3, 10, 10, Fork.Frontier,
    Op.SWAP10,              3, 11, 11, Fork.Frontier,
    Op.SWAP11,              3, 12, 12, Fork.Frontier,
    Op.SWAP12,              3, 13, 13, Fork.Frontier,
    Op.SWAP13,              3, 14, 14, Fork.Frontier,
    Op.SWAP14,              3, 15, 15, Fork.Frontier,
    Op.SWAP15,              3, 16, 16, Fork.Frontier,
    Op.SWAP16,              3, 17, 17, Fork.Frontier,
    Op.LOG0,              375,  2,  0, Fork.Frontier,
    Op.LOG1,              750,  3,  0, Fork.Frontier,
    Op.LOG2,             1125,  4,  0, Fork.Frontier,
    Op.LOG3,             1500,  5,  0, Fork.Frontier,
    Op.LOG4,             1875,  6,  0, Fork.Frontier,
    Op.CREATE,          32000,  3,  1, Fork.Frontier,
    Op.CALL,                0,  7,  1, Fork.Frontier,
    Op.CALLCODE,            0,  7,  1, Fork.Frontier,
    Op.RETURN,              0,  2,  0, Fork.Frontier,
    Op.DELEGATECALL,        0,  6,  1, Fork.Homestead,
    Op.CREATE2,         32000,  4,  1, Fork.Constantinople,
    Op.STATICCALL,          0,  6,  1, Fork.Byzantium,
    Op.REVERT,              0,  2,  0, Fork.Byzantium,
    Op.INVALID,             0,  0,  0, Fork.Frontier,
    Op.SELFDESTRUCT,     5000,  1,  0, Fork.Frontier,
];

const ROW = 5;

/** Bytes of an opcode's entry: gas u32, in u8, out u8, defined u8. */
const ENTRY_BITS: usize = 3;
const entries: usize = memory.data(256 << 3, 8);

/** Fills the entries with the rows that apply to a fork. */
export function selectTraits(fork: i32): void {
  memory.fill(entries, 0, 256 << ENTRY_BITS);
  for (let row = 0; row < rows.length; row += ROW) {
    if (unchecked(rows[row + 4]) > fork) continue;
    const entry = at(unchecked(rows[row]));
    store<u32>(entry, unchecked(rows[row + 1]));
    store<u8>(entry, unchecked(rows[row + 2]), 4);
    store<u8>(entry, unchecked(rows[row + 3]), 5);
    store<u8>(entry, 1, 6);
  }
}

/** Gas known before execution. */
export function gasOf(opcode: i32): u32 {
  return load<u32>(at(opcode));
}

/** Words it needs on the stack. */
export function wordsIn(opcode: i32): i32 {
  return load<u8>(at(opcode), 4);
}

/** Words in place of those afterwards. */
export function wordsOut(opcode: i32): i32 {
  return load<u8>(at(opcode), 5);
}

/** Whether the fork has this opcode. */
export function isDefined(opcode: i32): bool {
  return load<u8>(at(opcode), 6) != 0;
}

function at(opcode: i32): usize {
  return entries + ((<usize>opcode) << ENTRY_BITS);
}
