/** What `eth_sendRawTransaction` has answered a hash for is in a block in the end, though the node is killed right after. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { privateKeyToAccount } from 'viem/accounts';
import { need } from '../support/need.ts';
import { isBuilt, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';

const s = suite('firmware-bridge: acknowledged transactions survive kill -9');
const KILLS = 6;
const AT_ONCE = 20;
const account = privateKeyToAccount(OPERATOR_KEY);

s('each is in a block after the restarts, in order, and once', async () => {
  if (!need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build')) return;
  const node = await nodeProcess('unix:///nowhere/docker.sock');
  const acknowledged: string[] = [];
  let nonce = 0;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      await node.start();
      nonce = Number(await node.call('eth_getTransactionCount', [account.address, 'pending']));
      const raws = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) =>
          account.signTransaction({ chainId: 4401, type: 'eip1559', nonce: nonce + i, to: account.address, gas: 21_000n }),
        ),
      );
      // Some are under way when the node is killed: what was not answered may be lost.
      const sending = raws.map((raw) =>
        node.call('eth_sendRawTransaction', [raw]).then((hash) => acknowledged.push(String(hash))),
      );
      await Promise.race(sending.slice(kill));
      await node.kill();
      await Promise.allSettled(sending);
    }
    await node.start();
    assert.ok(acknowledged.length >= KILLS, `${acknowledged.length} were acknowledged`);
    for (const hash of acknowledged) {
      const endMs = Date.now() + 20_000;
      while (!(await node.call('eth_getTransactionReceipt', [hash]))) {
        assert.ok(Date.now() < endMs, `${hash} was acknowledged and is in no block`);
        await new Promise((done) => setTimeout(done, 50));
      }
    }
    assert.is(new Set(acknowledged).size, acknowledged.length);
  } finally {
    await node.kill();
    node.remove();
  }
});

s.run();
