import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { world } from '../ledger/world.ts';

const test = suite('rpc/server');

const some = world();
const ask = (text: string) => some.settle(some.peers[0]!.ledger.rpc(text));
const chainId = { jsonrpc: '2.0', id: 1, method: 'eth_chainId' };
const right = { jsonrpc: '2.0', id: 1, result: '0x539' };

const rows: [name: string, request: string, answer: RegExp | object][] = [
  ['a request', JSON.stringify(chainId), right],
  ['params given', JSON.stringify({ ...chainId, params: [] }), right],
  ['an id of text', JSON.stringify({ ...chainId, id: 'a"b' }), { ...right, id: 'a"b' }],
  ['an id of null', JSON.stringify({ ...chainId, id: null }), { ...right, id: null }],
  ['a batch', JSON.stringify([chainId, { ...chainId, id: 2 }]), [right, { ...right, id: 2 }]],
  ['a batch with a fault', JSON.stringify([chainId, 7]), /^\[{.*"result":"0x539"},{.*"id":null,"error":{"code":-32600/],
  ['no JSON', '{', /"id":null,"error":{"code":-32700,"message":"the request is not JSON"}/],
  ['nothing', '', /-32700/],
  ['a number', '7', /-32600.*not an object/],
  ['null', 'null', /-32600/],
  ['an empty batch', '[]', /-32600.*the batch is empty/],
  ['no version', '{"id":1,"method":"eth_chainId"}', /"id":1,"error":{"code":-32600,"message":"jsonrpc should be/],
  ['no method', '{"jsonrpc":"2.0","id":1}', /-32600.*method should be a text/],
  ['unknown method', '{"jsonrpc":"2.0","id":1,"method":"toString"}', /-32601.*the method toString does not exist/],
  ['a very long name', JSON.stringify({ ...chainId, method: 'x'.repeat(10_000) }), /^.{1,250}$/],
  ['too large a batch', JSON.stringify(Array.from({ length: 101 }, () => chainId)), /-32600.*at most 100/],
  ['too large a request', ' '.repeat(512 * 1024 + 1), /-32600.*524289 characters/],
  ['deep nesting', '['.repeat(100_000), /-32600.*nested more than 32 deep/],
];

for (const [name, request, answer] of rows) {
  test(name, async () => {
    const text = await ask(request);
    if (answer instanceof RegExp) assert.match(text, answer);
    else assert.equal(JSON.parse(text), answer);
  });
}

test('a long batch lets others have their turn', async () => {
  const { ledger } = some.peers[0]!;
  const batch = ledger.rpc(JSON.stringify(Array.from({ length: 100 }, (_, id) => ({ ...chainId, id }))));
  let isDone = false;
  void batch.then(() => {
    isDone = true;
  });
  assert.equal(JSON.parse(await ledger.rpc(JSON.stringify(chainId))), right);
  assert.is(isDone, false);
  const answers = JSON.parse(await some.settle(batch));
  assert.equal(
    answers.map(({ id }: { id: number }) => id),
    Array.from({ length: 100 }, (_, id) => id),
  );
});

test('notifications are executed and not answered', async () => {
  const { id: _, ...notification } = chainId;
  assert.is(await ask(JSON.stringify(notification)), '');
  assert.is(await ask(JSON.stringify([notification, notification])), '');
  assert.equal(JSON.parse(await ask(JSON.stringify([notification, chainId]))), [right]);
  assert.is(await ask(JSON.stringify({ ...notification, method: 'nothing' })), '');
});

test('whatever comes in, JSON or nothing goes out', async () => {
  const methods = fc.constantFrom(
    'eth_call',
    'eth_getLogs',
    'eth_getBlockByNumber',
    'eth_sendRawTransaction',
    'eth_feeHistory',
    'eth_getProof',
  );
  const parameter = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('latest', '0x', '0x0', `0x${'ff'.repeat(20)}`, 1e308, -1, '0x1ffffffffffffffff'),
  );
  const request = fc.record({
    jsonrpc: fc.constant('2.0'),
    id: fc.nat(),
    method: methods,
    params: fc.array(parameter, { maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(request, fc.jsonValue(), fc.array(request)), async (value) => {
      const text = await ask(JSON.stringify(value));
      if (text !== '') JSON.parse(text);
      assert.not.match(text, /-32603|internal/i, JSON.stringify(value));
    }),
    { numRuns: 1500 },
  );
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => assert.ok(await ask(text))));
});

test.run();
