/** Who decides changes on a live testnet, until hardly anyone is left of those who are trusted: both light clients follow. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Abi, encodeFunctionData } from 'viem';
import { commands } from '../../../cli/commands/index.ts';
import { run as runCommand } from '../../../cli/run.ts';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import {
  createLightClient,
  hashEngineHeader,
  type LightBlock,
  nameOf,
  patientProvider,
  rpcProvider,
} from '../../../runtime/light/index.ts';
import type { Address, Hex } from '../../../runtime/ports/index.ts';
import { beginFleet } from '../../soak/cluster-fleet.ts';
import { startTraffic, type Traffic } from '../../soak/traffic.ts';
import { type ClusterMember, needCometbft, type TestCluster, testCluster, until } from '../../support/cluster.ts';
import { root } from '../../support/need.ts';
import { type Lie, liar, theirLight } from '../../support/their-light.ts';
import { pause } from '../../support/wait.ts';

const CHAIN = 'classpad-4401';
const SNAPSHOTS = 20;

interface Context {
  some: TestCluster;
  traffic: Traffic;
  before: LightBlock;
  target: LightBlock;
}

const test = suite<Context>('cometbft/validators');
const present = needCometbft('validators');
/** Without the engine nothing is run, and nothing counts as passed. */
const live = present ? test : test.skip;
const get = async (url: string) => (await fetch(url)).text();

test.before(async (context) => {
  if (!present) return;
  context.some = testCluster({ snapshotInterval: SNAPSHOTS });
  await context.some.start();
  await beginFleet(context.some);
  context.before = await rpcProvider(context.some.members[0]!.engineUrl, get).lightBlock('latest');
  let turn = 0;
  context.traffic = startTraffic(context.some.members, () => turn++ % 2);
});
test.after(async ({ some, traffic }) => {
  await traffic?.end();
  await some?.remove();
});

/** An action that the one operator decides at once. */
function decide({ operator }: TestCluster, functionName: string, args: readonly unknown[]): Promise<Hex> {
  const { abi } = JSON.parse(readFileSync(join(root, 'build/contracts/Fleet.json'), 'utf8')) as { abi: Abi };
  return operator.send('proposeAction', [encodeFunctionData({ abi, functionName, args })]);
}

async function powers(member: ClusterMember): Promise<string> {
  const { validators } = (await member.engine('validators')) as { validators: readonly { voting_power: string }[] };
  return validators
    .map(({ voting_power }) => Number(voting_power))
    .sort((a, b) => a - b)
    .join();
}

live('a fifth device joins, is enrolled and promoted by the operators, and votes', async ({ some }) => {
  const [member] = some.members as [ClusterMember];
  const height = async () => Number((await rpcProvider(member.engineUrl, get).lightBlock('latest')).header.height);
  await until('a snapshot', async () => (await height()) > SNAPSHOTS + 2);
  const fifth = await some.join('pad-05');
  fifth.start();
  const head = await member.head();
  await until('the fifth to follow', async () => (await fifth.head()) >= head, 120_000);
  await some.operator.send('enrol', [[fifth.device], [fifth.name]]);
  await decide(some, 'setValidator', [fifth.device, fifth.validatorKey, 100n]);
  await until('five validators', async () => (await powers(member)) === '10,10,10,10,100');
  const key = bytesToHex(hexToBytes(fifth.validatorKey));
  await until('a vote of the fifth', async () => {
    const { validators, commit } = await rpcProvider(member.engineUrl, get).lightBlock('latest');
    const index = validators.findIndex(({ publicKey }) => bytesToHex(publicKey) === key);
    return commit.signatures[index]?.flag === 2;
  });
});

live('three of the first are revoked one after the other, and the ledger goes on', async (context) => {
  const { some } = context;
  const [member, ...others] = some.members as [ClusterMember, ...ClusterMember[]];
  const left = ['10,10,10,100', '10,10,100', '10,100'];
  for (const [index, { device }] of others.entries()) {
    await decide(some, 'revoke', [device as Address]);
    await until(`${left[index]}`, async () => (await powers(member)) === left[index]);
  }
  const head = await member.head();
  await until('two more blocks', async () => (await member.head()) > head + 1);
  context.target = await rpcProvider(member.engineUrl, get).lightBlock('latest');
  const { signatures } = context.target.commit;
  assert.is(signatures.length, 2);
});

live('from before the changes to after them: by skipping, block by block, and as CometBFT comes to it', async (context) => {
  const { some, before, target } = context;
  const [member, other] = some.members as [ClusterMember, ClusterMember];
  const { height } = target.header;
  const expected = bytesToHex(hashEngineHeader(target.header));
  const trust = { height: before.header.height, hash: hashEngineHeader(before.header) };
  const patience = { attempts: 120, pause: () => pause(500) };
  const [primary, witness] = [member, other].map(({ engineUrl }) => patientProvider(rpcProvider(engineUrl, get), patience));
  const options = { chainId: CHAIN, trust, primary: primary!, witnesses: [witness!], nowMs: () => Date.now() };
  for (const mode of ['skipping', 'sequential'] as const) {
    const ours = createLightClient({ ...options, mode });
    assert.is(bytesToHex(hashEngineHeader((await ours.verify(height)).header)), expected, mode);
    const all = height - trust.height + 1;
    // Of those who are trusted only a quarter has signed the last block: something between has to be looked at.
    assert.ok(mode === 'sequential' ? ours.fetched === all : ours.fetched > 2 && ours.fetched < all, `${mode} ${ours.fetched}`);
    const theirs = await theirLight({
      chain: CHAIN,
      primary: member.engineUrl,
      witness: other.engineUrl,
      trust: { height: trust.height, hash: bytesToHex(trust.hash) },
      isSequential: mode === 'sequential',
      home: join(member.path, mode),
      height,
    });
    assert.is(theirs, expected, `theirs, ${mode}`);
  }
  const lines: string[] = [];
  const io = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text), env: {} };
  const asked = ['verify', 'hello', '--rpc', member.rpcUrl, '--witness', other.rpcUrl, '--trust', nameOf(before.header)];
  assert.is(await runCommand(commands, asked, io, 'test'), 0, lines.join('\n'));
  assert.ok(lines.includes('hello: revision 1 is active'), lines.join('\n'));
});

live('an exported trail says by itself who decides in the end, and proves offline that they signed', async ({ some }) => {
  const [member] = some.members as [ClusterMember];
  const lines: string[] = [];
  const io = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text), env: {} };
  const file = join(some.folder, 'trail.jsonl');
  assert.is(await runCommand(commands, ['audit', 'export', file, '--rpc', member.rpcUrl], io, 'test'), 0, lines.join('\n'));
  assert.is(await runCommand(commands, ['audit', 'verify', '--quiet', file], io, 'test'), 0, lines.join('\n'));
  assert.match(lines.at(-1)!, /signed by [12] of 2 validators/);
  const [title = '', ...entries] = readFileSync(file, 'utf8').split('\n');
  const bare = entries.map((line) => (line === '' ? '' : JSON.stringify({ ...JSON.parse(line), votes: undefined })));
  assert.is.not(bare.join('\n'), entries.join('\n'), 'the change of validators has its votes');
  writeFileSync(file, [title, ...bare].join('\n'));
  assert.is(await runCommand(commands, ['audit', 'verify', '--quiet', file], io, 'test'), 1);
  assert.match(lines.at(-1)!, /it changes who decides, and the trail does not hold the votes for it/);
  const { fleet, ...others } = JSON.parse(title) as { fleet: string };
  assert.ok(fleet.startsWith('0x'));
  writeFileSync(file, [JSON.stringify({ ...others, fleet: `0x${'12'.repeat(20)}` }), ...entries].join('\n'));
  assert.is(await runCommand(commands, ['audit', 'verify', '--quiet', file], io, 'test'), 1);
  assert.match(lines.at(-1)!, /block 0: it names other validators, or another fleet/);
});

type Document = Record<string, Record<string, Record<string, unknown>>>;

/** What a node and its witness may say together about the last block. */
const lies: readonly (readonly [name: string, method: string, change: (result: Document) => void])[] = [
  [
    'another app hash',
    'commit',
    ({ signed_header }) => {
      signed_header!['header']!['app_hash'] = '00'.repeat(32);
    },
  ],
  [
    'no vote of the strongest',
    'commit',
    ({ signed_header }) => {
      const none = { block_id_flag: 1, validator_address: '', timestamp: '0001-01-01T00:00:00Z', signature: null };
      const votes = signed_header!['commit']!['signatures'] as { signature: string | null }[];
      signed_header!['commit']!['signatures'] = votes.map((vote, index) => (index === 0 ? none : vote));
    },
  ],
  [
    'a vote with another signature',
    'commit',
    ({ signed_header }) => {
      const [vote] = signed_header!['commit']!['signatures'] as { signature: string }[];
      vote!.signature = Buffer.alloc(64, 7).toString('base64');
    },
  ],
  [
    'the strongest is weaker',
    'validators',
    (result) => {
      const [strongest] = result['validators'] as unknown as { voting_power: string }[];
      strongest!.voting_power = '1';
    },
  ],
];

for (const [name, method, change] of lies) {
  live(`both light clients refuse: ${name}`, async ({ some, before, target }) => {
    const [member] = some.members as [ClusterMember];
    const { height } = target.header;
    const lie: Lie = (asked, params, result) => {
      if (asked === method && Number(params['height']) === height) change(result as Document);
      return result;
    };
    const [primary, witness] = await Promise.all([liar(member.engineUrl, lie), liar(member.engineUrl, lie)]);
    try {
      const trust = { height: before.header.height, hash: hashEngineHeader(before.header) };
      const ours = createLightClient({ chainId: CHAIN, trust, primary: rpcProvider(primary.url, get), nowMs: () => Date.now() });
      const failure = await ours.verify(height).then(
        () => 'accepted',
        (error: Error) => error.name,
      );
      assert.is(failure, 'NotVerified');
      const theirs = await theirLight({
        chain: CHAIN,
        primary: primary.url,
        witness: witness.url,
        trust: { height: trust.height, hash: bytesToHex(trust.hash) },
        home: join(member.path, `lie ${name}`),
        height,
      });
      assert.is(theirs, undefined);
    } finally {
      primary.close();
      witness.close();
    }
  });
}

test.run();
