import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { privateKeyToAccount } from 'viem/accounts';
import { need } from '../support/need.ts';
import { FLEET, isBuilt, type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';

const two = suite('firmware-bridge: two nodes on one ledger');
const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');
const NO_ENGINE = 'unix:///nowhere/docker.sock';

if (built) {
  const account = privateKeyToAccount(OPERATOR_KEY);
  const transfer = (nonce: number) =>
    account.signTransaction({ to: FLEET, value: 1n, nonce, gas: 30_000n, gasPrice: 0n, type: 'legacy', chainId: 4401 });
  const head = async (node: NodeProcess) => {
    const { number, hash } = (await node.call('eth_getBlockByNumber', ['latest', false])) as { number: string; hash: string };
    return `${Number(number)} ${hash}`;
  };
  let sequencer: NodeProcess;
  let follower: NodeProcess;

  two.before(async () => {
    sequencer = await nodeProcess(NO_ENGINE);
    await sequencer.start();
    const address = /pad-1 is (0x[0-9a-f]{40})/.exec(sequencer.said())?.[1] ?? '';
    follower = await nodeProcess(NO_ENGINE, { name: 'pad-2', sequencer: address, connect: sequencer.ports.peers });
    await follower.start();
  });

  two.after(async () => {
    for (const node of [follower, sequencer]) {
      await node?.kill();
      node?.remove();
    }
  });

  const agree = async (number: number) => {
    const endMs = Date.now() + 30_000;
    while (Number((await head(follower)).split(' ')[0]) < number || (await head(follower)) !== (await head(sequencer))) {
      if (Date.now() > endMs) throw new Error(`heads ${await head(sequencer)} and ${await head(follower)}\n${follower.said()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  two('a transaction given to the follower comes back in a block of the sequencer', async () => {
    await follower.call('eth_sendRawTransaction', [await transfer(0)]);
    await agree(1);
    assert.is(await follower.call('eth_getBalance', [FLEET, 'latest']), '0x1');
  });

  two('a follower that was killed catches up', async () => {
    await follower.kill();
    await sequencer.call('eth_sendRawTransaction', [await transfer(1)]);
    await follower.start();
    await agree(2);
    assert.is(await follower.call('eth_getBalance', [FLEET, 'latest']), '0x2');
  });

  two('a sequencer that was killed goes on where it was, and the follower with it', async () => {
    await sequencer.kill();
    await sequencer.start();
    await sequencer.call('eth_sendRawTransaction', [await transfer(2)]);
    await agree(3);
    assert.is(await follower.call('eth_getBalance', [FLEET, 'latest']), '0x3');
  });
}

if (!built) two('is skipped without a build, and says so', () => assert.is(built, false));
two.run();
