/** Devices without an engine follow a cluster: one that has no network by a stick, one by the nodes nearby. Both are heard. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Abi, encodeFunctionData, keccak256 } from 'viem';
import { commands } from '../../../cli/commands/index.ts';
import { readCompose } from '../../../cli/compose.ts';
import { run as runCommand } from '../../../cli/run.ts';
import type { Stick } from '../../../cli/stick/format.ts';
import { openIdentity } from '../../../firmware-bridge/device/identity.ts';
import type { Address, Hex } from '../../../runtime/ports/index.ts';
import { beginFleet } from '../../soak/cluster-fleet.ts';
import {
  type ClusterMember,
  ended,
  needCometbft,
  ownPorts,
  type TestCluster,
  testCluster,
  until,
} from '../../support/cluster.ts';
import { root } from '../../support/need.ts';
import { CLI, callRpc, FLEET } from '../../support/node-process.ts';
import { PHASE } from '../../support/operator.ts';
import { looselyPinned } from '../../support/pins.ts';

/** A device that follows, in a process of its own. */
interface Device {
  readonly name: string;
  readonly address: Address;
  readonly rpcUrl: string;
  start(): void;
  stop(): Promise<void>;
  said(): string;
  call(method: string, params?: readonly unknown[]): Promise<unknown>;
  head(): Promise<number>;
  serves(): Promise<string>;
}

interface Context {
  some: TestCluster;
  offline: Device;
  nearby: Device;
  stick: string;
}

const test = suite<Context>('cometbft/follow');
const present = needCometbft('follow');
/** Without the engine nothing is run, and nothing counts as passed. */
const live = present ? test : test.skip;

test.before(async (context) => {
  if (!present) return;
  const some = testCluster({ nodes: 2 });
  context.some = some;
  await some.start();
  await beginFleet(some);
  context.stick = join(some.folder, 'stick');
  context.offline = deviceOf(some, 'off-line', 40);
  context.nearby = deviceOf(some, 'near-by', 41, ['http://127.0.0.1:9', ...some.members.map(({ rpcUrl }) => rpcUrl)]);
  const [offline, nearby] = [context.offline, context.nearby];
  await some.operator.send('enrol', [
    [offline.address, nearby.address],
    [offline.name, nearby.name],
  ]);
  offline.start();
  await until('the device without a network', async () => (await offline.head()) === 0);
});
test.after(async ({ some, offline, nearby }) => {
  await Promise.all([offline?.stop(), nearby?.stop()]);
  await some?.remove();
});

/** The example, which says another number. */
function revision(number: number): Uint8Array {
  const { manifest } = readCompose(join(root, 'examples/hello/compose.yaml'));
  return looselyPinned(JSON.parse(JSON.stringify(manifest).replace('revision 1', `revision ${number}`)));
}

function deviceOf(some: TestCluster, name: string, turn: number, follow: readonly string[] = []): Device {
  const path = join(some.folder, name);
  mkdirSync(join(path, 'data'), { recursive: true });
  const [rpc, proxy] = [ownPorts.rpc + turn, ownPorts.proxy + turn];
  const config = {
    name,
    data: 'data',
    engine: 'virtual',
    consensus: 'follow',
    follow,
    rpc: { listen: `127.0.0.1:${rpc}` },
    proxy: { listen: `127.0.0.1:${proxy}` },
    genesis: join(some.folder, 'genesis.json'),
    fleet: FLEET,
    reconcileIntervalMs: 1000,
  };
  writeFileSync(join(path, 'node.yaml'), JSON.stringify(config));
  let child: ChildProcess | undefined;
  let said = '';
  const call = (method: string, params: readonly unknown[] = []) => callRpc(`127.0.0.1:${rpc}`, method, params);
  return {
    name,
    address: openIdentity(join(path, 'data/device.key')).address,
    rpcUrl: `http://127.0.0.1:${rpc}`,
    start() {
      child = spawn(process.execPath, [CLI, 'node', '--config', join(path, 'node.yaml')], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child.stderr!.on('data', (chunk: Buffer) => {
        said += chunk;
      });
    },
    stop: async () => (child ? ended(child) : undefined),
    said: () => said,
    call,
    head: async () => Number(await call('eth_blockNumber')),
    serves: async () => (await (await fetch(`http://127.0.0.1:${proxy}/`)).text()).trim(),
  };
}

async function classpad(expected: number, ...args: string[]): Promise<string> {
  const lines: string[] = [];
  const io = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text), env: {} };
  assert.is(await runCommand(commands, args, io, 'test'), expected, `${args.join(' ')}\n${lines.join('\n')}`);
  return lines.join('\n');
}

/** Writes the ledger to the stick and takes it to the device. */
async function carry({ some, offline, stick }: Context): Promise<string> {
  await classpad(0, 'export', stick, '--no-images', '--rpc', some.members[0]!.rpcUrl);
  return classpad(0, 'import', stick, '--no-images', '--rpc', offline.rpcUrl);
}

async function isSame(member: ClusterMember, device: Device): Promise<void> {
  const number = `0x${(await device.head()).toString(16)}`;
  const [ours, theirs] = await Promise.all([member, device].map((each) => each.call('eth_getBlockByNumber', [number, false])));
  assert.equal(theirs, ours);
}

live('a device without a network gets the ledger by a stick, and runs what was agreed', async (context) => {
  const { some, offline } = context;
  const head = await some.members[0]!.head();
  assert.match(await carry(context), /^\d+ blocks and 0 images were new; the head is block \d+$/m);
  assert.ok((await offline.head()) >= head);
  await isSame(some.members[0]!, offline);
  await until('the agreed release', async () => (await offline.serves()) === 'hello from revision 1');
  assert.match(await carry(context), /^\d+ blocks? and 0 images were new/m);
});

live('its vote goes back by the stick, and decides', async (context) => {
  const { some, offline, stick } = context;
  await some.operator.propose('hello', revision(2));
  await carry(context);
  await until('its vote', async () => ((await offline.call('classpad_exportTransactions')) as Hex[]).length > 0);
  const back = `${stick}-back`;
  assert.match(
    await classpad(0, 'export', back, '--no-blocks', '--rpc', offline.rpcUrl),
    /^0 blocks .*, and what waits in the pool/m,
  );
  assert.is(await some.operator.phase('hello', 2), PHASE.rollingOut, 'three of four have to say so');
  const raws = JSON.parse(readFileSync(join(back, 'transactions/0.json'), 'utf8')) as Hex[];
  const said = await classpad(0, 'import', back, '--no-images', '--rpc', some.members[1]!.rpcUrl);
  assert.match(said, /^0 blocks and 0 images were new; \d+ transactions? handed on/m);
  assert.is(await some.operator.decided('hello', 2), PHASE.active);
  for (const raw of raws) {
    const receipt = (await some.members[0]!.call('eth_getTransactionReceipt', [keccak256(raw)])) as { from: Hex } | null;
    assert.is(receipt?.from, offline.address);
  }
  await carry(context);
  assert.equal(await offline.call('classpad_exportTransactions'), [], 'what is in the ledger waits no more');
});

live('it follows those who decide when others do', async (context) => {
  const { some, offline } = context;
  const [first] = some.members as [ClusterMember];
  const file = join(first.path, 'cometbft/config/priv_validator_key.json');
  const { pub_key } = JSON.parse(readFileSync(file, 'utf8')) as { pub_key: { value: string } };
  const key = `0x${Buffer.from(pub_key.value, 'base64').toString('hex')}`;
  const { abi } = JSON.parse(readFileSync(join(root, 'build/contracts/Fleet.json'), 'utf8')) as { abi: Abi };
  for (const power of [12n, 13n]) {
    const args = [first.device, key, power];
    await some.operator.send('proposeAction', [encodeFunctionData({ abi, functionName: 'setValidator', args })]);
  }
  const powers = async () => {
    const { validators } = (await first.engine('validators')) as { validators: readonly { voting_power: string }[] };
    return String(validators.map(({ voting_power }) => voting_power));
  };
  await until('others to decide', async () => (await powers()) === '13,10');
  // Were a file to hold more than its votes bear, the device would refuse it.
  await carry(context);
  await isSame(first, offline);
});

const indexOf = (path: string): Stick => JSON.parse(readFileSync(join(path, 'stick.json'), 'utf8'));

type Change = (stick: Stick, write: (file: string, text: string) => { size: number; sha256: string }, path: string) => Stick;

const lies: readonly (readonly [name: string, change: Change, sentence: RegExp])[] = [
  [
    'blocks without votes',
    (stick) => ({ ...stick, blocks: stick.blocks.map(({ votes: _, ...row }) => row) }),
    /its blocks count by votes on this ledger, and there are none with them; nothing of the stick was used/,
  ],
  [
    'votes for other blocks',
    (stick) => ({ ...stick, blocks: stick.blocks.map((row) => ({ ...row, votes: stick.blocks[0]!.votes! })) }),
    /the votes for block \d+ are those of another height; nothing of the stick was used/,
  ],
  [
    'votes with a false signature',
    (stick, write, path) => {
      const last = stick.blocks.at(-1)!;
      const told = JSON.parse(readFileSync(join(path, last.votes!.file), 'utf8'));
      told.signed_header.commit.signatures[0].signature = Buffer.alloc(64, 7).toString('base64');
      const votes = { ...last.votes!, ...write(last.votes!.file, JSON.stringify(told)) };
      return { ...stick, blocks: [...stick.blocks.slice(0, -1), { ...last, votes }] };
    },
    /the votes for block \d+ do not hold: .* bears a false signature; nothing of the stick was used/,
  ],
  [
    'other transactions than signed ones',
    (stick, write) => ({ ...stick, transactions: { file: 'transactions/0.json', ...write('transactions/0.json', '["no"]') } }),
    /it holds no signed transactions; nothing of the stick was used/,
  ],
];

for (const [name, change, sentence] of lies)
  live(`a stick is refused as a whole: ${name}`, async ({ some, offline, stick }) => {
    await some.operator.send('enrol', [[`0x${'ab'.repeat(20)}`], ['another']]).catch(() => {});
    await classpad(0, 'export', stick, '--no-images', '--rpc', some.members[0]!.rpcUrl);
    const forged = `${stick}-forged`;
    rmSync(forged, { recursive: true, force: true });
    cpSync(stick, forged, { recursive: true });
    const write = (file: string, text: string) => {
      writeFileSync(join(forged, file), text);
      return { size: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
    };
    writeFileSync(join(forged, 'stick.json'), JSON.stringify(change(indexOf(forged), write, forged)));
    const before = await offline.head();
    assert.match(await classpad(1, 'import', forged, '--no-images', '--rpc', offline.rpcUrl), sentence);
    assert.is(await offline.head(), before);
  });

live('the node itself takes no block that no votes bear', async ({ some, offline }) => {
  const blocks = await some.members[0]!.call('classpad_exportBlocks', [(await offline.head()) + 1]);
  const message = await offline.call('classpad_importBlocks', [blocks]).catch((error: Error) => error.message);
  assert.match(`${message}`, /on this ledger a block counts by the votes of the validators, and none came with it/);
});

live('a device nearby follows the nodes, hands on its votes, and finds another when one is away', async ({ some, nearby }) => {
  const [first, second] = some.members as [ClusterMember, ClusterMember];
  nearby.start();
  const head = await first.head();
  await until('the device nearby to have the ledger', async () => (await nearby.head()) >= head);
  await isSame(second, nearby);
  assert.match(nearby.said(), /the ledger does not come from http:\/\/127\.0\.0\.1:9 now: .* does not answer/);
  await until('what was agreed', async () => (await nearby.serves()) === 'hello from revision 2');
  await some.operator.propose('hello', revision(3));
  assert.is(await some.operator.decided('hello', 3), PHASE.active, 'with its vote three of four have said so');
  await until('the next revision', async () => (await nearby.serves()) === 'hello from revision 3');
  const asked = /the ledger comes from (\S+)$/m.exec(nearby.said())?.[1];
  const source = some.members.find(({ rpcUrl }) => rpcUrl === asked)!;
  await source.stop();
  const left = some.members.find((member) => member !== source)!;
  await until('another to be asked', () => nearby.said().includes(`the ledger comes from ${left.rpcUrl}`));
  source.start();
  const at = await left.head();
  await until('the ledger to be the same', async () => (await nearby.head()) >= at);
});

test.run();
