import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type MemoryStore, memoryStore } from '../../../emulator/store.ts';
import { bigintToBytes, bytesToBigint, bytesToHex, concat, hexToBytes } from '../../../runtime/bytes.ts';
import { decodeBlocks, encodeMessage } from '../../../runtime/consensus/messages.ts';
import { quietNetwork } from '../../support/network.ts';
import { clientsOf } from '../ledger/client.ts';
import { alice, bob, genesis, type Peer, type World, world } from '../ledger/world.ts';

const test = suite('consensus/solo');

const heads = (some: World) => some.peers.map((peer) => peer.ledger.head().number);
const hashes = (some: World) => new Set(some.peers.map((peer) => peer.ledger.head().hash));
const errorsOf = (peer: Peer) => peer.logs.filter((line) => line.startsWith('error'));

/** What the node says of itself to `classpad status`. */
async function remarkOf({ ledger }: Peer): Promise<string> {
  const answer = await ledger.rpc(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'classpad_node', params: [] }));
  return JSON.parse(answer).result.remark;
}

async function send(some: World, n: number, nonce: number) {
  return clientsOf(some, n).wallet.sendTransaction({ to: bob.address, value: 1n, nonce, gas: 21_000n });
}

test('a transaction given to a follower reaches the sequencer, and its block everyone', async () => {
  const some = world({ peers: 4 });
  const hash = await send(some, 2, 0);
  some.run(1500);
  assert.equal(heads(some), [1, 1, 1, 1]);
  assert.is(hashes(some).size, 1);
  for (let n = 0; n < 4; n++) assert.is((await clientsOf(some, n).client.getTransactionReceipt({ hash })).status, 'success');
  some.stop();
});

test('without work no block is made', () => {
  const some = world({ peers: 2 });
  some.run(60_000);
  assert.equal(heads(some), [0, 0]);
  some.stop();
});

test('so many empty blocks follow the last one with work, a second apart, and then it is quiet', async () => {
  const some = world({ peers: 2, blockIntervalMs: 100, trailingBlocks: 5 });
  some.run(60_000);
  assert.equal(heads(some), [0, 0]);
  await send(some, 0, 0);
  some.run(100);
  assert.equal(heads(some), [1, 1]);
  some.run(2_750);
  assert.equal(heads(some), [3, 3], 'two empty ones, two seconds later');
  await send(some, 1, 1);
  some.run(200);
  assert.equal(heads(some), [4, 4], 'work does not wait for an empty one');
  some.peers[0]!.restart();
  some.run(60_000);
  assert.equal(heads(some), [9, 9]);
  const counts = Array.from({ length: 10 }, (_, number) =>
    clientsOf(some, 1).request('eth_getBlockByNumber', [`0x${number}`, false]),
  );
  assert.equal(
    (await Promise.all(counts)).map(({ transactions }) => transactions.length),
    [0, 1, 0, 0, 1, 0, 0, 0, 0, 0],
  );
  assert.is(hashes(some).size, 1);
  const { timestamp } = await clientsOf(some).client.getBlock();
  assert.is(Number(timestamp) <= some.clock.nowMs() / 1000, true);
  some.stop();
});

test('between two blocks there is the interval, and what waits goes into one', async () => {
  const some = world();
  for (let nonce = 0; nonce < 5; nonce++) {
    await send(some, 0, nonce);
    if (nonce === 0) some.run(1);
  }
  assert.equal(heads(some), [1]);
  some.run(990);
  assert.equal(heads(some), [1]);
  some.run(20);
  assert.equal(heads(some), [2]);
  assert.is((await clientsOf(some).client.getBlock()).transactions.length, 4);
  some.stop();
});

test('blocks of one second share its number: block time follows the clock in a burst', async () => {
  const some = world({ blockIntervalMs: 10 });
  for (let nonce = 0; nonce < 60; nonce++) {
    await send(some, 0, nonce);
    some.run(20);
  }
  const { client } = clientsOf(some);
  const block = await client.getBlock();
  assert.is(block.number, 60n);
  assert.is(Number(block.timestamp) <= some.clock.nowMs() / 1000, true);
  assert.is(await client.getTransactionCount({ address: alice.address }), 60);
  some.stop();
});

test('without an interval a block is made as soon as there is work, of all that has come until then', async () => {
  const some = world({ blockIntervalMs: 0 });
  const { client } = clientsOf(some);
  for (let number = 1; number <= 3; number++) {
    for (let i = 0; i < number; i++) await send(some, 0, (number * (number - 1)) / 2 + i);
    some.run(1);
    const block = await client.getBlock();
    assert.equal([Number(block.number), block.transactions.length], [number, number]);
  }
  some.run(100);
  assert.equal(heads(some), [3]);
  some.stop();
});

test('a sequencer whose clock is wrong goes on, and time never goes back', async () => {
  const timestamp = 1_700_000_000 + 10_000_000;
  const some = world({ peers: 2, genesis: { timestamp }, blockIntervalMs: 10 });
  for (let nonce = 0; nonce < 5; nonce++) {
    await send(some, 0, nonce);
    some.run(100);
  }
  assert.equal(heads(some), [5, 5]);
  assert.is((await clientsOf(some).client.getBlock()).timestamp, BigInt(timestamp));
  some.stop();
});

test('messages may be lost, late and reordered: everyone arrives at the same block', async () => {
  for (let seed = 0; seed < 8; seed++) {
    const some = world({ peers: 4, seed });
    const link = { lossRate: 0.3, minDelayMs: 1, maxDelayMs: 3000 };
    for (let a = 0; a < 4; a++) for (let b = 0; b < a; b++) some.network.setLink(`node${a}`, `node${b}`, link);
    for (let nonce = 0; nonce < 20; nonce++) {
      await send(some, nonce % 4, nonce);
      some.run(700);
    }
    some.run(120_000);
    assert.is(hashes(some).size, 1, `seed ${seed}: heads ${heads(some)}`);
    assert.is(await clientsOf(some, 3).client.getTransactionCount({ address: alice.address }), 20, `seed ${seed}`);
    for (const peer of some.peers) assert.equal(errorsOf(peer), [], `seed ${seed}`);
    some.stop();
  }
});

test('a node that was cut off catches up by ranges', async () => {
  const some = world({ peers: 3 });
  for (const other of ['node0', 'node1']) some.network.setLink('node2', other, { cut: true });
  for (let nonce = 0; nonce < 150; nonce++) {
    await send(some, 0, nonce);
    some.run(1000);
  }
  assert.equal(heads(some), [150, 150, 0]);
  some.network.heal();
  some.run(10_000);
  assert.equal(heads(some), [150, 150, 150]);
  some.stop();
});

test('news passes through nodes that see only their neighbours', async () => {
  const some = world({ peers: 4 });
  for (let a = 0; a < 4; a++) for (let b = 0; b < a - 1; b++) some.network.setLink(`node${a}`, `node${b}`, { cut: true });
  const hash = await send(some, 3, 0);
  some.run(15_000);
  assert.equal(heads(some), [1, 1, 1, 1]);
  assert.is((await clientsOf(some, 3).client.getTransactionReceipt({ hash })).status, 'success');
  some.stop();
});

test('whom the sequencer does not reach hears of a block from those that it reaches', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const some = world({ peers: 12, seed });
    some.network.setLink('node0', 'node11', { cut: true });
    some.run(1000);
    await send(some, 1, 0);
    some.run(5000);
    assert.equal(new Set(heads(some)), new Set([1]), `seed ${seed}`);
    some.stop();
  }
});

test('a restarted follower and a restarted sequencer continue', async () => {
  const some = world({ peers: 3 });
  await send(some, 1, 0);
  some.run(2000);
  some.peers[1]!.restart();
  some.peers[0]!.restart();
  await send(some, 1, 1);
  some.run(5000);
  assert.equal(heads(some), [2, 2, 2]);
  assert.is(hashes(some).size, 1);
  some.stop();
});

test('a sequencer that lost its store takes the blocks back from the others before it makes new ones', async () => {
  const first = world({ peers: 3 });
  for (let nonce = 0; nonce < 3; nonce++) {
    await send(first, 0, nonce);
    first.run(1500);
  }
  first.stop();
  const some = world({ peers: 3, stores: [world().peers[0]!.store, first.peers[1]!.store, first.peers[2]!.store] });
  assert.equal(heads(some), [0, 3, 3]);
  await send(some, 1, 3);
  some.run(10_000);
  assert.equal(heads(some), [4, 4, 4]);
  assert.is(hashes(some).size, 1);
  for (const peer of some.peers) assert.equal(errorsOf(peer), []);
  some.stop();
});

/** Two blocks for everyone, of which the sequencer's disk then loses the second; it comes back where it reaches nobody. */
async function aloneWithLoss(): Promise<World> {
  const stores = Array.from({ length: 3 }, () => memoryStore());
  const some = world({ peers: 3, stores });
  await send(some, 0, 0);
  some.run(5000);
  stores[0]!.delayWrites(1);
  await send(some, 0, 1);
  some.run(1500);
  assert.equal(heads(some), [2, 2, 2]);
  for (const other of ['node1', 'node2']) some.network.setLink('node0', other, { cut: true });
  stores[0]!.loseWrites(1);
  stores[0]!.delayWrites(0);
  some.peers[0]!.restart();
  return some;
}

test('a sequencer whose disk has lost a block waits for those who may have it, and takes it back', async () => {
  const some = await aloneWithLoss();
  assert.equal(heads(some), [1, 2, 2]);
  some.run(25_000);
  assert.equal(heads(some), [1, 2, 2], 'there is work, and no block is made');
  const [first] = some.peers;
  const why =
    /^no block is made yet, for at most 10 s: other nodes may have a block that this disk has lost, and have not answered yet$/;
  assert.match(await remarkOf(first!), why);
  assert.is(first!.logs.filter((line) => line.startsWith('info: no block is made yet')).length, 1, 'and the log says so once');
  some.network.heal();
  await send(some, 1, 2);
  some.run(5000);
  assert.equal(heads(some), [3, 3, 3]);
  assert.is(hashes(some).size, 1);
  assert.equal(some.peers.map(({ ledger }) => ledger.fault()), [undefined, undefined, undefined]); // biome-ignore format: a row
  some.stop();
});

test('nobody has waited for what a clock leaps ahead when it is put right', async () => {
  const some = await aloneWithLoss();
  some.clock.leap(400_000);
  some.run(20_000);
  assert.equal(heads(some), [1, 2, 2]);
  some.network.heal();
  some.run(5000);
  assert.is(hashes(some).size, 1);
  assert.equal(some.peers.map(({ ledger }) => ledger.fault()), [undefined, undefined, undefined]); // biome-ignore format: a row
  some.stop();
});

test('if they stay away it goes on; they say that the ledger has parted, and follow again without theirs', async () => {
  const some = await aloneWithLoss();
  some.run(35_000);
  await send(some, 0, 2);
  some.run(2000);
  assert.is(heads(some)[0]! > 1, true);
  some.network.heal();
  some.run(10_000);
  const [first, ...others] = some.peers;
  assert.is(first!.ledger.fault(), undefined);
  assert.match(await remarkOf(first!), /^the ledger has parted: .* this device makes the blocks and goes on with its own; /);
  for (const other of others) {
    assert.match(await remarkOf(other), /^the ledger has parted: .* start this device without its ledger, /);
    assert.match(other.ledger.fault()!, /^the ledger has parted: the sequencer has sealed two blocks of number 2, /);
    const said = errorsOf(other).filter((line) => line.includes('has parted'));
    assert.is(said.length, 1, 'once');
    const store = other.store as MemoryStore;
    store.put(store.entries().map(([key]) => [key, undefined] as const));
    other.restart();
  }
  some.run(10_000);
  assert.is(hashes(some).size, 1);
  assert.equal(some.peers.map(({ ledger }) => ledger.fault()), [undefined, undefined, undefined]); // biome-ignore format: a row
  some.stop();
});

test('a sequencer that was always alone makes blocks at once, after any start', async () => {
  const some = world();
  await send(some, 0, 0);
  some.run(10);
  some.peers[0]!.restart();
  await send(some, 0, 1);
  some.run(10);
  assert.equal(heads(some), [2]);
  some.stop();
});

test('garbage is ignored with a warning', () => {
  const some = world({ peers: 2 });
  const intruder = some.network.join('intruder', quietNetwork);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
      intruder.send('node0', garbage);
      some.run(20);
    }),
    { numRuns: 200 },
  );
  intruder.send('node0', new Uint8Array(2 * 1024 * 1024).fill(0xc0));
  some.run(20);
  const { logs } = some.peers[0]!;
  assert.ok(logs.length > 100);
  assert.equal(
    logs.filter((line) => !line.startsWith('warn: a message from intruder is ignored: ')),
    [],
  );
  some.stop();
});

test('blocks that the sequencer did not seal, or that are not what it sealed, are refused', async () => {
  const some = world({ peers: 1 });
  await send(some, 0, 0);
  some.run(2000);
  const captured: Uint8Array[] = [];
  const intruder = some.network.join('intruder', quietNetwork);
  intruder.receive((_, message) => captured.push(message));
  const genesisHash = (await clientsOf(some).request('eth_getBlockByNumber', ['0x0', false])).hash;
  intruder.send('node0', encodeMessage(genesisHash, { kind: 'want', from: 1 }));
  some.run(100);
  const blocks = captured.at(-1)!;
  const victim = world({ peers: 1 });
  const other = victim.network.join('other', quietNetwork);
  for (const at of [200, 600, blocks.length - 40]) {
    const tampered = blocks.slice();
    tampered[at] = tampered[at]! ^ 1;
    other.send('node0', tampered);
    victim.run(100);
    assert.equal(heads(victim), [0], `byte ${at}`);
  }
  assert.ok(victim.peers[0]!.logs.length >= 3);
  other.send('node0', blocks);
  victim.run(100);
  assert.equal(heads(victim), [1]);
  assert.is(victim.peers[0]!.ledger.head().hash, some.peers[0]!.ledger.head().hash);
  assert.is(bytesToHex(blocks).includes(genesis.sequencer.slice(2)), true);
  some.stop();
  victim.stop();
});

test('a block whose seal somebody has turned into its other form parts nobody from the ledger', async () => {
  const some = world({ peers: 1 });
  await send(some, 0, 0);
  some.run(2000);
  const genesisHash = (await clientsOf(some).request('eth_getBlockByNumber', ['0x0', false])).hash;
  const [block] = decodeBlocks(hexToBytes(await clientsOf(some).request('classpad_exportBlocks', [1])));
  const { header, transactions } = block!;
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = bigintToBytes(order - bytesToBigint(header.extraData.subarray(32, 64)), 32);
  const extraData = concat(header.extraData.subarray(0, 32), s, Uint8Array.of(header.extraData[64]! ^ 1));
  const victim = world({ peers: 1 });
  const other = victim.network.join('other', quietNetwork);
  const twin = { header: { ...header, extraData }, transactions };
  other.send('node0', encodeMessage(genesisHash, { kind: 'blocks', blocks: [twin] }));
  victim.run(100);
  other.send('node0', encodeMessage(genesisHash, { kind: 'blocks', blocks: [block!] }));
  victim.run(100);
  assert.is(victim.peers[0]!.ledger.head().hash, some.peers[0]!.ledger.head().hash);
  some.stop();
  victim.stop();
});

test('a peer that asks without end is answered as often as one that asks for what it needs', async () => {
  const some = world({ peers: 1 });
  await send(some, 0, 0);
  some.run(2000);
  const genesisHash = (await clientsOf(some).request('eth_getBlockByNumber', ['0x0', false])).hash;
  const other = some.network.join('other', quietNetwork);
  let answers = 0;
  other.receive(() => answers++);
  for (let n = 0; n < 1000; n++) other.send('node0', encodeMessage(genesisHash, { kind: 'want', from: 1 }));
  some.run(1000);
  assert.ok(answers >= 2 && answers <= 51, `${answers} answers`);
  some.stop();
});

test('nodes of another ledger are not heard', async () => {
  const some = world({ peers: 1 });
  const stranger = world({ peers: 1, genesis: { timestamp: 5 } });
  const genesisHash = (await clientsOf(stranger).request('eth_getBlockByNumber', ['0x0', false])).hash;
  const other = some.network.join('other', quietNetwork);
  const answers: Uint8Array[] = [];
  other.receive((_, message) => answers.push(message));
  other.send('node0', encodeMessage(genesisHash, { kind: 'head', number: 99, hash: genesisHash }));
  other.send('node0', encodeMessage(genesisHash, { kind: 'want', from: 0 }));
  some.run(1000);
  assert.equal(answers, []);
  assert.equal(some.peers[0]!.logs, []);
  some.stop();
});

test.run();
