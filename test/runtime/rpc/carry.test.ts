import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import { decodeBlocks, encodeBlocks } from '../../../runtime/consensus/messages.ts';
import { clientsOf } from '../ledger/client.ts';
import { bob, type World, world } from '../ledger/world.ts';

const test = suite('rpc/carry');

type Imported = { readonly imported: number; readonly head: number };

async function call<T>(some: World, method: string, params: readonly unknown[]): Promise<T> {
  const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const answer = JSON.parse(await some.settle(some.peers[0]!.ledger.rpc(request)));
  if (answer.error) throw new Error(`${answer.error.code}: ${answer.error.message}`);
  return answer.result as T;
}

/** A ledger of so many blocks, and one of the same genesis that has never heard of them. */
async function twoSites(blocks: number): Promise<{ here: World; there: World; carried: `0x${string}` }> {
  const here = world();
  const there = world({ peers: 2, seed: 2 });
  // The other site's own sequencer has no part in it.
  there.peers[0]!.ledger.stop();
  for (let nonce = 0; nonce < blocks; nonce++) {
    await clientsOf(here).wallet.sendTransaction({ to: bob.address, value: 1n, nonce, gas: 21_000n });
    here.run(1_000);
  }
  assert.is(here.peers[0]!.ledger.head().number, blocks);
  return { here, there, carried: await call(here, 'classpad_exportBlocks', [1]) };
}

test('blocks travel without a network, and twice is as once', async () => {
  const { here, there, carried } = await twoSites(5);
  assert.equal(await call<Imported>(there, 'classpad_importBlocks', [carried]), { imported: 5, head: 5 });
  assert.is(there.peers[0]!.ledger.head().hash, here.peers[0]!.ledger.head().hash);
  assert.equal(await call<Imported>(there, 'classpad_importBlocks', [carried]), { imported: 0, head: 5 });
});

test('from any block on, and nothing where there is none', async () => {
  const { here } = await twoSites(3);
  const numbers = async (from: number) =>
    decodeBlocks(hexToBytes(await call(here, 'classpad_exportBlocks', [from]))).map(({ header }) => header.number);
  assert.equal(await numbers(0), [1, 2, 3]);
  assert.equal(await numbers(3), [3]);
  assert.equal(await numbers(4), []);
});

type Block = ReturnType<typeof decodeBlocks>[number];

const TAMPERED: readonly [what: string, change: (blocks: Block[]) => Block[], sentence: RegExp][] = [
  ['a block left out', ([one, , three]) => [one!, three!], /block 3 is refused: block 2 is missing before it/],
  [
    'another time in a header',
    ([one]) => [{ ...one!, header: { ...one!.header, timestamp: one!.header.timestamp + 1 } }],
    /block 1 is refused: the seal is not that of the sequencer/,
  ],
  ['a seal of nobody', ([one]) => [{ ...one!, header: { ...one!.header, extraData: new Uint8Array(65) } }], /the seal is not/],
  ['no transactions', ([one]) => [{ ...one!, transactions: [] }], /its transactions are not those of its header/],
  ['another transaction', ([one, two]) => [{ ...one!, transactions: two!.transactions }], /its transactions are not those/],
];
for (const [what, change, sentence] of TAMPERED) {
  test(`refused, and nothing of it kept: ${what}`, async () => {
    const { there, carried } = await twoSites(3);
    const tampered = bytesToHex(encodeBlocks(change(decodeBlocks(hexToBytes(carried)))));
    const error = await call(there, 'classpad_importBlocks', [tampered]).catch((reason: Error) => reason);
    assert.match(String(error), sentence);
    const { head } = await call<Imported>(there, 'classpad_importBlocks', [carried]);
    assert.is(head, 3, 'what is right is taken afterwards');
  });
}

test('a block of another history is refused, not passed over', async () => {
  const { there, carried } = await twoSites(2);
  await call(there, 'classpad_importBlocks', [carried]);
  const other = world();
  await clientsOf(other).wallet.sendTransaction({ to: bob.address, value: 7n, nonce: 0, gas: 21_000n });
  other.run(1_000);
  const blocks = await call(other, 'classpad_exportBlocks', [1]);
  const error = await call(there, 'classpad_importBlocks', [blocks]).catch((reason: Error) => reason);
  assert.match(String(error), /block 1 is refused: this node has another block of that number/);
});

test('garbage is a sentence', async () => {
  const { there } = await twoSites(1);
  for (const garbage of ['0x', '0xff', '0xc180', '0xc0c0']) {
    const error = await call(there, 'classpad_importBlocks', [garbage]).catch((reason: Error) => reason);
    assert.match(String(error), /-32602: blocks cannot be read: /, garbage);
  }
});

test.run();
