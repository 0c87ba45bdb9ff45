import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeAbiParameters, encodeEventTopics, encodeFunctionData, type Hex, stringToHex } from 'viem';
import { ledgerFeed, ReleaseFold } from '../../emulator/feed.ts';
import { type FleetEvent, readFleet } from '../../emulator/fleet.ts';
import { root } from '../support/need.ts';

const test = suite('emulator/feed');
const { abi } = readFleet(join(root, 'build'));
const fleet: Hex = `0x${'f1'.repeat(20)}`;
const operator: Hex = `0x${'a1'.repeat(20)}`;
const app = stringToHex('hello', { size: 32 });
const names = new Map([[operator as string, 'ops-1']]);
const attest = encodeFunctionData({ abi, functionName: 'attest', args: [app, 1n, true, ''] });
const rollingOut = {
  address: fleet,
  topics: encodeEventTopics({ abi, eventName: 'RollingOut', args: { app, revision: 1n } }),
  data: encodeAbiParameters([{ type: 'uint64' }], [0n]),
};

interface FakeTransaction {
  readonly input?: Hex;
  readonly receipt: { readonly status?: Hex; readonly contractAddress?: Hex; readonly logs?: readonly unknown[] };
}

/** A node with the given blocks, each a list of transactions. `parents` falsifies a parent hash. */
function node(blocks: readonly (readonly FakeTransaction[])[], parents: Record<number, Hex> = {}) {
  const hashOf = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;
  const answers: Record<string, (...params: Hex[]) => unknown> = {
    eth_blockNumber: () => `0x${(blocks.length - 1).toString(16)}`,
    eth_getBlockByNumber: (tag) => {
      const number = Number(tag);
      const transactions = blocks[number]!.map(({ input = '0x' }, index) => ({
        hash: `${number}/${index}`,
        from: operator,
        input,
      }));
      const parentHash = parents[number] ?? hashOf(number - 1);
      return { number: tag, hash: hashOf(number), parentHash, timestamp: '0x10', transactions };
    },
    eth_getTransactionReceipt: (hash) => {
      const [number, index] = hash.split('/').map(Number) as [number, number];
      return { status: '0x1', gasUsed: '0x5208', logs: [], ...blocks[number]![index]!.receipt };
    },
  };
  const door = async (request: string) => {
    const { method, params } = JSON.parse(request) as { method: string; params: Hex[] };
    return JSON.stringify({ result: answers[method]!(...params) });
  };
  return ledgerFeed({ door, abi, fleet, names });
}

const kinds: [name: string, transaction: FakeTransaction, what: string, text: string, state: string][] = [
  ['the deployment', { receipt: { contractAddress: fleet } }, 'Deployed', 'The Fleet contract stands at 0xf1f1…f1f1', 'neutral'],
  ['another contract', { receipt: { contractAddress: operator } }, 'Deployed', 'A contract stands at 0xa1a1…a1a1', 'neutral'],
  ['an event', { receipt: { logs: [rollingOut] } }, 'RollingOut', 'hello r1 rolls out', 'changing'],
  ['a transfer', { receipt: {} }, 'Transaction', 'A transaction without an event of the fleet', 'neutral'],
  [
    'a late vote',
    { input: attest, receipt: { status: '0x0' } },
    'Late',
    'A vote came after the decision and changed nothing',
    'neutral',
  ],
  ['a failure', { receipt: { status: '0x0' } }, 'Reverted', 'A call of a contract failed and changed nothing', 'failed'],
  [
    "another contract's log",
    { receipt: { logs: [{ ...rollingOut, address: operator }] } },
    'Transaction',
    'A transaction without an event of the fleet',
    'neutral',
  ],
];

for (const [name, transaction, what, text, state] of kinds) {
  test(`tells ${name}`, async () => {
    const feed = node([[], [transaction]]);
    await feed.update();
    assert.is(feed.rows.length, 1);
    const row = feed.rows[0]!;
    assert.equal([row.block, row.index, row.timestamp, row.what, row.text, row.state], [1, 0, 16, what, text, state]);
    assert.is(row.gas, 21000);
  });
}

test('the gas of a transaction stands once, and rows of a block are numbered', async () => {
  const feed = node([[], [{ receipt: { logs: [rollingOut, rollingOut] } }, { receipt: {} }]]);
  await feed.update();
  assert.equal(
    feed.rows.map(({ index, gas }) => [index, gas]),
    [
      [0, 21000],
      [1, 0],
      [2, 21000],
    ],
  );
});

test('reads each block once, also when two ask at the same time', async () => {
  const feed = node([[], [{ receipt: {} }]]);
  assert.equal(await Promise.all([feed.update(), feed.update()]), [true, true]);
  assert.is(await feed.update(), false);
  assert.is(feed.rows.length, 1);
  assert.is(feed.head.number, 1);
});

test('a long ledger is read in parts, and only the last rows are kept', async () => {
  const feed = node(Array.from({ length: 320 }, () => [{ receipt: {} }]));
  let parts = 0;
  while (await feed.update()) parts += 1;
  assert.is(parts, 7);
  assert.is(feed.rows.length, 200);
  assert.is(feed.rows.at(-1)!.block, 319);
});

test('a block that does not name the one before it is noticed', async () => {
  const feed = node([[], [], [], []], { 2: `0x${'99'.repeat(32)}` });
  await feed.update();
  assert.equal(feed.broken, [2]);
});

const enrolled = (device: Hex): FleetEvent => ({ name: 'DeviceEnrolled', device });
const of = (name: string, more: Partial<FleetEvent> = {}): FleetEvent => ({ name, app: 'hello', revision: 2, ...more });
const vote = (device: Hex, healthy: boolean): FleetEvent => of('Attested', { device, healthy });
const four = (['0x1', '0x2', '0x3', '0x4'] as Hex[]).map(enrolled);

const folds: [name: string, events: FleetEvent[], phase: string, healthy: number, unhealthy: number, quorum: number][] = [
  ['proposed', [...four, of('Proposed')], 'proposed', 0, 0, 3],
  ['rolling out', [...four, of('Proposed'), of('RollingOut')], 'rolling out', 0, 0, 3],
  ['votes', [...four, of('RollingOut'), vote('0x1', true), vote('0x2', false)], 'rolling out', 1, 1, 3],
  ['a changed mind', [...four, of('RollingOut'), vote('0x1', true), vote('0x1', false)], 'rolling out', 0, 1, 3],
  ['a vote of one who left', [...four, vote('0x1', true), { name: 'DeviceRevoked', device: '0x1' }], 'proposed', 0, 0, 2],
  ['active', [...four, of('RollingOut'), vote('0x1', true), of('Promoted')], 'active', 1, 0, 3],
  ['rolled back', [...four, of('RollingOut'), of('RolledBack')], 'rolled back', 0, 0, 3],
  ['the one before superseded', [...four, of('Promoted'), of('Superseded', { revision: 1 })], 'active', 0, 0, 3],
];

for (const [name, events, phase, healthyVotes, unhealthyVotes, quorum] of folds) {
  test(`follows a release: ${name}`, () => {
    const fold = new ReleaseFold();
    for (const event of events) fold.apply(event);
    const view = fold.view()!;
    assert.equal([view.app, view.revision, view.phase], ['hello', 2, phase]);
    assert.equal([view.healthyVotes, view.unhealthyVotes, view.quorum], [healthyVotes, unhealthyVotes, quorum]);
  });
}

test('without a release there is none to follow', () => {
  const fold = new ReleaseFold();
  for (const event of four) fold.apply(event);
  assert.is(fold.view(), undefined);
});

test.run();
