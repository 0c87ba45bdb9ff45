/** `classpad node` on this machine, without a Docker Engine: a fleet from nothing, by the command line alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { privateKeyToAddress } from 'viem/accounts';
import { root } from '../support/need.ts';
import { classpad, file, folder, type Said } from './support.ts';

const s = suite('cli: a node');
const READY_MS = 60_000;
const KEY = `0x${'42'.repeat(32)}` as const;
const OPERATOR = privateKeyToAddress(KEY).toLowerCase();
const hello = join(root, 'examples/hello/compose.yaml');

const config = (fleet: string) => `
name: pad-1
data: ${folder}/node
engine: unix://${folder}/no-engine.sock
rpc: {listen: 127.0.0.1:0}
proxy: {listen: 127.0.0.1:0}
genesis: {chainId: 77, timestamp: 1767225600, gasLimit: 60000000, baseFee: 0, sequencer: self, alloc: {${OPERATOR}: {balance: "1"}}}
fleet: "${fleet}"
blockIntervalMs: 100
`;

/** The first contract of {@link OPERATOR}. */
const FLEET = '0x9e66adf17c257751957f0ff2f78d7364c005a525';

let node: ChildProcess;
let log = '';
let rpc = '';

s.before(async () => {
  const path = file('node.yaml', config(FLEET));
  node = spawn(process.execPath, [join(root, 'cli/classpad.mjs'), 'node', '--config', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.once('exit', () => node.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the node is not up:\n${log}`)), READY_MS);
    const collect = (chunk: Buffer) => {
      log += chunk.toString();
      rpc = log.match(/JSON-RPC on (http:\S+),/)?.[1] ?? '';
      if (rpc) resolve(clearTimeout(timer));
    };
    node.stdout!.on('data', collect);
    node.stderr!.on('data', collect);
    node.once('exit', (code) => reject(new Error(`the node ended with exit code ${code}:\n${log}`)));
  });
});

s.after(() => void node.kill('SIGKILL'));

function operator(...args: string[]): Promise<Said> {
  return classpad(args, { CLASSPAD_RPC: rpc, CLASSPAD_KEY: KEY });
}

s('a ledger without a fleet says what to do', async () => {
  const said = await operator('status');
  assert.is(said.exitCode, 1);
  assert.match(said.err, /there is no contract at 0x9e66\w+ on the ledger of \S+; put one there with: classpad init/);
});

s('a key whose contract would stand elsewhere sends nothing', async () => {
  const said = await classpad(['init', '--operator', OPERATOR], { CLASSPAD_RPC: rpc, CLASSPAD_KEY: `0x${'43'.repeat(32)}` });
  assert.is(said.exitCode, 1);
  assert.match(said.err, /the nodes look for their fleet at 0x9e66\w+, and 0x\w+ would put it at 0x\w+; nothing was sent/);
});

const inits: [args: string[], exitCode: number, sentence: RegExp][] = [
  [['init'], 2, /--operator ADDRESS is missing/],
  [['init', '--operator', 'bob'], 2, /--operator "bob" is no address/],
  [
    ['init', '--operator', OPERATOR, '--threshold', '2'],
    2,
    /--threshold "2" does not fit; it must be a whole number from 1 to 1/,
  ],
  [['init', '--operator', OPERATOR, '--operator', OPERATOR], 2, /--operator 0x\w+ is named twice/],
  [['enrol', '--device', 'pad-1'], 2, /--device "" is no address/],
  [['enrol', '--device', `Pad=${OPERATOR}`], 2, /--device "Pad" is no name for a device/],
];

for (const [args, exitCode, sentence] of inits) {
  s(`classpad ${args.join(' ')}`, async () => {
    const said = await operator(...args);
    assert.is(said.exitCode, exitCode, said.err);
    assert.match(said.err, sentence);
  });
}

s('init, enrol, deploy, audit', async () => {
  const made = await operator('init', '--operator', OPERATOR);
  assert.is(made.out, `the fleet is at ${FLEET}`, made.err);
  const device = log.match(/pad-1 is (0x\w{40})/)![1]!;
  assert.is((await operator('enrol', '--device', `pad-1=${device}`)).out, 'pad-1 is in the fleet');
  assert.match((await operator('status')).out, /1 operator, 1 must approve; 1 device, 1 decide: pad-1/);
  // Without an engine nothing can be healthy: the window ends it, and this command sees to that.
  const unknown = await operator('deploy', hello);
  assert.is(unknown.exitCode, 1);
  assert.match(
    unknown.err,
    /classpad\/hello:1 cannot be pinned: .*; write its digest in the file, or ask an engine that knows it: --engine/,
  );
  const pinned = readFileSync(hello, 'utf8').replace('classpad/hello:1', `classpad/hello:1@sha256:${'0'.repeat(64)}`);
  const released = await operator('deploy', file('pinned.yaml', pinned), '--app', 'hello', '--window', '2s');
  assert.is(released.exitCode, 1, released.err);
  assert.match(released.out, /hello r1 was rolled back after .* s: /);
  const audited = await operator('audit');
  assert.is(audited.exitCode, 0, audited.err);
  assert.match(audited.out, /RolledBack +hello r1, back to nothing/);
});

s('SIGTERM ends it in good order', async () => {
  const ended = new Promise((resolve) => node.once('exit', resolve));
  node.kill('SIGTERM');
  assert.is(await ended, 0);
  assert.match(log, /SIGTERM: the node ends/);
});

const configs: [name: string, content: string, sentence: RegExp][] = [
  ['no-field', config(FLEET).replace('name: pad-1\n', ''), /no-field\.yaml:\d+: name is missing/],
  ['no-yaml', 'name: [', /no-yaml\.yaml:1: /],
  ['wrong-field', `${config(FLEET)}nme: x\n`, /wrong-field\.yaml:\d+: nme is no field here; there are name, data/],
];

for (const [name, content, sentence] of configs) {
  s(`a configuration: ${name}`, async () => {
    const said = await classpad(['node', '--config', file(`${name}.yaml`, content)]);
    assert.is(said.exitCode, 2, said.err);
    assert.match(said.err, sentence);
  });
}

s('no configuration', async () => {
  assert.match((await classpad(['node'])).err, /--config FILE is missing/);
  assert.match((await classpad(['node', '--config', '/nowhere.yaml'])).err, /nowhere\.yaml: there is no such file/);
});

s.run();
