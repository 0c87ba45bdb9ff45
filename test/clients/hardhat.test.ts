/** A Hardhat 3 project, as its users have it, on a node of ours. `npm run hardhat` installs it (230 MB). */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { need, root } from '../support/need.ts';
import { type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';

const s = suite('clients: Hardhat 3');
const PROJECT = join(root, 'build/hardhat');
const CLI = join(PROJECT, 'node_modules/hardhat/dist/src/cli.js');
const NODE = newerNode();
/** Hardhat polls for five confirmations in steps of seconds. */
const COMMAND_MS = 120_000;

const canRun =
  need('Hardhat 3', existsSync(CLI), 'it is not installed; run: npm run hardhat') &&
  need('Hardhat 3', NODE !== undefined, 'it wants Node 22.13 or newer; name its binary in CLASSPAD_NODE24');

let node: NodeProcess;

s.before(async () => {
  if (!canRun) return;
  copyProject();
  node = await nodeProcess('unix:///nowhere/docker.sock');
  await node.start();
});

s.after(async () => {
  await node?.stop();
  node?.remove();
});

const rows: [name: string, args: readonly string[], says: RegExp][] = [
  ['compile', ['build', '--force'], /Compiled \d+ Solidity files with solc 0\.8\.37/],
  ['test run', ['test', 'nodejs', '--network', 'classpad'], /2 passing/],
  [
    'Ignition deployment',
    ['ignition', 'deploy', 'ignition/modules/Counter.ts', '--network', 'classpad', '--deployment-id', 'one'],
    /successfully deployed[\s\S]*Counter#CounterProxy - 0x\w{40}/,
  ],
];

for (const [name, args, says] of rows) {
  if (!canRun) continue;
  s(name, async () => {
    const { text, exitCode } = await hardhat(args);
    assert.is(exitCode, 0, text);
    assert.match(text, says);
  });
}

/** The project as it stands in the sources, into the folder in which it is installed; what an earlier run made goes. */
function copyProject(): void {
  for (const made of ['contracts', 'cache', 'artifacts', 'ignition'])
    rmSync(join(PROJECT, made), { recursive: true, force: true });
  cpSync(join(root, 'test/clients/hardhat'), PROJECT, { recursive: true });
  cpSync(join(root, 'test/clients/contracts'), join(PROJECT, 'contracts'), { recursive: true });
}

function hardhat(args: readonly string[]): Promise<{ text: string; exitCode: number | null }> {
  const env = {
    ...process.env,
    CI: '1',
    HARDHAT_IGNITION_CONFIRM_DEPLOYMENT: 'false',
    CLASSPAD_RPC: `http://127.0.0.1:${node.ports.rpc}`,
    CLASSPAD_KEY: OPERATOR_KEY,
  };
  const child: ChildProcess = spawn(NODE!, [CLI, ...args], { cwd: PROJECT, env, timeout: COMMAND_MS });
  let text = '';
  const collect = (chunk: Buffer) => {
    text += chunk.toString();
  };
  child.stdout!.on('data', collect);
  child.stderr!.on('data', collect);
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ text, exitCode })));
}

/** A Node that Hardhat 3 runs on: the one named, this one, or the one that the project installed. */
function newerNode(): string | undefined {
  const named = process.env['CLASSPAD_NODE24'];
  if (named) return named;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return process.execPath;
  return undefined;
}

s.run();
