import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAbi } from 'viem';
import type { Core } from '../../../runtime/ledger/core.ts';
import { BURST } from '../../../runtime/rpc/allowance.ts';
import { MAX_SUBSCRIPTIONS, MAX_WAITING, openSession } from '../../../runtime/rpc/session.ts';
import { clientsOf } from '../ledger/client.ts';
import { compile } from '../ledger/solidity.ts';
import { bob, type World, world } from '../ledger/world.ts';

const test = suite('rpc/session');

const speaker = compile(
  'Speaker',
  `contract Speaker {
    event Said(uint256 indexed a);
    constructor() { emit Said(7); }
    function say(uint256 a) external { emit Said(a); emit Said(a + 1); }
  }`,
  parseAbi(['event Said(uint256 indexed a)', 'constructor()', 'function say(uint256 a)']),
);

// biome-ignore lint/suspicious/noExplicitAny: whatever comes
type Heard = any;

/** A connection to a node: what it is sent, and requests by method. */
function connect(some: World, n = 0) {
  const heard: Heard[] = [];
  const session = some.peers[n]!.ledger.session((text) => void heard.push(JSON.parse(text)));
  let id = 0;
  const ask = async (method: string, ...params: unknown[]): Promise<Heard> => {
    const own = ++id;
    session.receive(JSON.stringify({ jsonrpc: '2.0', id: own, method, params }));
    for (let turn = 0; turn < 20 && !heard.some((one) => one.id === own); turn++) await Promise.resolve();
    return heard.find((one) => one.id === own);
  };
  const told = (subscription: string) =>
    heard.filter(({ params }) => params?.subscription === subscription).map(({ params }) => params.result);
  return { ask, told, heard, session };
}

test('what was subscribed to is told, in order, until it is no longer wanted', async () => {
  const some = world();
  const { ask, told, heard } = connect(some);
  const { wallet, mined, request } = clientsOf(some);
  const heads = (await ask('eth_subscribe', 'newHeads')).result;
  const pending = (await ask('eth_subscribe', 'newPendingTransactions')).result;
  const whole = (await ask('eth_subscribe', 'newPendingTransactions', true)).result;
  const all = (await ask('eth_subscribe', 'logs', {})).result;
  const eight = `0x${'8'.padStart(64, '0')}` as const;
  const some8 = (await ask('eth_subscribe', 'logs', { topics: [null, eight] })).result;

  const { contractAddress, transactionHash } = await mined(wallet.deployContract(speaker));
  const say = { address: contractAddress!, abi: speaker.abi, functionName: 'say', args: [7n] } as const;
  const second = await mined(wallet.writeContract(say));

  const { transactions, size, withdrawals, uncles, ...header } = await request('eth_getBlockByNumber', ['0x1', false]);
  assert.equal(told(heads)[0], header);
  assert.equal(
    told(heads).map(({ number }) => number),
    ['0x1', '0x2'],
  );
  assert.equal(told(pending), [transactionHash, second.transactionHash]);
  assert.equal([told(whole)[0].hash, told(whole)[0].blockHash], [transactionHash, null]);
  assert.equal(told(all), await request('eth_getLogs', [{ fromBlock: '0x0' }]));
  assert.equal(told(some8), [told(all)[2]]);

  assert.is((await ask('eth_unsubscribe', heads)).result, true);
  assert.match((await ask('eth_unsubscribe', heads)).error.message, /subscription not found/);
  await mined(wallet.writeContract(say));
  assert.is(told(heads).length, 2);
  assert.is(told(all).length, 5);
  assert.equal((await ask('eth_chainId')).result, '0x539');
  assert.ok(heard.every(({ jsonrpc }) => jsonrpc === '2.0'));
  some.stop();
});

test('no identifier comes twice: not on another connection, not as a filter, not after a restart', async () => {
  const some = world();
  const seen: string[] = [];
  for (let round = 0; round < 3; round++) {
    const [one, other] = [connect(some), connect(some)];
    for (const { ask } of [one, other, one]) seen.push((await ask('eth_subscribe', 'newHeads')).result);
    seen.push(await clientsOf(some).request('eth_newBlockFilter'));
    some.run(10);
    some.peers[0]!.restart();
  }
  assert.is(new Set(seen).size, 12);
  some.stop();
});

test('a closed session hears nothing more', async () => {
  const some = world();
  const { ask, heard, session } = connect(some);
  const { wallet, mined } = clientsOf(some);
  await ask('eth_subscribe', 'newHeads');
  session.close();
  session.receive('{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}');
  await mined(wallet.sendTransaction({ to: bob.address, value: 1n }));
  assert.is(heard.length, 1);
  some.stop();
});

test('a subscription goes on while its node starts anew for others: another session begins from nothing', async () => {
  const some = world({ peers: 2 });
  const { wallet, mined } = clientsOf(some);
  const follower = connect(some, 1);
  const heads = (await follower.ask('eth_subscribe', 'newHeads')).result;
  some.peers[0]!.restart();
  await mined(wallet.sendTransaction({ to: bob.address, value: 1n }));
  some.run(2000);
  assert.equal(
    follower.told(heads).map(({ number }) => number),
    ['0x1'],
  );
  some.stop();
});

const refused: [name: string, params: unknown[], message: RegExp][] = [
  ['an unknown one', ['blocks'], /subscription should be newHeads, logs or newPendingTransactions/],
  ['a name of the language', ['constructor'], /subscription should be/],
  ['nothing', [], /subscription should be/],
  ['a wrong filter', ['logs', { address: '0x12' }], /options\.address should be an address/],
  ['a wrong flag', ['newPendingTransactions', 1], /options should be true or false/],
];

test('subscriptions: bad ones, too many, and by HTTP', async () => {
  const some = world();
  const { ask } = connect(some);
  for (const [name, params, message] of refused) {
    const { error } = await ask('eth_subscribe', ...params);
    assert.is(error.code, -32602, name);
    assert.match(error.message, message, name);
  }
  for (let n = 0; n < MAX_SUBSCRIPTIONS; n++) assert.ok((await ask('eth_subscribe', 'newHeads')).result);
  assert.is((await ask('eth_subscribe', 'newHeads')).error.code, -32005);
  const { request } = clientsOf(some);
  const error = await request('eth_subscribe', ['newHeads']).catch((thrown) => thrown);
  assert.equal([error.code, error.message], [-32601, 'eth_subscribe: notifications come by WebSocket only']);
  some.stop();
});

test('a connection that asks too fast is told so, with the number of its request', async () => {
  const some = world();
  const { session, heard } = connect(some);
  for (let id = 0; id < MAX_WAITING + 5; id++) session.receive(`{"jsonrpc":"2.0","id":${id},"method":"eth_chainId"}`);
  assert.equal(
    heard.map(({ id, error }) => [id, error.code]),
    Array.from({ length: 5 }, (_, n) => [MAX_WAITING + n, -32005]),
  );
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.is(heard.length, MAX_WAITING + 5);

  heard.length = 0;
  for (let id = 0; id < BURST; id++) {
    session.receive('{"jsonrpc":"2.0","method":"eth_chainId"}');
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
  }
  assert.is(heard.at(-1).error.code, -32005);
  some.run(1000);
  heard.length = 0;
  session.receive('{"jsonrpc":"2.0","id":9,"method":"eth_chainId"}');
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.equal(heard, [{ jsonrpc: '2.0', id: 9, result: '0x539' }]);
  some.stop();
});

test('requests that come together and take long are begun in turns; none is after the end of the session', async () => {
  let nowMs = 0;
  let begun = 0;
  let resume = () => {};
  const core = {
    blocks: { on: () => () => {} },
    transactions: { on: () => () => {} },
    vm: {},
    nowMs: () => nowMs,
    pause: () =>
      new Promise<void>((done) => {
        resume = done;
      }),
    // Takes 6 ms.
    peerCount() {
      begun++;
      nowMs += 6;
      return 1;
    },
  };
  const heard: string[] = [];
  const session = openSession(core as unknown as Core, { write() {} }, (text) => void heard.push(text));
  for (let id = 0; id < 20; id++) session.receive(`{"jsonrpc":"2.0","id":${id},"method":"net_peerCount"}`);
  const first = begun;
  assert.ok(first < 6, `${first} at once`);
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.is(begun, first);
  assert.is(heard.length > 0, true, 'what is ready has gone out');
  resume();
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.ok(begun > first && begun < 20);
  const last = begun;
  session.close();
  resume();
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.is(begun, last);
});

test('a batch counts as its number of requests', async () => {
  const some = world();
  const { session, heard } = connect(some);
  const batch = `[${'{"jsonrpc":"2.0","method":"eth_chainId"},'.repeat(99)}{"jsonrpc":"2.0","method":"eth_chainId"}]`;
  for (let n = 0; n < BURST / 100; n++) {
    session.receive(batch);
    some.run(0);
    for (let turn = 0; turn < 500; turn++) await Promise.resolve();
    some.run(0);
  }
  assert.equal(heard, []);
  session.receive('{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}');
  session.receive(batch);
  assert.equal(
    heard.map(({ error }) => error.code),
    [-32005, -32005],
  );
  some.stop();
});

test('nothing but JSON comes back, whatever is said', async () => {
  const some = world();
  const { session, heard } = connect(some);
  for (const text of ['', '{', '[]', 'null', '"id": 3', '\0']) session.receive(text);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.equal(heard.map(({ error }) => error.code).sort(), [-32600, -32600, -32700, -32700, -32700, -32700]);
  some.stop();
});

test.run();
