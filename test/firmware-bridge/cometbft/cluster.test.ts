/** Four validators in processes of their own, each in a network namespace where root allows: the main job, and what is proven of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Abi, encodeFunctionData } from 'viem';
import { commands } from '../../../cli/commands/index.ts';
import { readCompose } from '../../../cli/compose.ts';
import { run as runCommand } from '../../../cli/run.ts';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import { standingSlot } from '../../../runtime/contracts/slots.ts';
import {
  type AccountProof,
  askHeader,
  askStanding,
  createLightClient,
  hashEngineHeader,
  heightOfHead,
  heightOfProof,
  type LightBlock,
  type Provider,
  patientProvider,
  proveAccount,
  proveHeader,
  proveSlot,
  proveStanding,
  rpcProvider,
} from '../../../runtime/light/index.ts';
import type { Hex } from '../../../runtime/ports/index.ts';
import { vm } from '../../runtime/ledger/world.ts';
import { beginFleet } from '../../soak/cluster-fleet.ts';
import { launchChromium, openPage } from '../../support/chromium.ts';
import { type ClusterMember, needCometbft, type TestCluster, testCluster, until } from '../../support/cluster.ts';
import { root } from '../../support/need.ts';
import { FLEET } from '../../support/node-process.ts';
import { PHASE } from '../../support/operator.ts';
import { looselyPinned } from '../../support/pins.ts';
import { tamperings } from '../../support/tamper.ts';
import { theirLight } from '../../support/their-light.ts';
import { pause } from '../../support/wait.ts';

interface Context {
  some: TestCluster;
  first: Uint8Array;
}

const CHAIN = 'classpad-4401';
const test = suite<Context>('cometbft/cluster');
const present = needCometbft('cluster');
const get = async (url: string) => (await fetch(url)).text();
const patience = { attempts: 120, pause: () => pause(500) };
const provider = (member: ClusterMember): Provider => patientProvider(rpcProvider(`${member.rpcUrl}/cometbft`, get), patience);

test.before(async (context) => {
  if (!present) return;
  context.some = testCluster();
  await context.some.start();
  await beginFleet(context.some);
  context.first = hashEngineHeader((await provider(context.some.members[0]!).lightBlock(1)).header);
});
test.after(async ({ some }) => {
  await some?.remove();
});

/** Without the engine nothing is run, and nothing counts as passed. */
const live = present ? test : test.skip;

const client = ({ first }: Context, primary: Provider, more: object = {}) =>
  createLightClient({ chainId: CHAIN, trust: { height: 1, hash: first }, primary, nowMs: () => Date.now(), ...more });

/** The block that proves the head of a node. */
async function proven(context: Context, member: ClusterMember): Promise<LightBlock> {
  return client(context, provider(member)).verify(await heightOfHead(member.call));
}

live('a broken release rolls back on all by their votes, and every device serves the agreed one', async ({ some }) => {
  const { operator, members } = some;
  await operator.propose('hello', looselyPinned(readCompose(join(root, 'examples/hello/compose.broken.yaml')).manifest));
  assert.is(await operator.decided('hello', 2), PHASE.rolledBack);
  for (const { proxyUrl } of members) {
    await until('revision 1', async () => (await get(`${proxyUrl}/`)).trim() === 'hello from revision 1');
  }
  const head = Math.min(...(await Promise.all(members.map((member) => member.head()))));
  for (let number = 0; number <= head; number++) {
    const blocks = members.map((member) => member.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]));
    assert.is(new Set((await Promise.all(blocks)).map((block) => (block as { hash: string }).hash)).size, 1);
  }
});

live('a light client comes to the block that CometBFT names, by skipping and one by one', async (context) => {
  const [member, other] = context.some.members as [ClusterMember, ClusterMember];
  const skipping = client(context, provider(member), { witnesses: [provider(other)] });
  const target = await skipping.verify('latest');
  const { height } = target.header;
  const shown = (await other.engine(`commit?height=${height}`)) as { signed_header: { commit: { block_id: { hash: string } } } };
  assert.is(bytesToHex(hashEngineHeader(target.header)), `0x${shown.signed_header.commit.block_id.hash.toLowerCase()}`);
  const sequential = client(context, provider(member), { mode: 'sequential' });
  // The votes may be others: more of them arrive after a block was decided.
  assert.equal((await sequential.verify(height)).header, target.header);
  assert.is(sequential.fetched, height);
  assert.ok(skipping.fetched < sequential.fetched);
  const late = createLightClient({
    chainId: CHAIN,
    trust: { height, hash: hashEngineHeader(target.header) },
    primary: provider(member),
    nowMs: () => Date.now(),
  });
  assert.is((await late.verify(2)).header.height, 2, 'backwards by the hashes of parents');
});

live(
  "a phone proves by a device's proxy alone what it serves, and a document in which anything is changed is refused",
  async (context) => {
    const member = context.some.members[2]!;
    const answer = await fetch(`${member.proxyUrl}/`);
    assert.is(answer.headers.get('classpad-revision'), 'hello r1');
    const link = /<([^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
    const document = JSON.parse(await get(`${member.proxyUrl}${link}`)) as { block: object; proof: object };
    const primary = patientProvider(rpcProvider(`${member.proxyUrl}/.well-known/classpad/cometbft`, get), patience);
    const verified = await client(context, primary).verify(heightOfProof(document));
    const standing = proveStanding(verified, document, FLEET, 'hello');
    assert.equal([standing.active, standing.manifestHash.length], [1, 66]);
    let count = 0;
    for (const [path, changed] of tamperings(document)) {
      // What the document says of itself, what is no part of the header's hash, and the order of nodes prove nothing.
      const isHeader =
        /^block\.(parentHash|miner|stateRoot|transactionsRoot|receiptsRoot|logsBloom|number|gas|timestamp|extraData|mixHash|baseFee)/;
      const isProof = /^proof\.(accountProof|storageProof\[\d\]\.)/;
      if (path.endsWith('reversed') || !(isHeader.test(path) || isProof.test(path))) continue;
      assert.throws(() => proveStanding(verified, changed, FLEET, 'hello'), path);
      count++;
    }
    assert.ok(count > 20, `${count} places`);
  },
);

live("CometBFT's own light client comes to the same blocks, and refuses the same trust", async (context) => {
  const [member, other] = context.some.members as [ClusterMember, ClusterMember];
  const { height } = (await proven(context, member)).header;
  const right = bytesToHex(context.first).slice(2);
  const rows: readonly (readonly [hash: string, period: string])[] = [
    [right, '168h'],
    ['00'.repeat(32), '168h'],
    [right, '1ms'],
  ];
  for (const [index, [hash, period]] of rows.entries()) {
    const theirs = await theirLight({
      chain: CHAIN,
      primary: member.engineUrl,
      witness: other.engineUrl,
      trust: { height: 1, hash },
      period,
      home: join(member.path, `light${index}`),
      height,
    });
    const ours = await createLightClient({
      chainId: CHAIN,
      trust: { height: 1, hash: hexToBytes(`0x${hash}`) },
      primary: provider(member),
      trustingPeriodMs: period === '1ms' ? 1 : 168 * 3_600_000,
      nowMs: () => Date.now(),
    })
      .verify(height)
      .then(
        ({ header }) => bytesToHex(hashEngineHeader(header)),
        () => undefined,
      );
    assert.is(ours, theirs, `${hash} ${period}`);
    assert.is(ours !== undefined, index === 0);
  }
});

live('the revision that is active is proven', async (context) => {
  const member = context.some.members[3]!;
  const standing = await askStanding(await proven(context, member), member.call, FLEET, 'hello');
  assert.equal([standing.active, standing.rollingOut, standing.latest], [1, 0, 2]);
  const manifest = looselyPinned(readCompose(join(root, 'examples/hello/compose.yaml')).manifest);
  assert.is(standing.manifestHash, bytesToHex(vm.keccak256(manifest)));
  const none = await askStanding(await proven(context, member), member.call, FLEET, 'other');
  assert.equal([none.active, none.latest], [0, 0]);
});

live('a header, commit or set of validators in which anything is changed is refused', async (context) => {
  const member = context.some.members[0]!;
  const { height } = (await proven(context, member)).header;
  for (const [document, read] of [
    ['commit', `commit?height=${height}`],
    ['validators', `validators?height=${height}&page=1&per_page=100`],
  ] as const) {
    const honest = JSON.parse(await get(`${member.rpcUrl}/cometbft/${read}`)) as { result: unknown };
    let count = 0;
    for (const [path, changed] of tamperings(honest.result)) {
      if (/proposer_priority|canonical|^block_height|^count|^total$/.test(path)) continue;
      const lie = async (url: string) =>
        url.includes(`/${document}?height=${height}`) ? JSON.stringify({ result: changed }) : get(url);
      const attempt = client(context, rpcProvider(`${member.rpcUrl}/cometbft`, lie)).verify(height);
      const outcome = await attempt.then(
        () => 'accepted',
        (error: Error) => error.name,
      );
      assert.ok(outcome === 'NotVerified' || outcome === 'Unreadable', `${document}: ${path} was ${outcome}`);
      count++;
    }
    assert.ok(count >= 16, `${count} places of ${document}`);
  }
});

live('a proof or a header of the ledger in which anything is changed is refused', async (context) => {
  const member = context.some.members[0]!;
  const verified = await proven(context, member);
  const block = await askHeader(verified, member.call);
  const raw = hexToBytes((await member.call('debug_getRawHeader', [`0x${block.header.number.toString(16)}`])) as Hex);
  for (let at = 0; at < raw.length; at++) {
    const changed = raw.slice();
    changed[at]! ^= 1;
    assert.throws(() => proveHeader(verified, changed), /the validators agreed on/, `byte ${at}`);
  }
  const slot = standingSlot('hello', (data) => vm.keccak256(data));
  const proof = (await member.call('eth_getProof', [FLEET, [slot], `0x${block.header.number.toString(16)}`])) as AccountProof;
  const check = (shown: AccountProof) => proveSlot(proveAccount(block, FLEET, shown), slot, shown);
  assert.ok(BigInt(check(proof)) > 0n);
  const { accountProof, storageProof } = proof;
  let count = 0;
  for (const [path, changed] of tamperings({ accountProof, storageProof })) {
    // The order of nodes says nothing: each is found by its hash.
    if (path.endsWith('reversed')) continue;
    assert.throws(() => check(changed as AccountProof), path);
    count++;
  }
  assert.ok(count >= 6);
});

live('trust ends with time, and nobody is believed who is from the future or of another ledger', async (context) => {
  const member = context.some.members[0]!;
  const attempts: readonly (readonly [more: object, why: RegExp])[] = [
    [{ trustingPeriodMs: 1 }, /too old to be trusted/],
    [{ nowMs: () => Date.now() - 3_600_000 }, /from the future/],
    [{ chainId: 'classpad-1' }, /not of classpad-1/],
    [{ trust: { height: 1, hash: new Uint8Array(32) } }, /is trusted/],
  ];
  for (const [more, why] of attempts) {
    const failure = await client(context, provider(member), more)
      .verify('latest')
      .then(
        () => 'accepted',
        (error: Error) => error.message,
      );
    assert.match(failure, why);
  }
});

live('a witness that shows something else is told apart; one alone that is silent is not enough', async (context) => {
  const [member, other] = context.some.members as [ClusterMember, ClusterMember];
  const liar: Provider = {
    name: 'liar',
    async lightBlock(height) {
      const block = await provider(other).lightBlock(height);
      return { ...block, header: { ...block.header, appHash: new Uint8Array(32) } };
    },
  };
  const silent: Provider = { name: 'silent', lightBlock: () => Promise.reject(new Error('away')) };
  const told = client(context, provider(member), { witnesses: [liar, provider(other)] });
  await told.verify('latest');
  assert.equal(told.rejected, ['liar']);
  const failure = await client(context, provider(member), { witnesses: [silent] })
    .verify('latest')
    .then(
      () => '',
      (error: Error) => error.message,
    );
  assert.match(failure, /no witness confirms/);
});

live('classpad verify says so in a sentence and in JSON', async (context) => {
  const [member, other] = context.some.members as [ClusterMember, ClusterMember];
  const lines: string[] = [];
  const io = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text), env: {} };
  const trust = `1:${bytesToHex(context.first)}`;
  const base = ['verify', 'hello', '--rpc', member.rpcUrl, '--witness', other.rpcUrl];
  assert.is(await runCommand(commands, [...base, '--trust', trust], io, 'test'), 0, lines.join('\n'));
  assert.ok(lines.includes('hello: revision 1 is active'), lines.join('\n'));
  lines.length = 0;
  assert.is(await runCommand(commands, [...base, '--trust', trust, '--sequential', '--json'], io, 'test'), 0);
  assert.match(lines.join('\n'), /"active": 1/);
  lines.length = 0;
  assert.is(await runCommand(commands, [...base, '--trust', `1:${'00'.repeat(32)}`], io, 'test'), 1);
  assert.match(lines.join('\n'), /block 1 is 0x/);
  assert.is(await runCommand(commands, base, io, 'test'), 2);
});

live('the audit checks the whole trail and the votes for its end', async (context) => {
  const member = context.some.members[1]!;
  const lines: string[] = [];
  const io = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text), env: {} };
  const trust = `1:${bytesToHex(context.first)}`;
  assert.is(await runCommand(commands, ['audit', '--rpc', member.rpcUrl, '--trust', trust], io, 'test'), 0, lines.join('\n'));
  assert.match(lines.join('\n'), /every hash, link, signature and root is right/);
  assert.match(lines.at(-1)!, /The last block is the one agreed on: height \d+ of .*, signed by [34] of 4 validators/);
  const file = join(context.some.folder, 'trail.jsonl');
  assert.is(await runCommand(commands, ['audit', 'export', file, '--rpc', member.rpcUrl], io, 'test'), 0);
  assert.is(await runCommand(commands, ['audit', 'verify', file], io, 'test'), 0, lines.join('\n'));
  assert.match(
    lines.at(-1)!,
    /agreed on: height \d+ of .*, signed by [34] of 4 validators \(from the first block on that the file/,
  );
  const [title = '', ...entries] = readFileSync(file, 'utf8').split('\n');
  const { genesisHash, agreed } = JSON.parse(title) as { genesisHash: string; agreed: object };
  assert.is(await runCommand(commands, ['audit', 'verify', file, '--genesis', genesisHash], io, 'test'), 0);
  assert.match(lines.at(-1)!, /signed by [34] of 4 validators\.$/);
  let count = 0;
  for (const [path, changed] of tamperings(agreed)) {
    if (/proposer_priority|canonical|last_part|votes\.validators reversed|^validators reversed/.test(path)) continue;
    writeFileSync(file, [JSON.stringify({ ...JSON.parse(title), agreed: changed }), ...entries].join('\n'));
    assert.is(await runCommand(commands, ['audit', 'verify', '--quiet', file], io, 'test'), 1, path);
    count++;
  }
  assert.ok(count > 50, `${count} places`);
});

live('the example page verifies in a browser', async (context) => {
  const browser = await launchChromium();
  if (!browser) return;
  const member = context.some.members[0]!;
  const files = { '/': ['text/html', 'examples/verify/index.html'], '/light.js': ['text/javascript', 'build/light.js'] } as const;
  const server = createServer((request, response) => {
    const file = files[(request.url ?? '/').split('?')[0] as keyof typeof files];
    response
      .writeHead(file ? 200 : 204, { 'content-type': file?.[0] ?? 'text/plain' })
      .end(file && readFileSync(join(root, file[1])));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const query = new URLSearchParams({ node: member.proxyUrl, trust: `1:${bytesToHex(context.first)}`, fleet: FLEET });
    const { page, complaints } = await openPage(
      await browser.newContext(),
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/?${query}`,
    );
    await page.click('button');
    await page.waitForFunction("/verified|active/.test(document.querySelector('output').textContent)");
    assert.match((await page.textContent('output')) ?? '', /^revision 1 is active\nproven at height \d+/);
    assert.equal(complaints, []);
    await page.fill('[name=trust]', `1:0x${'11'.repeat(32)}`);
    await page.click('button');
    await page.waitForFunction("/not verified/.test(document.querySelector('output').textContent)");
  } finally {
    server.close();
    await browser.close();
  }
});

live('validators come and go by decision of the operators, and the ledger goes on', async ({ some }) => {
  const { operator, members } = some;
  const [member] = members as [ClusterMember];
  const validators = async () => {
    const answer = (await member.engine('validators')) as { validators: { voting_power: string; pub_key: { value: string } }[] };
    return answer.validators.map(({ voting_power }) => Number(voting_power)).sort((a, b) => a - b);
  };
  assert.equal(await validators(), [10, 10, 10, 10]);
  const keys = members.map(({ path }) => {
    const file = JSON.parse(readFileSync(join(path, 'cometbft/config/priv_validator_key.json'), 'utf8')) as {
      pub_key: { value: string };
    };
    return `0x${Buffer.from(file.pub_key.value, 'base64').toString('hex')}` as Hex;
  });
  const decide = (name: string, args: readonly unknown[]) => operator.send('proposeAction', [callOf(name, args)]);
  await decide('setValidator', [members[0]!.device, keys[0], 12n]);
  await until('the new power', async () => String(await validators()) === '10,10,10,12');
  await decide('setValidator', [members[3]!.device, keys[3], 10n]);
  await decide('revoke', [members[3]!.device]);
  await until('one fewer', async () => String(await validators()) === '10,10,12');
  const before = await member.head();
  await decide('setValidator', [members[1]!.device, keys[1], 11n]);
  await until('the next block', async () => (await member.head()) > before && String(await validators()) === '10,11,12');
});

function callOf(functionName: string, args: readonly unknown[]): Hex {
  const { abi } = JSON.parse(readFileSync(join(root, 'build/contracts/Fleet.json'), 'utf8')) as { abi: Abi };
  return encodeFunctionData({ abi, functionName, args });
}

test.run();
