import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Address, type Hex, keccak256 } from 'viem';
import { type Cluster, writeCluster } from '../../firmware-bridge/cometbft/testnet.ts';
import { pause } from '../../test/support/wait.ts';

/** Four validators on this machine, each a process or two; the same configuration of CometBFT whatever application is above it. */
export interface Nodes {
  readonly cluster: Cluster;
  /** CometBFT's RPC of a node. */
  engine(node: number, path: string): Promise<Record<string, never>>;
  /** Ethereum JSON-RPC of a node; only of ours. */
  call(node: number, method: string, params: readonly unknown[]): Promise<unknown>;
  /** Bytes in memory of a node: its own process, and the engine's. */
  memory(): { readonly node: number; readonly engine: number };
  /** Bytes on the disk of a node: the ledger, the engine's data, and what the engine notes of its messages. */
  disk(): Disk;
  stop(): Promise<void>;
}

export interface Disk {
  readonly ledger: number;
  readonly engine: number;
  readonly log: number;
}

export type Application = 'classpad' | 'kvstore';

const NODES = 4;
const UP_WITHIN_MS = 60_000;
const BLOCK_BYTES = 512;

export async function startNodes(application: Application, funded: readonly Address[], commitMs: number): Promise<Nodes> {
  const folder = mkdtempSync(join(tmpdir(), 'cp-bench-'));
  const cluster = writeCluster({
    folder: join(folder, 'c'),
    hosts: Array.from({ length: NODES }, () => '127.0.0.1'),
    chainId: 4401,
    timestamp: Math.floor(Date.now() / 1000),
    funded,
    fleet: `0x${'fe'.repeat(20)}`,
    engine: 'virtual',
    binary: process.env['CLASSPAD_COMETBFT'] ?? 'cometbft',
    commitMs,
  });
  const paths = cluster.nodes.map(({ folder: name }) => join(folder, 'c', name));
  const children = paths.map((path, index) => start(application, path, cluster.nodes[index]!.engineRpc));
  const nodes: Nodes = {
    cluster,
    async engine(node, path) {
      const answer = await fetchJson(`http://127.0.0.1:${cluster.nodes[node]!.engineRpc}/${path}`);
      if (answer['error']) throw new Error(JSON.stringify(answer['error']));
      return answer['result'] as Record<string, never>;
    },
    async call(node, method, params) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      const answer = await fetchJson(`http://127.0.0.1:${cluster.nodes[node]!.rpc}`, body);
      const text = JSON.stringify(answer['error'] ?? '');
      if (method === 'eth_sendRawTransaction' && text.includes('already known')) return keccak256(params[0] as Hex);
      if (answer['error']) throw new Error(`${method}: ${text}`);
      return answer['result'];
    },
    memory() {
      const [first] = children as [ChildProcess];
      const below = childrenOf(first.pid!)[0];
      return below === undefined ? { node: 0, engine: rss(first.pid!) } : { node: rss(first.pid!), engine: rss(below) };
    },
    disk() {
      const data = join(paths[0]!, 'cometbft', 'data');
      const log = weigh(join(data, 'cs.wal'));
      return { ledger: weigh(join(paths[0]!, 'data')), engine: weigh(data) - log, log };
    },
    async stop() {
      await Promise.all(children.map(end));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await up(nodes).catch(async (error) => {
    await nodes.stop();
    throw error;
  });
  return nodes;
}

function start(application: Application, path: string, rpc: number): ChildProcess {
  const home = join(path, 'cometbft');
  const kvstore = ['start', '--home', home, '--proxy_app', 'kvstore', '--rpc.laddr', `tcp://127.0.0.1:${rpc}`];
  if (application === 'kvstore') return spawn(process.env['CLASSPAD_COMETBFT'] ?? 'cometbft', kvstore, { stdio: 'ignore' });
  return spawn(process.execPath, ['build/cli.js', 'node', '--config', join(path, 'node.yaml')], { stdio: 'ignore' });
}

async function up(nodes: Nodes): Promise<void> {
  for (const endMs = Date.now() + UP_WITHIN_MS; Date.now() < endMs; await pause(200)) {
    const looks = nodes.cluster.nodes.map((_, node) => nodes.engine(node, 'net_info'));
    const peers = await Promise.all(looks).then(
      (answers) => answers.map((answer) => Number(answer['n_peers'])),
      () => [0],
    );
    if (Math.min(...peers) >= NODES - 1) return;
  }
  throw new Error('a minute was not enough for four validators to find each other');
}

/** A connection that the other side has just closed is tried again. */
async function fetchJson(url: string, body?: string, attempts = 3): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  try {
    const response = await fetch(url, body === undefined ? {} : { method: 'POST', headers, body });
    return (await response.json()) as Record<string, unknown>;
  } catch (error) {
    if (attempts === 1) throw error;
    await pause(50);
    return fetchJson(url, body, attempts - 1);
  }
}

function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

function rss(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** What it takes on the disk, holes not counted. */
function weigh(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.blocks * BLOCK_BYTES;
  return readdirSync(path).reduce((sum, name) => sum + weigh(join(path, name)), 0);
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
