/** The trail of a running emulator, told truly and with one lie at a time. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bent } from '../support/bent.ts';
import { type Emulator, liar, startEmulator, type Tamper } from './emulator.ts';
import { classpad, file } from './support.ts';

const s = suite('cli: audit');
let emulator: Emulator;
let proxy: Awaited<ReturnType<typeof liar>>;

s.before(async () => {
  emulator = await startEmulator(2);
  proxy = await liar(emulator.rpc);
});
s.after(() => {
  proxy.close();
  emulator.stop();
});

s('the truth is found right', async () => {
  const said = await classpad(['audit', '--rpc', emulator.rpc]);
  assert.is(said.exitCode, 0, said.err);
  assert.match(said.out, / {5}1 {2}\S+ \S+ {2}\S+ +Created +the Fleet at 0x/);
  for (const what of ['DeviceEnrolled', 'Proposed', 'Approved', 'RollingOut', 'Attested', 'Promoted', 'RolledBack']) {
    assert.match(said.out, new RegExp(` ${what} `));
  }
  assert.match(said.out, /\d+ blocks, \d+ transactions: every hash, link, seal, signature and root is right\./);
});

s('as JSON', async () => {
  const said = await classpad(['audit', '--rpc', emulator.rpc, '--json']);
  const verdict = JSON.parse(said.out);
  assert.is(verdict.ok, true);
  assert.is(verdict.chainId, 4400);
  assert.ok(verdict.rows.some(({ what }: { what: string }) => what === 'RolledBack'));
});

s('through a proxy that does not lie', async () => {
  proxy.lie = undefined;
  const said = await classpad(['audit', '--quiet', '--rpc', proxy.rpc]);
  assert.is(said.exitCode, 0, said.err);
});

type Answer = { [field: string]: string } & { transactions: Answer[]; logs: Answer[] };

/** Changes what is told of block 3, the first proposal. */
const inBlock = (change: (block: Answer) => void): Tamper => {
  return (method, [number], result: Answer) => {
    if (method !== 'eth_getBlockByNumber' || number !== '0x3') return result;
    const block = structuredClone(result);
    change(block);
    return block;
  };
};

const inTransaction = (change: (transaction: Answer) => void): Tamper => inBlock(({ transactions }) => change(transactions[0]!));

const inReceipt = (change: (receipt: Answer) => void): Tamper => {
  return (method, _params, result: Answer) => {
    if (method !== 'eth_getTransactionReceipt' || result['blockNumber'] !== '0x3') return result;
    const receipt = structuredClone(result);
    change(receipt);
    return receipt;
  };
};

const inConfig = (change: object): Tamper => {
  return (method, _params, result: object) => (method === 'classpad_config' ? { ...result, ...change } : result);
};

/** One more than a quantity, one bit of a hash. */
const more = (quantity: string) => `0x${(BigInt(quantity) + 1n).toString(16)}`;
const set = (answer: Answer, field: string, change: (text: string) => string) => {
  answer[field] = change(answer[field]!) as never;
};

const lies: [name: string, lie: Tamper, sentence: RegExp][] = [
  ['another hash', inBlock((b) => set(b, 'hash', bent)), /block 3: its header has the hash 0x\w+, and the node says/],
  ['another parent', inBlock((b) => set(b, 'parentHash', bent)), /block 3: its header has the hash/],
  ['another time', inBlock((b) => set(b, 'timestamp', more)), /block 3: its header has the hash/],
  ['another state', inBlock((b) => set(b, 'stateRoot', bent)), /block 3: its header has the hash/],
  ['another seal', inBlock((b) => set(b, 'extraData', bent)), /block 3: its header has the hash/],
  ['ommers', inBlock((b) => set(b, 'sha3Uncles', bent)), /block 3: sha3Uncles is 0x/],
  [
    'a header without a time',
    inBlock((b) => void delete (b as Partial<Answer>)['timestamp']),
    /block 3: its header cannot be read: timestamp/,
  ],
  [
    'no block',
    (method, [number], result) => (method === 'eth_getBlockByNumber' && number === '0x3' ? null : result),
    /block 3: the node does not have it/,
  ],
  ['a transaction less', inBlock((b) => void b.transactions.pop()), /block 3: its transactions are not those|receipts for/],
  [
    'a transaction twice',
    inBlock((b) => void b.transactions.push(b.transactions[0]!)),
    /block 3: its transactions are not those|block 3, receipt 1/,
  ],
  [
    'another sender',
    inTransaction((t) => set(t, 'from', bent)),
    /block 3, transaction 0: it was signed by 0x\w+, and the node says/,
  ],
  ['another input', inTransaction((t) => set(t, 'input', bent)), /block 3, transaction 0: it has the hash|signed by/],
  ['another nonce', inTransaction((t) => set(t, 'nonce', more)), /block 3, transaction 0: it has the hash|signed by/],
  ['another signature', inTransaction((t) => set(t, 's', bent)), /block 3, transaction 0: /],
  ['a failure', inReceipt((r) => set(r, 'status', () => '0x0')), /block 3: its receipts and events are not those/],
  ['another event', inReceipt((r) => set(r.logs[0]!, 'data', bent)), /block 3: its receipts and events are not those/],
  ['an event less', inReceipt((r) => void r.logs.pop()), /block 3, receipt 0: its bloom does not follow|block 3: its receipts/],
  ['another gas', inReceipt((r) => set(r, 'gasUsed', more)), /block 3, receipt 0: its gas/],
  ['another bloom', inReceipt((r) => set(r, 'logsBloom', bent)), /block 3, receipt 0: its bloom does not follow/],
  ['another receipt', inReceipt((r) => set(r, 'transactionHash', bent)), /block 3, receipt 0: it belongs to transaction/],
  ['another sequencer', inConfig({ sequencer: `0x${'12'.repeat(20)}` }), /block 0: it names 0x\w+ as the sequencer, not 0x1212/],
  [
    'another ledger',
    (method, _params, result) => (method === 'eth_chainId' ? '0x1' : result),
    /block 0: it is not of the ledger with chain id 1;/,
  ],
  ['another beginning', inConfig({ genesisHash: `0x${'12'.repeat(32)}` }), /block 0: the ledger begins with 0x/],
];

for (const [name, lie, sentence] of lies) {
  s(`a lie: ${name}`, async () => {
    proxy.lie = lie;
    const said = await classpad(['audit', '--quiet', '--rpc', proxy.rpc]);
    assert.is(said.exitCode, 1, said.out);
    assert.match(said.err, sentence);
    assert.match(said.err, /^classpad: /);
    assert.not.match(said.err, / {4}at /);
  });
}

s('a block in the place of another', async () => {
  const blocks = new Map<unknown, never>();
  proxy.lie = (method, params, result) => {
    if (method === 'eth_getBlockByNumber') blocks.set(params[0], result);
    return method === 'eth_getBlockByNumber' && params[0] === '0x4' ? blocks.get('0x3') : result;
  };
  const said = await classpad(['audit', '--quiet', '--rpc', proxy.rpc]);
  assert.match(said.err, /block 4: it calls itself block 3; the 4 blocks before it are right/);
});

s('the pinned sequencer and beginning are believed, not the node', async () => {
  proxy.lie = undefined;
  const wrong = await classpad(['audit', '--quiet', '--rpc', proxy.rpc, '--sequencer', `0x${'34'.repeat(20)}`]);
  assert.is(wrong.exitCode, 1);
  assert.match(wrong.err, /block 0: it names 0x\w+ as the sequencer, not 0x3434/);
  const { sequencer, genesisHash } = JSON.parse((await classpad(['audit', '--rpc', proxy.rpc, '--json'])).out);
  const right = await classpad(['audit', '--quiet', '--rpc', proxy.rpc, '--sequencer', sequencer, '--genesis', genesisHash]);
  assert.is(right.exitCode, 0, right.err);
  assert.match(
    right.out,
    /It ends with block \d+ of .*; the fleet is the one at 0x\w{40} \(as the node says; pin it with --fleet\)\./,
  );
  assert.not.match(right.out, /pin it with --sequencer/);
});

/** What is done to the lines of an exported trail (0 is the title), and what is found. */
const files: [name: string, change: (lines: string[]) => string[], sentence: RegExp][] = [
  ['with the last entry missing', (lines) => lines.slice(0, -1), /it is missing; the trail should end with block \d+/],
  ['with one entry missing', (lines) => lines.filter((_, index) => index !== 4), /entry 3: block 4 stands where block 3 should/],
  ['reordered', (lines) => [...lines.slice(0, 4), lines[5]!, lines[4]!, ...lines.slice(6)], /entry 3: block 4 stands where/],
  [
    'forged',
    (lines) => lines.map((line, index) => (index === 4 ? line.replace(/"gasUsed":"0x/, '"gasUsed":"0x1') : line)),
    /block 3/,
  ],
  ['damaged', (lines) => lines.map((line, index) => (index === 4 ? line.slice(9) : line)), /entry 3: it is no block/],
];

s('a trail in a file is checked with no network', async () => {
  const path = file('trail.jsonl', '');
  const exported = await classpad(['audit', 'export', path, '--rpc', emulator.rpc]);
  assert.is(exported.exitCode, 0, exported.err);
  const nowhere = { CLASSPAD_RPC: 'http://127.0.0.1:1' };
  const said = await classpad(['audit', 'verify', path], nowhere);
  assert.is(said.exitCode, 0, said.err);
  assert.match(said.out, / RolledBack /);
  assert.match(said.out, /every hash, link, seal, signature and root is right/);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  for (const [name, change, sentence] of files) {
    const changed = file('changed.jsonl', `${change(lines).join('\n')}\n`);
    const found = await classpad(['audit', 'verify', changed, '--quiet'], nowhere);
    assert.is(found.exitCode, 1, name);
    assert.match(found.err, sentence, name);
  }
});

s('a trail takes the place of a trail, and of nothing else', async () => {
  const key = file('alice.key', `0x${'11'.repeat(32)}\n`);
  const said = await classpad(['audit', 'export', key, '--rpc', emulator.rpc]);
  assert.is(said.exitCode, 2);
  assert.match(said.err, /alice\.key is there already and is no audit trail; it is not overwritten/);
  assert.match(readFileSync(key, 'utf8'), /^0x1111/);
  const path = file('again.jsonl', '');
  for (let turn = 0; turn < 2; turn++) assert.is((await classpad(['audit', 'export', path, '--rpc', emulator.rpc])).exitCode, 0);
});

s('what is no trail is refused', async () => {
  assert.is((await classpad(['audit', 'verify', '/nowhere'])).exitCode, 2);
  assert.match((await classpad(['audit', 'verify', file('no.jsonl', '{}')])).err, /is no audit trail/);
  assert.match((await classpad(['audit', 'burn', 'x'])).err, /"burn" is nothing to do with a trail/);
  assert.match((await classpad(['audit', 'verify'])).err, /FILE is missing: audit verify FILE/);
});

s.run();
