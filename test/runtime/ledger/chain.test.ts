import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseEther } from 'viem';
import { type MemoryStore, memoryStore, type StoredEntry } from '../../../emulator/store.ts';
import type { Store } from '../../../runtime/ports/index.ts';
import { openState } from '../../../runtime/state/state.ts';
import { clientsOf } from './client.ts';
import { alice, bob, vm, type World, world } from './world.ts';

const test = suite('ledger/chain');

/** A store that dies at one of its writes: the write is lost, or it is on the disk and nothing after it happens. */
function dyingStore(at: number, isWritten: boolean): Store & { readonly disk: MemoryStore; isDead: boolean; writes: number } {
  const disk = memoryStore();
  const store = {
    disk,
    isDead: false,
    writes: 0,
    get: disk.get,
    keys: disk.keys,
    write(entries: Parameters<Store['write']>[0]) {
      if (store.isDead) throw new Error('the power is off');
      store.isDead = store.writes++ === at;
      if (!store.isDead || isWritten) disk.write(entries);
      if (store.isDead) throw new Error('the power went off');
    },
  };
  return store;
}

/** Three transfers, each in a block of its own. Answers how many blocks were finished before the power went off. */
async function play(some: World): Promise<number> {
  const { wallet } = clientsOf(some);
  for (let i = 0; i < 3; i++) {
    await wallet.sendTransaction({ to: bob.address, value: 1n, nonce: i }).catch(() => {});
    some.run(2000);
  }
  return some.peers[0]!.ledger.head().number;
}

test('a crash at any write leaves the block before or the block after, and the ledger goes on', async () => {
  // Writes: genesis, then for each transfer its place in the pool and its block.
  for (let at = 1; at < 7; at++) {
    for (const isWritten of [false, true]) {
      const store = dyingStore(at, isWritten);
      const dying = world({ stores: [store] });
      const finished = await play(dying);
      dying.stop();
      const row = `power off at write ${at}, which is ${isWritten ? 'written' : 'lost'}`;
      assert.is(store.isDead, true, row);

      const again = world({ stores: [store.disk] });
      const head = again.peers[0]!.ledger.head();
      const blockAfter = isWritten && at % 2 === 0 ? 1 : 0;
      assert.is(head.number, finished + blockAfter, row);
      const state = openState(head.stateRoot, store.disk, vm.keccak256.bind(vm));
      assert.is(state.account(bob.address.toLowerCase() as never)?.balance, parseEther('1000') + BigInt(head.number), row);

      again.run(2000);
      await play(again);
      assert.is(await clientsOf(again).client.getBalance({ address: bob.address }), parseEther('1000') + 3n, row);
      assert.equal(store.disk.keys('pool/', 10), [], row);
      again.stop();
    }
  }
});

test('a transaction that cannot be stored is refused, not acknowledged', async () => {
  const store = dyingStore(1, false);
  const some = world({ stores: [store] });
  const { request, wallet } = clientsOf(some);
  const sent = wallet.sendTransaction({ to: bob.address, value: 1n });
  assert.match(await sent.catch((error: Error) => error.message), /could not be stored/);
  assert.is(await request('eth_getTransactionCount', [alice.address, 'pending']), '0x0');
  some.stop();
});

test('a store that fails later is tried again', async () => {
  const store = dyingStore(2, false);
  const some = world({ stores: [store] });
  const { wallet, client } = clientsOf(some);
  await wallet.sendTransaction({ to: bob.address, value: 1n });
  some.run(1000);
  assert.is(some.peers[0]!.ledger.head().number, 0);
  assert.match(some.peers[0]!.logs.join('\n'), /error: no block could be made, trying again in 5 s: the power went off/);
  store.isDead = false;
  some.run(6000);
  assert.is(some.peers[0]!.ledger.head().number, 1);
  assert.is(await client.getBalance({ address: bob.address }), parseEther('1000') + 1n);
  some.stop();
});

test('a store whose last blocks are damaged goes on from the last one that is whole', async () => {
  const some = world();
  await play(some);
  some.stop();
  const { store } = some.peers[0]!;
  const header = (number: number) => `header/${String(number).padStart(12, '0')}`;
  const rotten = store.get(header(2))!;
  rotten[40]! ^= 1;
  store.write([
    [header(3), undefined],
    [header(2), rotten],
  ]);
  const again = world({ stores: [store] });
  assert.is(again.peers[0]!.ledger.head().number, 1);
  again.stop();
  store.write([['head', Uint8Array.of(1)]]);
  const third = world({ stores: [store] });
  assert.is(third.peers[0]!.ledger.head().number, 1);
  third.stop();
});

test('a block that is torn on its way to the disk costs no transaction: it is taken off the disk last', async () => {
  const store = memoryStore();
  const writes: (readonly StoredEntry[])[] = [];
  const noting = {
    ...store,
    write(entries: readonly StoredEntry[]) {
      writes.push(entries);
      store.write(entries);
    },
  };
  const some = world({ stores: [noting] });
  await clientsOf(some).wallet.sendTransaction({ to: bob.address, value: 1n });
  some.run(2000);
  some.stop();
  const block = writes.at(-1)!;
  const [head, ...deleted] = block.slice(block.findIndex(([key]) => key === 'head'));
  assert.ok(head);
  assert.equal(
    deleted.map(([key, value]) => [key.slice(0, 5), value]),
    [['pool/', undefined]],
  );
  assert.ok(block.slice(0, -2).every(([, value]) => value !== undefined));
});

test('keys are few: nothing is left behind by blocks but what they hold', async () => {
  const some = world();
  await play(some);
  const { store } = some.peers[0]!;
  const count = (prefix: string) => store.keys(prefix, 1000).length;
  assert.equal(
    ['header/', 'body/', 'receipts/', 'number/', 'transaction/', 'pool/', 'head', 'code/'].map(count),
    [4, 4, 4, 4, 3, 0, 5, 0],
  );
  some.stop();
});

test.run();
