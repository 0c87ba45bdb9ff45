/** A device that joins begins with a snapshot: it need not replay what led there, and CometBFT of the others may have forgotten it. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { joinCluster } from '../../../cli/cluster/join.ts';
import { COMETBFT, ended, needCometbft, ownPorts, senders, testCluster, until } from '../../support/cluster.ts';
import { CLI, FLEET } from '../../support/node-process.ts';
import { pause } from '../../support/wait.ts';

const test = suite('cometbft/join');
const INTERVAL = 10;
/** Without the engine nothing is run, and nothing counts as passed. */
const live = needCometbft('join') ? test : test.skip;

live('a new device begins with the state of others, goes on with them, and is told false trust', async () => {
  // On one machine: the device that joins is beside the others.
  const some = testCluster({ nodes: 2, loopback: true });
  for (const { path } of some.members) {
    const file = join(path, 'node.yaml');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('  home: cometbft\n', `  home: cometbft\n  snapshotInterval: ${INTERVAL}\n`),
    );
  }
  const [first, second] = some.members as [(typeof some.members)[0], (typeof some.members)[0]];
  let child: ReturnType<typeof spawn> | undefined;
  try {
    await some.start();
    await some.operator.begin();
    const height = async () =>
      Number(((await first.engine('status')) as { sync_info: { latest_block_height: string } }).sync_info.latest_block_height);
    for (let nonce = 0; (await height()) < 2 * INTERVAL + 2; nonce++) {
      await first.call('eth_sendRawTransaction', [await transfer(nonce)]);
      await pause(300);
    }
    const folder = join(some.folder, '..', 'joiner');
    const made = await joinCluster({
      folder,
      name: 'pad-03',
      host: '127.0.0.1',
      turn: 2,
      ports: ownPorts,
      engine: 'virtual',
      binary: COMETBFT,
      commitMs: 200,
      fleet: FLEET,
      genesis: join(some.folder, 'genesis.json'),
      servers: [first.engineUrl, second.engineUrl],
    });
    let said = '';
    child = spawn(process.execPath, [CLI, 'node', '--config', join(folder, 'node.yaml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const call = async (method: string, params: readonly unknown[]) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      const response = await fetch(`http://127.0.0.1:${made.rpc}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return ((await response.json()) as { result: unknown }).result;
    };
    await until(
      `the new device to have the head: ${said}`,
      async () => (await call('eth_blockNumber', [])) === (await first.call('eth_blockNumber')) && (await first.head()) > 0,
      90_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${said}`);
    });
    await until('the new device to say where it began', async () => /this device begins with height \d+0, block \d+/.test(said));
    const before = await first.head();
    await second.call('eth_sendRawTransaction', [await transfer(0, 1)]);
    await until('the next block everywhere', async () => Number(await call('eth_blockNumber', [])) > before);
    const block = async (ask: typeof call) =>
      ((await ask('eth_getBlockByNumber', [`0x${(before + 1).toString(16)}`, false])) as { hash: string }).hash;
    assert.is(await block(call), await block((method, params) => first.call(method, params)));
    const balance = (ask: typeof call) => ask('eth_getBalance', [senders[0]!.address, 'latest']);
    assert.is(await balance(call), await balance((method, params) => first.call(method, params)));
    assert.match(JSON.stringify(await call('eth_getCode', [FLEET, 'latest'])), /^"0x[0-9a-f]{1000}/);
  } finally {
    if (child) await ended(child);
    await some.remove();
  }
});

async function transfer(nonce: number, sender = 0) {
  const fees = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, type: 'eip1559' } as const;
  return senders[sender]!.signTransaction({ ...fees, to: FLEET, value: 0n, nonce, gas: 100_000n, chainId: 4401 });
}

test.run();
