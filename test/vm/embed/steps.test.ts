import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Account, BlockContext, Executed, Message, StateView, Word } from '../../../runtime/ports/index.ts';
import { createVm, eip3155, type TracedStep } from '../../../vm/embed/index.ts';
import { opcodeName } from '../../../vm/embed/opcode-names.ts';
import { root } from '../../support/need.ts';

const steps = suite('vm/embed/steps');

const ZERO: Word = `0x${'00'.repeat(32)}`;
const SENDER = '0x00000000000000000000000000000000000000aa';
const BLOCK: BlockContext = {
  number: 1n,
  timestamp: 1n,
  gasLimit: 30_000_000n,
  coinbase: SENDER,
  baseFee: 0n,
  prevRandao: ZERO,
  excessBlobGas: 0n,
  chainId: 1n,
};
const CALL: Message = {
  type: 0,
  sender: SENDER,
  to: '0x00000000000000000000000000000000000000c0',
  nonce: 0n,
  gasLimit: 121_000n,
  maxFeePerGas: 0n,
  maxPriorityFeePerGas: 0n,
  value: 0n,
  data: new Uint8Array(),
};

/** Contracts at `0x…c0`, `0x…c1`, …, and nothing else. */
function worldOf(codes: readonly string[]): StateView {
  const hashOf = (index: number): Word => `0x${(index + 1).toString(16).padStart(64, '0')}`;
  const contract = (index: number): Account => ({ nonce: 1n, balance: 0n, codeHash: hashOf(index), hasStorage: false });
  return {
    account: (address) => {
      const index = Number(BigInt(address)) - 0xc0;
      return index >= 0 && index < codes.length ? contract(index) : undefined;
    },
    slot: () => ZERO,
    code: (hash) => Uint8Array.from(Buffer.from(codes[Number(BigInt(hash)) - 1] ?? '', 'hex')),
    blockHash: () => ZERO,
  };
}

function trace(codes: readonly string[], message: Partial<Message> = {}): { told: TracedStep[]; outcome: Executed } {
  const told: TracedStep[] = [];
  const vm = createVm({ fork: 'Osaka', ...eip3155((step) => told.push(step)) });
  const outcome = vm.execute(BLOCK, { ...CALL, ...message }, worldOf(codes), { simulate: true });
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return { told, outcome };
}

// CALL(gas 0xffff, 0xc1, 0, 0, 0, 0, 0)
const CALLER = '5f5f5f5f5f60c161fffff1';

type Row = [
  name: string,
  codes: readonly string[],
  told: readonly (readonly [depth: number, op: string, cost: bigint, error?: string])[],
];
const rows: Row[] = [
  [
    'arithmetic',
    ['6003600401'],
    [
      [1, 'PUSH1', 3n],
      [1, 'PUSH1', 3n],
      [1, 'ADD', 3n],
      [1, 'STOP', 0n],
    ],
  ],
  [
    'memory grows with a return',
    ['60205ff3'],
    [
      [1, 'PUSH1', 3n],
      [1, 'PUSH0', 2n],
      [1, 'RETURN', 3n],
    ],
  ],
  [
    'a revert is no failure of REVERT',
    ['5f5ffd'],
    [
      [1, 'PUSH0', 2n],
      [1, 'PUSH0', 2n],
      [1, 'REVERT', 0n],
    ],
  ],
  ['no operand', ['01'], [[1, 'ADD', 100_000n, 'stack underflow']]],
  ['no opcode', ['0c'], [[1, 'opcode 0xc not defined', 100_000n, 'invalid opcode']]],
  [
    'no destination',
    ['5f56'],
    [
      [1, 'PUSH0', 2n],
      [1, 'JUMP', 99_998n, 'invalid jump destination'],
    ],
  ],
  [
    'a call costs what it passes on too, and comes before what it calls',
    [CALLER, '58'],
    [
      ...([2n, 2n, 2n, 2n, 2n] as const).map((cost) => [1, 'PUSH0', cost] as const),
      [1, 'PUSH1', 3n],
      [1, 'PUSH2', 3n],
      [1, 'CALL', 2_600n + 0xffffn],
      [2, 'PC', 2n],
      [2, 'STOP', 0n],
      [1, 'STOP', 0n],
    ],
  ],
  [
    'a creation costs without what it passes on',
    ['5f5f5ff0'],
    [
      [1, 'PUSH0', 2n],
      [1, 'PUSH0', 2n],
      [1, 'PUSH0', 2n],
      [1, 'CREATE', 32_000n],
      [1, 'STOP', 0n],
    ],
  ],
];
for (const [name, codes, expected] of rows) {
  steps(name, () => {
    const { told } = trace(codes);
    assert.equal(
      told.map(({ depth, opName, gasCost, error }) => [depth, opName, gasCost, ...(error ? [error] : [])]),
      expected,
    );
  });
}

steps('what instructions of the first frame cost adds up to what the transaction used', () => {
  const { told, outcome } = trace(['600160015560205ff3']);
  const sum = told.reduce((total, { gasCost }) => total + gasCost, 0n);
  assert.is(outcome.gasUsed, 21_000n + sum);
});

steps('a deployed contract pays its deposit apart from RETURN', () => {
  const { told, outcome } = trace([], { to: undefined as never, data: Uint8Array.from([0x60, 0x20, 0x5f, 0xf3]) });
  assert.is(outcome.status, 'Return');
  assert.is(told.at(-1)?.gasCost, 3n);
});

steps('names of opcodes are those of the VM', () => {
  const source = readFileSync(join(root, 'vm/opcodes.ts'), 'utf8');
  const listed = [...source.matchAll(/^ {2}([A-Z]+\d*) = 0x([0-9a-f]{2}),/gm)];
  assert.ok(listed.length > 140);
  for (const [, name, code] of listed) assert.is(opcodeName(Number.parseInt(code!, 16)), name);
});

steps.run();
