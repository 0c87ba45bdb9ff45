import { encodeFunctionData, type Hex, numberToHex, toEventSelector } from 'viem';
import { account, COIN, callOf, coin, OTHER, PROBE, quantity, type Scene, sign } from './story.ts';

/** What is sent; parameters that name a block by its hash differ between the nodes. */
export interface Request {
  readonly name: string;
  readonly body: (scene: Scene) => string;
  /** What anvil is asked, where it wants the same in other words. */
  readonly toAnvil?: (scene: Scene) => string;
}

type Params = readonly unknown[] | ((scene: Scene) => readonly unknown[]);

const RICH = account.address;
const LAST = 9;
const TAGS = ['latest', 'earliest', 'pending', 'safe', 'finalized'];
const NUMBERS = Array.from({ length: LAST + 1 }, (_, number) => quantity(number));
const ZERO: Hex = `0x${'00'.repeat(32)}`;
const NOWHERE: Hex = `0x${'ee'.repeat(32)}`;

function quantity256(value: bigint): Hex {
  return numberToHex(value, { size: 32 });
}

/** Several hundred, in the order in which they are sent. What changes the ledger comes last. */
export async function requests(): Promise<Request[]> {
  return [
    ...plain(),
    ...blocks(),
    ...transactions(),
    ...state(),
    ...calls(),
    ...logs(),
    ...fees(),
    ...traces(),
    ...simulations(),
    ...wrong(),
    ...bodies(),
    ...(await sent()),
  ];
}

function ask(method: string, params: Params, note = '', toAnvil?: Params): Request {
  const shown = typeof params === 'function' ? note : JSON.stringify(params).slice(0, 80);
  const name = `${method} ${note || shown}`;
  return { name, body: bodyOf(method, params), ...(toAnvil && { toAnvil: bodyOf(method, toAnvil) }) };
}

function bodyOf(method: string, params: Params): Request['body'] {
  const list = typeof params === 'function' ? params : () => params;
  return (scene) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: list(scene) });
}

/** Blocks are final when they are there (one sequencer, or a CometBFT quorum): what anvil has as its latest is safe here. */
function askAt(method: string, block: string, ...rest: readonly unknown[]): Request {
  const isFinal = block === 'safe' || block === 'finalized';
  return ask(method, [block, ...rest], '', isFinal ? ['latest', ...rest] : undefined);
}

function plain(): Request[] {
  const names = [
    'web3_clientVersion',
    'net_version',
    'net_listening',
    'eth_chainId',
    'eth_syncing',
    'eth_accounts',
    'eth_blockNumber',
  ];
  return [...names, 'eth_gasPrice', 'eth_maxPriorityFeePerGas', 'eth_blobBaseFee', 'eth_unknown', 'eth_coinbase'].map((name) =>
    ask(name, []),
  );
}

function blocks(): Request[] {
  const named = [...TAGS, ...NUMBERS, '0xffff'].flatMap((block) => [
    askAt('eth_getBlockByNumber', block, false),
    askAt('eth_getBlockByNumber', block, true),
    askAt('eth_getBlockTransactionCountByNumber', block),
    askAt('eth_getUncleCountByBlockNumber', block),
    askAt('eth_getBlockReceipts', block),
    askAt('eth_getTransactionByBlockNumberAndIndex', block, '0x0'),
    askAt('eth_getTransactionByBlockNumberAndIndex', block, '0x1'),
  ]);
  const hashed = NUMBERS.flatMap((_, number) => [
    ask('eth_getBlockByHash', ({ blocks }) => [blocks[number], true], `of ${number}`),
    ask('eth_getBlockTransactionCountByHash', ({ blocks }) => [blocks[number]], `of ${number}`),
    ask('eth_getTransactionByBlockHashAndIndex', ({ blocks }) => [blocks[number], '0x0'], `of ${number}`),
    ask('eth_getUncleCountByBlockHash', ({ blocks }) => [blocks[number]], `of ${number}`),
  ]);
  return [...named, ...hashed, ask('eth_getBlockByHash', [NOWHERE, false]), ask('eth_getBlockTransactionCountByHash', [NOWHERE])];
}

function transactions(): Request[] {
  const methods = ['eth_getTransactionByHash', 'eth_getTransactionReceipt'];
  const told = methods.flatMap((method) => [
    ...Array.from({ length: LAST }, (_, index) => ask(method, ({ transactions }) => [transactions[index]], `of ${index}`)),
    ask(method, [NOWHERE]),
  ]);
  return told;
}

function state(): Request[] {
  const accounts = [RICH, OTHER, COIN, PROBE, `0x${'00'.repeat(20)}`];
  const at = ['latest', 'earliest', 'pending', '0x1', '0x5'];
  return accounts.flatMap((of) => [
    ...at.flatMap((block) => [
      ask('eth_getBalance', [of, block]),
      ask('eth_getTransactionCount', [of, block]),
      ask('eth_getCode', [of, block]),
      ask('eth_getStorageAt', [of, '0x0', block]),
    ]),
    ask('eth_getBalance', [of], '', [of, 'latest']),
    ask('eth_getStorageAt', [of, ZERO, 'latest']),
    ask('eth_getProof', [of, [ZERO, NOWHERE], 'latest']),
    ask('eth_getProof', [of, [ZERO], '0x6']),
    ask('eth_getProof', [of, ['0x0'], 'latest'], '', [of, [ZERO], 'latest']),
    ask('eth_getBalance', ({ blocks }) => [of, { blockHash: blocks[3] }], `${of} by hash`),
    ask('eth_getBalance', [of, { blockNumber: '0x3' }]),
  ]);
}

function calls(): Request[] {
  const data: Readonly<Record<string, Hex>> = {
    number: callOf('number'),
    squares: callOf('squares', 12n),
    blob: callOf('blob'),
    set: callOf('set', 3n),
    emitAll: callOf('emitAll', 3n),
    failBare: callOf('failBare'),
    failShort: callOf('failShort', 99n),
    failShaped: callOf('failShaped'),
    failText: callOf('failText', 'no, “thank you”'),
    failNoText: callOf('failText', ''),
    failEmpty: callOf('failEmpty'),
    failInvalid: callOf('failInvalid'),
    failAssert: callOf('failAssert'),
    failOverflow: callOf('failOverflow', 1n),
    failDivide: callOf('failDivide', 0n),
    failIndex: callOf('failIndex', 2n),
    failAllocate: callOf('failAllocate'),
    failPop: callOf('failPop'),
    burn: callOf('burn', 100n),
    relay: callOf('relay', 3n, 50n),
    echo: callOf('echo', '0x1234'),
    big: callOf('big', 1000n),
    unknown: '0xdeadbeef',
    nothing: '0x',
  };
  const to = Object.entries(data).flatMap(([name, input]) => [
    ask('eth_call', [{ from: RICH, to: PROBE, data: input }, 'latest'], name),
    ask('eth_call', [{ to: PROBE, input, gas: '0x30000' }, '0x2'], `${name} at 2`),
    ask('eth_estimateGas', [{ from: RICH, to: PROBE, data: input }], name),
    ask('eth_estimateGas', [{ from: OTHER, to: PROBE, data: input }, 'latest'], `${name} of another`),
  ]);
  const transfer = (amount: bigint) => encodeFunctionData({ abi: coin.abi, functionName: 'transfer', args: [OTHER, amount] });
  const rows: [note: string, call: Record<string, unknown>][] = [
    ['transfer', { from: RICH, to: COIN, data: transfer(1n) }],
    ['transfer of too much', { from: RICH, to: COIN, data: transfer(1001n) }],
    ['wei', { from: RICH, to: OTHER, value: '0x1' }],
    ['too many wei', { from: OTHER, to: RICH, value: '0xffffffffffff' }],
    ['wei to a function that takes none', { from: RICH, to: PROBE, data: callOf('set', 1n), value: '0x1' }],
    ['wei echoed', { from: RICH, to: PROBE, data: callOf('echo', '0x'), value: '0x7' }],
    ['little gas', { from: RICH, to: PROBE, data: callOf('burn', 1000n), gas: '0x6000' }],
    ['less gas than a transaction takes', { from: RICH, to: OTHER, gas: '0x100' }],
    ['a creation', { from: RICH, data: coin.bytecode }],
    ['a creation that works', { from: RICH, data: '0x60006000f3' }],
    ['data and input', { from: RICH, to: PROBE, data: '0x12', input: '0x34' }],
    ['nobody', { to: OTHER }],
    ['nothing', {}],
    ['a price', { from: RICH, to: OTHER, gasPrice: '0x1' }],
    ['a fee below the tip', { from: RICH, to: OTHER, maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' }],
    ['an access list', { from: RICH, to: PROBE, data: callOf('number'), accessList: [{ address: PROBE, storageKeys: [ZERO] }] }],
    ['the identity', { to: `0x${'00'.repeat(19)}04`, data: '0x1234' }],
    ['sha256', { to: `0x${'00'.repeat(19)}02`, data: '0x1234' }],
    ['P-256 of nothing', { to: `0x${'00'.repeat(18)}0100`, data: '0x' }],
    ['bn254 of rubbish', { to: `0x${'00'.repeat(19)}06`, data: `0x${'ff'.repeat(64)}` }],
  ];
  return [
    ...to,
    ...rows.flatMap(([note, call]) => [ask('eth_call', [call, 'latest'], note), ask('eth_estimateGas', [call], note)]),
  ];
}

function logs(): Request[] {
  const transfer = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
  const all = { fromBlock: '0x0', toBlock: 'latest' };
  const three = toEventSelector('Three(address,uint256,bytes32,bytes)');
  const filters: Record<string, unknown>[] = [
    all,
    {},
    { ...all, address: COIN },
    { ...all, address: [COIN, PROBE] },
    { ...all, address: OTHER },
    { ...all, topics: [transfer] },
    { ...all, topics: [[transfer, NOWHERE]] },
    { ...all, topics: [null, `0x${'0'.repeat(24)}${RICH.slice(2).toLowerCase()}`] },
    { ...all, topics: [] },
    { ...all, topics: [NOWHERE] },
    { fromBlock: '0x3', toBlock: '0x3' },
    { fromBlock: '0x5', toBlock: '0x2' },
    { fromBlock: '0x5', toBlock: '0xff' },
    { fromBlock: 'earliest', toBlock: 'latest' },
    { ...all, address: '0x12' },
    { ...all, topics: ['0x12'] },
    { ...all, topics: [null, null, null, null, null] },
    { ...all, blockHash: NOWHERE },
    { blockHash: NOWHERE },
  ];
  return [
    ...filters.map((filter) => ask('eth_getLogs', [filter])),
    ask('eth_getLogs', ({ blocks }) => [{ blockHash: blocks[5] }], 'by hash'),
    // Topics are matched by position: these are the logs that have four. Anvil answers all logs, so it is asked for the two.
    ask('eth_getLogs', [{ ...all, topics: [null, null, null, null] }], '', [{ ...all, topics: [[three, quantity256(1n)]] }]),
  ];
}

function fees(): Request[] {
  const rows: Params[] = [
    ['0x1', 'latest', []],
    ['0x4', 'latest', [0, 50, 100]],
    ['0x4', '0x5', [25]],
    ['0x400', 'latest', []],
    ['0x0', 'latest', []],
    ['0x4', '0xff', []],
    [4, 'latest', []],
    ['0x4', 'latest', [50, 20]],
    ['0x4', 'latest', [101]],
  ];
  return rows.map((row) => ask('eth_feeHistory', row));
}

function traces(): Request[] {
  const tracers: [note: string, options: object][] = [
    ['structLogger', {}],
    ['structLogger without stack', { disableStack: true, disableStorage: true }],
    ['callTracer', { tracer: 'callTracer' }],
    ['callTracer with logs', { tracer: 'callTracer', tracerConfig: { withLog: true } }],
    ['callTracer top', { tracer: 'callTracer', tracerConfig: { onlyTopCall: true } }],
    ['prestateTracer', { tracer: 'prestateTracer' }],
    ['prestateTracer difference', { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }],
  ];
  const called: [note: string, call: object][] = [
    ['set', { from: RICH, to: PROBE, data: callOf('set', 3n), gas: '0x30000' }],
    ['relay', { from: RICH, to: PROBE, data: callOf('relay', 2n, 1n), gas: '0x30000' }],
    ['emitAll', { from: RICH, to: PROBE, data: callOf('emitAll', 3n), gas: '0x30000' }],
    ['failShort', { from: RICH, to: PROBE, data: callOf('failShort', 99n), gas: '0x30000' }],
    ['wei', { from: RICH, to: OTHER, value: '0x1', gas: '0x5208' }],
    ['sha256', { to: `0x${'00'.repeat(19)}02`, data: '0x1234', gas: '0x30000' }],
    ['a creation', { from: RICH, data: '0x60016000f3', gas: '0x30000' }],
  ];
  return [
    ...tracers.flatMap(([note, options]) => [
      ...[1, 2, 3, 4, 6, 7].map((index) =>
        ask('debug_traceTransaction', ({ transactions }) => [transactions[index], options], `${note} of ${index}`),
      ),
      ...called.map(([name, call]) => ask('debug_traceCall', () => [call, 'latest', options], `${note} of ${name}`)),
    ]),
    ask('debug_traceBlockByNumber', ['0x5', { tracer: 'callTracer' }]),
    ask('debug_traceBlockByHash', ({ blocks }) => [blocks[5], { tracer: 'callTracer' }], 'callTracer'),
    ask('debug_traceTransaction', [NOWHERE]),
    ...called.map(([name, call]) => ask('eth_createAccessList', () => [call, 'latest'], name)),
    ask('debug_getRawTransaction', ({ transactions }) => [transactions[4]], 'of 4'),
    ask('eth_getRawTransactionByHash', ({ transactions }) => [transactions[4]], 'of 4'),
    ...['txpool_status', 'txpool_content', 'txpool_inspect'].map((method) => ask(method, [])),
    ask('web3_sha3', ['0x12']),
  ];
}

function simulations(): Request[] {
  const wei = { from: RICH, to: OTHER, value: '0x5' };
  const set = { from: RICH, to: PROBE, data: callOf('set', 3n) };
  const number = { to: PROBE, data: callOf('number') };
  const rows: [note: string, payload: object][] = [
    ['a transfer', { blockStateCalls: [{ calls: [wei] }] }],
    ['two that build on each other', { blockStateCalls: [{ calls: [set, number] }] }],
    ['two blocks', { blockStateCalls: [{ calls: [set] }, { calls: [number] }] }],
    ['logs', { blockStateCalls: [{ calls: [{ from: RICH, to: PROBE, data: callOf('emitAll', 3n) }] }] }],
    ['transfers as logs', { blockStateCalls: [{ calls: [wei] }], traceTransfers: true }],
    ['a revert', { blockStateCalls: [{ calls: [{ from: RICH, to: PROBE, data: callOf('failShort', 99n) }] }] }],
    [
      'another state',
      { blockStateCalls: [{ stateOverrides: { [PROBE]: { stateDiff: { [ZERO]: NOWHERE } } }, calls: [number] }] },
    ],
    [
      'another balance',
      { blockStateCalls: [{ stateOverrides: { [OTHER]: { balance: '0x9' } }, calls: [{ ...wei, from: OTHER, to: RICH }] }] },
    ],
    ['another block', { blockStateCalls: [{ blockOverrides: { number: '0xa', time: '0x7fffffff' }, calls: [wei] }] }],
    ['a nonce too low', { blockStateCalls: [{ calls: [{ ...wei, nonce: '0x0' }] }], validation: true }],
    ['more than there is', { blockStateCalls: [{ calls: [{ ...wei, from: OTHER, to: RICH, value: '0xffff' }] }] }],
    ['nothing', { blockStateCalls: [] }],
  ];
  // Blocks between are made (execution API); anvil makes none, so it is told of them.
  const gap = { blockStateCalls: [{ blockOverrides: { number: '0xc' }, calls: [wei] }] };
  const told = { blockStateCalls: [{ calls: [] }, { calls: [] }, { calls: [wei] }] };
  return [
    ...rows.map(([note, payload]) => ask('eth_simulateV1', () => [payload, 'latest'], note)),
    ask(
      'eth_simulateV1',
      () => [gap, 'latest'],
      'a gap',
      () => [told, 'latest'],
    ),
  ];
}

/** Parameters that do not fit: every kind of mistake with every method that takes such a parameter. */
function wrong(): Request[] {
  const addressed = ['eth_getBalance', 'eth_getTransactionCount', 'eth_getCode'];
  const notAddresses = ['0x12', 'abc', 7, null, {}, `0x${'zz'.repeat(20)}`, `0x${'11'.repeat(21)}`];
  const notHashes = ['0x12', 7, null, [], `0x${'11'.repeat(33)}`];
  const notBlocks = ['newest', '12', '0x', '0xg', -1, {}, [], { blockHash: '0x1' }];
  return [
    ...addressed.flatMap((method) => [
      ask(method, []),
      ...notAddresses.map((value) => ask(method, [value, 'latest'])),
      ...notBlocks.map((value) => ask(method, [OTHER, value])),
    ]),
    ...['eth_getTransactionByHash', 'eth_getTransactionReceipt', 'eth_getBlockByHash'].flatMap((method) => [
      ask(method, []),
      ...notHashes.map((value) => ask(method, [value, ...(method === 'eth_getBlockByHash' ? [false] : [])])),
    ]),
    ...notBlocks.map((value) => ask('eth_getBlockByNumber', [value, false])),
    ask('eth_getBlockByNumber', ['latest', 'yes']),
    ask('eth_chainId', [1]),
    ask('eth_call', []),
    ask('eth_call', ['0x']),
    ask('eth_call', [{ to: '0x1' }]),
    ask('eth_call', [{ to: PROBE, data: '0x1' }]),
    ask('eth_call', [{ to: PROBE, value: 'much' }]),
    ask('eth_call', [{ to: PROBE }, '0xffff']),
    ask('eth_estimateGas', []),
    ask('eth_getBalance', [OTHER, '0xffff']),
    ask('eth_getStorageAt', [OTHER, 'first', 'latest']),
    ask('eth_getProof', [OTHER, '0x0', 'latest']),
    ask('eth_sendRawTransaction', []),
    ask('eth_sendRawTransaction', ['0x']),
    ask('eth_sendRawTransaction', ['0x1234']),
    ask('eth_sendRawTransaction', ['abc']),
    ask('eth_sendRawTransaction', [`0x02${'ff'.repeat(40)}`]),
  ];
}

/** What is no request, or several. */
function bodies(): Request[] {
  const one = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] };
  const rows: [note: string, body: string][] = [
    ['no JSON', '{"jsonrpc":'],
    ['a text', '"eth_chainId"'],
    ['a number', '7'],
    ['nothing', 'null'],
    ['an empty batch', '[]'],
    ['a batch', JSON.stringify([one, { ...one, id: 2, method: 'eth_blockNumber' }])],
    ['a batch with an error', JSON.stringify([one, { ...one, id: 'x', method: 'eth_unknown' }])],
    ['a batch of a number', '[1]'],
    ['no version', JSON.stringify({ id: 1, method: 'eth_chainId', params: [] })],
    ['another version', JSON.stringify({ ...one, jsonrpc: '1.0' })],
    ['no method', JSON.stringify({ jsonrpc: '2.0', id: 1, params: [] })],
    ['a method that is a number', JSON.stringify({ ...one, method: 1 })],
    ['no parameters', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' })],
    ['an identifier that is a text', JSON.stringify({ ...one, id: 'seven' })],
    ['an identifier that is null', JSON.stringify({ ...one, id: null })],
    ['an object for parameters', JSON.stringify({ ...one, params: {} })],
  ];
  return rows.map(([note, body]) => ({ name: `body: ${note}`, body: () => body }));
}

/** Transactions that are refused, one that is taken, and what is then said of it. */
async function sent(): Promise<Request[]> {
  const nonce = LAST;
  const rows: [note: string, step: object][] = [
    ['a nonce too low', { nonce: 0, to: OTHER }],
    ['another chain', { nonce, to: OTHER, chainId: 1 }],
    ['more than there is', { nonce, to: OTHER, value: 10n ** 30n }],
    ['too little gas', { nonce, to: OTHER, gas: 20_000n }],
    ['more gas than a block has', { nonce, to: OTHER, gas: 100_000_000n }],
    ['init code too large', { nonce, data: `0x${'00'.repeat(50_000)}` }],
    ['one that is taken', { nonce, to: OTHER, value: 1n, gas: 21_000n }],
  ];
  const raws = await Promise.all(rows.map(async ([note, step]) => ask('eth_sendRawTransaction', [await sign(step)], note)));
  return [...raws, { ...raws.at(-1)!, name: 'eth_sendRawTransaction the same once more' }];
}
