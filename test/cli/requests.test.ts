/** A single request proved: served by a node's proxy, logged on its ledger, checked from a file with no network. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keccak256 } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { bytesToHex } from '../../runtime/bytes.ts';
import { requestsOrderHash } from '../../runtime/service/order.ts';
import { bent } from '../support/bent.ts';
import { root } from '../support/need.ts';
import { FLEET, type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';
import { operatorOf } from '../support/operator.ts';
import { until } from '../support/wait.ts';
import { classpad, file, folder, type Said } from './support.ts';

const s = suite('cli: requests');
const STRANGER_KEY = `0x${'51'.repeat(32)}`;
const proofFile = join(folder, 'request.json');
let node: NodeProcess;
let sequencer = '';

s.before(async () => {
  node = await nodeProcess('virtual', { trafficIntervalSeconds: 2 });
  await node.start();
  await operatorOf(node).begin();
  sequencer = ((await node.call('classpad_config')) as { sequencer: string }).sequencer;
  const deployed = await run(['deploy', join(root, 'examples/hello/compose.yaml'), '--app', 'hello']);
  assert.is(deployed.exitCode, 0, deployed.err);
  await until('an answer of the app', async () => (await visit('/')) === 200 || undefined);
  for (let turn = 0; turn < 5; turn++) await visit(`/page-${turn}?token=secret`);
  await until('a batch with all requests', async () => /page-4/.test((await list()).out) || undefined);
});
s.after(async () => {
  await node.stop();
  node.remove();
});

function run(args: readonly string[], key = OPERATOR_KEY): Promise<Said> {
  return classpad(args, { CLASSPAD_RPC: `http://127.0.0.1:${node.ports.rpc}`, CLASSPAD_KEY: key });
}

/** No node is asked. */
function offline(args: readonly string[]): Promise<Said> {
  return classpad(args, { CLASSPAD_RPC: 'http://127.0.0.1:1' });
}

const list = (...more: string[]) => run(['requests', 'list', 'hello', '--device', 'pad-1', '--batches', '100', ...more]);

async function visit(path: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${node.ports.proxy}${path}`);
  await answer.text();
  return answer.status;
}

s('operators read what was asked, without queries', async () => {
  const { out } = await list();
  assert.match(out, /^r1\/\d+\/\d+ {2}\d+ hello r1 GET 127\.0\.0\.1:\d+ \/page-3 404 - \d+ \d+$/m);
  assert.not.match(out, /secret/);
  const rows = JSON.parse((await list('--json')).out) as { request: string; line: string }[];
  assert.ok(rows.length >= 5);
});

s('nobody else does', async () => {
  const said = await run(['requests', 'list', 'hello', '--device', 'pad-1'], STRANGER_KEY);
  assert.is(said.exitCode, 1);
  assert.match(said.err, /only an operator of this fleet is shown requests/);
});

const operator = privateKeyToAccount(OPERATOR_KEY);
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** What a node answers to an order that was signed for `signed` and is sent as `sent`. */
async function order(signed: Partial<Order>, sent: Partial<Order> = {}): Promise<string> {
  const [request] = (JSON.parse((await list('--json')).out) as { request: string }[]).map((row) => row.request.split('/'));
  const usual: Order = { from: Number(request![1]), part: 0, until: nowSeconds() + 60, nonce: 1 };
  const { openIdentity } = await import('../../firmware-bridge/device/identity.ts');
  const { address } = openIdentity(join(node.folder, 'data/device.key'));
  const name = { app: 'hello', revision: 1, ...usual, ...signed };
  const hash = requestsOrderHash(name, { chainId: 4401n, device: address }, (data) => keccak256(data, 'bytes'));
  const signature = await operator.signMessage({ message: { raw: bytesToHex(hash) } });
  const { from, part, until, nonce } = { ...usual, ...signed, ...sent };
  return node.call('classpad_requests', ['hello', 1, from, part, until, nonce, signature]).then(
    () => 'shown',
    (error: Error) => error.message,
  );
}

interface Order {
  readonly from: number;
  readonly part: number;
  readonly until: number;
  readonly nonce: number;
}

s('an order is for a while, and obeyed once', async () => {
  assert.is(await order({ nonce: 2 }), 'shown');
  const until = nowSeconds() + 60;
  assert.is(await order({ nonce: 3, until }), 'shown');
  assert.match(await order({ nonce: 3, until }), /the order was obeyed already; sign another/);
  assert.match(await order({ nonce: 3, until }, { nonce: 4 }), /only an operator/);
  assert.match(await order({ nonce: 5 }, { part: 1 }), /only an operator/);
  assert.match(await order({ nonce: 6 }, { until: nowSeconds() + 90 }), /only an operator/);
  assert.match(await order({ nonce: 7, until: nowSeconds() - 1 }), /the order is for another time than now/);
  assert.match(await order({ nonce: 8, until: nowSeconds() + 100_000 }), /the order is for another time than now/);
});

s('one request is proved with no network', async () => {
  const rows = JSON.parse((await list('--json')).out) as { request: string; line: string }[];
  const { request, line } = rows.find((row) => row.line.includes('/page-2 '))!;
  const proved = await run(['requests', 'prove', 'hello', request, '--device', 'pad-1', '--out', proofFile]);
  assert.is(proved.exitCode, 0, proved.err);
  const said = await offline(['requests', 'verify', proofFile, '--sequencer', sequencer]);
  assert.is(said.exitCode, 0, said.err);
  assert.ok(said.out.startsWith(line));
  assert.match(said.out, /It is request \d+ of \d+ that 0x\w{40} logged in block \d+ \(.*\), sealed by 0x\w{40}\.$/);
  const verdict = JSON.parse((await offline(['requests', 'verify', proofFile, '--json'])).out);
  assert.is(verdict.ok, true);
});

s('a proof takes the place of a proof, and of nothing else', async () => {
  const rows = JSON.parse((await list('--json')).out) as { request: string }[];
  const prove = (out: string) => run(['requests', 'prove', 'hello', rows[0]!.request, '--device', 'pad-1', '--out', out]);
  const key = file('alice.key', `0x${'11'.repeat(32)}\n`);
  const said = await prove(key);
  assert.is(said.exitCode, 2);
  assert.match(said.err, /alice\.key is there already and is no proof of a request; it is not overwritten/);
  assert.match(readFileSync(key, 'utf8'), /^0x1111/);
  const again = join(folder, 'again.json');
  for (let turn = 0; turn < 2; turn++) assert.is((await prove(again)).exitCode, 0);
});

s('a proof is of the ledger and the fleet that are pinned', async () => {
  const { fleet, chainId } = JSON.parse(readFileSync(proofFile, 'utf8')) as Record<string, string>;
  const pinned = await offline([
    'requests',
    'verify',
    proofFile,
    '--sequencer',
    sequencer,
    '--fleet',
    fleet!,
    '--chain',
    String(chainId),
  ]);
  assert.is(pinned.exitCode, 0, pinned.err);
  assert.not.match(pinned.out, /as the file says/);
  const elsewhere = await offline(['requests', 'verify', proofFile, '--fleet', `0x${'ab'.repeat(20)}`]);
  assert.match(elsewhere.err, /is the fleet that the proof is of, not 0xabab/);
  assert.match((await offline(['requests', 'verify', proofFile, '--chain', '9'])).err, /is of the ledger \d+, not of 9/);
  const unpinned = await offline(['requests', 'verify', proofFile, '--sequencer', sequencer]);
  assert.match(unpinned.out, /in the fleet at 0x\w{40} \(as the file says; pin it with --fleet\)/);
});

s('or held against a trail, which is checked as a whole', async () => {
  const trail = join(folder, 'trail.jsonl');
  assert.is((await run(['audit', 'export', trail])).exitCode, 0);
  const said = await offline(['requests', 'verify', proofFile, '--trail', trail]);
  assert.is(said.exitCode, 0, said.err);
  assert.match(said.out, /logged in block \d+ \(.*\), sealed by 0x\w{40} \(as the file says; pin it with --sequencer\)\.$/);
  const { entry } = JSON.parse(readFileSync(proofFile, 'utf8')) as Proof;
  const lines = readFileSync(trail, 'utf8').trimEnd().split('\n');
  const early = [JSON.stringify({ ...JSON.parse(lines[0]!), newest: entry.number - 1 }), ...lines.slice(1, entry.number + 1)];
  const short = await offline(['requests', 'verify', proofFile, '--trail', file('short.jsonl', `${early.join('\n')}\n`)]);
  assert.is(short.exitCode, 1, short.out);
  assert.match(short.err, /block \d+: the trail \S+ ends before it/);
  const other = { ...JSON.parse(readFileSync(proofFile, 'utf8')), entry: JSON.parse(lines[2]!) };
  const elsewhere = await offline(['requests', 'verify', file('other.json', JSON.stringify(other)), '--trail', trail]);
  assert.match(elsewhere.err, /no batch that a device logged in it holds this request/);
});

type Proof = { [name: string]: string } & {
  index: number;
  path: string[];
  entry: { number: number; block: { extraData: string }; receipts: { logs: { data: string; address: string }[] }[] };
};

const set = (field: string, change: (text: string) => string) => (proof: Proof) => {
  proof[field] = change(proof[field]!) as never;
};
const always = (text: string) => () => text;

/** What is done to a right proof, and what is found. */
const forgeries: [name: string, change: (proof: Proof) => void, sentence: RegExp][] = [
  ['another path asked for', set('line', (line) => line.replace('page-2', 'page-9')), /no batch .* holds this request/],
  ['another status', set('line', (line) => line.replace(' 404 ', ' 200 ')), /no batch .* holds this request/],
  ['another revision', set('line', (line) => line.replace(' r1 ', ' r2 ')), /no batch .* holds this request/],
  ['another place', (proof) => void proof.index++, /no batch .* holds this request at place/],
  ['a path too short', ({ path }) => void path.pop(), /no batch .* holds this request/],
  ['a path bent', ({ path }) => void path.splice(0, 1, bent(path[0]!)), /no batch .* holds this request/],
  [
    'another root',
    ({ entry }) => {
      for (const log of entry.receipts.flatMap(({ logs }) => logs)) log.data = bent(log.data);
    },
    /block \d+: its receipts and events are not those/,
  ],
  [
    'another seal',
    ({ entry: { block } }) => {
      block.extraData = bent(block.extraData);
    },
    /its header has the hash/,
  ],
  ['another fleet', set('fleet', always(`0x${'12'.repeat(20)}`)), /no batch .* holds this request/],
  ['another sequencer', set('sequencer', always(`0x${'12'.repeat(20)}`)), /does not bear the seal of the sequencer 0x1212/],
  ['a ledger of validators', set('sequencer', always(`0x${'00'.repeat(20)}`)), /validators agree/],
];

for (const [name, change, sentence] of forgeries) {
  s(`a forgery: ${name}`, async () => {
    const proof = JSON.parse(readFileSync(proofFile, 'utf8')) as Proof;
    assert.is(proof['fleet'], FLEET);
    change(proof);
    const said = await offline(['requests', 'verify', file('forged.json', JSON.stringify(proof))]);
    assert.is(said.exitCode, 1, said.out);
    assert.match(said.err, sentence);
    assert.not.match(said.err, / {4}at /);
  });
}

const refusals: [args: string[], sentence: RegExp][] = [
  [['burn', 'hello'], /"burn" is nothing to do with requests/],
  [['list', 'hello'], /--device NAME is missing/],
  [['list', 'hello', '--device', 'pad-9'], /no device of this fleet is called "pad-9"/],
  [['prove', 'hello', '--device', 'pad-1'], /REQUEST is missing/],
  [['prove', 'hello', 'r1', '--device', 'pad-1'], /"r1" is no request; write it as classpad requests list shows it/],
  [['prove', 'hello', 'r1/5/5', '--device', 'pad-1'], /pad-1 has logged no request r1\/5\/5/],
  [['verify', '/nowhere.json'], /there is no file/],
  [['verify', join(root, 'package.json')], /is no proof of a request/],
];

for (const [args, sentence] of refusals) {
  s(`refused: requests ${args[0]} ${args.slice(1).join(' ').replace(root, '')}`, async () => {
    const said = await run(['requests', ...args]);
    assert.is(said.exitCode, 2, said.out);
    assert.match(said.err, sentence);
  });
}

s.run();
