import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FILTER_LIFE_MS, MAX_FILTERS } from '../../../runtime/rpc/filters.ts';
import { officialShapes } from '../../support/openrpc.ts';
import { clientsOf } from '../ledger/client.ts';
import { bob, world } from '../ledger/world.ts';

const test = suite('rpc/filters');
const shapes = officialShapes()?.faults;

/** A ledger whose contract logs one entry a call: LOG0 of nothing. */
async function logging() {
  const some = world();
  const clients = clientsOf(some);
  const { wallet, mined, request } = clients;
  // 600060 00a000 as code of 5 bytes: PUSH1 0, PUSH1 0, LOG0.
  const { contractAddress } = await mined(wallet.deployContract({ abi: [], bytecode: '0x6460006000a06000526005601bf3' }));
  const log = () => mined(wallet.sendTransaction({ to: contractAddress!, gas: 50_000n }));
  const shaped = async (method: string, ...params: unknown[]) => {
    const result = await request(method, params);
    if (shapes) assert.equal(shapes(method, result), [], method);
    return result;
  };
  return { ...clients, some, log, shaped, address: contractAddress! };
}

test('each asks for what is new since it last asked', async () => {
  const { some, log, shaped, address, wallet, mined } = await logging();
  const logs = await shaped('eth_newFilter', { address });
  const later = await shaped('eth_newFilter', { address, fromBlock: '0x4' });
  const blocks = await shaped('eth_newBlockFilter');
  const pending = await shaped('eth_newPendingTransactionFilter');
  const first = await log();
  const { blockHash } = await mined(wallet.sendTransaction({ to: bob.address, value: 1n }));
  const third = await log();

  const found = await shaped('eth_getFilterChanges', logs);
  assert.equal(
    found.map(({ transactionHash }: { transactionHash: string }) => transactionHash),
    [first.transactionHash, third.transactionHash],
  );
  assert.equal(await shaped('eth_getFilterChanges', later), [found[1]]);
  assert.equal(await shaped('eth_getFilterChanges', blocks), [first.blockHash, blockHash, third.blockHash]);
  assert.is((await shaped('eth_getFilterChanges', pending)).length, 3);
  for (const id of [logs, later, blocks, pending]) assert.equal(await shaped('eth_getFilterChanges', id), []);
  assert.equal(await shaped('eth_getFilterLogs', later), [found[1]]);
  assert.is(await shaped('eth_uninstallFilter', pending), true);
  assert.is(await shaped('eth_uninstallFilter', pending), false);
  some.stop();
});

test('who does not ask loses the filter; who asks keeps it', async () => {
  const { some, request } = await logging();
  const [kept, lost] = [await request('eth_newBlockFilter'), await request('eth_newBlockFilter')];
  some.run(FILTER_LIFE_MS - 1000);
  await request('eth_getFilterChanges', [kept]);
  some.run(2000);
  assert.equal(await request('eth_getFilterChanges', [kept]), []);
  const error = await request('eth_getFilterChanges', [lost]).catch((thrown) => thrown);
  assert.equal([error.code, error.message], [-32000, 'filter not found']);
  some.stop();
});

test('there are so many and no more, until some expire', async () => {
  const { some, request } = await logging();
  for (let n = 0; n < MAX_FILTERS; n++) await request('eth_newPendingTransactionFilter');
  const error = await request('eth_newFilter', [{}]).catch((thrown) => thrown);
  assert.is(error.code, -32005);
  some.run(FILTER_LIFE_MS + 1000);
  assert.ok(await request('eth_newFilter', [{}]));
  some.stop();
});

test('only a filter of logs has logs', async () => {
  const { some, request } = await logging();
  const error = await request('eth_getFilterLogs', [await request('eth_newBlockFilter')]).catch((thrown) => thrown);
  assert.is(error.message, 'filter not found');
  some.stop();
});

test.run();
