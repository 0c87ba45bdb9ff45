import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assembleCode, diffOf, runCode, TARGET, topOf, wordOf } from '../support/evm.ts';
import { root } from '../support/need.ts';

const interpreter = suite('interpreter');

/** Gas of the code alone; with `top` the program ends by returning the word on top, whose gas is not counted. */
const rows: readonly (readonly [name: string, code: string, status: string, gasUsed: bigint, gas?: bigint])[] = [
  ['nothing', '', 'Stop', 0n],
  ['3 + 4', 'PUSH1 3 PUSH1 4 ADD', 'Stop', 9n],
  ['one operand', 'PUSH1 3 ADD', 'StackUnderflow', 100n, 100n],
  ['no operand', 'POP', 'StackUnderflow', 100n, 100n],
  ['17 deep', `${'PUSH0 '.repeat(16)} SWAP16`, 'StackUnderflow', 100n, 100n],
  ['1024 words', 'PUSH0 '.repeat(1024), 'Stop', 2048n],
  ['1025 words', 'PUSH0 '.repeat(1025), 'StackOverflow', 5000n, 5000n],
  ['a full stack may shrink', `${'PUSH0 '.repeat(1024)} POP PUSH0`, 'Stop', 2052n],
  ['just enough gas', 'PUSH1 3 PUSH1 4 ADD', 'Stop', 9n, 9n],
  ['one gas too little', 'PUSH1 3 PUSH1 4 ADD', 'OutOfGas', 8n, 8n],
  ['invalid', 'INVALID', 'InvalidOpcode', 100n, 100n],
  ['not an opcode', '0x0c', 'InvalidOpcode', 100n, 100n],
  ['jump into a push', 'PUSH1 1 JUMP', 'InvalidJump', 100n, 100n],
  ['jump to 0x5b in a push', 'PUSH1 4 JUMP PUSH1 0x5b', 'InvalidJump', 100n, 100n],
  ['jump beyond the end', 'PUSH2 1000 JUMP', 'InvalidJump', 100n, 100n],
  ['jump on a computed target', 'PUSH1 9 GAS POP PUSH1 1 SUB JUMP', 'InvalidJump', 100n, 100n],
  ['a jump that is not taken', 'PUSH1 0 PUSH2 1000 JUMPI', 'Stop', 16n],
  ['static jump', 'PUSH1 4 JUMP INVALID JUMPDEST', 'Stop', 12n],
  ['a run of jump targets', 'PUSH1 4 JUMP INVALID JUMPDEST JUMPDEST JUMPDEST', 'Stop', 14n],
  ['into the middle of a run', 'PUSH1 5 JUMP INVALID JUMPDEST JUMPDEST JUMPDEST', 'Stop', 13n],
  [
    'backwards, into what was fallen into',
    'PUSH0 JUMPDEST PUSH1 1 ADD DUP1 PUSH1 3 GT PUSH1 1 JUMPI JUMPDEST',
    'Stop',
    2n + 3n * 29n + 1n,
  ],
  ['forwards over what is fallen into later', 'PUSH1 8 PUSH1 7 JUMP JUMPDEST STOP JUMPDEST PUSH1 5 JUMP', 'Stop', 27n],
  ['to a JUMPDEST at 0', 'JUMPDEST MSIZE PUSH1 10 JUMPI PUSH0 MLOAD POP PUSH0 JUMP JUMPDEST', 'Stop', 53n],
  ['beyond the end by falling', 'PUSH1 1 PUSH1 5 JUMPI JUMPDEST', 'Stop', 17n],
  ['revert', 'PUSH1 0 PUSH1 0 REVERT', 'Revert', 6n],
  ['return data beyond its end', 'PUSH1 1 PUSH1 0 PUSH1 0 RETURNDATACOPY', 'ReturnDataOutOfBounds', 100n, 100n],
  [
    'memory that no gas pays',
    'PUSH32 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff MLOAD',
    'OutOfGas',
    100n,
    100n,
  ],
  ['a word of memory', 'PUSH1 0 MLOAD', 'Stop', 9n],
  ['a store with too little gas', 'PUSH1 0 PUSH1 0 SSTORE', 'OutOfGas', 2306n, 2306n],
  ['cold, then warm', 'PUSH1 0 SLOAD PUSH1 0 SLOAD', 'Stop', 2206n],
  ['an empty loop of 10 turns', 'PUSH1 10 JUMPDEST PUSH1 1 SWAP1 SUB DUP1 PUSH1 2 JUMPI', 'Stop', 3n + 10n * 26n],
];

for (const [name, code, status, gasUsed, gas] of rows) {
  interpreter(name, () => {
    const outcome = runCode(assembleCode(code), gas === undefined ? {} : { gas });
    assert.equal([outcome.status, outcome.gasUsed], [status, gasUsed]);
  });
}

interpreter('gas is exact across slices', () => {
  // 200,000 turns of 26 gas: many slices of the loop, and one instruction that sees what is left.
  const loop = 'PUSH3 200000 JUMPDEST PUSH1 1 SWAP1 SUB DUP1 PUSH1 4 JUMPI GAS';
  assert.is(topOf(assembleCode(loop), { gas: 10_000_000n }), 10_000_000n - 3n - 200_000n * 26n - 2n);
});

interpreter('an endless loop ends with its gas', () => {
  const outcome = runCode(assembleCode('JUMPDEST PUSH0 JUMP'), { gas: 16_000_000n });
  assert.equal([outcome.status, outcome.gasUsed], ['OutOfGas', 16_000_000n]);
});

interpreter('a call deeper than 1024 frames fails and the rest goes on', () => {
  const recurse = 'PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 ADDRESS GAS CALL PUSH0 SLOAD ADD PUSH1 1 ADD PUSH0 SSTORE';
  const outcome = runCode(assembleCode(recurse), { fork: 'Prague', gas: 1_000_000_000_000_000n });
  assert.is(outcome.status, 'Stop');
  // Each frame that could be called counts itself and the call that succeeded.
  const counted = BigInt(diffOf(outcome, TARGET)!.slots.find(([slot]) => slot === wordOf(0n))![1]);
  assert.ok(counted >= 1025n, `counted ${counted}`);
});

interpreter('memory grows as far as gas pays for it, and is zero', () => {
  const outcome = runCode(assembleCode('PUSH3 0x2dc6c0 MLOAD PUSH0 MSTORE PUSH1 32 PUSH0 RETURN'), {
    gas: 30_000_000n,
    fork: 'Prague',
  });
  assert.is(outcome.status, 'Return');
  assert.ok(outcome.output.every((byte) => byte === 0));
});

interpreter('the loop is one br_table over all handlers', () => {
  const text = readFileSync(join(root, 'build/vm.wat'), 'utf8');
  const run = text.slice(text.indexOf('\n (func $vm/interpreter/run '));
  const tables = [...run.slice(0, run.indexOf('\n (func ', 1)).matchAll(/br_table([^\n]*(?:\n\s+\$[^\n]*)*)/g)];
  const targets = tables.map((match) => match[1]!.trim().split(/\s+/).length);
  assert.ok(Math.max(...targets) > 100, `br_tables of ${targets.join(', ')} targets`);
});

interpreter.run();
