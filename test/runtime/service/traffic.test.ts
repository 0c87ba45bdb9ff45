import { sha256 } from '@noble/hashes/sha2.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8Encode } from '../../../runtime/bytes.ts';
import { decodeLog, encodeLog } from '../../../runtime/contracts/log-kinds.ts';
import type { Exchange } from '../../../runtime/ports/index.ts';
import { countOf } from '../../../runtime/service/histogram.ts';
import { inclusionPath, rootByPath } from '../../../runtime/service/merkle.ts';
import { requestLine } from '../../../runtime/service/request-line.ts';
import { batchFields, openBatch, readBatch } from '../../../runtime/service/traffic.ts';

const s = suite('service/traffic');
const exchange = (change: Partial<Exchange> = {}): Exchange => ({
  app: 'hello',
  revision: 7,
  atMs: 1_700_000_000_123,
  tookUs: 1_500,
  method: 'GET',
  host: 'pad-1.local',
  path: '/shop',
  status: 200,
  bytes: 12,
  ...change,
});

const lines: readonly [change: Partial<Exchange>, line: string][] = [
  [{}, '1700000000123 hello r7 GET pad-1.local /shop 200 - 1500 12'],
  [{ status: 502, failure: 'connect' }, '1700000000123 hello r7 GET pad-1.local /shop 502 connect 1500 12'],
  [{ host: '' }, '1700000000123 hello r7 GET - /shop 200 - 1500 12'],
  [{ path: '/a b\nc' }, '1700000000123 hello r7 GET pad-1.local /a_b_c 200 - 1500 12'],
  [{ path: `/${'x'.repeat(600)}` }, `1700000000123 hello r7 GET pad-1.local /${'x'.repeat(511)} 200 - 1500 12`],
];
for (const [change, line] of lines) s(`the line ${line.slice(0, 70)}`, () => assert.is(requestLine(exchange(change)), line));

function batchOf(exchanges: readonly Exchange[]) {
  const batch = openBatch({ app: 'hello', revision: 7, from: 1_700_000_000 }, sha256);
  const all = exchanges.map((each) => batch.add(each));
  return { lines: all, batch: batch.close(1_700_000_300) };
}

s('counts what failed, and of that what reached nobody', () => {
  const { batch } = batchOf([
    exchange(),
    exchange({ status: 404 }),
    exchange({ status: 500 }),
    exchange({ status: 502, failure: 'connect' }),
    exchange({ status: 200, failure: 'broken' }),
  ]);
  assert.equal([batch.requests, batch.failed, batch.unreached, batch.seconds], [5, 3, 1, 300]);
});

s('a single request is proved by its line and the root', () => {
  const { lines: all, batch } = batchOf(Array.from({ length: 11 }, (_, index) => exchange({ tookUs: index })));
  const leaves = all.map(utf8Encode);
  const path = inclusionPath(leaves, 6, sha256);
  assert.is(rootByPath(leaves[6]!, 6, 11, path, sha256), batch.root);
});

s('is read again from the ledger, whole', () => {
  const { batch } = batchOf([exchange({ tookUs: 1_000 }), exchange({ tookUs: 9_000 })]);
  const read = readBatch('hello', 7, decodeLog(encodeLog(batchFields(batch)))!)!;
  assert.equal([read.app, read.revision, read.requests, read.root], ['hello', 7, 2, batch.root]);
  assert.equal([...read.latency], [...batch.latency]);
  assert.ok(Math.abs(read.p50Us - 1_000) <= 50 && Math.abs(read.p99Us - 9_000) <= 450, `${read.p50Us} ${read.p99Us}`);
});

s('latencies of every size still fit in an entry', () => {
  const spread = Array.from({ length: 5_000 }, (_, index) => exchange({ tookUs: Math.round(100 * 1.004 ** index) }));
  const { batch } = batchOf(spread.map((each) => ({ ...each, tookUs: Math.min(each.tookUs, 90_000_000_000) })));
  const read = readBatch('hello', 7, decodeLog(encodeLog(batchFields(batch)))!)!;
  assert.is(countOf(read.latency), 5_000);
});

const wrong: readonly [what: string, change: object][] = [
  ['no root', { root: 'x' }],
  ['a negative count', { requests: -1 }],
  ['a text for a number', { failed: '1' }],
  ['a torn histogram', { latency: '1:' }],
];
for (const [what, change] of wrong) {
  s(`${what} is no batch`, () => {
    const fields = batchFields(batchOf([exchange()]).batch);
    assert.is(readBatch('hello', 7, { ...fields, ...change }), undefined);
  });
}

s.run();
