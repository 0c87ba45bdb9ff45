import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, RpcFailure } from '../../emulator/rpc.ts';

const test = suite('emulator/rpc');

test('asks one method and answers its result', async () => {
  let request = '';
  const door = async (text: string) => {
    request = text;
    return '{"jsonrpc":"2.0","id":1,"result":"0x10"}';
  };
  assert.is(await ask(door, 'eth_blockNumber', ['latest']), '0x10');
  assert.equal(JSON.parse(request), { jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: ['latest'] });
});

test('an error keeps its code and data', async () => {
  const door = async () => '{"id":1,"error":{"code":3,"message":"execution reverted","data":"0x12"}}';
  const failure = await ask(door, 'eth_call').catch((error: RpcFailure) => error);
  assert.instance(failure, RpcFailure);
  const { code, data, message } = failure as RpcFailure;
  assert.equal([code, data, message], [3, '0x12', 'eth_call: execution reverted']);
});

test.run();
