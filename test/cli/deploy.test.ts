/** The operator's commands against a running emulator with four devices of which three decide, and two of three operators approve. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { privateKeyToAddress } from 'viem/accounts';
import { root } from '../support/need.ts';
import { type Emulator, keysOf, startEmulator } from './emulator.ts';
import { lyingNode } from './lying-node.ts';
import { classpad, file, folder, type Said } from './support.ts';

const s = suite('cli: an operator at work');
const good = join(root, 'examples/hello/compose.yaml');
const broken = join(root, 'examples/hello/compose.broken.yaml');
const stranger = `0x${'77'.repeat(32)}`;
let emulator: Emulator;

s.before(async () => {
  emulator = await startEmulator();
});
s.after(() => emulator.stop());

function operator(args: readonly string[], keys = keysOf('ops-1', 'ops-2'), env = {}): Promise<Said> {
  return classpad(args, { CLASSPAD_RPC: emulator.rpc, CLASSPAD_KEY: keys, ...env });
}

/** A Compose file that no other test deploys: its bytes are its own. */
function release(name: string, lines: readonly string[] = []): string {
  const service = ['    image: classpad/hello:1', `    environment: {GREETING: ${name}}`, '    ports: [8080]', ...lines];
  return file(`${name}.yaml`, ['services:', '  web:', ...service, ''].join('\n'));
}

s('status after the story', async () => {
  const said = await operator(['status']);
  assert.is(said.exitCode, 0, said.err);
  assert.match(said.out, /3 operators, 2 must approve; 4 devices, 3 decide: pad-01, pad-02, pad-03, pad-04/);
  assert.match(said.out, /hello: r1 is active/);
  assert.match(said.out, /r2 +rolled back/);
});

s('a good release becomes active', async () => {
  const said = await operator(['deploy', good, '--app', 'first']);
  assert.is(said.exitCode, 0, said.err);
  assert.match(said.out, /^first r1 is active: \d devices? found it healthy within/);
  assert.match(said.err, /first: proposing \d+ bytes as 0x/);
  assert.match(said.err, /first r1: approving as 0x/);
});

s('the same again is nothing to do', async () => {
  const said = await operator(['deploy', good, '--app', 'first']);
  assert.is(said.exitCode, 0, said.err);
  assert.is(said.out, 'first runs exactly this already; nothing to do');
});

s('a broken release is rolled back: exit code 1, with what the devices said', async () => {
  const said = await operator(['deploy', broken, '--app', 'first']);
  assert.is(said.exitCode, 1, said.out);
  assert.match(said.out, /^first r2 was rolled back after .*: a healthy quorum can no longer be reached; r1 is active again\n/);
  assert.match(said.out, / {2}pad-0\d: web: /);
});

s('the same as JSON', async () => {
  const said = await operator(['deploy', broken, '--app', 'first', '--json']);
  assert.is(said.exitCode, 1, said.err);
  const outcome = JSON.parse(said.out);
  assert.is(outcome.app, 'first');
  assert.is(outcome.revision, 3);
  assert.is(outcome.active, 1);
  assert.is(outcome.phase, 'rolled back');
  assert.ok(outcome.complaints.length >= 2);
});

s('what neither fails nor succeeds is rolled back when its window ends', async () => {
  const slow = release('slow', ['    healthcheck: {test: [CMD, "false"], interval: 1s, retries: 99, start_period: 10m}']);
  const said = await operator(['deploy', slow, '--window', '2s', '--app', 'slow']);
  assert.is(said.exitCode, 1, said.err);
  assert.match(said.out, /slow r1 was rolled back .*: no quorum within the health window; nothing ran before it/);
});

s('one approval of two is not enough; another operator adds theirs', async () => {
  const path = release('pair');
  const proposed = await operator(['deploy', path, '--app', 'pair'], keysOf('ops-3'));
  assert.is(proposed.exitCode, 1, proposed.err);
  assert.match(
    proposed.out,
    /pair r1 is proposed and has 1 of 2 approvals; others approve it with: classpad approve pair 1 --release 0x\w{64} --key FILE/,
  );
  const [, hash] = proposed.out.match(/--release (0x\w{64})/)!;
  const twice = await operator(['approve', 'pair', '1'], keysOf('ops-3'));
  assert.is(twice.exitCode, 1);
  assert.match(twice.err, /has approved pair r1 already/);
  const other = await operator(['approve', 'pair', '1', '--release', `0x${'0'.repeat(64)}`], keysOf('ops-2'));
  assert.is(other.exitCode, 1);
  assert.match(other.err, new RegExp(`pair r1 is the release ${hash} here, not 0x0{64}; nothing was approved`));
  const looked = await operator(['diff', 'first', '1', '3']);
  assert.not.match(looked.err, /is approved with/, 'r3 is decided');
  const approved = await operator(['approve', 'pair', 'r1'], keysOf('ops-2'));
  assert.is(approved.exitCode, 0, approved.err);
  assert.match(approved.err, new RegExp(`approving pair r1, release ${hash}:\n`));
  assert.match(approved.err, /\n {2}devices: all\n {2}tried first by: all of them at once\n {2}health window: 120 s\n/);
  assert.match(approved.err, /\n {4}- .*sha256:\w{64}\n/, 'all that it runs is shown');
  assert.match(approved.out, /pair r1 is active/);
  const late = await operator(['approve', 'pair', '1'], keysOf('ops-1'));
  assert.match(late.err, /pair r1 is active; only a proposed revision can be approved/);
});

s('a node that shows other terms than the ledger has gets no approval, even if it hides the refusal', async () => {
  const proposed = await operator(['propose', release('trick'), '--app', 'trick', '--canary', '1', '--json'], keysOf('ops-3'));
  const { releaseHash } = JSON.parse(proposed.out);
  const lying = await lyingNode(emulator.rpc);
  const through = { CLASSPAD_RPC: lying.url };
  const fooled = await operator(['approve', 'trick', '1'], keysOf('ops-2'), through);
  assert.is(fooled.exitCode, 1, fooled.out);
  assert.match(fooled.err, /tried first by: 2 of them/, 'this is what it shows');
  assert.match(fooled.err, /trick r1 is another release than this node showed; nothing was approved, ask another node/);
  lying.hidesRefusals = true;
  const hidden = await operator(['approve', 'trick', '1'], keysOf('ops-2'), through);
  assert.is(hidden.exitCode, 1, hidden.out);
  const pinned = await operator(['approve', 'trick', '1', '--release', releaseHash], keysOf('ops-2'), through);
  assert.match(pinned.err, new RegExp(`trick r1 is the release 0x\\w{64} here, not ${releaseHash}; nothing was approved`));
  lying.close();
  const { apps } = JSON.parse((await operator(['status', '--json'])).out);
  const { releases } = apps.find(({ app }: { app: string }) => app === 'trick');
  assert.equal([releases[0].phase, releases[0].approvals], [1, 1], 'still proposed, by one');
  const honest = await operator(['approve', 'trick', '1', '--release', releaseHash, '--no-wait'], keysOf('ops-2'));
  assert.is(honest.exitCode, 0, honest.err);
});

s('--no-wait returns; the next waits for its turn, or says why not', async () => {
  const started = await operator(['deploy', release('now'), '--app', 'now', '--no-wait']);
  assert.is(started.exitCode, 0, started.err);
  assert.is(started.out, 'now r1 is rolling out');
  const refused = await operator(['deploy', release('next'), '--app', 'now', '--no-wait']);
  assert.is(refused.exitCode, 1, refused.out);
  assert.match(refused.err, /now r1 is still rolling out; nothing was sent/);
  const waited = await operator(['deploy', release('next'), '--app', 'now']);
  assert.is(waited.exitCode, 0, waited.err);
  assert.match(waited.out, /now r2 is active/);
});

s('devices are enrolled and revoked', async () => {
  const ghost = `ghost=0x${'ab'.repeat(20)}`;
  const enrolled = await operator(['enrol', '--device', ghost]);
  assert.is(enrolled.out, 'ghost is in the fleet', enrolled.err);
  const again = await operator(['enrol', '--device', ghost]);
  assert.is(again.exitCode, 1);
  assert.match(again.err, /is in the fleet already, as ghost/);
  const taken = await operator(['enrol', '--device', `ghost=0x${'cd'.repeat(20)}`]);
  assert.match(taken.err, /the name ghost is taken by 0x/);
  const { devices } = JSON.parse((await operator(['status', '--json'])).out);
  assert.ok(devices.some(({ name }: { name: string }) => name === 'ghost'));
  assert.is((await operator(['revoke', 'ghost'])).out, 'ghost is no longer in the fleet');
  const gone = await operator(['revoke', 'ghost']);
  assert.is(gone.exitCode, 2);
  assert.match(gone.err, /no device of this fleet is called "ghost"/);
});

s('one operator alone enrols nobody where it takes two', async () => {
  const waiting = await operator(['enrol', '--device', `late=0x${'ef'.repeat(20)}`], keysOf('ops-1'));
  assert.is(waiting.exitCode, 1, waiting.err);
  assert.match(waiting.out, /action \d+ has 1 of 2 approvals; others approve it with: classpad action approve --id/);
  const { devices } = JSON.parse((await operator(['status', '--json'])).out);
  assert.not.ok(devices.some(({ name }: { name: string }) => name === 'late'));
});

s('a token is a key that nobody else reads, and only its address is told', async () => {
  const path = join(folder, 'pad-9.token');
  const said = await operator(['invite', 'pad-9', '--out', path, '--json']);
  assert.is(said.exitCode, 0, said.err);
  const { token } = JSON.parse(said.out);
  const key = readFileSync(path, 'utf8').trim() as `0x${string}`;
  assert.is(privateKeyToAddress(key).toLowerCase(), token);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.not.match(`${said.out}${said.err}`, key);
  const again = await operator(['invite', 'pad-9', '--out', path]);
  assert.match(again.err, /is there already; a key is never overwritten/);
  const withdrawn = await operator(['invite', 'pad-9', '--withdraw', token]);
  assert.is(withdrawn.out, `the token ${token} is void`, withdrawn.err);
});

s('what is proposed is pinned and waits for others', async () => {
  const said = await operator(['propose', release('offer'), '--app', 'offer', '--notes', 'cheaper', '--json'], keysOf('ops-1'));
  assert.is(said.exitCode, 0, said.err);
  const { revision, approvals, needed, pins, releaseHash } = JSON.parse(said.out);
  assert.equal([revision, approvals, needed], [1, 1, 2]);
  assert.match(releaseHash, /^0x\w{64}$/);
  assert.match(pins['classpad/hello:1'], /^classpad\/hello:1@sha256:[0-9a-f]{64}$/);
  assert.match(said.err, /classpad\/hello:1 is pinned: classpad\/hello:1@sha256:/);
});

s('a policy is added by two, refuses a start, and is removed by two', async () => {
  const none = await operator(['policy', 'list']);
  assert.is(none.out, 'no policy is asked: what is approved starts', none.err);
  const added = await operator(['policy', 'add', 'freeze', '--from', '2020-01-01', '--until', '2090-01-01']);
  assert.is(added.exitCode, 0, added.err);
  const listed = await operator(['policy', 'list']);
  assert.match(
    listed.out,
    /^0x\w{40} {2}freeze: nothing starts or proceeds from 2020-01-01 00:00:00 until 2090-01-01 00:00:00 UTC$/,
  );
  const frozen = await operator(['approve', 'offer', '1'], keysOf('ops-2'));
  assert.is(frozen.exitCode, 1);
  assert.match(frozen.err, /the policy at 0x\w+ does not let offer r1 start now; nothing changed, approve it again when it may/);
  const removed = await operator(['policy', 'remove', listed.out.slice(0, 42)]);
  assert.is(removed.exitCode, 0, removed.err);
  assert.is((await operator(['approve', 'offer', '1', '--no-wait'], keysOf('ops-2'))).exitCode, 0);
});

s('keys are made, shown and replaced', async () => {
  const path = join(folder, 'new.key');
  const made = await classpad(['keys', 'new', path]);
  const address = (await classpad(['keys', 'show', path])).out;
  assert.is(made.out, `${path} is the key of ${address}`);
  const old = file('ops-3.key', keysOf('ops-3'));
  const rotated = await operator(['keys', 'rotate', old, '--to', path]);
  assert.is(rotated.exitCode, 0, rotated.err);
  const { operators } = JSON.parse((await operator(['status', '--json'])).out);
  assert.ok(operators.some((each: string) => each.toLowerCase() === address));
  const back = await operator(['keys', 'rotate', path, '--to', old]);
  assert.is(back.exitCode, 0, back.err);
});

s('what devices logged is shown', async () => {
  const said = await operator(['logs', '--json']);
  assert.is(said.exitCode, 0, said.err);
  assert.ok(Array.isArray(JSON.parse(said.out)));
  assert.match((await operator(['logs', '--device', 'nobody'])).err, /no device of this fleet is called "nobody"/);
});

s('one operator alone revokes nobody; another approves the action', async () => {
  const waiting = await operator(['revoke', 'pad-04'], keysOf('ops-3'));
  assert.is(waiting.exitCode, 1, waiting.err);
  const [, id] = waiting.out.match(/action (\d+) has 1 of 2 approvals; others approve it with: classpad action approve --id/)!;
  const { devices } = JSON.parse((await operator(['status', '--json'])).out);
  assert.ok(devices.some(({ name }: { name: string }) => name === 'pad-04'));
  const listed = await operator(['action', 'list']);
  assert.match(listed.out, new RegExp(`${id}  revoke\\(0x\\w{40}\\)  1 approvals, until `));
  const twice = await operator(['action', 'approve', '--id', id!], keysOf('ops-3'));
  assert.match(twice.err, /has approved action \d+ already/);
  const unknown = await operator(['action', 'approve', '--id', '999'], keysOf('ops-3'));
  assert.is(unknown.exitCode, 1);
  assert.match(unknown.err, /there is no action 999/);
});

s('a canary tries a release first; then history, differences, and the way back', async () => {
  const first = await operator(['deploy', release('c1'), '--app', 'canary', '--canary', '2', '--notes', 'the first']);
  assert.is(first.exitCode, 0, first.err);
  assert.match(first.out, /canary r1 is active: 2 devices found it healthy/);
  assert.is((await operator(['deploy', release('c2'), '--app', 'canary', '--canary', '25%'])).exitCode, 0);
  const back = await operator(['rollback', 'canary']);
  assert.is(back.exitCode, 0, back.err);
  assert.match(back.out, /canary r3 is active/);
  const { out } = await operator(['history', 'canary']);
  assert.match(out, /^r3 .* active .*\nr2 .* superseded .*\nr1 .* superseded /);
  assert.match(out, /^r3 .* 0x\w{64} {2}r1 again\n/);
  assert.match(
    (await operator(['diff', 'canary', '1', '2'])).out,
    /^- tried first by: 2 of them\n\+ tried first by: 25 % of them\n- notes: the first\n- .*c1\n\+ .*c2$/,
  );
  assert.is(
    (await operator(['diff', 'canary', 'r1', 'r3'])).out,
    '+ goes back to: r1\n- tried first by: 2 of them\n+ tried first by: all of them at once\n- notes: the first',
  );
  assert.is((await operator(['diff', 'canary', 'r3', 'r3'])).out, 'canary r3 and r3 are the same');
});

s("the emulator's own keys serve where none is given", async () => {
  const said = await operator(['deploy', good, '--app', 'first'], '');
  assert.is(said.exitCode, 0, said.err);
  assert.match(said.err, /signing with the emulator's well-known development keys \(ops-1, ops-2, ops-3\)/);
});

const open = file('open.key', stranger, 0o644);
const json = file('json.key', JSON.stringify({ privateKey: stranger }));

/** Refused before anything is sent. */
const refusals: [name: string, args: () => string[], exitCode: number, sentence: RegExp, keys?: string][] = [
  ["a stranger's key", () => ['deploy', release('a'), '--app', 'a'], 1, /0x\w{40} is no operator of this fleet/, stranger],
  ['a key file in JSON', () => ['deploy', release('b'), '--app', 'b', '--key', json], 1, /is no operator of this fleet/],
  ['a key file that others may read', () => ['deploy', release('c'), '--app', 'c', '--key', open], 1, /chmod 600/],
  [
    'a key file that is missing',
    () => ['deploy', good, '--key', '/nowhere.key'],
    2,
    /the key file \/nowhere\.key does not exist/,
  ],
  ['a key file without a key', () => ['deploy', good, '--key', good], 2, /holds no private key/],
  ['a key on the command line', () => ['deploy', good, '--key', stranger], 2, /--key wants a file, not the key/, ''],
  ['another ledger', () => ['deploy', good, '--chain', '1'], 2, /chain id 4400, not 1; nothing was sent/],
  ['no Fleet there', () => ['status', '--fleet', `0x${'12'.repeat(20)}`], 1, /there is no contract at 0x1212/],
  ['not JSON-RPC', () => ['status', '--rpc', emulator.page], 1, /is this the JSON-RPC address of a node|does not speak JSON-RPC/],
  ['a canary of nothing known', () => ['deploy', good, '--canary', 'some'], 2, /--canary "some" does not fit/],
  ['a label without a value', () => ['deploy', good, '--label', 'site'], 2, /--label "site" is no label; write key=value/],
  ['a history of nothing', () => ['history', 'nothing'], 1, /no revision of nothing was ever proposed/],
  ['a difference to nothing', () => ['diff', 'first', '1', '99'], 1, /first has no revision 99; see: classpad history first/],
  ['back to where nothing was', () => ['rollback', 'slow'], 2, /slow has no revision that was active before/],
  ['back to what was rolled back', () => ['rollback', 'first', '--to', '2'], 1, /first r2 is rolled back/],
  ['an action of another kind', () => ['action', 'undo'], 2, /"undo" is nothing to do with actions; write list or approve/],
  ['a revision that is not there', () => ['approve', 'first', '99'], 1, /first has no revision 99/],
  ['a fleet that is there', () => ['init', '--operator', `0x${'12'.repeat(20)}`], 1, /has its fleet already, at 0x/],
];

async function headNumber(): Promise<number> {
  return JSON.parse((await operator(['status', '--json'])).out).block;
}

/** Transactions in the blocks after one. */
async function sentSince(number: number): Promise<string[]> {
  const head = await headNumber();
  const sent: string[] = [];
  for (let next = number + 1; next <= head; next++) {
    const request = { jsonrpc: '2.0', id: 1, method: 'eth_getBlockByNumber', params: [`0x${next.toString(16)}`, false] };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(emulator.rpc, { method: 'POST', headers, body: JSON.stringify(request) });
    sent.push(...((await answer.json()) as { result: { transactions: string[] } }).result.transactions);
  }
  return sent;
}

for (const [name, args, exitCode, sentence, keys] of refusals) {
  s(`refused: ${name}`, async () => {
    const before = await headNumber();
    const said = await operator(args(), keys);
    assert.is(said.exitCode, exitCode, `${said.out}\n${said.err}`);
    assert.match(said.err, sentence);
    assert.not.match(said.err, / {4}at /);
    assert.equal(await sentSince(before), [], 'nothing was sent');
  });
}

s.run();
