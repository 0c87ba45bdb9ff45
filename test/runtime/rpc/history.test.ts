import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Hex } from 'viem';
import { memoryStore } from '../../../emulator/store.ts';
import { KEPT_STATES } from '../../../runtime/state/pruner.ts';
import { clientsOf } from '../ledger/client.ts';
import { alice, bob, type World, world } from '../ledger/world.ts';

const test = suite('rpc/history');
const DEPTH = KEPT_STATES;
const store = memoryStore();

/** A ledger one block longer than what is kept; each block gives bob one wei more. */
async function grown(some: World) {
  const { wallet, mined } = clientsOf(some);
  for (let block = 0; block <= DEPTH; block++) await mined(wallet.sendTransaction({ to: bob.address, value: 1n }));
}

const quantity = (number: number): Hex => `0x${number.toString(16)}`;
const call = { from: alice.address, to: bob.address, value: '0x1' };
/** Everything that reads a state. */
const reads: readonly (readonly [method: string, params: (block: Hex) => unknown[]])[] = [
  ['eth_getBalance', (block) => [bob.address, block]],
  ['eth_getTransactionCount', (block) => [alice.address, block]],
  ['eth_getCode', (block) => [bob.address, block]],
  ['eth_getStorageAt', (block) => [bob.address, '0x0', block]],
  ['eth_getProof', (block) => [bob.address, [], block]],
  ['eth_call', (block) => [call, block]],
  ['eth_estimateGas', (block) => [call, block]],
  ['eth_createAccessList', (block) => [call, block]],
  ['eth_simulateV1', (block) => [{ blockStateCalls: [{ calls: [call] }] }, block]],
];
const traced = (number: number): readonly [method: string, params: (block: Hex) => unknown[]] => [
  'debug_traceBlockByNumber',
  () => [quantity(number), { tracer: 'callTracer' }],
];

test(`states of ${DEPTH} blocks before the head are there, and those before them are said to be gone`, async () => {
  const some = world({ stores: [store] });
  await grown(some);
  const { request } = clientsOf(some);
  const head = Number(await request('eth_blockNumber'));
  assert.is(head, DEPTH + 1);
  for (const [method, params] of [...reads, traced(head - DEPTH + 1)])
    await some.settle(request(method, params(quantity(head - DEPTH))));
  const before = BigInt((await request('eth_getBalance', [bob.address, quantity(head - DEPTH)])) as Hex);
  assert.is(BigInt((await request('eth_getBalance', [bob.address, 'latest'])) as Hex) - before, BigInt(DEPTH));

  const beyond = head - DEPTH - 1;
  const { stateRoot } = (await request('eth_getBlockByNumber', [quantity(beyond), false])) as { stateRoot: Hex };
  for (const [method, params] of [...reads, traced(beyond + 1)]) {
    const error = await some.settle(request(method, params(quantity(beyond)))).then(
      () => ({ code: 0, message: 'no error' }),
      (thrown: { code: number; message: string }) => thrown,
    );
    assert.is(error.code, -32000, method);
    assert.is(
      error.message,
      `missing trie node ${stateRoot.slice(2)} (path ) state ${stateRoot} is not available: this node keeps the states of the last 128 blocks; ask one that runs with --archive`,
    );
  }
  // What is no state is still there.
  assert.ok(await request('eth_getBlockReceipts', [quantity(1)]));
  some.stop();
});

test('an archive has all; one that was none before has what is left, and says so of the rest', async () => {
  const some = world({ archive: true });
  await grown(some);
  const { request } = clientsOf(some);
  for (const [method, params] of [...reads, traced(1)]) await some.settle(request(method, params('0x0')));
  some.stop();

  const genesis = (await request('eth_getBlockByNumber', ['0x0', false])) as { stateRoot: Hex };
  store.write([[`node/${genesis.stateRoot}`, undefined]]);
  const later = world({ stores: [store], archive: true });
  const ask = clientsOf(later).request;
  await ask('eth_getBalance', [bob.address, '0x1']);
  const error = await ask('eth_getBalance', [bob.address, '0x0']).catch((thrown: Error) => thrown);
  assert.match((error as Error).message, /^missing trie node .* is not available: this node began later, or without --archive$/);
  later.stop();
});

test.run();
