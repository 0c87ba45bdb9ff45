/** A real node, in a process of its own, that shares the ledger of an emulator with its virtual devices. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../cli/commands/index.ts';
import { version } from '../../cli/root.ts';
import { run } from '../../cli/run.ts';
import { type Emulator, keysOf, startEmulator } from '../cli/emulator.ts';
import { need, root } from '../support/need.ts';
import { CLI, freePorts, isBuilt } from '../support/node-process.ts';
import { until } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'classpad-door-'));
let emulator: Emulator | undefined;
let node: ChildProcess | undefined;

async function ask(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return ((await response.json()) as { result: unknown }).result;
}

async function classpad(...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const env = { CLASSPAD_RPC: emulator!.rpc, CLASSPAD_KEY: keysOf('ops-1', 'ops-2') };
  const code = await run(commands, args, { out: say, err: say, env }, version);
  return { code, text: lines.join('\n') };
}

/** The node's configuration as the emulator wrote it, with ports of its own. */
async function startNode(change: object = {}): Promise<{ rpc: string; said: () => string }> {
  const [rpc = 0, proxy = 0] = await freePorts(2);
  const config = JSON.parse(readFileSync(join(root, 'build/emulator/node.json'), 'utf8')) as Record<string, unknown>;
  const listens = { rpc: { listen: `127.0.0.1:${rpc}` }, proxy: { listen: `127.0.0.1:${proxy}` } };
  const peers = { connect: [emulator!.peers] };
  const path = join(folder, 'node.json');
  writeFileSync(path, JSON.stringify({ ...config, ...listens, peers, engine: 'virtual', ...change }));
  node = spawn(process.execPath, [CLI, 'node', '--config', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  node.stderr!.on('data', (chunk) => {
    said += chunk;
  });
  return { rpc: `http://127.0.0.1:${rpc}`, said: () => said };
}

test('a real node follows the emulated ledger, is enrolled, runs its releases and votes', async () => {
  emulator = await startEmulator(2, '--peers', '127.0.0.1:0');
  const beside = await startNode();
  const block = () => ask(emulator!.rpc, 'eth_getBlockByNumber', 'latest', false) as Promise<{ number: string; hash: string }>;
  await until('the same block on both', async () => {
    const { number, hash } = await block();
    const same = (await ask(beside.rpc, 'eth_getBlockByNumber', number, false)) as { hash: string } | null;
    return same?.hash === hash ? true : undefined;
  }).catch((error: Error) => assert.unreachable(`${error.message}\n${beside.said()}`));
  const address = await until('its address', async () => /is (0x[0-9a-f]{40})/.exec(beside.said())?.[1]);
  const enrolled = await classpad('enrol', '--device', `beside=${address}`);
  assert.is(enrolled.code, 0, enrolled.text);
  const deployed = await classpad('deploy', join(root, 'examples/hello/compose.yaml'), '--app', 'shared');
  assert.is(deployed.code, 0, deployed.text);
  await until('its vote or its container', async () => (beside.said().includes('shared revision 1') ? true : undefined));
});

test('a real node that is called as a virtual device stays outside', async () => {
  node?.kill('SIGKILL');
  const impostor = await startNode({ name: 'pad-02', data: './impostor' });
  await until('it knocks', async () => (impostor.said().includes('connected with') ? true : undefined));
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  assert.is(await ask(impostor.rpc, 'eth_blockNumber'), '0x0');
});

test.after(() => {
  node?.kill('SIGKILL');
  emulator?.stop();
  rmSync(folder, { recursive: true, force: true });
});

if (need('the built command line', isBuilt, 'npm run build')) test.run();
else console.log('  Total:     0\n  Passed:    0');
