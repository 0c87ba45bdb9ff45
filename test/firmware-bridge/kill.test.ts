import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Abi, type Address, encodeDeployData, encodeFunctionData, type Hex, stringToHex, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { readCompose } from '../../cli/compose.ts';
import { openIdentity } from '../../firmware-bridge/device/identity.ts';
import { createEngine, readJson } from '../../firmware-bridge/docker/engine.ts';
import { dockerEngine } from '../../firmware-bridge/docker/index.ts';
import { startDockerd } from '../support/dockerd.ts';
import { need, root } from '../support/need.ts';
import { FLEET, isBuilt, type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';
import { pinnedBytes } from '../support/pins.ts';
import { seeded } from '../support/virtual-clock.ts';
import { pause, until } from '../support/wait.ts';

const KILLS = 10;
const seed = Number(process.env['CLASSPAD_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const random = seeded(seed);

interface Block {
  readonly number: Hex;
  readonly hash: Hex;
}

const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');
const daemon = built ? await startDockerd() : undefined;
const kill = suite(`firmware-bridge: killed at random moments (CLASSPAD_SEED=${seed})`);

if (built) {
  const engineUrl = daemon?.url ?? 'unix:///nowhere/docker.sock';
  const bridge = dockerEngine(engineUrl, 'pad-1');
  const events: string[] = [];
  const listening = new AbortController();
  let node: NodeProcess;
  /** The highest block that an answer of the node has named. */
  let acknowledged: Block | undefined;
  let killed = 0;
  let storyIsOver = false;

  kill.before(async () => {
    node = await nodeProcess(engineUrl);
    if (daemon) {
      await bridge.ensureHelloImage();
      void listen(engineUrl, events, listening.signal);
    }
  });

  kill.after(async () => {
    listening.abort();
    await node.kill();
    bridge.close();
    if (daemon) await bridge.clear();
    await daemon?.stop();
    node.remove();
  });

  kill('comes back with the acknowledged head, and with the containers it had', async () => {
    await node.start();
    const story = tell().finally(() => {
      storyIsOver = true;
    });
    const killer = killAtRandom();
    await Promise.all([story, killer]);
    assert.is(killed, KILLS);
  });

  if (daemon) {
    kill('no container was made or started twice', async () => {
      await until('the last release to answer', async () => (await served()) === `revision ${lastGood}`);
      const counts = new Map<string, number>();
      for (const event of events) counts.set(event, (counts.get(event) ?? 0) + 1);
      const needless = [...counts].filter(([event, count]) => count > 1 && /^(create|start) /.test(event));
      assert.equal(needless, [], `seed ${seed}\n${events.join('\n')}\n${node.said()}`);
      const left = async () => (await bridge.containers.list()).map(({ name, state, health }) => `${name} ${state} ${health}`);
      // The stopped container of a revision that was rolled back goes a moment later.
      const expected = `classpad-pad-1-hello-r${lastGood}-web-1 running healthy`;
      await until('the others to be removed', async () => (await left()).join() === expected);
      assert.equal(await left(), [expected]);
    });
  }

  /** Until enough kills have happened: a good revision, a broken one, a good one, … */
  let lastGood = 0;
  const tell = async () => {
    const device = openIdentity(join(node.folder, 'data/device.key')).address;
    await act('deploy the Fleet', deployment(), async () => (await node.call('eth_getCode', [FLEET, 'latest'])) !== '0x');
    await act('enrol', fleetCall('enrol', [[device], ['pad-1']]), async () => (await members()).includes(device.slice(2)));
    for (let revision = 1; killed < KILLS; revision++) {
      if (daemon) await release(revision, revision % 3 === 2);
      else await enrolAnother(revision);
    }
  };

  const release = async (revision: number, broken: boolean) => {
    // With one operator a proposal is approved and begins to roll out in the same transaction.
    const proposal = fleetCall('propose', [APP, await manifest(revision, broken), 600n]);
    await act(`propose r${revision}`, proposal, async () => (await phase(revision)) !== 0);
    await until(`r${revision} to be decided`, async () => (await phase(revision)) === (broken ? ROLLED_BACK : ACTIVE));
    if (!broken) lastGood = revision;
  };

  /** Without an engine nothing would run and nobody vote: the ledger alone is tried. */
  const enrolAnother = async (number: number) => {
    const device = toHex(number, { size: 20 });
    await act(`enrol ${device}`, fleetCall('enrol', [[device], [`other-${number}`]]), async () =>
      (await members()).includes(device.slice(2)),
    );
  };

  const killAtRandom = async () => {
    for (; killed < KILLS && !storyIsOver; killed++) {
      await pause(50 + random() * 2500);
      await node.kill();
      await node.start();
      if (!acknowledged) continue;
      const head = (await node.call('eth_getBlockByNumber', ['latest', false])) as Block;
      assert.ok(
        BigInt(head.number) >= BigInt(acknowledged.number),
        `seed ${seed}: block ${acknowledged.number} is gone, head ${head.number}`,
      );
      const same = (await node.call('eth_getBlockByNumber', [acknowledged.number, false])) as Block;
      assert.is(same.hash, acknowledged.hash, `seed ${seed}: another block ${acknowledged.number}`);
    }
  };

  /** Sends a transaction again and again, across kills, until its effect is seen. */
  const act = async (what: string, data: { to?: Address; data: Hex }, done: () => Promise<boolean>) => {
    const account = privateKeyToAccount(OPERATOR_KEY);
    await until(what, async () => {
      if (await done()) return true;
      // The next nonce that is not in a block yet: sent twice, it can be included once only.
      const nonce = Number(await node.call('eth_getTransactionCount', [account.address, 'latest']));
      const raw = await account.signTransaction({ ...data, nonce, gas: 8_000_000n, chainId: 4401, gasPrice: 0n, type: 'legacy' });
      const hash = await node.call('eth_sendRawTransaction', [raw]);
      for (let poll = 0; poll < 30; poll++) {
        const receipt = (await node.call('eth_getTransactionReceipt', [hash])) as { blockNumber: Hex; blockHash: Hex } | null;
        if (receipt) {
          acknowledged = { number: receipt.blockNumber, hash: receipt.blockHash };
          return done();
        }
        await pause(50);
      }
      return false;
    });
  };

  const members = async () => String(await node.call('eth_call', [fleetCall('devices', []), 'latest']));

  /** The phase of a revision; 0 where there is none. */
  const phase = async (revision: number) => {
    const answer = String(await node.call('eth_call', [fleetCall('release', [APP, BigInt(revision)]), 'latest']));
    return Number(`0x${answer.slice(2 + 64, 2 + 128)}`);
  };

  const served = async () => {
    const response = await fetch(`http://127.0.0.1:${node.ports.proxy}/`, { signal: AbortSignal.timeout(5000) });
    return (await response.text()).trim();
  };

  const manifest = async (revision: number, broken: boolean) => {
    const file = join(node.folder, 'compose.yaml');
    writeFileSync(file, compose(revision, broken));
    return toHex(await pinnedBytes(readCompose(file).manifest, bridge.containers));
  };
}

const APP = stringToHex('hello', { size: 32 });
const ACTIVE = 3;
const ROLLED_BACK = 4;

function artifact(): { abi: Abi; bytecode: Hex } {
  return JSON.parse(readFileSync(join(root, 'build/contracts/Fleet.json'), 'utf8'));
}

function deployment(): { data: Hex } {
  const args = [[privateKeyToAccount(OPERATOR_KEY).address], 1];
  return { data: encodeDeployData({ ...artifact(), args }) };
}

function fleetCall(functionName: string, args: readonly unknown[]): { to: Address; data: Hex } {
  return { to: FLEET, data: encodeFunctionData({ abi: artifact().abi, functionName, args }) };
}

function compose(revision: number, broken: boolean): string {
  return `name: hello
services:
  web:
    image: classpad/hello:1
    environment:
      GREETING: revision ${revision}
      BROKEN: "${broken ? 1 : 0}"
    ports: [8080]
    healthcheck:
      test: ["CMD", "wget", "-q", "-O-", "http://127.0.0.1:8080/"]
      interval: 300ms
      timeout: 2s
      retries: 2
`;
}

/** What the engine does with containers, as `start NAME`, until the signal. */
async function listen(url: string, events: string[], signal: AbortSignal): Promise<void> {
  const filters = JSON.stringify({ type: ['container'], event: ['create', 'start', 'die', 'destroy'] });
  const call = { method: 'GET', path: '/events', query: { filters }, deadlineMs: 600_000 } as const;
  const note = (line: string) => {
    const { Action, Actor } = readJson(line) as { Action?: string; Actor?: { Attributes?: { name?: string } } };
    events.push(`${Action} ${Actor?.Attributes?.name}`);
  };
  await createEngine(url)
    .stream(call, note, signal)
    .catch(() => {});
}

if (!built) kill('is skipped without a build, and says so', () => assert.is(built, false));
kill.run();
