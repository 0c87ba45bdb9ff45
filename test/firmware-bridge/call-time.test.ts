/** A call that computes for minutes with the gas that calls have: each way to ask for it ends after some seconds, with a sentence. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { need } from '../support/need.ts';
import { isBuilt, nodeProcess } from '../support/node-process.ts';

const s = suite('firmware-bridge: time of calls');
const AT = `0x${'c0'.repeat(20)}`;
/** Maps a field element to a point of BLS12-381 again and again: the slowest thing for its gas. */
const SLOW = '0x5b5f5f60405f5f60105af1505f56';
const call = { to: AT, gas: '0xffffffffffffff' };
const slow = { [AT]: { code: SLOW } };
const TOO_LONG = /execution aborted \(timeout = 5s\)/;

const rows: readonly (readonly [method: string, params: readonly unknown[]])[] = [
  ['eth_call', [call, 'latest', slow]],
  ['eth_estimateGas', [call, 'latest', slow]],
  ['eth_createAccessList', [call, 'latest', slow]],
  [
    'eth_simulateV1',
    [{ blockStateCalls: [{ stateOverrides: slow, calls: [{ to: AT }, { to: AT }, { to: AT }, { to: AT }] }] }, 'latest'],
  ],
];

s('each ends in time, and the node answers again', async () => {
  if (!need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build')) return;
  const node = await nodeProcess('unix:///nowhere/docker.sock');
  try {
    await node.start();
    for (const [method, params] of rows) {
      const error = await node.call(method, params).then(
        (result) => new Error(`it answered ${JSON.stringify(result)}`),
        (thrown: Error) => thrown,
      );
      assert.ok(TOO_LONG.test(error.message), `${method}: ${error.message}`);
      assert.is(await node.call('eth_chainId', []), '0x1131');
    }
  } finally {
    await node.kill();
    node.remove();
  }
});

s.run();
