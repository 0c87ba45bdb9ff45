/** `classpad evm`: what it prints, held against EthereumJS' own steps where the line is a trace. */
import { createEVM } from '@ethereumjs/evm';
import { Account, createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODE_ADDRESS } from '../../cli/statetest/single.ts';
import { sharedPath } from '../support/need.ts';
import { classpad, file } from './support.ts';

const s = suite('cli: evm');

const rows: [name: string, args: readonly string[], code: number, out: RegExp][] = [
  ['a sum', ['run', '6003600401'], 0, /^0x\nStop, 9 gas used/],
  ['an output', ['run', '0x60205ff3'], 0, /^0x0{64}\nReturn, 8 gas used/],
  ['code from a file', ['run', file('code.hex', '0x5f5f f3\n')], 0, /^0x\nReturn, 4 gas used/],
  ['call data, and no more gas than the code used', ['run', '--input', `0x${'ff'.repeat(99)}`, '36'], 0, /Stop, 2 gas used/],
  ['a failure', ['run', '--gas', '2', '6003'], 1, /OutOfGas, 2 gas used: out of gas/],
  ['a revert', ['run', '5f5ffd'], 1, /Revert, 4 gas used: execution reverted/],
  ['an older fork', ['run', '--fork', 'london', '5f'], 1, /InvalidOpcode/],
  ['no hexadecimal', ['run', '0xabc'], 2, /not hexadecimal of whole bytes/],
  ['no number', ['run', '--gas', 'many', '00'], 2, /--gas many: this is not a whole number/],
  ['no fork', ['run', '--fork', 'Paros', '00'], 2, /--fork Paros: the forks are Berlin, /],
  ['no action', ['walk', '00'], 2, /"walk" is not something evm does/],
  ['no file', ['statetest', '/no/such/file.json'], 2, /\/no\/such\/file\.json: there is no such file/],
  ['no JSON', ['statetest', file('bad.json', '{')], 2, /bad\.json is not JSON/],
  ['no state test', ['statetest', file('empty.json', '[1]')], 2, /holds no state test/],
];
for (const [name, args, code, out] of rows) {
  s(name, async () => {
    const result = await classpad(['evm', ...args]);
    assert.is(result.exitCode, code, result.err);
    assert.match(result.out + result.err, out);
  });
}

// A loop with memory, storage, hashing, a call to itself with no gas to speak of, and a creation that fails.
const PROGRAM = '6005805b6001900380600357506020600020600055600054505f5f5f5f5f3060fff15060fe5f5360015f5ff05000';

s('a trace is EthereumJS’s own, step by step', async () => {
  const told = await classpad(['evm', 'run', '--json', PROGRAM]);
  const lines = told.err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const theirs: unknown[] = [];
  const evm = await createEVM({ common: await osaka() });
  evm.events!.on('step', ({ pc, opcode, gasLeft, stack, depth }, next) => {
    theirs.push([pc, opcode.code, gasLeft, depth + 1, stack.slice()]);
    next?.();
  });
  const to = createAddressFromString(CODE_ADDRESS);
  await evm.stateManager.putAccount(to, new Account(1n));
  await evm.stateManager.putCode(to, hexToBytes(`0x${PROGRAM}`));
  await evm.runCall({ to, gasLimit: 10_000_000_000n });
  const ours = lines.slice(0, -1).map(({ pc, op, gas, depth, stack }) => [pc, op, BigInt(gas), depth, stack.map(BigInt)]);
  assert.ok(ours.length > 40);
  assert.equal(ours, theirs);
});

async function osaka() {
  const { Common, Hardfork, Mainnet } = await import('@ethereumjs/common');
  return new Common({ chain: Mainnet, hardfork: Hardfork.Osaka });
}

s('official state tests pass, with a result for each', async () => {
  const shard = sharedPath('fixtures/state/homestead-00.jsonl.br');
  if (!shard) return;
  const told = await classpad(['evm', 'statetest', '--json', '--fork', 'Osaka', shard]);
  const results = JSON.parse(told.out) as { pass: boolean; fork: string; stateRoot: string }[];
  assert.is(told.exitCode, 0);
  assert.ok(results.length > 0);
  assert.ok(results.every(({ pass, fork, stateRoot }) => pass && fork === 'Osaka' && /^0x[0-9a-f]{64}$/.test(stateRoot)));
  assert.is(told.err.match(/"stateRoot"/g)?.length, results.length);
});

s('a test without signed bytes is run from its fields, and a wrong root is said', async () => {
  const key = `0x${'45'.repeat(32)}`;
  const fixture = {
    env: {
      currentCoinbase: `0x${'c0'.repeat(20)}`,
      currentGasLimit: '0x989680',
      currentNumber: '0x01',
      currentTimestamp: '0x01',
      currentBaseFee: '0x0a',
      currentRandom: '0x00',
      currentExcessBlobGas: '0x00',
    },
    pre: {},
    transaction: {
      data: ['0x'],
      gasLimit: ['0x5208'],
      value: ['0x00'],
      nonce: '0x00',
      to: `0x${'dd'.repeat(20)}`,
      secretKey: key,
      gasPrice: '0x0a',
    },
    post: { Osaka: [{ indexes: { data: 0, gas: 0, value: 0 }, hash: `0x${'11'.repeat(32)}`, logs: `0x${'22'.repeat(32)}` }] },
  };
  const told = await classpad(['evm', 'statetest', file('fields.json', JSON.stringify({ poor: fixture }))]);
  assert.is(told.exitCode, 1);
  assert.match(told.out, /FAIL poor \[Osaka\]: unexpected error: InsufficientFunds\n0 passed, 1 failed/);
});

s.run();
