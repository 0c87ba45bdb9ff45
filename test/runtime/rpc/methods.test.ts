import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFunctionData, type Hex, parseAbi, zeroHash } from 'viem';
import { clientsOf } from '../ledger/client.ts';
import { compile } from '../ledger/solidity.ts';
import { bob, world } from '../ledger/world.ts';
import { emitter, played } from './played.ts';

const test = suite('rpc/methods');

test('a waiting transaction has no block', async () => {
  const { some, request, waiting } = await played();
  const { blockHash, blockNumber, transactionIndex, hash } = await request('eth_getTransactionByHash', [waiting]);
  assert.equal([blockHash, blockNumber, transactionIndex, hash], [null, null, null, waiting]);
  some.stop();
});

test('logs are found by address, topics, range and block', async () => {
  const { some, request, address, alice } = await played();
  const said = '0x8ed8a3a8cf4da4b3f8c6b2a1bd3a0c0ad6d0ee7b3c6cc2ba9b4ac11d5e5b8c1d';
  const all = await request('eth_getLogs', [{ fromBlock: 'earliest' }]);
  assert.is(all.length, 6);
  const topic = all[0].topics[0];
  const padded = `0x${'00'.repeat(12)}${alice.address.slice(2).toLowerCase()}`;
  const number = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;
  const rows: [filter: object, found: number][] = [
    [{ fromBlock: '0x0', toBlock: '0x1' }, 0],
    [{}, 6],
    [{ fromBlock: '0x2', toBlock: '0x2', address }, 6],
    [{ fromBlock: '0x0', address: [address.toUpperCase().replace('0X', '0x'), bob.address] }, 6],
    [{ fromBlock: '0x0', address: bob.address }, 0],
    [{ fromBlock: '0x0', topics: [topic] }, 3],
    [{ fromBlock: '0x0', topics: [said] }, 0],
    [{ fromBlock: '0x0', topics: [null, number(2)] }, 1],
    [{ fromBlock: '0x0', topics: [[topic, said], [number(1), number(3)], padded] }, 2],
    [{ fromBlock: '0x0', topics: [null, null, padded] }, 3],
    [{ fromBlock: '0x0', topics: [null, null, null, padded] }, 0],
    [{ fromBlock: '0x5', toBlock: '0x9' }, 0],
    [{ fromBlock: '0x2', toBlock: '0x1' }, 0],
  ];
  for (const [filter, found] of rows) {
    assert.is((await request('eth_getLogs', [filter])).length, found, JSON.stringify(filter));
  }
  some.stop();
});

test('gas estimates are enough and not more', async () => {
  const { some, request, address, alice, wallet, mined } = await played();
  const rows: [name: string, to: Hex | undefined, data: Hex | undefined, value?: Hex][] = [
    ['transfer', bob.address, undefined, '0x1'],
    ['event', address, encodeFunctionData({ abi: emitter.abi, functionName: 'say', args: [5n, '0xffff'] })],
    ['nested calls (63/64)', address, encodeFunctionData({ abi: emitter.abi, functionName: 'deep', args: [20n] })],
    ['creation', undefined, emitter.bytecode],
  ];
  for (const [name, to, data, value] of rows) {
    const call = { from: alice.address, ...(to && { to }), ...(data && { data }), ...(value && { value }) };
    const gas = BigInt(await request('eth_estimateGas', [call]));
    if (name === 'transfer') assert.is(gas, 21_000n);
    const tight = request('eth_call', [{ ...call, gas: `0x${(gas - 1n).toString(16)}` }]);
    assert.match(await tight.catch((error: Error) => error.message), /out of gas|reverted|intrinsic/, name);
    const nonce = Number(await request('eth_getTransactionCount', [alice.address, 'latest']));
    const receipt = await mined(wallet.sendTransaction({ to: to ?? null, data, gas, nonce, value: BigInt(value ?? 0) } as never));
    assert.is(receipt.status, 'success', name);
  }
  some.stop();
});

const clock = compile(
  'Clock',
  `contract Clock {
    uint256 public immutable deadline = block.timestamp + 1 hours;
    function now_() external view returns (uint256, uint256) { return (block.number, block.timestamp); }
    function end() external view { require(block.timestamp > deadline, "too early"); }
  }`,
  parseAbi(['function now_() view returns (uint256, uint256)', 'function end()']),
);

test('on an idle ledger calls are tried out at the time it is, not at that of the last block', async () => {
  const some = world();
  const { client, wallet, mined, alice } = clientsOf(some);
  const { contractAddress } = await mined(wallet.deployContract(clock));
  const at = { address: contractAddress!, abi: clock.abi } as const;
  const end = { ...at, functionName: 'end', account: alice } as const;
  assert.match(await client.simulateContract(end).then(String, (error: Error) => error.message), /too early/);
  some.run(2 * 3_600_000);
  await client.simulateContract(end);
  assert.is((await mined(wallet.writeContract(end))).status, 'success');

  some.run(60_000);
  const { number, timestamp } = await client.getBlock();
  const now = BigInt(Math.floor(some.clock.nowMs() / 1000));
  const read = { ...at, functionName: 'now_' } as const;
  assert.equal(await client.readContract(read), [number, now]);
  assert.equal(await client.readContract({ ...read, blockTag: 'pending' }), [number + 1n, now]);
  assert.equal(await client.readContract({ ...read, blockNumber: number }), [number, timestamp]);
  some.stop();
});

const bad: [name: string, method: string, params: unknown, code: number, message: RegExp][] = [
  ['unknown method', 'eth_fillTransaction', [], -32601, /the method eth_fillTransaction does not exist/],
  ['parameter missing', 'eth_getBalance', [], -32602, /address should be an address/],
  ['address too short', 'eth_getBalance', ['0x12', 'latest'], -32602, /address should be an address of 20 bytes/],
  ['too many', 'eth_chainId', [1], -32602, /too many arguments, want at most 0/],
  ['unknown tag', 'eth_getBalance', [bob.address, 'newest'], -32602, /block should be a tag such as latest/],
  ['a name of the language', 'eth_getBalance', [bob.address, 'constructor'], -32602, /block should be a tag/],
  ['a JSON number', 'eth_getBlockByNumber', [1, false], -32602, /block should be a tag/],
  ['number with leading zeros', 'eth_getBlockByNumber', ['0x01', false], -32602, /quantity/],
  ['block to come', 'eth_getBalance', [bob.address, '0xffff'], -32000, /header not found/],
  ['no hash and no number', 'eth_getBalance', [bob.address, {}], -32602, /blockNumber or blockHash/],
  ['not a flag', 'eth_getBlockByNumber', ['latest', 'yes'], -32602, /full should be true or false/],
  ['call is a list', 'eth_call', [[]], -32602, /call should be an object/],
  ['data against input', 'eth_call', [{ data: '0x01', input: '0x02' }], -32602, /they differ/],
  ['odd data', 'eth_call', [{ data: '0x123' }], -32602, /call\.data should be 0x and whole bytes/],
  ['overrides of nobody', 'eth_call', [{}, 'latest', { '0x12': {} }], -32602, /overrides: 0x12 should be an address/],
  ['an unknown override', 'eth_call', [{}, 'latest', { [bob.address]: { color: 1 } }], -32602, /stateDiff, not color/],
  ['state twice', 'eth_call', [{}, 'latest', { [bob.address]: { state: {}, stateDiff: {} } }], -32602, /either state or/],
  ['an unknown field', 'eth_call', [{}, 'latest', {}, { size: 1 }], -32602, /blockOverrides may have number, time, .*not size/],
  ['too many topics', 'eth_getLogs', [{ topics: [null, null, null, null, null] }], -32602, /at most 4/],
  ['both range and hash', 'eth_getLogs', [{ blockHash: zeroHash, fromBlock: '0x0' }], -32602, /either blockHash or/],
  ['unknown block hash', 'eth_getLogs', [{ blockHash: zeroHash }], -32000, /header not found/],
  ['percentiles fall', 'eth_feeHistory', ['0x1', 'latest', [5, 2]], -32602, /ascend/],
  ['a history to come', 'eth_feeHistory', ['0x1', '0xff'], -32000, /request beyond head block: requested 255, head 0/],
  [
    'a tip above the fee',
    'eth_call',
    [{ to: bob.address, maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' }],
    -32000,
    /max priority fee per gas higher than max fee per gas/,
  ],
  ['params are no list', 'eth_chainId', { a: 1 }, -32602, /params should be a list/],
  ['empty transaction', 'eth_sendRawTransaction', ['0x'], -32000, /not a signed transaction/],
  ['unsigned transaction', 'eth_sendRawTransaction', ['0x02c0'], -32000, /a transaction has 0 items/],
  ['value without funds', 'eth_call', [{ to: bob.address, value: '0x1' }], -32000, /insufficient funds/],
];

test('bad requests get a code and a sentence', async () => {
  const some = world();
  const { request } = clientsOf(some);
  for (const [name, method, params, code, message] of bad) {
    const error = await request(method, params).catch((thrown) => thrown);
    assert.is(error.code, code, `${name}: ${error.message}`);
    assert.match(error.message, message, name);
  }
  some.stop();
});

test('reverts are code 3 with data; a call that never ends is out of gas', async () => {
  const { some, request, address } = await played();
  const panic = await request('eth_call', [{ to: address, data: '0xa9cc4718' }]).catch((error) => error);
  assert.is(panic.code, 3);
  assert.is(panic.message, 'execution reverted: assert(false)');
  assert.is(panic.data, `0x4e487b71${'1'.padStart(64, '0')}`);
  const spin = encodeFunctionData({ abi: emitter.abi, functionName: 'spin' });
  const rows: [method: string, message: string][] = [
    ['eth_call', 'out of gas'],
    ['eth_estimateGas', 'gas required exceeds allowance (16777216)'],
  ];
  for (const [method, message] of rows) {
    const error = await request(method, [{ to: address, data: spin }]).catch((thrown) => thrown);
    assert.equal([error.code, error.message], [-32000, message], method);
  }
  some.stop();
});

test.run();
