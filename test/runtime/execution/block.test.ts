import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes, ZERO_WORD } from '../../../runtime/bytes.ts';
import { executeBlock, MAX_BLOCK_BYTES } from '../../../runtime/execution/block.ts';
import { decodeTransaction, type Transaction } from '../../../runtime/ledger/transaction.ts';
import type { AccountDiff, BlockContext, Hex, StateView } from '../../../runtime/ports/index.ts';
import { EMPTY_CODE_HASH } from '../../../runtime/state/account.ts';
import { alice, bob, vm } from '../ledger/world.ts';

const test = suite('execution/block');

const context: BlockContext = {
  number: 1n,
  timestamp: 1n,
  gasLimit: 100_000n,
  coinbase: `0x${'cb'.repeat(20)}`,
  baseFee: 10n,
  prevRandao: ZERO_WORD,
  excessBlobGas: 0n,
  chainId: 1n,
};

const rich: StateView = {
  account: (address) =>
    address === alice.address.toLowerCase()
      ? { nonce: 0n, balance: 10n ** 18n, codeHash: EMPTY_CODE_HASH, hasStorage: false }
      : undefined,
  slot: () => ZERO_WORD,
  code: () => new Uint8Array(0),
  blockHash: () => ZERO_WORD,
};

async function transfer(
  nonce: number,
  rest: { gas?: bigint; chainId?: number; data?: Hex; tip?: bigint } = {},
): Promise<Transaction> {
  const { gas = 21_000n, chainId = 1, data, tip = 2n } = rest;
  const fees = { maxFeePerGas: 10n + tip, maxPriorityFeePerGas: tip, type: 'eip1559' } as const;
  const raw = await alice.signTransaction({ to: bob.address, value: 1n, nonce, gas, chainId, ...fees, ...(data && { data }) });
  return decodeTransaction(hexToBytes(raw), vm);
}

function run(transactions: readonly Transaction[], some = context) {
  const { included, excluded, ...rest } = executeBlock(vm, some, rich, transactions);
  return {
    ...rest,
    included: included.map(({ nonce }) => Number(nonce)),
    excluded: excluded.map(({ transaction, reason }) => `${transaction.nonce} ${reason}`),
  };
}

const balanceOf = (diff: readonly AccountDiff[], address: string) =>
  diff.find((change) => change.address === address.toLowerCase())?.account?.balance;

test('gas, fees and balances add up over the block', async () => {
  const { included, receipts, gasUsed, diff } = run([await transfer(0), await transfer(1, { tip: 5n }), await transfer(2)]);
  assert.equal(included, [0, 1, 2]);
  assert.is(gasUsed, 63_000n);
  assert.equal(
    receipts.map((receipt) => receipt.cumulativeGasUsed),
    [21_000n, 42_000n, 63_000n],
  );
  assert.equal(
    receipts.map((receipt) => receipt.gasPrice),
    [12n, 15n, 12n],
  );
  assert.is(balanceOf(diff, bob.address), 3n);
  assert.is(balanceOf(diff, context.coinbase), 21_000n * (2n + 5n + 2n));
  assert.is(balanceOf(diff, alice.address), 10n ** 18n - 3n - 21_000n * (12n + 15n + 12n));
});

test('the invalid is left out, the valid stays', async () => {
  const legacy = await transfer(0);
  const rows: [name: string, transactions: Transaction[], included: number[], excluded: string[]][] = [
    ['nonce gap', [await transfer(0), await transfer(2)], [0], ['2 NonceTooHigh']],
    ['twice the same', [await transfer(0), await transfer(0)], [0], ['0 NonceTooLow']],
    ['another chain', [await transfer(0, { chainId: 2 }), await transfer(0)], [0], ['0 WrongChainId']],
    ['a blob', [{ ...legacy, type: 3 }, legacy], [0], ['0 BlobTransaction']],
    [
      'more than what is left',
      [await transfer(0, { gas: 60_000n }), await transfer(1, { gas: 90_000n }), await transfer(1)],
      [0, 1],
      ['1 BlockFull'],
    ],
  ];
  for (const [name, transactions, included, excluded] of rows) {
    const outcome = run(transactions);
    assert.equal(outcome.included, included, name);
    assert.equal(outcome.excluded, excluded, name);
  }
});

test('a block stays small enough for one message', async () => {
  const large = `0x${'00'.repeat(100 * 1024)}` as Hex;
  const transactions = await Promise.all([0, 1, 2, 3, 4, 5].map((nonce) => transfer(nonce, { data: large, gas: 2_000_000n })));
  const outcome = run(transactions, { ...context, gasLimit: 100_000_000n });
  assert.equal(outcome.included, [0, 1, 2, 3, 4]);
  assert.equal(outcome.excluded, ['5 BlockFull']);
  assert.ok(5 * 100 * 1024 < MAX_BLOCK_BYTES);
});

test('an empty block changes nothing', () => {
  const { gasUsed, diff, logsBloom } = run([]);
  assert.is(gasUsed, 0n);
  assert.equal(diff, []);
  assert.is(bytesToHex(logsBloom), `0x${'00'.repeat(256)}`);
});

test.run();
