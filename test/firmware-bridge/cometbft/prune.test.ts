/** The validators forget old blocks; one that was away for longer than they remember takes their state over, and votes again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejoinCluster } from '../../../cli/cluster/rejoin.ts';
import { bytesToHex } from '../../../runtime/bytes.ts';
import { rpcProvider } from '../../../runtime/light/index.ts';
import { beginFleet } from '../../soak/cluster-fleet.ts';
import { startTraffic } from '../../soak/traffic.ts';
import { type ClusterMember, needCometbft, testCluster, until } from '../../support/cluster.ts';

const test = suite('cometbft/prune');
/** Without the engine nothing is run, and nothing counts as passed. */
const live = needCometbft('prune') ? test : test.skip;
/** So few that it does not take long. */
const RETAINED = 32;
const SNAPSHOTS = 10;
const get = async (url: string) => (await fetch(url)).text();

interface SyncInfo {
  readonly earliest_block_height: string;
  readonly latest_block_height: string;
}

async function heights(member: ClusterMember): Promise<{ readonly earliest: number; readonly latest: number }> {
  const { earliest_block_height, latest_block_height } = (await member.engine('status'))['sync_info'] as SyncInfo;
  return { earliest: Number(earliest_block_height), latest: Number(latest_block_height) };
}

live('the block store begins later and later, and one that was away comes back by the state of the others', async () => {
  const some = testCluster({ commitMs: 50, retainedHeights: RETAINED, snapshotInterval: SNAPSHOTS });
  const [first, second, , last] = some.members as [ClusterMember, ClusterMember, ClusterMember, ClusterMember];
  const present = some.members.slice(0, 3);
  let turn = 0;
  try {
    await some.start();
    await beginFleet(some);
    await last.stop();
    const left = (await heights(first)).latest;
    const traffic = startTraffic(present, () => turn++ % present.length);
    await until('the others to forget what the last one needs', async () => (await heights(first)).earliest > left + 5, 300_000);
    const { earliest, latest } = await heights(first);
    assert.ok(latest - earliest >= RETAINED, `blocks ${earliest} to ${latest} are kept`);
    const servers = [first.engineUrl, second.engineUrl];
    await rejoinCluster(last.path, { servers });
    last.start();
    const head = await first.head();
    await until('the last one to follow', async () => (await last.head()) >= head, 120_000);
    assert.match(last.said(), /this device begins with height \d+0, block \d+/);
    const key = (await last.engine('status'))['validator_info'] as { pub_key: { value: string } };
    const publicKey = `0x${Buffer.from(key.pub_key.value, 'base64').toString('hex')}`;
    await until('a vote of the last one', async () => {
      const { validators, commit } = await rpcProvider(first.engineUrl, get).lightBlock('latest');
      const index = validators.findIndex((each) => bytesToHex(each.publicKey) === publicKey);
      return commit.signatures[index]?.flag === 2;
    });
    await traffic.end();
    const rises = (await heights(second)).earliest;
    assert.ok(rises >= earliest, `${rises}`);
    const number = `0x${Math.min(...(await Promise.all(some.members.map((member) => member.head())))).toString(16)}`;
    const blocks = some.members.map((member) => member.call('eth_getBlockByNumber', [number, false]));
    assert.is(new Set((await Promise.all(blocks)).map((block) => (block as { hash: string }).hash)).size, 1);
    const old = (await first.call('eth_getBlockByNumber', ['0x1', false])) as { number: string };
    assert.is(old.number, '0x1', 'the ledger itself forgets nothing');
  } finally {
    await some.remove();
  }
});

test.run();
