/** What containers print, told by their device to operators alone: on virtual containers, and on a real engine where there is one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpRequestError, keccak256 } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { followOutput, linesAfter } from '../../cli/output.ts';
import { dockerEngine } from '../../firmware-bridge/main.ts';
import { bytesToHex } from '../../runtime/bytes.ts';
import { outputOrderHash } from '../../runtime/service/order.ts';
import type { ContainerOutput } from '../../runtime/service/output.ts';
import { startDockerd } from '../support/dockerd.ts';
import { root } from '../support/need.ts';
import { CLI, type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';
import { operatorOf } from '../support/operator.ts';
import { until } from '../support/wait.ts';
import { classpad, type Said } from './support.ts';

const s = suite('cli: the output of containers');
const STRANGER_KEY = `0x${'51'.repeat(32)}` as const;
const HELLO = join(root, 'examples/hello/compose.yaml');
let node: NodeProcess;

s.before(async () => {
  node = await nodeProcess('virtual');
  await node.start();
  await operatorOf(node).begin();
  const deployed = await run(node, ['deploy', HELLO, '--app', 'hello']);
  assert.is(deployed.exitCode, 0, deployed.err);
});
s.after(async () => {
  await node.stop();
  node.remove();
});

function run({ ports }: NodeProcess, args: readonly string[], key: string = OPERATOR_KEY): Promise<Said> {
  return classpad(args, { CLASSPAD_RPC: `http://127.0.0.1:${ports.rpc}`, CLASSPAD_KEY: key });
}

s('an operator reads it, as lines and as JSON', async () => {
  const rows = JSON.parse((await run(node, ['logs', 'hello', '--output', '--json'])).out) as Row[];
  assert.is(rows.length, 1);
  assert.equal([rows[0]!.revision, rows[0]!.state], [1, 'running']);
  assert.match(rows[0]!.container, /^classpad-pad-1-hello-r1-/);
  const said = await run(node, ['logs', 'hello', '--device', 'pad-1', '--tail', '5']);
  assert.is(said.exitCode, 0, said.err);
  for (const line of said.out.split('\n').filter(Boolean)) assert.match(line, /^classpad-pad-1-hello-r1-\S+ {2}/);
});

interface Row {
  readonly container: string;
  readonly revision: number;
  readonly state: string;
  readonly text: string;
}

const refusals: [name: string, args: string[], exitCode: number, sentence: RegExp][] = [
  ['no app', ['logs', '--output'], 2, /APP is missing/],
  ['another app', ['logs', 'other', '--output'], 1, /no container of other is on this device/],
  ['another service', ['logs', 'hello', '--service', 'db'], 1, /no container of db of hello is on this device/],
  [
    'a device that there is not',
    ['logs', 'hello', '--output', '--device', 'pad-9'],
    2,
    /no device of this fleet is called "pad-9"/,
  ],
  ['too many lines', ['logs', 'hello', '--tail', '5000'], 2, /--tail "5000" does not fit/],
  ['an odd service', ['logs', 'hello', '--service', 'a b'], 2, /--service "a b" is no name/],
];
for (const [name, args, exitCode, sentence] of refusals) {
  s(`refused: ${name}`, async () => {
    const said = await run(node, args);
    assert.is(said.exitCode, exitCode, said.out);
    assert.match(said.err, sentence);
  });
}

s('a stranger reads nothing', async () => {
  const said = await run(node, ['logs', 'hello', '--output'], STRANGER_KEY);
  assert.is(said.exitCode, 1);
  assert.match(said.err, /only an operator of this fleet is shown output/);
  assert.is(said.out, '');
});

const operator = privateKeyToAccount(OPERATOR_KEY);
const nowSeconds = () => Math.floor(Date.now() / 1000);
const orders: [
  name: string,
  change: { until?: number; device?: `0x${string}`; service?: string; chainId?: bigint },
  sentence: RegExp,
][] = [
  ['that is over', { until: nowSeconds() - 1 }, /for another time than now/],
  ['that would count for ever', { until: nowSeconds() + 100_000 }, /for another time than now/],
  ['for another device', { device: `0x${'11'.repeat(20)}` }, /only an operator/],
  ['for another ledger', { chainId: 1n }, /only an operator/],
  ['for another service', { service: 'db' }, /only an operator/],
];
for (const [name, change, sentence] of orders) {
  s(`an order ${name} counts for nothing`, async () => {
    const { device = (await own(node)) as `0x${string}`, chainId = 4401n, until = nowSeconds() + 60, service = '' } = change;
    const once = { until, nonce: 7 };
    const order = outputOrderHash({ app: 'hello', service, ...once }, { chainId, device }, (data) => keccak256(data, 'bytes'));
    const signature = await operator.signMessage({ message: { raw: bytesToHex(order) } });
    const asked = node.call('classpad_output', ['hello', '', 10, until, once.nonce, signature]);
    assert.match(await asked.then(String, (error: Error) => error.message), sentence);
  });
}

s('an order is obeyed once, even if its signature is turned into its twin', async () => {
  const device = (await own(node)) as `0x${string}`;
  const once = { until: nowSeconds() + 60, nonce: 8 };
  const order = outputOrderHash({ app: 'hello', service: '', ...once }, { chainId: 4401n, device }, (data) =>
    keccak256(data, 'bytes'),
  );
  const signature = await operator.signMessage({ message: { raw: bytesToHex(order) } });
  const ask = (nonce: number, signed: string) =>
    node.call('classpad_output', ['hello', '', 10, once.until, nonce, signed]).then(
      () => 'shown',
      (error: Error) => error.message,
    );
  assert.is(await ask(8, signature), 'shown');
  assert.match(await ask(8, signature), /the order was obeyed already; sign another/);
  assert.match(await ask(8, twinOf(signature)), /the order was obeyed already|only an operator/);
  assert.match(await ask(9, signature), /only an operator/, 'the nonce is signed');
});

/** The other signature by the same key of the same thing (s is n - s): whoever overhears one can make it. */
function twinOf(signature: string): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = (order - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, '0');
  return `${signature.slice(0, 66)}${s}${signature.endsWith('1b') ? '1c' : '1b'}`;
}

async function own({ folder }: NodeProcess): Promise<string> {
  const { openIdentity } = await import('../../firmware-bridge/device/identity.ts');
  return openIdentity(join(folder, 'data/device.key')).address;
}

const after: [name: string, before: string[], now: string[], came: string[]][] = [
  ['nothing yet', [], ['a', 'b'], ['a', 'b']],
  ['nothing new', ['a', 'b'], ['a', 'b'], []],
  ['a line more', ['a', 'b'], ['a', 'b', 'c'], ['c']],
  ['the same line again', ['a', 'a'], ['a', 'a', 'a'], ['a']],
  ['the first fell out', ['a', 'b', 'c'], ['b', 'c', 'd'], ['d']],
  ['only the end was known', ['c'], ['a', 'b', 'c', 'd'], ['d']],
  ['all are others', ['a', 'b'], ['x', 'y'], ['x', 'y']],
  [
    'the first was cut, and is the end of one',
    ['first line', 'second line', 'third'],
    ['ond line', 'third', 'fourth'],
    ['fourth'],
  ],
  ['a shorter line in the middle is no end of one', ['my tick'], ['a', 'tick', 'b'], ['a', 'tick', 'b']],
];
for (const [name, before, now, came] of after) s(`following: ${name}`, () => assert.equal(linesAfter(before, now), came));

const away = () => new HttpRequestError({ url: 'http://pad-1', details: 'fetch failed' });
const engineAway = () =>
  Object.assign(new Error('refused'), { details: 'the engine of this device: cannot reach the Docker Engine' });
const told = (...texts: string[]): ContainerOutput[] =>
  texts.map((text, index) => ({ container: `c${index}`, service: 'web', revision: 1, state: 'running', text }));

/** Follows what is answered, one after the other; ends with the last. */
async function followed(tail: number, answers: readonly (ContainerOutput[] | Error)[]) {
  const lines: string[] = [];
  const remarks: string[] = [];
  const left = [...answers];
  const ask = async () => {
    const answer = left.shift()!;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const ending = {
    get aborted() {
      return left.length === 0;
    },
  };
  const both: string[] = [];
  const show = ({ container }: ContainerOutput, each: readonly string[]) => {
    lines.push(...each.map((line) => `${container} ${line}`));
    both.push(...each);
  };
  const say = (text: string) => {
    remarks.push(text);
    both.push(text);
  };
  await followOutput(ask, tail, { show, say, ending, of: 'pad-1', pollMs: 0 });
  return { lines, remarks, both };
}

s('following: the last lines, then each that comes, once', async () => {
  const { lines } = await followed(1, [told('a\nb\n'), told('a\nb\nc\n'), told('a\nb\nc\n'), told('a\nb\nc\nc\n', 'new\n')]);
  assert.equal(lines, ['c0 b', 'c0 c', 'c0 c', 'c1 new']);
});

s('following: one that always prints the same is not silent', async () => {
  const { lines } = await followed(1, [told('tick\ntick\n'), told('tick\ntick\ntick\n'), told('tick\ntick\ntick\ntick\n')]);
  assert.equal(lines, ['c0 tick', 'c0 tick', 'c0 tick']);
});

s('following: a node, or its engine, that is away is waited for, and said once', async () => {
  const { lines, remarks } = await followed(9, [told('a\n'), away(), away(), told('a\nb\n'), engineAway(), told('a\nb\nc\n')]);
  assert.equal(lines, ['c0 a', 'c0 b', 'c0 c']);
  assert.equal(remarks, [
    'pad-1 does not answer now; waiting for it, Ctrl-C ends',
    'pad-1 answers again',
    'pad-1 says: the engine of this device: cannot reach the Docker Engine; waiting for it, Ctrl-C ends',
    'pad-1 answers again',
  ]);
});

s('following: that it answers again is said before what was printed meanwhile', async () => {
  const { both } = await followed(9, [told('a\n'), away(), told('a\nb\n')]);
  assert.equal(both, ['a', 'pad-1 does not answer now; waiting for it, Ctrl-C ends', 'pad-1 answers again', 'b']);
});

const ends: [name: string, answers: (ContainerOutput[] | Error)[], sentence: RegExp][] = [
  ['one that was never there', [away()], /HTTP request failed/],
  ['a refusal', [told('a\n'), new Error('only an operator')], /only an operator/],
];
for (const [name, answers, sentence] of ends)
  s(`following ends with ${name}`, async () => {
    assert.match(await followed(1, answers).then(String, (error: Error) => error.message), sentence);
  });

s('on a real engine: what a container prints, also while it is followed', async () => {
  const daemon = await startDockerd();
  if (!daemon) return;
  const engine = dockerEngine(daemon.url, 'pad-1');
  const real = await nodeProcess(daemon.url);
  let following: ChildProcess | undefined;
  try {
    await engine.ensureHelloImage();
    await real.start();
    await operatorOf(real).begin();
    const deployed = await run(real, ['deploy', HELLO, '--app', 'hello']);
    assert.is(deployed.exitCode, 0, deployed.err);
    const rows = JSON.parse((await run(real, ['logs', 'hello', '--output', '--json'])).out) as Row[];
    assert.is(rows.length, 1);
    assert.is(rows[0]!.state, 'running');
    const id = (await engine.containers.list())[0]!.id;
    const printed = await engine.containers.logs(id, 100);
    assert.is(rows[0]!.text, printed);
    const env = { ...process.env, CLASSPAD_RPC: `http://127.0.0.1:${real.ports.rpc}`, CLASSPAD_KEY: OPERATOR_KEY };
    const child = spawn(process.execPath, [CLI, 'logs', 'hello', '--follow', '--tail', '2'], { env });
    following = child;
    const said = { out: '', err: '' };
    for (const name of ['out', 'err'] as const)
      child[`std${name}`].on('data', (chunk) => {
        said[name] += chunk;
      });
    // It says one line each time that it begins to serve.
    const starts = (count: number) => said.out.match(/hello serves /g)?.length === count || undefined;
    await until('the lines that were there', async () => starts(1));
    await engine.containers.stop(id, 1_000);
    await until('the line of the container that was put right', async () => starts(2));
    await real.kill();
    await until('that the node is away', async () => /does not answer now; waiting/.test(said.err) || undefined);
    await engine.containers.stop(id, 1_000);
    await real.start();
    await until('what was printed since', async () => starts(3));
    // Its two outputs are two pipes: which of them is read first is the reader's luck.
    await until('that the node answers again', async () => /answers again/.test(said.err) || undefined);
    child.kill('SIGTERM');
    assert.is(await new Promise((resolve) => child.once('exit', resolve)), 0);
  } finally {
    following?.kill('SIGKILL');
    await real.stop();
    await engine.clear();
    engine.close();
    real.remove();
    await daemon.stop();
  }
});

s.run();
