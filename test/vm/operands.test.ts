import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assembleCode, runCode } from '../support/evm.ts';

/** Within a block no PUSH, DUP, SWAP or POP is executed as such: whatever they do, the stack must be as if they had been. */
const operands = suite('operands');
const MASK = (1n << 256n) - 1n;
const DEPTH = 18;

type Step = { readonly text: string; readonly apply: (stack: bigint[]) => boolean };

const push = (value: bigint): Step => ({ text: value ? `PUSH ${value}` : 'PUSH0', apply: (stack) => stack.push(value) > 0 });
const dup = (n: number): Step => ({
  text: `DUP${n}`,
  apply: (stack) => stack.length >= n && stack.push(stack.at(-n)!) > 0,
});
const swap = (n: number): Step => ({
  text: `SWAP${n}`,
  apply: (stack) => {
    if (stack.length <= n) return false;
    const top = stack.at(-1)!;
    stack[stack.length - 1] = stack.at(-1 - n)!;
    stack[stack.length - 1 - n] = top;
    return true;
  },
});
const pop: Step = { text: 'POP', apply: (stack) => stack.pop() !== undefined };
const binary = (text: string, of: (a: bigint, b: bigint) => bigint): Step => ({
  text,
  apply: (stack) => {
    if (stack.length < 2) return false;
    stack.push(BigInt.asUintN(256, of(stack.pop()!, stack.pop()!)));
    return true;
  },
});
/** Ends the block, so that all must be in its place. */
const label: Step = { text: 'JUMPDEST', apply: () => true };
const gas: Step = { text: 'GAS POP', apply: () => true };
const jump: Step = { text: 'PC PUSH1 6 ADD DUP1 JUMPI JUMPDEST', apply: () => true };
const notZero: Step = {
  text: 'ISZERO ISZERO',
  apply: (stack) => stack.length > 0 && stack.push(stack.pop() ? 1n : 0n) > 0,
};
const branch: Step = {
  // Jumps over one POP of a word pushed for it, or not: the stack is the same either way.
  text: 'DUP1 DUP1 LT ISZERO PC PUSH1 5 ADD JUMPI JUMPDEST',
  apply: (stack) => stack.length > 0,
};

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.bigInt({ min: 0n, max: MASK }).map(push),
  fc.bigInt({ min: 0n, max: 40n }).map(push),
  fc.integer({ min: 1, max: 16 }).map(dup),
  fc.integer({ min: 1, max: 16 }).map(swap),
  fc.constantFrom(
    pop,
    label,
    gas,
    jump,
    notZero,
    branch,
    binary('ADD', (a, b) => a + b),
    binary('SUB', (a, b) => a - b),
    binary('MUL', (a, b) => a * b),
    binary('AND', (a, b) => a & b),
    binary('OR', (a, b) => a | b),
    binary('XOR', (a, b) => a ^ b),
    binary('LT', (a, b) => (a < b ? 1n : 0n)),
    binary('GT', (a, b) => (a > b ? 1n : 0n)),
    binary('SGT', (a, b) => (BigInt.asIntN(256, a) > BigInt.asIntN(256, b) ? 1n : 0n)),
    binary('EQ', (a, b) => (a === b ? 1n : 0n)),
    binary('DIV', (a, b) => (b ? a / b : 0n)),
    binary('BYTE', (a, b) => (a < 32n ? (b >> (248n - 8n * a)) & 255n : 0n)),
    binary('SHL', (a, b) => (a < 256n ? b << a : 0n)),
    binary('SHR', (a, b) => (a < 256n ? b >> a : 0n)),
  ),
);

/** The words on the stack at the end, top first, by way of memory. */
const dump = (words: number) => Array.from({ length: words }, (_, index) => `PUSH2 ${index * 32} MSTORE`).join(' ');

operands('any mix of stack work leaves the stack as it should be', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (steps) => {
      const stack: bigint[] = Array.from({ length: DEPTH }, (_, index) => BigInt(index + 100));
      const texts = stack.map((word) => `PUSH ${word}`);
      for (const { text, apply } of steps) {
        const before = [...stack];
        if (apply(stack) && stack.length < 1000) texts.push(text);
        else stack.splice(0, stack.length, ...before);
      }
      const program = `${texts.join(' ')} ${dump(stack.length)} PUSH2 ${stack.length * 32} PUSH0 RETURN`;
      const { output, status } = runCode(assembleCode(program), { gas: 10_000_000n });
      assert.is(status, 'Return', program);
      const words = stack.map((_, index) =>
        BigInt(`0x${Buffer.from(output.slice(index * 32, index * 32 + 32)).toString('hex')}`),
      );
      assert.equal(words, stack.toReversed(), program);
    }),
    { numRuns: 1500 },
  );
});

operands.run();
