import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keccak256, parseTransaction } from 'viem';
import { clientsOf } from '../ledger/client.ts';
import { alice, bob, genesis, world } from '../ledger/world.ts';

const test = suite('rpc/pool');

const transfer = (nonce: number) =>
  alice.signTransaction({
    type: 'eip1559',
    chainId: genesis.chainId,
    nonce,
    to: bob.address,
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 2_000_000_000n,
    maxPriorityFeePerGas: 1n,
  });

test('what waits is pending until a gap, and queued after it', async () => {
  const some = world();
  const { request } = clientsOf(some);
  for (const nonce of [0, 1, 3]) await request('eth_sendRawTransaction', [await transfer(nonce)]);
  const sender = alice.address.toLowerCase();
  assert.equal(await request('txpool_status'), { pending: '0x2', queued: '0x1' });
  const { pending, queued } = await request('txpool_content');
  assert.equal([Object.keys(pending[sender]), Object.keys(queued[sender])], [['0', '1'], ['3']]);
  assert.is(pending[sender][1].hash, keccak256(await transfer(1)));
  assert.equal(await request('txpool_contentFrom', [alice.address]), { pending: pending[sender], queued: queued[sender] });
  assert.equal(await request('txpool_contentFrom', [bob.address]), { pending: {}, queued: {} });
  const inspected = await request('txpool_inspect');
  assert.is(inspected.queued[sender][3], `${bob.address.toLowerCase()}: 1 wei + 21000 gas × 2000000000 wei`);
  some.run(3000);
  assert.equal(await request('txpool_status'), { pending: '0x0', queued: '0x1' });
  some.stop();
});

test('what was signed for no ledger is taken only where that is wanted', async () => {
  const raw = await alice.signTransaction({
    type: 'legacy',
    nonce: 0,
    to: bob.address,
    value: 1n,
    gas: 21_000n,
    gasPrice: 2_000_000_000n,
  });
  const usual = world();
  const refused = await clientsOf(usual)
    .request('eth_sendRawTransaction', [raw])
    .catch((error) => error);
  assert.is(refused.message, 'only replay-protected (EIP-155) transactions allowed over RPC');
  usual.stop();
  const open = world({ unprotectedTransactions: true });
  const { request } = clientsOf(open);
  const receipt = await open.settle(request('eth_sendRawTransactionSync', [raw]));
  assert.is(receipt.status, '0x1');
  open.stop();
});

test('who sends and waits gets the receipt, or after the time given the hash', async () => {
  const some = world();
  const { request } = clientsOf(some);
  const receipt = await some.settle(request('eth_sendRawTransactionSync', [await transfer(0)]));
  assert.equal([receipt.status, receipt.blockNumber], ['0x1', '0x1']);
  const raw = await transfer(5);
  const late = await some.settle(request('eth_sendRawTransactionSync', [raw, 2000]).catch((error) => error));
  assert.equal([late.code, late.data], [4, keccak256(raw)]);
  assert.match(late.message, /added to the mempool but wasn't processed within 2000 ms/);
  some.stop();
});

test('the bytes of blocks, headers, receipts and transactions hash to what the ledger says', async () => {
  const some = world();
  const { request, wallet, mined } = clientsOf(some);
  const first = await mined(wallet.sendTransaction({ to: bob.address, value: 1n, type: 'legacy', gasPrice: 3_000_000_000n }));
  const raw = await transfer(1);
  await request('eth_sendRawTransaction', [raw]);
  assert.is(await request('debug_getRawTransaction', [keccak256(raw)]), raw);
  some.run(2000);
  assert.is(await request('debug_getRawTransaction', [keccak256(raw)]), raw);
  for (const number of ['0x1', '0x2']) {
    const block = await request('eth_getBlockByNumber', [number, false]);
    assert.is(keccak256(await request('debug_getRawHeader', [number])), block.hash);
    const whole = await request('debug_getRawBlock', [block.hash]);
    assert.is((whole.length - 2) / 2, Number(block.size));
  }
  const legacy = await request('eth_getRawTransactionByHash', [first.transactionHash]);
  assert.is(keccak256(legacy), first.transactionHash);
  assert.is(parseTransaction(legacy).type, 'legacy');
  assert.ok((await request('debug_getRawBlock', ['0x1'])).includes(legacy.slice(2)));
  assert.is((await request('debug_getRawReceipts', ['0x2']))[0].slice(0, 4), '0x02');
  some.stop();
});

test.run();
