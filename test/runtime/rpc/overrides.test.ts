import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFunctionData, parseAbi, toHex } from 'viem';
import { clientsOf } from '../ledger/client.ts';
import { compile } from '../ledger/solidity.ts';
import { alice, bob, world } from '../ledger/world.ts';

const test = suite('rpc/overrides');

const abi = parseAbi([
  'function a() view returns (uint256)',
  'function b() view returns (uint256)',
  'function set(uint256)',
  'function seen() view returns (uint256, uint256, uint256, address, uint256, uint256)',
]);
const teller = compile(
  'Teller',
  `contract Teller {
    uint256 public a = 1;
    uint256 public b = 2;
    function set(uint256 to) external { a = to; b = address(0xdead).balance; }
    function seen() external view returns (uint256, uint256, uint256, address, uint256, uint256) {
      return (block.number, block.timestamp, block.gaslimit, block.coinbase, block.basefee, block.prevrandao);
    }
  }`,
  abi,
);

async function deployed() {
  const some = world();
  const clients = clientsOf(some);
  const { contractAddress } = await clients.mined(clients.wallet.deployContract(teller));
  return { ...clients, some, address: contractAddress! };
}

const word = (n: number) => toHex(n, { size: 32 });

test('a call finds what it is told to find, and nothing of it stays', async () => {
  const { some, request, address } = await deployed();
  const data = (name: 'a' | 'b') => encodeFunctionData({ abi, functionName: name });
  const rows: [name: string, override: object, a: number, b: number][] = [
    ['nothing', {}, 1, 2],
    ['one slot', { stateDiff: { [word(0)]: word(7) } }, 7, 2],
    ['all slots', { state: { [word(1)]: word(9) } }, 0, 9],
    ['other code', { code: '0x602a60005260206000f3' }, 42, 42],
  ];
  for (const [name, override, a, b] of rows) {
    for (const [which, value] of [
      ['a', a],
      ['b', b],
    ] as const) {
      const found = await request('eth_call', [{ to: address, data: data(which) }, 'latest', { [address]: override }]);
      assert.is(Number(found), value, `${name}: ${which}`);
    }
  }
  assert.is(Number(await request('eth_call', [{ to: address, data: data('a') }])), 1);
  some.stop();
});

test('balances and nonces may be others: who has nothing can pay, in an estimate too', async () => {
  const { some, request } = await deployed();
  const poor = `0x${'77'.repeat(20)}`;
  const transfer = { from: poor, to: bob.address, value: '0x5' };
  assert.match(await request('eth_estimateGas', [transfer]).catch(({ message }) => message), /insufficient funds/);
  assert.is(await request('eth_estimateGas', [transfer, 'latest', { [poor]: { balance: '0x5' } }]), '0x5208');
  some.stop();
});

test('an estimate is bounded by what the sender can pay for at the price that it names', async () => {
  const { some, request } = await deployed();
  const poor = `0x${'77'.repeat(20)}`;
  const call = { from: poor, to: bob.address, value: '0x5', maxFeePerGas: '0x2' };
  const estimate = (balance: number) =>
    request('eth_estimateGas', [call, 'latest', { [poor]: { balance: toHex(balance) } }]).catch(({ message }) => message);
  assert.is(await estimate(42_005), '0x5208');
  assert.is(await estimate(42_004), 'gas required exceeds allowance (20999)');
  assert.is(await estimate(5), 'gas required exceeds allowance (0)');
  assert.match(await estimate(4), /insufficient funds/);
  some.stop();
});

test('a block may be told to have less gas than the call, which sees it so', async () => {
  const { some, request, address } = await deployed();
  const data = encodeFunctionData({ abi, functionName: 'seen' });
  const gasLimitOf = (seen: string) => Number(`0x${seen.slice(2).match(/.{64}/g)![2]}`);
  assert.is(gasLimitOf(await request('eth_call', [{ to: address, data }, 'latest', {}, { gasLimit: '0x5208' }])), 21_000);
  const { gasLimit } = await request('eth_getBlockByNumber', ['latest', false]);
  assert.is(gasLimitOf(await request('eth_call', [{ to: address, data }])), Number(gasLimit));
  some.stop();
});

test('the block may be another', async () => {
  const { some, request, address } = await deployed();
  const data = encodeFunctionData({ abi, functionName: 'seen' });
  const wanted = {
    number: '0x64',
    time: '0xc8',
    gasLimit: '0x1c9c380',
    feeRecipient: `0x${'0c'.repeat(20)}`,
    baseFeePerGas: '0x9',
    prevRandao: word(5),
  };
  const seen = await request('eth_call', [{ to: address, data }, 'latest', {}, wanted]);
  const words = seen
    .slice(2)
    .match(/.{64}/g)
    .map((each: string) => Number(`0x${each}`));
  assert.equal(words, [100, 200, 30_000_000, Number(wanted.feeRecipient), 9, 5]);
  some.stop();
});

test('the blob base fee may be another', async () => {
  const { some, request } = await deployed();
  const at = `0x${'b1'.repeat(20)}`;
  const code = { [at]: { code: '0x4a5f5260205ff3' } };
  const seen = (fields: object) => request('eth_call', [{ to: at }, 'latest', code, fields]);
  assert.equal([await seen({}), await seen({ blobBaseFee: '0x1234' })].map(Number), [1, 0x1234]);
  some.stop();
});

test('who names a price needs the money for it, in the words of geth; who names none does not', async () => {
  const { some, request } = await deployed();
  const poor = `0x${'77'.repeat(20)}`;
  const price = 2_000_000_000;
  const enough = 21_000 * price + 5;
  const told = (method: string, fields: object, balance: number) => {
    const overrides = { [poor]: { balance: toHex(balance) } };
    const call = { from: poor, to: bob.address, value: '0x5', gas: '0x5208', ...fields };
    const last = method === 'debug_traceCall' ? { stateOverrides: overrides } : overrides;
    return request(method, [call, 'latest', last]).then(
      () => 'answered',
      ({ message }) => message,
    );
  };
  const lacking = `insufficient funds for gas * price + value: address ${poor} have ${enough - 1} want ${enough}`;
  for (const method of ['eth_call', 'debug_traceCall', 'eth_createAccessList']) {
    assert.is(await told(method, { gasPrice: toHex(price) }, enough - 1), lacking, method);
    assert.is(await told(method, { maxFeePerGas: toHex(price) }, enough), 'answered', method);
    assert.is(await told(method, {}, 5), 'answered', method);
  }
  some.stop();
});

test('a price below the base fee is refused as in a block', async () => {
  const { some, request } = await deployed();
  const call = { from: alice.address, to: bob.address, gasPrice: '0x8' };
  const told = (fee: string) => request('eth_call', [call, 'latest', {}, { baseFeePerGas: fee }]).catch(({ message }) => message);
  assert.match(await told('0x9'), /^max fee per gas less than block base fee: address 0x.*, maxFeePerGas: 8, baseFee: 9$/);
  assert.is(await told('0x8'), '0x');
  some.stop();
});

test('slots that a contract writes while it comes to be are in the list; its address alone is not', async () => {
  const { some, request } = await deployed();
  // init code: 5 → slot 7, 1 byte of code
  const init = '600560075560015ff3';
  const { accessList } = await request('eth_createAccessList', [{ from: alice.address, data: `0x${init}` }]);
  assert.equal(
    accessList.map(({ storageKeys }: { storageKeys: string[] }) => storageKeys),
    [[word(7)]],
  );
  // A factory: puts the init code into memory and creates twice, with and without the slot.
  const factory = `0x${'fa'.repeat(20)}`;
  const code = `0x68${init}5f52600960175ff0${'6360015ff3'}5f526004601c5ff0`;
  const made = await request('eth_createAccessList', [{ to: factory }, 'latest', { [factory]: { code } }]);
  assert.equal(
    made.accessList.map(({ storageKeys }: { storageKeys: string[] }) => storageKeys),
    [[word(7)]],
  );
  some.stop();
});

test('an access list names what is read, and with it the same call costs what it says', async () => {
  const { some, request, address } = await deployed();
  const call = { from: alice.address, to: address, data: encodeFunctionData({ abi, functionName: 'set', args: [5n] }) };
  const { accessList, gasUsed, error } = await request('eth_createAccessList', [call]);
  assert.is(error, undefined);
  assert.equal(accessList.length, 2);
  const own = accessList.find((entry: { address: string }) => entry.address === address.toLowerCase());
  const dead = accessList.find((entry: { address: string }) => entry.address !== address.toLowerCase());
  assert.equal(own.storageKeys, [word(0), word(1)]);
  assert.equal(dead, { address: '0x000000000000000000000000000000000000dead', storageKeys: [] });
  const estimated = BigInt(await request('eth_estimateGas', [{ ...call, accessList }]));
  assert.is(estimated - BigInt(gasUsed) < 10_000n && estimated >= BigInt(gasUsed), true);
  const failing = await request('eth_createAccessList', [{ to: address, data: '0x12345678' }]);
  assert.equal(failing.error, 'execution reverted');
  some.stop();
});

test.run();
