import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type MemoryStore, memoryStore, type StoredEntry } from '../../../emulator/store.ts';
import { clientsOf } from '../ledger/client.ts';
import { bob, ether, type World, world } from '../ledger/world.ts';

const test = suite('consensus/mender');

const NODES = 3;
const SENT = 4;

const stored = (): MemoryStore[] => Array.from({ length: NODES }, () => memoryStore());

function copyOf(stores: readonly MemoryStore[]): MemoryStore[] {
  return stores.map((store) => {
    const copy = memoryStore();
    copy.put(store.entries());
    return copy;
  });
}

const send = (some: World, nonce: number) =>
  clientsOf(some, 0).wallet.sendTransaction({ to: bob.address, value: 1n, nonce, gas: 21_000n });

/** A ledger of three nodes with some blocks, and one of them with code. */
async function history() {
  const stores = stored();
  const some = world({ peers: NODES, stores, trailingBlocks: 1 });
  const hashes: `0x${string}`[] = [];
  for (let nonce = 0; nonce < SENT - 1; nonce += 1) {
    hashes.push(await send(some, nonce));
    some.run(5000);
  }
  // A contract whose code is one STOP.
  const { wallet } = clientsOf(some, 0);
  hashes.push(await wallet.sendTransaction({ data: '0x60016000f3', nonce: SENT - 1, gas: 200_000n }));
  some.run(10_000);
  assert.is(new Set(some.peers.map(({ ledger }) => ledger.head().hash)).size, 1);
  some.stop();
  return { stores, hashes };
}

const { stores, hashes } = await history();
const pristine = world({ peers: NODES, stores: copyOf(stores), trailingBlocks: 1 });
const before = pristine.peers[0]!.ledger.head();
pristine.stop();

const damages: [name: string, damage: (entry: StoredEntry) => StoredEntry[]][] = [
  ['rotten', ([key, value]) => [[key, value!.map((byte, at) => (at === value!.length >> 1 ? byte ^ 4 : byte))]]],
  ['lost', ([key]) => [[key, undefined]]],
];

for (const [who, name] of [
  [0, 'the sequencer'],
  [2, 'a follower'],
] as const) {
  // biome-ignore format: a table
  for (const [what, damage] of damages) {
    test(`each entry of the store of ${name}, ${what}, is put right by the others`, async () => {
      for (const entry of stores[who]!.entries()) {
        const row = `${entry[0]} ${what} on ${name}`;
        const own = copyOf(stores);
        own[who]!.put(damage(entry));
        const some = world({ peers: NODES, stores: own, trailingBlocks: 1 });
        some.run(20_000);
        hashes.push(await send(some, SENT));
        some.run(60_000);
        const heads = some.peers.map(({ ledger }) => ledger.head());
        assert.equal(new Set(heads.map(({ hash }) => hash)).size, 1, `${row}: ${heads.map(({ number }) => number)}`);
        assert.ok(heads[0]!.number > before.number, `${row}: it goes on`);
        const { client } = clientsOf(some, who);
        for (const hash of hashes) assert.is((await client.getTransactionReceipt({ hash })).status, 'success', `${row}: ${hash}`);
        assert.is((await client.getBlock({ blockNumber: BigInt(before.number) })).hash, before.hash, row);
        assert.is(await client.getBalance({ address: bob.address }), 1000n * ether + BigInt(SENT), row);
        hashes.pop();
        some.stop();
      }
    });
  }
}

test('what changes under a running node is put right without a restart', async () => {
  const own = copyOf(stores);
  const some = world({ peers: NODES, stores: own, trailingBlocks: 1 });
  some.run(5000);
  const entries = own[0]!.entries().filter(([key]) => /^(header|body|receipts|number|transaction)\//.test(key));
  own[0]!.put(entries.filter(([key]) => !key.endsWith('/000000000000')).flatMap((entry) => damages[0]![1](entry)));
  some.run(180_000);
  const { client } = clientsOf(some, 0);
  for (const hash of hashes) assert.is((await client.getTransactionReceipt({ hash })).status, 'success', hash);
  assert.match(
    some.peers[0]!.logs.join('\n'),
    /warn: the disk has changed block 1;[\s\S]*info: block 1, which the disk had changed, is whole again/,
  );
  some.stop();
});

test('a header that was lost among the last blocks keeps nobody from starting, and is there again', async () => {
  for (const [who, back] of [0, 1].flatMap((each) => [1, 2, 3].map((blocks) => [each, blocks] as const))) {
    const own = copyOf(stores);
    const lost = `header/${String(before.number - back).padStart(12, '0')}`;
    own[who]!.put([[lost, undefined]]);
    const some = world({ peers: NODES, stores: own, trailingBlocks: 5 });
    some.run(30_000);
    assert.ok(own[who]!.get(lost), `${lost} of node ${who}`);
    assert.equal(new Set(some.peers.map(({ ledger }) => ledger.head().hash)).size, 1);
    some.stop();
  }
});

test('while the sequencer lacks blocks of its own it makes none, for a while', async () => {
  const own = copyOf(stores);
  const head = `header/${String(before.number).padStart(12, '0')}`;
  own[0]!.put([[head, undefined]]);
  const some = world({ peers: NODES, stores: own });
  for (const other of ['node1', 'node2']) some.network.setLink('node0', other, { cut: true });
  await send(some, SENT);
  some.run(60_000);
  assert.is(some.peers[0]!.ledger.head().number, before.number - 1);
  some.network.heal();
  some.run(10_000);
  assert.equal(new Set(some.peers.map(({ ledger }) => ledger.head().hash)).size, 1);
  assert.ok(some.peers[0]!.ledger.head().number > before.number);
  some.stop();
});

/** What a client may ask about the past. */
const questions: [method: string, params: unknown[]][] = [
  ['eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]],
  ...Array.from({ length: before.number - 2 }, (_, number): [string, unknown[]][] => [
    ['eth_getBlockByNumber', [`0x${number.toString(16)}`, true]],
    ['eth_getBlockReceipts', [`0x${number.toString(16)}`]],
  ]).flat(),
  ...hashes.slice(0, 2).map((hash): [string, unknown[]] => ['eth_getTransactionReceipt', [hash]]),
];

async function answers(some: World, n: number): Promise<string[]> {
  const { ledger } = some.peers[n]!;
  const asked = questions.map(([method, params]) => ledger.rpc(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
  return Promise.all(asked);
}

test('a damaged block is answered with an error or as it was, never otherwise, and is soon whole', async () => {
  const whole = world({ peers: NODES, stores: copyOf(stores), trailingBlocks: 1 });
  const right = await answers(whole, 0);
  whole.stop();
  const past = /^(header|body|receipts)\/0*[1-3]$/;
  for (const entry of stores[0]!.entries().filter(([key]) => past.test(key))) {
    for (const [what, damage] of damages) {
      const own = copyOf(stores);
      const some = world({ peers: NODES, stores: own, trailingBlocks: 1 });
      own[0]!.put(damage(entry));
      const first = await answers(some, 0);
      some.run(20_000);
      const later = await answers(some, 0);
      assert.equal(later, right, `${entry[0]} ${what}: put right by being asked for`);
      const wrong = first.filter((answer, index) => answer !== right[index] && !answer.includes('the disk of this node'));
      assert.equal(wrong, [], `${entry[0]} ${what}`);
      assert.ok(first.some((answer, index) => answer !== right[index]), `${entry[0]} ${what}: it was noticed`); // biome-ignore format: a row
      some.stop();
    }
  }
});

test.run();
