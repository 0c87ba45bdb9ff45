import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Address, ForkName } from '../../runtime/ports/index.ts';
import { assembleCode } from '../support/evm.ts';
import { code } from './fuzz/chunk.ts';
import { runOurs } from './fuzz/ours.ts';
import { differences } from './fuzz/result.ts';
import { FORKS, type Scenario, SENDER, wordOf } from './fuzz/scenario.ts';
import { runTheirs } from './fuzz/theirs.ts';

/** Every family of instructions beside @ethereumjs/evm: output, gas, refund, logs and the whole state, from the fork that has it on. */
const instructions = suite('instructions');

const SELF: Address = `0x${'00'.repeat(18)}00a1`;
const OTHER: Address = `0x${'00'.repeat(18)}00a2`;
const LOOP = 'PUSH1 3 JUMPDEST PUSH1 1 SWAP1 SUB DUP1 PUSH1 2 JUMPI STOP';
const STORE = 'PUSH0 SSTORE';
const RETURN_TOP = 'PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN';
const MAX = `0x${'ff'.repeat(32)}`;
/** 2^256 − 2^64: as near to 2^256 as a modulus can be whose complement fills more than a limb. */
const NEAR = `0x${'ff'.repeat(24)}${'00'.repeat(8)}`;
const MIN = `0x80${'00'.repeat(31)}`;
const other = `PUSH20 ${BigInt(OTHER)}`;

/** Each stores or returns what it found. The second contract echoes its call data, 32 bytes of it reverted if the first byte is 1. */
const rows: readonly (readonly [family: string, since: ForkName, programs: readonly string[]])[] = [
  [
    'arithmetic',
    'Berlin',
    [
      ...['ADD', 'MUL', 'SUB', 'DIV', 'SDIV', 'MOD', 'SMOD', 'EXP', 'SIGNEXTEND'].flatMap((op) =>
        [
          ['7', '3'],
          ['3', '7'],
          [MAX, '2'],
          ['2', MAX],
          [MIN, MAX],
          ['0', MIN],
          [MIN, '0'],
          ['31', '0xff80'],
        ].map(([b, a]) => `PUSH ${b} PUSH ${a} ${op} ${RETURN_TOP}`),
      ),
      ...['ADDMOD', 'MULMOD'].flatMap((op) =>
        ['0', '7', MAX, NEAR].map((m) => `PUSH ${m} PUSH ${MAX} PUSH ${MIN} ${op} ${RETURN_TOP}`),
      ),
      `PUSH 5 CALLDATASIZE SUB ${RETURN_TOP}`,
      `CALLDATASIZE PUSH 5 SUB ${RETURN_TOP}`,
      `PUSH 5 CALLDATASIZE DIV ${RETURN_TOP}`,
    ],
  ],
  [
    'compare and bits',
    'Berlin',
    [
      ...['LT', 'GT', 'SLT', 'SGT', 'EQ', 'AND', 'OR', 'XOR', 'BYTE', 'SHL', 'SHR', 'SAR'].flatMap((op) =>
        [
          ['7', '3'],
          [MAX, '31'],
          [MIN, '255'],
          ['1', '256'],
          [MAX, MAX],
          [MIN, MAX],
        ].flatMap(([b, a]) => [
          `PUSH ${b} PUSH ${a} ${op} ${RETURN_TOP}`,
          // The same from the stack, so that nothing is folded.
          `PUSH ${a} PUSH ${b} GAS POP SWAP1 ${op} ${RETURN_TOP}`,
          `PUSH ${b} GAS POP PUSH ${a} ${op} ${RETURN_TOP}`,
        ]),
      ),
      ...[MAX, '0', MIN].flatMap((a) => ['NOT', 'ISZERO'].map((op) => `PUSH ${a} GAS POP ${op} ${RETURN_TOP}`)),
    ],
  ],
  ['count leading zeros', 'Osaka', ['0', '1', MAX, MIN].map((a) => `PUSH ${a} CLZ ${RETURN_TOP}`)],
  [
    'hash',
    'Berlin',
    [
      `PUSH1 0 PUSH1 0 KECCAK256 ${RETURN_TOP}`,
      `PUSH1 5 PUSH1 0 MSTORE PUSH1 64 PUSH1 0 KECCAK256 PUSH1 64 PUSH1 0 KECCAK256 EQ ${RETURN_TOP}`,
      `PUSH1 0 PUSH4 0xffffffff KECCAK256 ${RETURN_TOP}`,
      `PUSH2 1000 PUSH1 7 KECCAK256 ${RETURN_TOP}`,
      'PUSH4 0xffffffff PUSH1 0 KECCAK256',
    ],
  ],
  [
    'environment',
    'Berlin',
    [
      ...'ADDRESS ORIGIN CALLER CALLVALUE CALLDATASIZE CODESIZE GASPRICE RETURNDATASIZE COINBASE TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE PC MSIZE GAS'
        .split(' ')
        .map((op) => `${op} ${RETURN_TOP}`),
      ...['0', '3', '40', '0x100000000', MAX].map((at) => `PUSH ${at} CALLDATALOAD ${RETURN_TOP}`),
      ...['BALANCE', 'EXTCODESIZE', 'EXTCODEHASH'].flatMap((op) => [
        `${other} ${op} ${RETURN_TOP}`,
        `ADDRESS ${op} ${RETURN_TOP}`,
        `${other} ${op} POP ${other} ${op} ${RETURN_TOP}`,
        `PUSH1 4 ${op} ${RETURN_TOP}`,
        `PUSH2 0x9999 ${op} ${RETURN_TOP}`,
      ]),
      ...['CALLDATACOPY', 'CODECOPY'].flatMap((op) =>
        [
          ['64', '0', '0'],
          ['5', '2', '7'],
          ['5', MAX, '7'],
          ['0', MAX, MAX],
        ].map(([size, from, to]) => `PUSH ${size} PUSH ${from} PUSH ${to} ${op} PUSH1 96 PUSH1 0 RETURN`),
      ),
      `PUSH1 40 PUSH1 1 PUSH1 3 ${other} EXTCODECOPY PUSH1 64 PUSH1 0 RETURN`,
      ...['599', '600', '344', '343', '0', MAX].map((number) => `PUSH ${number} BLOCKHASH ${RETURN_TOP}`),
    ],
  ],
  ['base fee', 'London', [`BASEFEE ${RETURN_TOP}`]],
  ['blobs', 'Cancun', [`BLOBBASEFEE ${RETURN_TOP}`, `PUSH0 BLOBHASH ${RETURN_TOP}`, `PUSH ${MAX} BLOBHASH ${RETURN_TOP}`]],
  [
    'memory',
    'Berlin',
    [
      'PUSH1 7 PUSH1 3 MSTORE PUSH1 64 PUSH1 0 RETURN',
      'PUSH2 0x1234 PUSH1 65 MSTORE8 PUSH1 96 PUSH1 0 RETURN',
      `PUSH2 5000 MLOAD MSIZE ADD ${RETURN_TOP}`,
      'PUSH4 0x00ffffff MLOAD',
      `PUSH ${MAX} MLOAD`,
      `PUSH1 1 PUSH ${MAX} MSTORE`,
    ],
  ],
  [
    'memory copy',
    'Cancun',
    [
      'PUSH1 7 PUSH1 31 MSTORE8 PUSH1 40 PUSH1 3 PUSH1 9 MCOPY PUSH1 96 PUSH1 0 RETURN',
      `PUSH0 PUSH ${MAX} PUSH0 MCOPY`,
      'PUSH1 1 PUSH4 0xffffffff PUSH0 MCOPY',
    ],
  ],
  [
    'storage',
    'Berlin',
    [
      ...[
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
        [5, 5, 5],
        [5, 0, 0],
        [5, 0, 5],
        [5, 6, 5],
        [0, 5, 0],
        [0, 5, 6],
        [5, 0, 6],
      ].map(([slot, first, second]) => `PUSH1 ${first} PUSH1 ${slot} SSTORE PUSH1 ${second} PUSH1 ${slot} SSTORE STOP`),
      `PUSH1 5 SLOAD PUSH1 5 SLOAD ADD ${RETURN_TOP}`,
      `${LOOP}`,
    ],
  ],
  [
    'transient storage',
    'Cancun',
    [`PUSH1 7 PUSH1 3 TSTORE PUSH1 3 TLOAD PUSH1 4 TLOAD ADD ${RETURN_TOP}`, `PUSH1 7 PUSH0 TSTORE PUSH0 TLOAD ${STORE}`],
  ],
  [
    'control',
    'Berlin',
    [
      'PUSH1 3 JUMP JUMPDEST STOP',
      'PUSH1 4 JUMP JUMPDEST STOP',
      `PUSH ${MAX} JUMP`,
      'PUSH1 0 PUSH1 99 JUMPI STOP',
      'PUSH1 1 PUSH1 99 JUMPI STOP',
      'PUSH1 5 PUSH1 4 GT PUSH1 11 JUMPI INVALID JUMPDEST JUMPDEST STOP',
      'JUMPDEST JUMPDEST JUMPDEST GAS POP STOP',
      'PUSH1 4 JUMP JUMPDEST JUMPDEST JUMPDEST STOP',
      'PUSH1 32 PUSH1 0 REVERT',
      'INVALID',
      '0x0c',
      'POP',
      '0x60',
    ],
  ],
  ['push zero', 'Shanghai', [`PUSH0 ${RETURN_TOP}`]],
  ['logs', 'Berlin', [0, 1, 2, 3, 4].map((n) => `${'PUSH1 9 '.repeat(n)}PUSH1 40 PUSH1 3 LOG${n} STOP`)],
  [
    'calls',
    'Berlin',
    ['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'].flatMap((op) =>
      ['0', '1'].flatMap((first) =>
        ['0', '3'].map((value) => {
          const carried = op === 'CALL' || op === 'CALLCODE' ? `PUSH1 ${value}` : '';
          return `PUSH1 ${first} PUSH1 0 MSTORE8 PUSH1 40 PUSH1 0 PUSH1 32 PUSH1 0 ${carried} ${other} GAS ${op} PUSH1 0 SSTORE RETURNDATASIZE PUSH1 1 SSTORE RETURNDATASIZE PUSH1 1 PUSH1 96 RETURNDATACOPY`;
        }),
      ),
    ),
  ],
  [
    'creations',
    'Berlin',
    ['CREATE', 'CREATE2'].flatMap((op) =>
      ['0x00', '0x60016000f3', '0x60ef60005360016000f3', '0xfe', '0x60006000fd'].map((init) => {
        const size = (init.length - 2) / 2;
        const salt = op === 'CREATE2' ? 'PUSH1 7' : '';
        return `PUSH32 ${init.padEnd(66, '0')} PUSH1 0 MSTORE ${salt} PUSH1 ${size} PUSH1 0 PUSH1 1 ${op} PUSH1 0 SSTORE`;
      }),
    ),
  ],
  ['self-destruct', 'Berlin', [`${other} SELFDESTRUCT`, 'ADDRESS SELFDESTRUCT', 'PUSH2 0x9999 SELFDESTRUCT']],
];

const ECHO = assembleCode(
  'CALLDATASIZE PUSH1 0 PUSH1 0 CALLDATACOPY PUSH1 0 CALLDATALOAD PUSH1 248 SHR PUSH1 19 JUMPI CALLDATASIZE PUSH1 0 RETURN JUMPDEST PUSH1 32 PUSH1 0 REVERT',
);

function scenario(fork: ForkName, program: string): Scenario {
  return {
    fork,
    accounts: [
      { address: SENDER, nonce: 0n, balance: 10n ** 20n, code: [], storage: [] },
      { address: SELF, nonce: 1n, balance: 100n, code: [code([...assembleCode(program)])], storage: [[wordOf(5n), wordOf(5n)]] },
      { address: OTHER, nonce: 1n, balance: 1n, code: [code([...ECHO])], storage: [] },
    ],
    to: SELF,
    init: [],
    data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7]),
    value: 0n,
    gasLimit: 500_000n,
    accessList: [],
  };
}

for (const [family, since, programs] of rows) {
  for (const fork of FORKS.slice(FORKS.indexOf(since))) {
    instructions(`${family}, ${fork}: ${programs.length} programs`, async () => {
      for (const program of programs) {
        const given = scenario(fork, program);
        const theirs = await runTheirs(given);
        assert.ok(theirs, program);
        assert.equal(differences(runOurs(given), theirs!), [], program);
      }
    });
  }
}

instructions.run();
