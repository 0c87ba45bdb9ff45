/** What `cluster init --host` wrote, brought to four machines and run there by hand: as the README says it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../../cli/commands/index.ts';
import { run as runCommand } from '../../../cli/run.ts';
import { hashEngineHeader, rpcProvider } from '../../../runtime/light/index.ts';
import { COMETBFT, ended, needCometbft, until } from '../../support/cluster.ts';
import { canMakeNamespaces, type Machines, makeMachines } from '../../support/namespaces.ts';
import { need, root } from '../../support/need.ts';
import { CLI } from '../../support/node-process.ts';

const test = suite<{ folder: string; network: Machines; running: ChildProcess[] }>('cometbft/hosts');
const isPossible =
  needCometbft('hosts') && need('four machines of a cluster', canMakeNamespaces(), 'network namespaces are for root alone');
/** Without the engine nothing is run, and nothing counts as passed. */
const live = isPossible ? test : test.skip;

test.before((context) => {
  if (!isPossible) return;
  context.folder = mkdtempSync(join(tmpdir(), 'cp-hosts-'));
  context.network = makeMachines(4);
  context.running = [];
});
test.after(async ({ folder, network, running }) => {
  await Promise.all((running ?? []).map(ended));
  network?.remove();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function classpad(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const io = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text), env: {} };
  assert.is(await runCommand(commands, args, io, 'test'), 0, `${args.join(' ')}\n${lines.join('\n')}`);
  return lines;
}

const get = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(3000) })).text();

live('four machines with an address, a folder and a node of their own agree on a release', async (context) => {
  const { folder, network, running } = context;
  const fleet = join(folder, 'fleet');
  const hosts = network.machines.flatMap(({ address }) => ['--host', address]);
  const said = await classpad('cluster', 'init', ...hosts, '--dir', fleet, '--engine', 'virtual', '--cometbft', COMETBFT);
  const [init = '', enrol = ''] = said.slice(-2).map((line) => line.replace(/^\w+:\s+classpad /, ''));
  const machines = network.machines.map((machine, index) => {
    const [name, disk] = [`pad-0${index + 1}`, join(folder, `machine-${index + 1}`)];
    mkdirSync(disk);
    renameSync(join(fleet, name), join(disk, name));
    return { ...machine, disk, file: join(disk, name, 'node.yaml') };
  });
  for (const { enter, disk, file } of machines) {
    const [command = '', ...args] = [...enter, process.execPath, CLI, 'node', '--config', file];
    running.push(spawn(command, args, { cwd: disk, stdio: 'ignore' }));
  }
  const provider = rpcProvider(`http://${machines[0]!.address}:26657`, get);
  await until('the first block', async () => (await provider.lightBlock('latest')).header.height > 0);
  await classpad(...init.split(' '));
  await classpad(...enrol.split(' '));
  const key = join(fleet, 'operator-1.key');
  const rpcOf = (index: number) => `http://${machines[index]!.address}:8545`;
  await classpad('deploy', join(root, 'examples/hello/compose.yaml'), '--key', key, '--rpc', rpcOf(2));
  for (const { address } of machines)
    await until(
      `the release on ${address}`,
      async () => (await get(`http://${address}:4401/`)).trim() === 'hello from revision 1',
    );
  const { header, commit } = await provider.lightBlock('latest');
  assert.is(commit.signatures.length, 4);
  const trust = `${header.height}:0x${Buffer.from(hashEngineHeader(header)).toString('hex')}`;
  const verified = await classpad('verify', 'hello', '--trust', trust, '--rpc', rpcOf(3), '--witness', rpcOf(1));
  assert.ok(verified.includes('hello: revision 1 is active'), verified.join('\n'));
  assert.ok(machines.every(({ disk }, index) => existsSync(join(disk, `pad-0${index + 1}`, 'data/ledger'))));
});

test.run();
