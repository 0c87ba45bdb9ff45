/** The validators forget old blocks; one that was away for longer than they remember takes their state over, and votes again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Stops a validator for so long that nobody keeps its next block, and gives the others work all the time. */
async function leaveBehind(last: ClusterMember, others: readonly ClusterMember[]): Promise<{ earliest: number; latest: number }> {
  const [first] = others as [ClusterMember];
  await last.stop();
  const left = (await heights(first)).latest;
  const isForgotten = async () => (await Promise.all(others.map(heights))).every(({ earliest }) => earliest > left + 5);
  await until('the others to forget what the last one needs', isForgotten, 300_000);
  return heights(first);
}

async function comesBack(last: ClusterMember, first: ClusterMember): Promise<void> {
  const head = await first.head();
  await until('the last one to follow', async () => (await last.head()) >= head, 120_000);
  const key = (await last.engine('status'))['validator_info'] as { pub_key: { value: string } };
  const publicKey = `0x${Buffer.from(key.pub_key.value, 'base64').toString('hex')}`;
  await until('a vote of the last one', async () => {
    const { validators, commit } = await rpcProvider(first.engineUrl, get).lightBlock('latest');
    const index = validators.findIndex((each) => bytesToHex(each.publicKey) === publicKey);
    return commit.signatures[index]?.flag === 2;
  });
}

/** What a validator has signed last, as it is on the disk. */
function signedBy({ path }: ClusterMember): number {
  const state = readFileSync(join(path, 'cometbft/data/priv_validator_state.json'), 'utf8');
  return Number((JSON.parse(state) as { height: string }).height);
}

live(
  'the block store begins later and later, and one that was away comes back by the state of the others: by hand, and by itself',
  async () => {
    const some = testCluster({ commitMs: 50, retainedHeights: RETAINED, snapshotInterval: SNAPSHOTS });
    const [first, second, , last] = some.members as [ClusterMember, ClusterMember, ClusterMember, ClusterMember];
    const present = some.members.slice(0, 3);
    let turn = 0;
    try {
      await some.start();
      await beginFleet(some);
      const traffic = startTraffic(present, () => turn++ % present.length);
      const { earliest, latest } = await leaveBehind(last, present);
      assert.ok(latest - earliest >= RETAINED, `blocks ${earliest} to ${latest} are kept`);
      await rejoinCluster(last.path, { servers: [first.engineUrl, second.engineUrl] });
      last.start();
      await comesBack(last, first);
      assert.match(last.said(), /this device begins with height \d+0, block \d+/);
      assert.not.match(last.said(), /it takes over their state/);

      await leaveBehind(last, present);
      const before = signedBy(last);
      assert.ok(before > 0);
      last.start();
      await until(
        'the last one to help itself',
        () => /it takes over their state, which height \d+ bears/.test(last.said()),
        120_000,
      );
      await comesBack(last, first);
      assert.ok(signedBy(last) > before, 'it goes on from what it has signed');
      await traffic.end();
      const rises = (await heights(second)).earliest;
      assert.ok(rises >= earliest, `${rises}`);
      const number = `0x${Math.min(...(await Promise.all(some.members.map((member) => member.head())))).toString(16)}`;
      const blocks = some.members.map((member) => member.call('eth_getBlockByNumber', [number, false]));
      assert.is(new Set((await Promise.all(blocks)).map((block) => (block as { hash: string }).hash)).size, 1);
      const old = (await first.call('eth_getBlockByNumber', ['0x1', false])) as { number: string };
      assert.is(old.number, '0x1', 'the ledger itself forgets nothing');
      assert.not.match(some.members.map((member) => member.said()).join(''), /signed two things that exclude each other/);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${last.said().slice(-3000)}`);
    } finally {
      await some.remove();
    }
  },
);

test.run();
