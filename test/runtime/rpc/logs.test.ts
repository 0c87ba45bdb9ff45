import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bloomOf } from '../../../runtime/ledger/bloom.ts';
import type { Core } from '../../../runtime/ledger/core.ts';
import type { Address, Log } from '../../../runtime/ports/index.ts';
import { type LogFilter, logFilter } from '../../../runtime/rpc/decode.ts';
import { findLogs, MAX_LOG_RANGE } from '../../../runtime/rpc/logs.ts';
import { cryptography } from '../ledger/support.ts';

const test = suite('rpc/logs');
const { keccak256 } = cryptography;

const address: Address = `0x${'0a'.repeat(20)}`;
const log: Log = { address, topics: [], data: new Uint8Array(0) };
const bloom = bloomOf([log], keccak256);
const tag = { by: 'tag', tag: 'latest' } as const;
const filter: LogFilter = { from: tag, to: tag, addresses: [address], topics: [] };

/** A chain of 20,000 blocks in which every `each`-th has `many` logs. It counts what is asked of it. */
function coreOf(each: number, many: number) {
  const asked = { pauses: 0, receipts: 0 };
  const header = (number: number) => ({
    number,
    timestamp: number,
    gasUsed: number % each === 0 ? 1n : 0n,
    logsBloom: number % each === 0 ? bloom : new Uint8Array(256),
  });
  const core = {
    vm: cryptography,
    chain: {
      firstWhole: () => 0,
      wholeAt: (number: number) => (number < 20_000 ? { header: header(number), hash: '0x' } : undefined),
      receiptsAt() {
        asked.receipts++;
        return [{ logs: Array.from({ length: many }, () => log) }];
      },
      transactionsAt: () => [{ hash: '0xaa' }],
    },
    async pause() {
      asked.pauses++;
    },
  } as unknown as Core;
  return { core, asked };
}

test('only blocks whose bloom says so are opened, in portions', async () => {
  const { core, asked } = coreOf(100, 2);
  assert.is((await findLogs(core, filter, 0, 9999)).length, 200);
  assert.is(asked.receipts, 100);
  assert.is(asked.pauses, Math.floor(10_000 / 64));
});

test('indexes count all logs of the block', async () => {
  const { core } = coreOf(1, 3);
  const found = (await findLogs(core, filter, 7, 7)) as { logIndex: string; transactionHash: string; blockNumber: string }[];
  assert.equal(
    found.map(({ logIndex }) => logIndex),
    ['0x0', '0x1', '0x2'],
  );
  assert.equal([found[0]?.transactionHash, found[0]?.blockNumber], ['0xaa', '0x7']);
});

test('range and results are bounded', async () => {
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error) => error,
    );
  const long = await refusal(findLogs(coreOf(100, 1).core, filter, 0, MAX_LOG_RANGE));
  assert.equal([long.code, long.message], [-32005, 'the range has 10001 blocks; at most 10000 are searched at once']);
  const many = await refusal(findLogs(coreOf(1, 200).core, filter, 0, 5000));
  assert.equal([many.code, many.message], [-32005, 'query returned more than 10000 results; ask for fewer blocks at once']);
});

test('the chain may end before the range does', async () => {
  assert.is((await findLogs(coreOf(1, 1).core, filter, 19_990, 20_010)).length, 10);
});

const hash = `0x${'0b'.repeat(32)}`;
for (const [what, given, from] of [
  ['a range', { blockHash: null, fromBlock: '0x1', toBlock: '0x2' }, { by: 'number', number: 1n }],
  ['a block', { blockHash: hash, fromBlock: null, toBlock: null }, { by: 'hash', hash }],
  ['nothing', { blockHash: null, fromBlock: null, address: null, topics: null }, tag],
  ['both', { blockHash: hash, fromBlock: null, toBlock: '0x2' }, undefined],
] as const) {
  test(`null is as if it were left out: ${what}`, () => {
    if (from) assert.equal(logFilter(given, 'filter').from, from);
    else assert.throws(() => logFilter(given, 'filter'), /either blockHash or fromBlock and toBlock/);
  });
}

test.run();
