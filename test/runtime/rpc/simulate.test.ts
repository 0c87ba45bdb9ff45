import { createMPT } from '@ethereumjs/mpt';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFunctionData, type Hex, keccak256, parseAbi, toHex, toRlp } from 'viem';
import { officialShapes } from '../../support/openrpc.ts';
import { clientsOf } from '../ledger/client.ts';
import { compile } from '../ledger/solidity.ts';
import { alice, bob, world } from '../ledger/world.ts';

const test = suite('rpc/simulate');
const shapes = officialShapes()?.faults;
const abi = parseAbi([
  'function add(uint256) returns (uint256)',
  'function fail()',
  'function hashOf(uint256) view returns (bytes32)',
  'event Added(uint256 sum)',
]);
const adder = compile(
  'Adder',
  `contract Adder {
    uint256 sum;
    event Added(uint256 sum);
    function add(uint256 more) external returns (uint256) { sum += more; emit Added(sum); return sum; }
    function fail() external pure { revert("no"); }
    function hashOf(uint256 number) external view returns (bytes32) { return blockhash(number); }
  }`,
  abi,
);
// biome-ignore lint/suspicious/noExplicitAny: JSON
type Any = any;

/** In the order of the wire. */
const HEADER =
  'parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit gasUsed timestamp extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas parentBeaconBlockRoot requestsHash'.split(
    ' ',
  );
const QUANTITIES = new Set('difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas'.split(' '));

async function deployed() {
  const some = world();
  const clients = clientsOf(some);
  const at = (await clients.mined(clients.wallet.deployContract(adder))).contractAddress!;
  const add = (more: bigint) => ({
    from: alice.address,
    to: at,
    data: encodeFunctionData({ abi, functionName: 'add', args: [more] }),
  });
  const simulate = (payload: object, block = 'latest'): Promise<Any> =>
    some.settle(clients.request('eth_simulateV1', [payload, block]));
  return { some, at, add, simulate, ...clients };
}

test('each call and block stands on those before it, and nothing is kept', async () => {
  const { some, add, at, simulate, request } = await deployed();
  const head = await request('eth_getBlockByNumber', ['latest', false]);
  const hashOf = { to: at, data: encodeFunctionData({ abi, functionName: 'hashOf', args: [2n] }) };
  const told = await simulate({ blockStateCalls: [{ calls: [add(1n), add(2n)] }, { calls: [add(4n), hashOf] }] });
  if (shapes) assert.equal(shapes('eth_simulateV1', told), []);
  const [first, second] = told;
  assert.equal(
    first.calls.map(({ returnData }: Any) => Number(returnData)),
    [1, 3],
  );
  assert.equal([Number(second.calls[0].returnData), second.calls[1].returnData], [7, first.hash]);
  assert.equal([first.parentHash, second.parentHash], [head.hash, first.hash]);
  assert.equal([first.number, second.number, first.baseFeePerGas], ['0x2', '0x3', '0x0']);
  assert.is(Number(second.timestamp), Number(head.timestamp) + 2);
  const logs = first.calls.flatMap((call: Any) => call.logs);
  assert.equal(
    logs.map(({ logIndex, blockHash }: Any) => [logIndex, blockHash]),
    [
      ['0x0', first.hash],
      ['0x1', first.hash],
    ],
  );
  assert.is(Number((await simulate({ blockStateCalls: [{ calls: [add(5n)] }] }))[0].calls[0].returnData), 5);
  assert.is(await request('eth_blockNumber'), head.number);
  some.stop();
});

test('the most gas used is what was spent before the refund, and never less than the floor for data', async () => {
  const some = world();
  const { request } = clientsOf(some);
  const at = `0x${'c1'.repeat(20)}`;
  // Clears slot 1.
  const stateOverrides = { [at]: { code: '0x5f600155', state: { [toHex(1, { size: 32 })]: toHex(1, { size: 32 }) } } };
  const calls = [0, 100, 1000].map((bytes) => ({ to: at, data: `0x${'01'.repeat(bytes)}` }));
  const rows = calls.map((call) => ({ calls: [call], stateOverrides }));
  const told = await some.settle(request('eth_simulateV1', [{ blockStateCalls: rows }, 'latest']));
  const gas = told.map(({ calls: [{ gasUsed, maxUsedGas }] }: Any) => [Number(gasUsed), Number(maxUsedGas)]);
  assert.equal(gas, [
    [21_205, 26_005],
    [25_000, 27_605],
    [61_000, 61_000],
  ]);
  some.stop();
});

test('transfers of wei are told as logs, in their order', async () => {
  const some = world();
  const { mined, wallet, request } = clientsOf(some);
  const paying = compile(
    'Paying',
    `contract Paying {
      event Paid(uint256 amount);
      function pay(address to) external payable {
        emit Paid(1);
        payable(to).transfer(msg.value - 1);
        try this.refuse{value: 1}() {} catch {}
        emit Paid(2);
      }
      function refuse() external payable { revert(); }
    }`,
    parseAbi(['function pay(address to) payable']),
  );
  const at = (await mined(wallet.deployContract(paying))).contractAddress!.toLowerCase();
  const pay = encodeFunctionData({ abi: paying.abi, functionName: 'pay', args: [bob.address] });
  const call = { from: alice.address, to: at, data: pay, value: '0x9' };
  const simulated = async (traceTransfers: boolean) => {
    const payload = { traceTransfers, blockStateCalls: [{ calls: [call] }] };
    const told = await some.settle(request('eth_simulateV1', [payload, 'latest']));
    if (shapes) assert.equal(shapes('eth_simulateV1', told), []);
    return told[0];
  };
  const { calls, logsBloom } = await simulated(true);
  const told = calls[0].logs;
  const shown = told.map(({ address, topics, data, logIndex }: Any) => [
    address,
    topics.slice(1).map((topic: string) => `0x${topic.slice(26)}`),
    Number(data),
    Number(logIndex),
  ]);
  const [ether, sender] = [`0x${'ee'.repeat(20)}`, alice.address.toLowerCase()];
  assert.equal(shown, [
    [ether, [sender, at], 9, 0],
    [at, [], 1, 1],
    [ether, [at, bob.address.toLowerCase()], 8, 2],
    [at, [], 2, 3],
  ]);
  const plain = await simulated(false);
  assert.equal(
    plain.calls[0].logs.map(({ address }: Any) => address),
    [at, at],
  );
  assert.equal([plain.logsBloom, plain.calls[0].gasUsed], [logsBloom, calls[0].gasUsed]);
  some.stop();
});

test('the roots are those of a ledger on which it happened', async () => {
  const some = world({ genesis: { baseFee: 0 } });
  const { wallet, mined, request } = clientsOf(some);
  const gas = 21_000n;
  const call = { from: alice.address, to: bob.address, value: '0x5', gas: toHex(gas) };
  const [told] = await some.settle(request('eth_simulateV1', [{ blockStateCalls: [{ calls: [call] }] }, 'latest']));
  await mined(wallet.sendTransaction({ to: bob.address, value: 5n, gas, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }));
  const block = await request('eth_getBlockByNumber', ['latest', false]);
  assert.equal(
    [told.stateRoot, told.receiptsRoot, told.gasUsed, told.parentHash],
    [block.stateRoot, block.receiptsRoot, block.gasUsed, block.parentHash],
  );
  some.stop();
});

test('failures of calls are told in place, in the words of the execution API', async () => {
  const { some, at, simulate } = await deployed();
  const fail = { to: at, data: encodeFunctionData({ abi, functionName: 'fail' }) };
  const [block] = await simulate({
    blockStateCalls: [{ calls: [fail, { to: at, data: '0x5b', gas: '0x5300' }, { data: '0xfe' }] }],
  });
  if (shapes) assert.equal(shapes('eth_simulateV1', [block]), []);
  assert.equal(
    block.calls.map(({ status, error }: Any) => [status, error.code, error.message]),
    [
      ['0x0', 3, 'execution reverted: no'],
      ['0x0', 3, 'execution reverted'],
      ['0x0', -32015, 'vm execution error: invalid opcode'],
    ],
  );
  some.stop();
});

test('overrides of state and block, gaps filled, transactions whole', async () => {
  const { some, at, add, simulate } = await deployed();
  const told = await simulate({
    blockStateCalls: [
      { stateOverrides: { [at]: { stateDiff: { [toHex(0, { size: 32 })]: toHex(10, { size: 32 }) } } }, calls: [add(1n)] },
      { blockOverrides: { number: '0x6', time: toHex(2_000_000_000), feeRecipient: bob.address }, calls: [add(1n)] },
    ],
    returnFullTransactions: true,
  });
  if (shapes) assert.equal(shapes('eth_simulateV1', told), []);
  assert.equal(
    told.map(({ number }: Any) => number),
    ['0x2', '0x3', '0x4', '0x5', '0x6'],
  );
  assert.equal([Number(told[0].calls[0].returnData), Number(told[4].calls[0].returnData)], [11, 12]);
  assert.equal([told[4].miner, Number(told[4].timestamp)], [bob.address.toLowerCase(), 2_000_000_000]);
  assert.is(told[0].transactions[0].from, alice.address.toLowerCase());
  some.stop();
});

test('withdrawals are paid after the calls of their block, and stand in it as Ethereum has them', async () => {
  const { some, simulate } = await deployed();
  const poor = `0x${'99'.repeat(20)}`;
  const withdrawal = (index: number, address: string, gwei: number) => ({
    index: toHex(index),
    validatorIndex: toHex(7),
    address,
    amount: toHex(gwei),
  });
  const withdrawals = [withdrawal(0, poor, 3), withdrawal(1, bob.address.toLowerCase(), 0), withdrawal(300, poor, 2)];
  const spend = { from: poor, to: bob.address, value: toHex(5_000_000_000) };
  const blocks = [{ blockOverrides: { withdrawals, prevRandao: '0x5' } }, { calls: [spend] }];
  const told = await simulate({ blockStateCalls: blocks });
  if (shapes) assert.equal(shapes('eth_simulateV1', told), []);
  const [first, second] = told;
  assert.equal([first.withdrawals, second.withdrawals], [withdrawals, []]);
  assert.equal([second.calls[0].status, second.parentHash], ['0x1', first.hash]);
  const tooEarly = await simulate({ blockStateCalls: [{ ...blocks[0], calls: [spend] }] }).catch((error: Any) => error);
  assert.is(tooEarly.code, -38014);
  const trie = await createMPT();
  const number = (quantity: string) => (BigInt(quantity) === 0n ? '0x' : toHex(BigInt(quantity)));
  for (const [place, { index, validatorIndex, address, amount }] of withdrawals.entries()) {
    const value = toRlp([number(index), number(validatorIndex), address as Hex, number(amount)], 'bytes');
    await trie.put(toRlp(number(toHex(place)), 'bytes'), value);
  }
  assert.is(first.withdrawalsRoot, toHex(trie.root()));
  const fields = HEADER.map((name) => (QUANTITIES.has(name) ? number(first[name]) : (first[name] as Hex)));
  assert.is(first.hash, keccak256(toRlp(fields as Hex[])));
  some.stop();
});

test('what cannot be simulated has the codes of the execution API', async () => {
  const { some, add, simulate } = await deployed();
  const poor = `0x${'99'.repeat(20)}`;
  const one = (call: object, rest: object = {}) => ({ blockStateCalls: [{ calls: [call] }], ...rest });
  const fees = { maxFeePerGas: toHex(2_000_000_000), maxPriorityFeePerGas: '0x0', gas: '0x30000' };
  const rows: [payload: object, code: number][] = [
    [one({ from: poor, to: bob.address, value: '0x1' }), -38014],
    [one({ ...add(1n), gas: '0x5000' }), -38013],
    [one({ ...add(1n), ...fees, nonce: '0x0' }, { validation: true }), -38010],
    [one({ ...add(1n), ...fees, nonce: '0x9' }, { validation: true }), -38011],
    [one(add(1n), { validation: true }), -38012],
    [one({ ...add(1n), gas: '0xffffffff' }), -38015],
    [{ blockStateCalls: [{ blockOverrides: { number: '0x1' } }] }, -38020],
    [{ blockStateCalls: [{ blockOverrides: { time: '0x1' } }] }, -38021],
    [{ blockStateCalls: [{ blockOverrides: { number: '0xffff' } }] }, -38026],
    [{ blockStateCalls: [] }, -32602],
    [{ blockStateCalls: Array(257).fill({}) }, -32602],
    [{}, -32602],
  ];
  for (const [payload, code] of rows) {
    const error = await simulate(payload).catch((thrown: Any) => thrown);
    assert.is(error.code, code, `${JSON.stringify(payload).slice(0, 200)}: ${error.message}`);
  }
  const [valid] = await simulate(one({ ...add(1n), ...fees }, { validation: true }));
  assert.is(valid.calls[0].status, '0x1');
  assert.is(valid.transactions[0].length, keccak256('0x').length);
  some.stop();
});

test.run();
