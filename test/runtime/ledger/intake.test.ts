import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryStore } from '../../../emulator/store.ts';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import { Intake } from '../../../runtime/ledger/intake.ts';
import type { Store } from '../../../runtime/ports/index.ts';
import { alice, bob, vm } from './world.ts';

const test = suite('ledger/intake');

const accounts = { nonce: 0n, isReadable: true };
const account = () => {
  if (!accounts.isReadable) throw new Error('the store is damaged');
  return { nonce: accounts.nonce, balance: 10n ** 18n };
};
const rules = { chainId: 1n, gasLimit: 30_000_000n, baseFee: 1n, account };
const logs: string[] = [];
const log = { write: (_: string, message: string) => void logs.push(message) };
const open = (store: Store) => new Intake(rules, vm, store, log);

async function signed(nonce: number, fee = 10n, data = '0x' as const): Promise<Uint8Array> {
  const fees = { maxFeePerGas: fee, maxPriorityFeePerGas: fee, type: 'eip1559' } as const;
  return hexToBytes(await alice.signTransaction({ chainId: 1, nonce, gas: 500_000n, to: bob.address, data, ...fees }));
}

const kept = (store: Store) => store.keys('pool/', 100).length;

test("our clients' transactions are on the disk when they are taken, others' are not", async () => {
  const store = memoryStore();
  const intake = open(store);
  intake.take(await signed(0), 'our client');
  intake.take(await signed(1), 'another node');
  assert.is(intake.pool.size, 2);
  assert.is(kept(store), 1);
  const again = open(store);
  again.restore();
  assert.equal(
    again.pool.executable().map(({ nonce }) => nonce),
    [0n],
  );
});

test('a block takes its transactions off the disk in its own write', async () => {
  const store = memoryStore();
  const intake = open(store);
  const one = intake.take(await signed(0), 'our client');
  const other = intake.take(await signed(1), 'another node');
  const entries = intake.entriesAfter([one, other]);
  assert.equal(entries, [[`pool/${one.hash}`, undefined]]);
  store.write(entries);
  accounts.nonce = 2n;
  intake.settle([one, other]);
  assert.is(intake.pool.size, 0);
  assert.is(kept(store), 0);
  accounts.nonce = 0n;
});

test('what is replaced, overtaken or can never run is forgotten', async () => {
  const store = memoryStore();
  const intake = open(store);
  intake.take(await signed(0), 'our client');
  const better = intake.take(await signed(0, 20n), 'our client');
  assert.equal(store.keys('pool/', 100), [`pool/${better.hash}`]);
  intake.take(await signed(0, 40n), 'another node');
  assert.is(kept(store), 0);
  const one = intake.take(await signed(1), 'our client');
  intake.drop(one);
  assert.is(kept(store), 0);
  assert.is(intake.pool.size, 1);
});

test('what a restart finds useless is dropped with a word', async () => {
  const store = memoryStore();
  open(store).take(await signed(0), 'our client');
  store.write([['pool/0x01', Uint8Array.of(1, 2, 3)]]);
  accounts.nonce = 1n;
  const again = open(store);
  again.restore();
  accounts.nonce = 0n;
  assert.is(again.pool.size, 0);
  assert.is(kept(store), 0);
  assert.match(logs.join('\n'), /nonce too low/);
  assert.match(logs.join('\n'), /the disk has changed it/);
});

test('what cannot be judged, because the state cannot be read, is kept until it can', async () => {
  const store = memoryStore();
  open(store).take(await signed(0), 'our client');
  accounts.isReadable = false;
  const again = open(store);
  again.restore();
  accounts.isReadable = true;
  assert.is(again.pool.size, 0);
  assert.is(kept(store), 1);
  again.restore();
  assert.is(again.pool.size, 1);
  again.restore();
  assert.is(again.pool.size, 1, 'once');
});

test('a failing store refuses, and leaves the pool as it was', async () => {
  const store = memoryStore();
  let fails = false;
  const intake = open({
    ...store,
    write(entries) {
      if (fails) throw new Error('the disk is full');
      store.write(entries);
    },
  });
  const first = intake.take(await signed(0), 'our client');
  fails = true;
  const second = await signed(0, 20n);
  assert.throws(() => intake.take(second, 'our client'), /the transaction could not be stored: the disk is full/);
  assert.equal(intake.pool.executable(), [first]);
  fails = false;
  assert.is(intake.take(second, 'our client').hash, bytesToHex(vm.keccak256(second)));
});

test('what clients send at once is acknowledged when it is on the disk, and refused if it cannot be', async () => {
  const store = memoryStore();
  const queued: { entries: Parameters<Store['write']>[0]; done: () => void; fail: (error: Error) => void }[] = [];
  const writeSoon: Store['writeSoon'] = (entries) => new Promise((done, fail) => queued.push({ entries, done, fail }));
  const intake = open({ ...store, writeSoon });
  const first = intake.takeSoon(await signed(0));
  const better = intake.takeSoon(await signed(0, 20n));
  assert.equal(
    queued.map(({ entries }) => entries.map(([key, value]) => [key, value !== undefined])),
    [
      [[`pool/${first.transaction.hash}`, true]],
      [
        [`pool/${better.transaction.hash}`, true],
        [`pool/${first.transaction.hash}`, false],
      ],
    ],
  );
  assert.equal(intake.entriesAfter([better.transaction]), [[`pool/${better.transaction.hash}`, undefined]]);
  queued[0]!.done();
  await first.stored;
  queued[1]!.fail(new Error('the disk is full'));
  const refused = await better.stored.catch((error: Error) => error);
  assert.match((refused as Error).message, /the transaction could not be stored: the disk is full/);
  assert.equal(intake.pool.executable(), [first.transaction]);
});

test('what gave way to one that could not be stored comes back, or is of no use any more: the client hears of the disk', async () => {
  for (const nonce of [0n, 1n]) {
    let fail: (error: Error) => void = () => {};
    const writeSoon = () =>
      new Promise<void>((_, reject) => {
        fail = reject;
      });
    const intake = open({ ...memoryStore(), writeSoon });
    const before = intake.take(await signed(0), 'another node');
    const { stored } = intake.takeSoon(await signed(0, 20n));
    accounts.nonce = nonce;
    fail(new Error('the disk is full'));
    const refusal = await stored.catch((error: Error) => error.message);
    assert.is(refusal, 'the transaction could not be stored: the disk is full');
    assert.is(intake.pool.has(before.hash), nonce === 0n);
    accounts.nonce = 0n;
  }
});

test('the known and the too large are refused before they are decoded', async () => {
  const intake = open(memoryStore());
  const raw = await signed(0);
  intake.take(raw, 'our client');
  assert.throws(() => intake.take(raw, 'our client'), /^already known$|already known/);
  assert.throws(
    () => intake.take(new Uint8Array(128 * 1024 + 1), 'our client'),
    /oversized data: transaction size 131073, limit 131072/,
  );
});

test.run();
