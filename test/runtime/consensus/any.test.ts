import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { worlds } from '../../support/consensus-worlds.ts';
import { clientsOf } from '../ledger/client.ts';
import { alice, bob, ether, type World, type WorldOptions } from '../ledger/world.ts';

/** What holds whoever orders the transactions: the same table over every adapter of the port. */
const rows: readonly (readonly [name: string, options: WorldOptions, act: (some: World) => Promise<void>])[] = [
  ['a transaction given to any node is in the same block on all', { peers: 4 }, reachesAll],
  ['without work no block is made', { peers: 2 }, isQuiet],
  ['so many empty blocks follow the last one with work, and then it is quiet', { peers: 2, trailingBlocks: 3 }, trails],
  ['what waits goes into one block, best first, each sender in the order of its nonces', { peers: 2 }, isOrdered],
  ['a gap waits until it is filled', { peers: 3 }, waits],
  ['what cannot be paid any more leaves the pool, and the ledger goes on', { peers: 2 }, drops],
  ['what was acknowledged survives the restart of all nodes', { peers: 3 }, survives],
  ['every node comes back with the head that it had', { peers: 3 }, returns],
  ['a node that was away catches up', { peers: 3 }, catchesUp],
  ['block time is never before that of the parent, and near the clock', { peers: 2 }, hasTime],
  ['any order of transfers by anybody through anyone gives the same ledger everywhere', { peers: 3 }, agrees],
];

for (const [name, make] of worlds) {
  const test = suite(`consensus/any: ${name}`);
  for (const [title, options, act] of rows) {
    test(title, async () => {
      const some = make(options);
      try {
        await act(some);
        assert.is(hashes(some).size, 1);
      } finally {
        some.stop();
      }
    });
  }
  test.run();
}

const heads = (some: World) => some.peers.map((peer) => peer.ledger.head().number);
const hashes = (some: World) => new Set(some.peers.map((peer) => peer.ledger.head().hash));
const send = (some: World, n: number, nonce: number, more: object = {}) =>
  clientsOf(some, n).wallet.sendTransaction({ to: bob.address, value: 1n, nonce, gas: 21_000n, ...more });
const counts = (some: World) =>
  Promise.all(some.peers.map((_, n) => clientsOf(some, n).client.getTransactionCount({ address: alice.address })));

async function reachesAll(some: World): Promise<void> {
  const hash = await send(some, 2, 0);
  some.run(3000);
  const receipts = await Promise.all(some.peers.map((_, n) => clientsOf(some, n).client.getTransactionReceipt({ hash })));
  assert.is(new Set(receipts.map(({ blockHash }) => blockHash)).size, 1);
  assert.is(receipts[0]!.status, 'success');
}

async function isQuiet(some: World): Promise<void> {
  some.run(60_000);
  assert.equal(heads(some), [0, 0]);
}

async function trails(some: World): Promise<void> {
  await send(some, 1, 0);
  some.run(60_000);
  assert.equal(heads(some), [4, 4]);
  await send(some, 0, 1);
  some.run(60_000);
  assert.equal(heads(some), [8, 8]);
}

async function isOrdered(some: World): Promise<void> {
  await send(some, 0, 0);
  some.run(3000);
  const before = heads(some)[0]!;
  const tip = (maxPriorityFeePerGas: bigint) => ({ maxPriorityFeePerGas, maxFeePerGas: 10_000_000_000n });
  await send(some, 0, 1, tip(5n));
  await clientsOf(some, 0).client.request({
    method: 'eth_sendRawTransaction',
    params: [
      await bob.signTransaction({
        chainId: 1337,
        to: alice.address,
        value: 1n,
        nonce: 0,
        gas: 21_000n,
        type: 'eip1559',
        ...tip(9n),
      }),
    ],
  });
  await send(some, 0, 2, tip(100n));
  some.run(3000);
  const { transactions } = await clientsOf(some, 1).client.getBlock({
    blockNumber: BigInt(before + 1),
    includeTransactions: true,
  });
  const seen = transactions.map(
    ({ from, nonce }) => `${from.toLowerCase() === bob.address.toLowerCase() ? 'bob' : 'alice'} ${nonce}`,
  );
  assert.equal(seen, ['bob 0', 'alice 1', 'alice 2']);
}

async function waits(some: World): Promise<void> {
  await send(some, 1, 1);
  some.run(30_000);
  assert.equal(await counts(some), [0, 0, 0]);
  await send(some, 1, 0);
  some.run(10_000);
  assert.equal(await counts(some), [2, 2, 2]);
}

async function drops(some: World): Promise<void> {
  await send(some, 0, 0, { value: 600n * ether });
  await send(some, 0, 1, { value: 600n * ether });
  some.run(10_000);
  assert.equal(await counts(some), [1, 1]);
  await send(some, 1, 1);
  some.run(10_000);
  assert.equal(await counts(some), [2, 2]);
}

async function survives(some: World): Promise<void> {
  const hash = await send(some, 1, 0);
  for (const peer of some.peers) peer.restart();
  some.run(10_000);
  assert.is((await clientsOf(some, 2).client.getTransactionReceipt({ hash })).status, 'success');
}

async function returns(some: World): Promise<void> {
  for (let nonce = 0; nonce < 3; nonce++) {
    await send(some, nonce, nonce);
    some.run(2500);
  }
  const before = some.peers.map((peer) => peer.ledger.head().hash);
  for (const peer of some.peers) peer.restart();
  assert.equal(
    some.peers.map((peer) => peer.ledger.head().hash),
    before,
  );
  await send(some, 0, 3);
  some.run(10_000);
  assert.equal(await counts(some), [4, 4, 4]);
}

async function catchesUp(some: World): Promise<void> {
  some.peers[2]!.ledger.stop();
  for (let nonce = 0; nonce < 4; nonce++) {
    await send(some, 0, nonce);
    some.run(1500);
  }
  some.peers[2]!.restart();
  some.run(10_000);
  assert.equal(await counts(some), [4, 4, 4]);
}

async function hasTime(some: World): Promise<void> {
  let parent = 0n;
  for (let nonce = 0; nonce < 5; nonce++) {
    await send(some, 0, nonce);
    some.run(1200);
    const { timestamp } = await clientsOf(some, 1).client.getBlock();
    assert.ok(timestamp >= parent);
    assert.ok(Math.abs(Number(timestamp) - some.clock.nowMs() / 1000) < 15, `${timestamp}`);
    parent = timestamp;
  }
}

async function agrees(some: World): Promise<void> {
  const nonces = { alice: 0, bob: 0 };
  const step = fc.record({
    who: fc.constantFrom('alice' as const, 'bob' as const),
    node: fc.nat(2),
    runMs: fc.nat(1500),
    tip: fc.nat(9),
  });
  for (const { who, node, runMs, tip } of fc.sample(step, { seed: 7, numRuns: 40 })) {
    const account = who === 'alice' ? alice : bob;
    const fees = { maxFeePerGas: 5_000_000_000n, maxPriorityFeePerGas: BigInt(tip), type: 'eip1559' } as const;
    const call = { chainId: 1337, to: `0x${'42'.repeat(20)}`, value: 3n, nonce: nonces[who]++, gas: 21_000n, ...fees } as const;
    const raw = await account.signTransaction(call);
    await clientsOf(some, node).client.request({ method: 'eth_sendRawTransaction', params: [raw] });
    some.run(runMs);
  }
  some.run(15_000);
  assert.equal(await counts(some), Array(3).fill(nonces.alice));
  assert.is(await clientsOf(some, 1).client.getBalance({ address: `0x${'42'.repeat(20)}` }), 120n);
}
