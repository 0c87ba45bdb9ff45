/** A Hardhat 3 project, as its users have it, on a node of ours. `npm run hardhat` installs it (230 MB). */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { need, root } from '../support/need.ts';
import { type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';
import { Matrix } from './matrix.ts';
import { BASE_FEES } from './story.ts';

const s = suite('clients: Hardhat 3');
const PROJECT = join(root, 'build/hardhat');
const CLI = join(PROJECT, 'node_modules/hardhat/dist/src/cli.js');
const NODE = newerNode();
/** Hardhat polls for five confirmations in steps of seconds. */
const COMMAND_MS = 400_000;

const canRun =
  need('Hardhat 3', existsSync(CLI), 'it is not installed; run: npm run hardhat') &&
  need('Hardhat 3', NODE !== undefined, 'it wants Node 22.13 or newer; name its binary in CLASSPAD_NODE24');

/** What the run of the project's tests says of each, and its column of the table. */
const TOLD: readonly (readonly [column: string, says: RegExp])[] = [
  ['ERC-20', /✔ moves[\s\S]*✔ refuses with a custom error/],
  ['ERC-721', /✔ ERC-721: mint, owner, a token that is not/],
  ['AccessControl', /✔ AccessControl: refused, granted, let in/],
  ['UUPS proxy', /✔ UUPS proxy: initialise, count, upgrade, count on/],
  ['events, restart', /✔ events over WebSocket, across a restart of the node/],
];
const matrix = new Matrix('Hardhat 3');

s.before(() => {
  if (canRun) copyProject();
});

s.after(() => {
  if (canRun) matrix.print();
});

if (canRun) {
  s('compile', async () => {
    await says(['build', '--force'], {}, /Compiled \d+ Solidity files with solc 0\.8\.37/);
  });
  for (const baseFee of BASE_FEES) s(`test run and Ignition deployment, base fee ${baseFee}`, () => onLedger(baseFee));
}

async function onLedger(baseFee: number): Promise<void> {
  const row = `http, base fee ${baseFee}`;
  const node = await nodeProcess('unix:///nowhere/docker.sock', { baseFee });
  await node.start();
  const restarter = await listenForRestarts(node);
  const env = {
    CLASSPAD_RPC: `http://127.0.0.1:${node.ports.rpc}`,
    CLASSPAD_WS: `ws://127.0.0.1:${node.ports.rpc}`,
    CLASSPAD_RESTART: restarter.url,
  };
  try {
    const text = await says(['test', 'nodejs', '--network', 'classpad'], env, /6 passing/);
    for (const [column, told] of TOLD) {
      assert.match(text, told);
      matrix.note(row, column, 'passed');
    }
    const deploy = ['ignition', 'deploy', 'ignition/modules/Counter.ts', '--network', 'classpad'];
    await says(
      [...deploy, '--deployment-id', `at-${baseFee}`],
      env,
      /successfully deployed[\s\S]*Counter#CounterProxy - 0x\w{40}/,
    );
    matrix.note(row, 'Ignition', 'deployed');
  } finally {
    restarter.close();
    await node.stop();
    node.remove();
  }
}

/** The project's tests ask here for a restart of the node. */
async function listenForRestarts(node: NodeProcess): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((_request, response) => {
    const restart = async () => {
      await node.kill();
      await node.start();
    };
    restart().then(
      () => response.end('restarted'),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}

async function says(args: readonly string[], env: Readonly<Record<string, string>>, told: RegExp): Promise<string> {
  const { text, exitCode } = await hardhat(args, env);
  assert.is(exitCode, 0, text);
  assert.match(text, told);
  return text;
}

/** The project as it stands in the sources, into the folder in which it is installed; what an earlier run made goes. */
function copyProject(): void {
  for (const made of ['contracts', 'cache', 'artifacts', 'ignition', 'test'])
    rmSync(join(PROJECT, made), { recursive: true, force: true });
  cpSync(join(root, 'test/clients/hardhat'), PROJECT, { recursive: true });
  cpSync(join(root, 'test/clients/contracts'), join(PROJECT, 'contracts'), { recursive: true });
}

function hardhat(
  args: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<{ text: string; exitCode: number | null }> {
  const env = {
    ...process.env,
    CI: '1',
    HARDHAT_IGNITION_CONFIRM_DEPLOYMENT: 'false',
    CLASSPAD_KEY: OPERATOR_KEY,
    ...more,
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
