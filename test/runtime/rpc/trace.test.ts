import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFunctionData, parseAbi, zeroHash } from 'viem';
import { officialShapes } from '../../support/openrpc.ts';
import { clientsOf } from '../ledger/client.ts';
import { compile } from '../ledger/solidity.ts';
import { world } from '../ledger/world.ts';

const test = suite('rpc/trace');
const shapes = officialShapes()?.faults;

const abi = parseAbi(['function set(uint256)', 'function outer(address, uint256) payable', 'function spin()']);
const nested = compile(
  'Nested',
  `contract Nested {
    uint256 public a;
    function set(uint256 to) public payable { require(to != 13, "unlucky"); a = a + to; }
    function outer(address other, uint256 to) external payable {
      Nested(other).set(to);
      try Nested(other).set(13) {} catch {}
      (bool ok, ) = other.delegatecall(abi.encodeCall(this.set, (to)));
      require(ok);
      payable(address(0xbeef)).transfer(msg.value);
      new Empty();
      sha256("x");
    }
    function spin() external { for (uint256 i = 0; i < 100_000; i++) a; }
  }
  contract Empty { uint256 public one = 1; }`,
  abi,
);

// biome-ignore lint/suspicious/noExplicitAny: JSON
type Any = any;

async function played() {
  const some = world();
  const clients = clientsOf(some);
  const { wallet, mined } = clients;
  const one = (await mined(wallet.deployContract(nested))).contractAddress!;
  const two = (await mined(wallet.deployContract(nested))).contractAddress!;
  const receipt = await mined(wallet.writeContract({ address: one, abi, functionName: 'outer', args: [two, 5n], value: 3n }));
  const request = (method: string, ...params: unknown[]): Promise<Any> => some.settle(clients.request(method, params));
  return { some, ...clients, request, one: one.toLowerCase(), two: two.toLowerCase(), receipt };
}

test('instruction by instruction: the gas adds up, and storage and errors are told', async () => {
  const { some, request, receipt } = await played();
  const traced = await request('debug_traceTransaction', receipt.transactionHash);
  if (shapes) assert.equal(shapes('debug_traceTransaction', traced), []);
  assert.equal([traced.failed, traced.returnValue, traced.gas], [false, '0x', Number(receipt.gasUsed)]);
  const logs: Any[] = traced.structLogs;
  assert.ok(logs.length > 300);
  logs.forEach((step, index) => {
    const next = logs[index + 1];
    if (next?.depth === step.depth) assert.is(step.gas - step.gasCost >= next.gas || /CALL|CREATE/.test(step.op), true, step.op);
  });
  assert.equal([logs[0].pc, logs[0].op, logs[0].depth, logs[0].stack], [0, 'PUSH1', 1, []]);
  const stores = logs.filter(({ op }) => op === 'SSTORE').map(({ storage }) => storage[zeroHash]);
  assert.equal(stores.map(BigInt), [5n, 5n, 1n]);
  const bare = await request('debug_traceTransaction', receipt.transactionHash, {
    disableStack: true,
    disableStorage: true,
    enableMemory: true,
    limit: 10,
  });
  assert.is(bare.structLogs.length, 10);
  assert.equal([bare.structLogs[9].stack, bare.structLogs[9].storage], [undefined, undefined]);
  assert.match(bare.structLogs[9].memory[2], /^0x0{62}80$/);
  some.stop();
});

test('the tree of calls', async () => {
  const { some, request, one, two, receipt, alice } = await played();
  const root = await request('debug_traceTransaction', receipt.transactionHash, { tracer: 'callTracer' });
  assert.equal(
    [root.type, root.from, root.to, root.value, BigInt(root.gasUsed)],
    ['CALL', alice.address.toLowerCase(), one, '0x3', receipt.gasUsed],
  );
  const set = (n: bigint) => encodeFunctionData({ abi, functionName: 'set', args: [n] });
  assert.equal(root.calls.map(({ type, from, to, input }: Any) => [type, from, to, input.slice(0, 74)]).slice(0, 4), [
    ['CALL', one, two, set(5n)],
    ['CALL', one, two, set(13n)],
    ['DELEGATECALL', one, two, set(5n)],
    ['CALL', one, '0x000000000000000000000000000000000000beef', '0x'],
  ]);
  assert.equal([root.calls[1].error, root.calls[1].revertReason], ['execution reverted', 'unlucky']);
  assert.equal([root.calls[3].gas, root.calls[3].gasUsed, root.calls[3].value], ['0x8fc', '0x0', '0x3']);
  assert.equal(
    [root.calls[4].type, root.calls[5].type, root.calls[5].to],
    ['CREATE', 'STATICCALL', `0x${'02'.padStart(40, '0')}`],
  );
  assert.is(root.calls[4].output, await request('eth_getCode', root.calls[4].to));
  const top = await request('debug_traceTransaction', receipt.transactionHash, {
    tracer: 'callTracer',
    tracerConfig: { onlyTopCall: true },
  });
  const { calls, ...rest } = root;
  assert.equal(top, rest);
  some.stop();
});

const speaking = parseAbi([
  'function speak(address, bool) payable',
  'function leave(address)',
  'event Said(uint256 indexed, bytes)',
]);
const speaker = compile(
  'Speaker',
  `contract Speaker {
    event Said(uint256 indexed number, bytes text);
    function speak(address other, bool inner) external payable {
      emit Said(1, "first");
      if (!inner) {
        (bool ok, ) = other.delegatecall(abi.encodeCall(this.speak, (other, true)));
        require(ok);
        try Speaker(payable(other)).quarrel() {} catch {}
        Speaker(payable(address(this))).leave(payable(address(0xbeef)));
      }
      emit Said(2, "last");
    }
    function quarrel() external { emit Said(3, "unheard"); revert("no"); }
    function leave(address payable heir) external { selfdestruct(heir); }
    receive() external payable {}
  }`,
  speaking,
);

test('what calls log, and what they leave behind, with geth’s places', async () => {
  const some = world();
  const { wallet, mined, request: ask } = clientsOf(some);
  const request = (method: string, ...params: unknown[]): Promise<Any> => some.settle(ask(method, params));
  const one = (await mined(wallet.deployContract(speaker))).contractAddress!;
  const two = (await mined(wallet.deployContract(speaker))).contractAddress!;
  const receipt = await mined(
    wallet.writeContract({ address: one, abi: speaking, functionName: 'speak', args: [two, false], value: 7n, gas: 1_000_000n }),
  );
  const root = await request('debug_traceTransaction', receipt.transactionHash, {
    tracer: 'callTracer',
    tracerConfig: { withLog: true },
  });
  const places = (call: Any) => call.logs?.map(({ address, topics, position }: Any) => [address, Number(topics[1]), position]);
  const own = one.toLowerCase();
  assert.equal(places(root), [
    [own, 1, '0x0'],
    [own, 2, '0x3'],
  ]);
  assert.equal(places(root.calls[0]), [
    [own, 1, '0x0'],
    [own, 2, '0x0'],
  ]);
  assert.equal([root.calls[1].error, root.calls[1].logs], ['execution reverted', undefined]);
  assert.equal(root.calls[2].calls, [
    {
      type: 'SELFDESTRUCT',
      from: own,
      to: '0x000000000000000000000000000000000000beef',
      value: '0x7',
      gas: '0x0',
      gasUsed: '0x0',
      input: '0x',
    },
  ]);
  const numbered = [root.logs[0], ...root.calls[0].logs, root.logs[1]];
  assert.equal(
    numbered.map(({ index }: Any) => Number(index)),
    receipt.logs.map(({ logIndex }) => logIndex),
  );
  const inReceipt = receipt.logs.map(({ data }) => data);
  assert.equal([root.logs[0].data, ...root.calls[0].logs.map((log: Any) => log.data), root.logs[1].data], inReceipt);
  const plain = await request('debug_traceTransaction', receipt.transactionHash, { tracer: 'callTracer' });
  assert.is(JSON.stringify(plain).includes('"logs"'), false);
  some.stop();
});

test('what was there before, and what changed', async () => {
  const { some, request, one, two, receipt, alice } = await played();
  const tracer = 'prestateTracer';
  const before = await request('debug_traceTransaction', receipt.transactionHash, { tracer });
  assert.is(before[one].code, await request('eth_getCode', one));
  assert.equal(before[two].storage, { [zeroHash]: zeroHash });
  const sender = alice.address.toLowerCase();
  assert.is(before[sender].balance, await request('eth_getBalance', sender, '0x2'));
  const { pre, post } = await request('debug_traceTransaction', receipt.transactionHash, {
    tracer,
    tracerConfig: { diffMode: true },
  });
  assert.equal([pre[sender].nonce, post[sender].nonce], [2, 3]);
  assert.is(post[sender].balance, await request('eth_getBalance', sender, '0x3'));
  assert.equal([pre[two].storage, post[two].storage], [undefined, { [zeroHash]: `0x${'5'.padStart(64, '0')}` }]);
  assert.is(
    Object.values(post).some((account: Any) => account.code && account.nonce === 1),
    true,
  );
  some.stop();
});

test('a block: its transactions on one another, by number and hash', async () => {
  const { some, wallet, request, one } = await played();
  const write = (nonce: number) =>
    wallet.writeContract({ address: one as `0x${string}`, abi, functionName: 'set', args: [1n], nonce, gas: 100_000n });
  some.run(5000);
  // The first is in a block of its own; the others wait for the interval together.
  const hashes = [await write(3), await write(4), await write(5)];
  some.run(3000);
  const block = await request('eth_getBlockByNumber', 'latest', false);
  assert.ok(block.transactions.length >= 2);
  const traced = await request('debug_traceBlockByNumber', block.number);
  if (shapes) assert.equal(shapes('debug_traceBlockByNumber', traced), []);
  assert.equal(
    traced.map(({ txHash }: Any) => txHash),
    block.transactions,
  );
  const stored = traced.map(({ result }: Any) => result.structLogs.find(({ op }: Any) => op === 'SSTORE').storage[zeroHash]);
  assert.is(BigInt(stored[1]) - BigInt(stored[0]), 1n);
  assert.equal(await request('debug_traceBlockByHash', block.hash), traced);
  assert.equal(await request('debug_traceTransaction', hashes[2]), traced.at(-1).result);
  some.stop();
});

test('a call that nobody signed: all tracers, and another state', async () => {
  const { some, request, one, alice } = await played();
  const data = encodeFunctionData({ abi, functionName: 'set', args: [4n] });
  const call = { from: alice.address, to: one, data };
  const before = await request('eth_getStorageAt', one, '0x0', 'latest');
  const steps = await request('debug_traceCall', call, 'latest');
  assert.equal([steps.failed, steps.returnValue], [false, '0x']);
  assert.is(BigInt(steps.gas), BigInt(await request('eth_estimateGas', call)));
  const stored = steps.structLogs.find(({ op }: Any) => op === 'SSTORE').storage[zeroHash];
  assert.is(BigInt(stored), BigInt(before) + 4n);
  const tree = await request('debug_traceCall', call, 'latest', { tracer: 'callTracer' });
  assert.equal([tree.type, tree.to, tree.input, tree.error], ['CALL', one, data, undefined]);
  const diff = await request('debug_traceCall', call, 'latest', { tracer: 'prestateTracer', tracerConfig: { diffMode: true } });
  assert.equal(diff.post[one].storage, { [zeroHash]: stored });
  const overridden = await request('debug_traceCall', call, 'latest', {
    stateOverrides: { [one]: { stateDiff: { [zeroHash]: `0x${'9'.padStart(64, '0')}` } } },
  });
  assert.is(BigInt(overridden.structLogs.find(({ op }: Any) => op === 'SSTORE').storage[zeroHash]), 13n);
  // NUMBER, and 32 bytes of it from the beginning of memory, where an allocator might keep its own notes.
  const told = await request('debug_traceCall', call, 'latest', {
    tracer: 'callTracer',
    stateOverrides: { [one]: { code: '0x435f5260205ff3' } },
    blockOverrides: { number: '0xabcdef' },
  });
  assert.is(told.output, `0x${'abcdef'.padStart(64, '0')}`);
  const word = `0x${'ab'.repeat(32)}`;
  for (const [end, error] of [
    ['f3', undefined],
    ['fd', 'execution reverted'],
  ]) {
    const from = { [one]: { code: `0x7f${word.slice(2)}5f5260205f${end}` } };
    const left = await request('debug_traceCall', call, 'latest', { tracer: 'callTracer', stateOverrides: from });
    assert.equal([left.output, left.error], [word, error], 'the first bytes of memory');
  }
  assert.is(await request('eth_getStorageAt', one, '0x0', 'latest'), before);
  some.stop();
});

test('what cannot be traced is refused with a sentence', async () => {
  const { some, wallet, mined, request, one, receipt } = await played();
  const spin = await mined(wallet.writeContract({ address: one as `0x${string}`, abi, functionName: 'spin', gas: 15_000_000n }));
  const hash = receipt.transactionHash;
  const rows: [method: string, params: unknown[], code: number, message: RegExp][] = [
    ['debug_traceTransaction', [spin.transactionHash], -32005, /longer than 50000 steps/],
    ['debug_traceTransaction', [zeroHash], -32000, /transaction not found/],
    ['debug_traceBlockByNumber', ['0x0'], -32000, /genesis is not traceable/],
    ['debug_traceBlockByNumber', ['0xffff'], -32000, /header not found/],
    ['debug_traceTransaction', [hash, { tracer: '{ step() {} }' }], -32602, /scripts are not run here/],
    ['debug_traceCall', [{ to: one, value: '0x1' }, 'latest'], -32000, /insufficient funds/],
    ['debug_traceCall', [{ to: one }, 'latest', { stateOverrides: { x: {} } }], -32602, /options\.stateOverrides: x should be/],
    ['debug_traceTransaction', [hash, { limit: -1 }], -32602, /options\.limit should be a whole number/],
    ['debug_traceTransaction', [hash, { disableStack: 1 }], -32602, /options\.disableStack should be true or false/],
  ];
  for (const [method, params, code, message] of rows) {
    const error = await request(method, ...params).catch((thrown: Any) => thrown);
    assert.is(error.code, code, error.message);
    assert.match(error.message, message);
  }
  const some10 = await request('debug_traceTransaction', spin.transactionHash, { limit: 10 });
  assert.is(some10.structLogs.length, 10);
  some.stop();
});

test.run();
