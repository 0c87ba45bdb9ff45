import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { zeroHash } from 'viem';
import { methods } from '../../../runtime/rpc/methods.ts';
import { officialShapes } from '../../support/openrpc.ts';
import { bob } from '../ledger/world.ts';
import { played } from './played.ts';

const test = suite('rpc/shapes');
const official = officialShapes();
const shapes = official?.faults;

type Name = keyof typeof methods;
type Asked = [method: Name, ...params: unknown[]];

/** Methods of ours that the execution API does not describe, and why they are there. */
const UNDESCRIBED: Readonly<Record<string, string>> = {
  web3_clientVersion: 'every tool asks; described in the JSON-RPC wiki only',
  web3_sha3: 'older than the execution API; anvil and geth have it',
  net_listening: 'older than the execution API',
  net_peerCount: 'older than the execution API',
  eth_getUncleCountByBlockNumber: 'taken out of the execution API; older tools ask',
  eth_getUncleCountByBlockHash: 'taken out of the execution API; older tools ask',
  eth_sendRawTransactionSync: 'EIP-7966; its answer is a receipt',
  eth_getRawTransactionByHash: 'as geth has it; debug_getRawTransaction by its older name',
  debug_traceCall: 'as geth has it; its answer is that of debug_traceTransaction',
  txpool_inspect: 'as geth has it',
  eth_subscribe: 'over WebSocket only; what it tells are headers, logs and hashes',
  eth_unsubscribe: 'over WebSocket only',
};

/** Methods of the execution API that this ledger does not serve, and why. They answer −32601. */
const UNSERVED: Readonly<Record<string, string>> = {
  debug_getBadBlocks: 'a block that is not valid is not kept',
  debug_getRawBlockAccessList: 'EIP-7928 is of a fork to come',
  eth_getBlockAccessList: 'EIP-7928 is of a fork to come',
  eth_capabilities: 'draft: what a node has pruned',
  eth_config: 'EIP-7910: the forks of a public network',
  eth_getStorageValues: 'draft: many slots at once',
  eth_fillTransaction: 'the node fills nothing in for others; viem asks and goes on without',
  eth_sendTransaction: 'no key is held for RPC',
  eth_sign: 'no key is held for RPC',
  eth_signTransaction: 'no key is held for RPC',
};

/** The described shape of the answer that an undescribed method shares. */
const LIKE: Readonly<Record<string, string>> = {
  debug_traceCall: 'debug_traceTransaction',
  eth_getRawTransactionByHash: 'debug_getRawTransaction',
};

/** One question to each method at least; several where answers have several forms. */
async function asked({ request, address, sent, waiting, alice, wallet }: Awaited<ReturnType<typeof played>>): Promise<Asked[]> {
  const { hash } = await request('eth_getBlockByNumber', ['latest', false]);
  const call = { to: address, data: '0x5e383d210000000000000000000000000000000000000000000000000000000000000001' };
  const [logs, blocks, pending] = await Promise.all([
    request('eth_newFilter', [{ fromBlock: '0x0' }]),
    request('eth_newBlockFilter', []),
    request('eth_newPendingTransactionFilter', []),
  ]);
  const { account, chain } = wallet;
  const fields = { to: bob.address, value: 1n, gas: 21_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 0n, account, chain };
  const raw = await wallet.signTransaction({ ...fields, nonce: 10 } as never);
  const rows: Asked[] = [
    ['net_version'],
    ['eth_chainId'],
    ['eth_syncing'],
    ['eth_accounts'],
    ['eth_blockNumber'],
    ['eth_gasPrice'],
    ['eth_baseFee'],
    ['eth_blobBaseFee'],
    ['eth_maxPriorityFeePerGas'],
    ['eth_feeHistory', '0x5', 'latest', [0, 50, 100]],
    ['eth_feeHistory', 2, 'latest'],
    ['eth_getBlockByNumber', 'latest', false],
    ['eth_getBlockByNumber', 'latest', true],
    ['eth_getBlockByNumber', '0x0', true],
    ['eth_getBlockByNumber', '0xff', true],
    ['eth_getBlockByHash', hash, true],
    ['eth_getBlockByHash', zeroHash, true],
    ['eth_getBlockTransactionCountByNumber', 'latest'],
    ['eth_getBlockTransactionCountByHash', hash],
    ['eth_getBlockReceipts', 'latest'],
    ['eth_getBlockReceipts', hash],
    ['eth_getBlockReceipts', '0xff'],
    ...sent.map((of): Asked => ['eth_getTransactionByHash', of]),
    ...sent.map((of): Asked => ['eth_getTransactionReceipt', of]),
    ['eth_getTransactionByHash', zeroHash],
    ['eth_getTransactionReceipt', zeroHash],
    ['eth_getTransactionReceipt', waiting],
    ['eth_getTransactionByBlockNumberAndIndex', 'latest', '0x3'],
    ['eth_getTransactionByBlockNumberAndIndex', 'latest', '0x4'],
    ['eth_getTransactionByBlockHashAndIndex', hash, '0x0'],
    ['eth_getBalance', bob.address, 'latest'],
    ['eth_getBalance', bob.address, { blockHash: hash }],
    ['eth_getBalance', bob.address, { blockNumber: '0x1' }],
    ['eth_getTransactionCount', bob.address, 'pending'],
    ['eth_getCode', address, 'latest'],
    ['eth_getCode', bob.address, 'latest'],
    ['eth_getStorageAt', address, '0x1', 'latest'],
    ['eth_getProof', address, ['0x1', zeroHash], 'latest'],
    ['eth_call', call, 'latest'],
    ['eth_estimateGas', call],
    ['eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' }],
    ['eth_getLogs', { blockHash: hash }],
    ['eth_createAccessList', call],
    ['debug_getRawHeader', 'latest'],
    ['debug_getRawBlock', hash],
    ['debug_getRawReceipts', '0x2'],
    ['debug_getRawTransaction', sent[0]],
    ['debug_getRawTransaction', waiting],
    ['txpool_status'],
    ['txpool_content'],
    ['txpool_contentFrom', alice.address],
    ['txpool_contentFrom', bob.address],
    ['eth_coinbase'],
    ['eth_getBlockByNumber', 'pending', true],
    ['eth_getBlockReceipts', 'pending'],
    ['eth_simulateV1', { blockStateCalls: [{ calls: [call] }, { calls: [call, { ...call, data: '0xa9cc4718' }] }] }, 'latest'],
    ['eth_simulateV1', { blockStateCalls: [{ calls: [call] }], traceTransfers: true, returnFullTransactions: true }],
    ['eth_newFilter', { fromBlock: '0x0', topics: [] }],
    ['eth_newBlockFilter'],
    ['eth_newPendingTransactionFilter'],
    ['eth_sendRawTransaction', raw],
    ['eth_getFilterChanges', logs],
    ['eth_getFilterChanges', blocks],
    ['eth_getFilterChanges', pending],
    ['eth_getFilterLogs', logs],
    ['eth_uninstallFilter', logs],
    ['eth_uninstallFilter', logs],
    ['debug_traceTransaction', sent[0]],
    ['debug_traceTransaction', sent[1], { enableMemory: true, disableStack: true, disableStorage: true }],
    ['debug_traceTransaction', sent[2], { tracer: 'callTracer' }],
    ['debug_traceBlockByNumber', '0x2'],
    ['debug_traceBlockByHash', hash, { tracer: 'prestateTracer' }],
    ['debug_traceCall', call, 'latest'],
    ['eth_getRawTransactionByHash', sent[0]],
  ];
  return rows;
}

test('every answer has the official shape', async () => {
  const all = await played();
  const exercised = new Set<string>();
  for (const [method, ...params] of await asked(all)) {
    const result = await all.some.settle(all.request(method, params));
    const shape = LIKE[method] ?? method;
    if (UNDESCRIBED[method] === undefined || LIKE[method]) exercised.add(method);
    if (shapes && exercised.has(method)) assert.equal(shapes(shape, result), [], `${method} ${JSON.stringify(params)}`);
  }
  const own = Object.keys(methods).filter((name) => !name.startsWith('classpad_'));
  const missed = own.filter((name) => !exercised.has(name) && UNDESCRIBED[name] === undefined);
  assert.equal(missed, [], 'served and described, but not asked here');
  all.some.stop();
});

test('what one side has and the other has not is named, with the reason', () => {
  if (!official) return;
  const described = new Set(official.names);
  const served = [...Object.keys(methods), 'eth_subscribe', 'eth_unsubscribe'].filter((name) => !name.startsWith('classpad_'));
  const undescribed = served.filter((name) => !described.has(name));
  assert.equal(undescribed.sort(), Object.keys(UNDESCRIBED).sort());
  const unserved = official.names.filter((name) => !Object.hasOwn(methods, name));
  assert.equal(unserved.sort(), Object.keys(UNSERVED).sort());
  const both = served.length - undescribed.length;
  console.log(`\n| ${both} methods served and described, every answer checked | ${described.size} are described |`);
  for (const [name, reason] of Object.entries(UNDESCRIBED)) console.log(`| ${name} has no official shape | ${reason} |`);
  for (const [name, reason] of Object.entries(UNSERVED)) console.log(`| ${name} is not served | ${reason} |`);
});

test('the shapes tell a wrong answer from a right one', () => {
  if (!shapes) return;
  assert.equal(shapes('eth_chainId', '0x1'), []);
  for (const wrong of ['0x01', 1, null]) assert.is(shapes('eth_chainId', wrong).length > 0, true);
  assert.match(shapes('eth_getTransactionReceipt', {}).join(), /blockHash is missing/);
  assert.match(shapes('eth_getProof', { extra: 1 }).join(), /extra is not known/);
});

test.run();
