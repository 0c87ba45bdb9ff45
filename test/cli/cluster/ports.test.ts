import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { demandPorts } from '../../../cli/cluster/ports.ts';
import { type Cluster, writeCluster } from '../../../firmware-bridge/cometbft/testnet.ts';
import { listen, shut } from '../../../firmware-bridge/system/listen.ts';
import { ownPorts } from '../../support/cluster.ts';

const test = suite<{ folder: string; cluster: Cluster }>('cluster/ports');
const AT_ONCE = 0;

test.before((context) => {
  context.folder = join(mkdtempSync(join(tmpdir(), 'cp-ports-')), 'c');
  context.cluster = writeCluster({
    folder: context.folder,
    hosts: ['127.0.0.1', '127.0.0.1'],
    chainId: 4401,
    timestamp: 1,
    funded: [],
    fleet: `0x${'12'.repeat(20)}`,
    engine: 'virtual',
    binary: 'cometbft',
    commitMs: 200,
    ports: ownPorts,
  });
});
test.after(({ folder }) => rmSync(join(folder, '..'), { recursive: true, force: true }));

test('ports that are free are no reason', async ({ folder, cluster }) => {
  await demandPorts(folder, cluster.nodes, AT_ONCE);
});

const rows = [
  ['rpc', 'JSON-RPC', 'rpc.listen', 'node.yaml'],
  ['proxy', 'its apps', 'proxy.listen', 'node.yaml'],
  ['engineRpc', "CometBFT's RPC", 'cometbft.rpc', 'node.yaml'],
  ['p2p', 'the other validators', 'p2p.laddr', 'cometbft/config/config.toml'],
] as const;

for (const [key, what, field, file] of rows)
  test(`one that is taken is named, with who needs it and where that is written: ${key}`, async ({ folder, cluster }) => {
    const port = cluster.nodes[1]![key];
    const other = createServer();
    await listen(other, { host: '127.0.0.1', port }, 'test');
    const refusal = await demandPorts(folder, cluster.nodes, AT_ONCE).catch((error: Error) => error.message);
    await shut(other);
    assert.is(
      refusal,
      `no node was started: pad-02 needs port ${port} of 127.0.0.1 for ${what}, and ${field}: port ${port} of 127.0.0.1 is already taken; ` +
        `stop the other program or choose another port (${join(folder, 'pad-02', file)})`,
    );
  });

test('one that is freed in time is no reason', async ({ folder, cluster }) => {
  const other = createServer();
  await listen(other, { host: '127.0.0.1', port: cluster.nodes[0]!.rpc }, 'test');
  const looking = demandPorts(folder, cluster.nodes, 200);
  await shut(other);
  await looking;
});

test.run();
