import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { officialShapes } from '../../support/openrpc.ts';
import { clientsOf } from '../ledger/client.ts';
import { bob, world } from '../ledger/world.ts';

const test = suite('rpc/pending');
const shapes = officialShapes()?.faults;

test('nothing waits: an empty block on the head', async () => {
  const some = world();
  const { request } = clientsOf(some);
  const head = await request('eth_getBlockByNumber', ['latest', false]);
  const pending = await request('eth_getBlockByNumber', ['pending', true]);
  assert.is(pending.parentHash, head.hash);
  assert.is(Number(pending.number), Number(head.number) + 1);
  assert.is(pending.stateRoot, head.stateRoot);
  assert.equal(pending.transactions, []);
  if (shapes) assert.equal(shapes('eth_getBlockByNumber', pending), []);
  some.stop();
});

test('what waits is in it, and then it is the block that is made', async () => {
  const some = world();
  const { request, wallet, alice } = clientsOf(some);
  const balance = (block: string) => request('eth_getBalance', [bob.address, block]).then(BigInt);
  const before = await balance('latest');
  const sent = [0, 1].map((nonce) => wallet.sendTransaction({ to: bob.address, value: 5n, nonce, gas: 21_000n }));
  const hashes = await Promise.all(sent);
  const after = await wallet.sendTransaction({ to: bob.address, value: 5n, nonce: 7, gas: 21_000n });
  assert.is(await balance('latest'), before);
  assert.is(await balance('pending'), before + 10n);
  assert.is(await request('eth_getTransactionCount', [alice.address, 'pending']), '0x2');
  assert.is(await request('eth_getBlockTransactionCountByNumber', ['pending']), '0x2');
  const pending = await request('eth_getBlockByNumber', ['pending', false]);
  assert.equal(pending.transactions, hashes);
  assert.not(pending.transactions.includes(after), 'what stands behind a gap cannot run');
  const second = await request('eth_getTransactionByBlockNumberAndIndex', ['pending', '0x1']);
  assert.equal([second.hash, second.blockHash, second.blockNumber], [hashes[1], pending.hash, pending.number]);
  const receipts = await request('eth_getBlockReceipts', ['pending']);
  assert.equal(
    receipts.map((each: { cumulativeGasUsed: string }) => Number(each.cumulativeGasUsed)),
    [21_000, 42_000],
  );
  if (shapes) {
    assert.equal(shapes('eth_getBlockByNumber', pending), []);
    assert.equal(shapes('eth_getBlockReceipts', receipts), []);
  }
  some.run(2_000);
  const made = await request('eth_getBlockByNumber', [pending.number, false]);
  for (const field of ['parentHash', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom', 'gasUsed', 'mixHash', 'miner'])
    assert.is(made[field], pending[field], field);
  some.stop();
});

test('it is made once for many questions, and again when something has come', async () => {
  const some = world();
  const { request, wallet } = clientsOf(some);
  const { hash } = await request('eth_getBlockByNumber', ['pending', false]);
  assert.is((await request('eth_getBlockByNumber', ['pending', false])).hash, hash);
  const sent = await wallet.sendTransaction({ to: bob.address, value: 1n, nonce: 0, gas: 21_000n });
  assert.equal((await request('eth_getBlockByNumber', ['pending', false])).transactions, [sent]);
  const fees = { maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 12n };
  const instead = await wallet.sendTransaction({ to: bob.address, value: 2n, nonce: 0, gas: 21_000n, ...fees });
  assert.equal((await request('eth_getBlockByNumber', ['pending', false])).transactions, [instead], 'as many wait as before');
  some.stop();
});

test.run();
