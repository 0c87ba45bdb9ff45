import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { joinCluster } from '../../cli/cluster/join.ts';
import { type ClusterNode, writeCluster } from '../../firmware-bridge/cometbft/testnet.ts';
import type { Address, Hex } from '../../runtime/ports/index.ts';
import { canMakeNamespaces, makeMachines } from './namespaces.ts';
import { need } from './need.ts';
import { CLI, FLEET, isBuilt, OPERATOR } from './node-process.ts';
import { type Operator, operatorOf } from './operator.ts';
import { until as foundAt } from './wait.ts';

/** Where CometBFT is, if it is. */
export const COMETBFT = process.env['CLASSPAD_COMETBFT'] ?? 'cometbft';

const FIRST_PORT = 20_000;
const PORTS = 600;
const base = await claimPorts();
/** On loopback, suites that run at the same time have ports of their own. */
export const ownPorts = { rpc: base, proxy: base + 50, p2p: base + 100, engineRpc: base + 300 };

/** The first of so many ports that are for this process alone: it holds the last of them for as long as it lives. */
async function claimPorts(): Promise<number> {
  for (let turn = 0; turn < 20; turn++) {
    const first = FIRST_PORT + ((process.pid + turn) % 20) * PORTS;
    const guard = createServer().unref();
    const isOurs = await new Promise<boolean>((done) => {
      guard.once('error', () => done(false)).listen(first + PORTS - 1, '127.0.0.1', () => done(true));
    });
    if (isOurs) return first;
  }
  throw new Error(`all ports from ${FIRST_PORT} to ${FIRST_PORT + 20 * PORTS} are for other suites`);
}

/** Whether clusters can be run here; else prints why not. Where there is not even Go, it cannot be demanded. */
export function needCometbft(what: string): boolean {
  const hasBinary = succeeds(COMETBFT, ['version']);
  const reason = 'go install github.com/cometbft/cometbft/cmd/cometbft@v0.38.25 makes it available';
  if (!hasBinary && !succeeds('go', ['version'])) {
    console.log(`skipped: CometBFT (${what}): it is not here, and no Go that could build it`);
    return false;
  }
  return need(`CometBFT (${what})`, hasBinary, reason) && need(`the build (${what})`, isBuilt, 'npm run build makes it');
}

/** Whoever asks for the head asks again, and wants to know soon that a node is away. */
const HEAD_WITHIN_MS = 3_000;
const ANSWER_WITHIN_MS = 15_000;

/** Accounts that have something from the first block on; their keys are in this file and protect nothing. */
export const senders = Array.from({ length: 8 }, (_, index) => privateKeyToAccount(`0x${String(index + 1).padStart(64, '5e')}`));

/** One validator: a `classpad node` and its CometBFT, on a machine of its own where root allows. */
export interface ClusterMember extends ClusterNode {
  readonly rpcUrl: string;
  readonly proxyUrl: string;
  readonly engineUrl: string;
  readonly path: string;
  said(): string;
  isRunning(): boolean;
  /** Processes of the node and of its engine; 0 where there is none. */
  pids(): readonly [node: number, engine: number];
  /** @param step Where it crashes: {@link ClusterMember.crashAt}, from its first question on. */
  start(step?: string): void;
  /** SIGTERM; waits for the end. */
  stop(): Promise<void>;
  /** Ends the node, its engine, or both, as if the power went. */
  kill(what: 'node' | 'engine' | 'both'): Promise<void>;
  /** The next time the engine's questions come to this step the process ends; see `CLASSPAD_CRASH_FILE`. */
  crashAt(step: string | undefined): void;
  freeze(isFrozen: boolean): void;
  connect(isConnected: boolean): void;
  call(method: string, params?: readonly unknown[]): Promise<unknown>;
  /** CometBFT's RPC. */
  engine(path: string): Promise<Record<string, unknown>>;
  head(): Promise<number>;
}

export interface TestCluster {
  readonly members: readonly ClusterMember[];
  readonly isolated: boolean;
  readonly folder: string;
  readonly operator: Operator;
  start(): Promise<void>;
  /** One more device, written and not started, on the machine that was kept for it. It begins with a snapshot of the members. */
  join(name: string): Promise<ClusterMember & { readonly validatorKey: Hex }>;
  /** Ends all and removes all that it made. */
  remove(): Promise<void>;
}

export interface TestClusterOptions {
  readonly nodes?: number;
  readonly commitMs?: number;
  /** Loopback even where root is. */
  readonly loopback?: boolean;
  readonly engine?: string;
  /** As in `node.yaml`. */
  readonly snapshotInterval?: number;
  readonly retainedHeights?: number;
}

/** Validators as separate processes, with virtual containers, written and not started. */
export function testCluster({
  nodes = 4,
  commitMs = 200,
  loopback = false,
  engine = 'virtual',
  ...settings
}: TestClusterOptions = {}): TestCluster {
  const folder = mkdtempSync(join(tmpdir(), 'cp-'));
  const network = !loopback && canMakeNamespaces() ? makeMachines(nodes + 1) : undefined;
  const plan = { engine, binary: COMETBFT, commitMs, fleet: FLEET as Address, ...(!network && { ports: ownPorts }) };
  const hosts = Array.from({ length: nodes }, (_, index) => network?.machines[index]?.address ?? '127.0.0.1');
  const cluster = writeCluster({
    folder: join(folder, 'c'),
    hosts,
    chainId: 4401,
    timestamp: Math.floor(Date.now() / 1000),
    funded: [OPERATOR as Address, ...senders.map(({ address }) => address.toLowerCase() as Address)],
    ...plan,
  });
  const memberAt = (path: string, node: ClusterNode, index: number) => {
    const machine = network?.machines[index];
    adjust(join(path, 'node.yaml'), settings);
    return memberOf(path, node, machine?.enter ?? [], (on) => machine?.connect(on));
  };
  const members = cluster.nodes.map((node, index) => memberAt(join(folder, 'c', node.folder), node, index));
  const first = members[0]!;
  const joined: ClusterMember[] = [];
  return {
    members,
    isolated: network !== undefined,
    folder: join(folder, 'c'),
    operator: operatorOf({ call: first.call, folder: first.path } as never, first.name),
    async start() {
      for (const member of members) member.start();
      const isThere = async () => (await Promise.all(members.map((member) => member.head()))).length > 0;
      await until('every node to answer', isThere).catch((error: Error) => {
        throw new Error([error.message, ...members.map((member) => `${member.name}: ${member.said().slice(-1000)}`)].join('\n'));
      });
    },
    async join(name) {
      const path = join(folder, name);
      const genesis = join(folder, 'c', 'genesis.json');
      const host = network?.machines[nodes]?.address ?? '127.0.0.1';
      const servers = members.map(({ engineUrl }) => engineUrl);
      const made = await joinCluster({ ...plan, folder: path, name, host, turn: network ? 0 : nodes, genesis, servers });
      const { validatorKey } = made;
      const member = Object.assign(memberAt(path, made, nodes), { validatorKey });
      joined.push(member);
      return member;
    },
    async remove() {
      await Promise.all([...members, ...joined].map((member) => member.stop()));
      network?.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks until it is so; an error is no. Answers how long it took, in milliseconds. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<number> {
  const startedMs = Date.now();
  await foundAt(what, isSo, { withinMs, everyMs: 100 });
  return Date.now() - startedMs;
}

/** SIGTERM, and after a while SIGKILL; settles when it is gone. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(force);
}

function memberOf(path: string, node: ClusterNode, enter: readonly string[], connect: (on: boolean) => void): ClusterMember {
  const { host, rpc, proxy, engineRpc } = node;
  const rpcUrl = `http://${host}:${rpc}`;
  const engineUrl = `http://${host}:${engineRpc}`;
  const crashFile = join(path, 'crash');
  let child: ChildProcess | undefined;
  let said = '';
  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const pids = (): [number, number] => {
    const own = isRunning() ? child!.pid! : 0;
    return [own, own === 0 ? 0 : (childrenOf(own)[0] ?? 0)];
  };
  const call = (method: string, params: readonly unknown[] = []) => ask(rpcUrl, method, params);
  return {
    ...node,
    path,
    rpcUrl,
    engineUrl,
    proxyUrl: `http://${host}:${proxy}`,
    said: () => said,
    isRunning,
    pids,
    start(step) {
      rmSync(crashFile, { force: true });
      if (step !== undefined) writeFileSync(crashFile, step);
      const [command = '', ...args] = [...enter, process.execPath, CLI, 'node', '--config', join(path, 'node.yaml')];
      const env = { ...process.env, CLASSPAD_CRASH_FILE: crashFile };
      child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
      child.stderr!.on('data', (chunk: Buffer) => {
        said = (said + chunk).slice(-200_000);
      });
    },
    async stop() {
      if (isRunning()) await ended(child!);
    },
    async kill(what) {
      const [own, engine] = pids();
      const gone = new Promise((resolve) => (isRunning() ? child!.once('exit', resolve) : resolve(undefined)));
      if (what !== 'node') signal(engine, 'SIGKILL');
      if (what === 'engine') return;
      signal(own, 'SIGKILL');
      await gone;
    },
    crashAt: (step) => (step === undefined ? rmSync(crashFile, { force: true }) : writeFileSync(crashFile, step)),
    freeze(isFrozen) {
      for (const pid of pids()) signal(pid, isFrozen ? 'SIGSTOP' : 'SIGCONT');
    },
    connect,
    call,
    async engine(request) {
      const response = await fetch(`${engineUrl}/${request}`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      const { result, error } = (await response.json()) as { result?: Record<string, unknown>; error?: { data: string } };
      if (!result) throw new Error(error?.data ?? 'no answer');
      return result;
    },
    head: async () => Number(await ask(rpcUrl, 'eth_blockNumber', [], HEAD_WITHIN_MS)),
  };
}

/** Settings of the engine that are other than those of every cluster. */
function adjust(file: string, settings: Readonly<Record<string, number>>): void {
  const lines = Object.entries(settings).map(([name, value]) => `  ${name}: ${value}\n`);
  writeFileSync(file, readFileSync(file, 'utf8').replace('  home: cometbft\n', `  home: cometbft\n${lines.join('')}`));
}

/** The process itself or, where it was entered by `nsenter`, the same: nsenter becomes what it runs. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (pid <= 0) return;
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}

async function ask(url: string, method: string, params: readonly unknown[], withinMs = ANSWER_WITHIN_MS): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(withinMs),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, [...args], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
