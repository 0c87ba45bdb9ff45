import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './need.ts';

/** A `classpad node` in a process of its own, which can be killed and started again over the same data. */
export interface NodeProcess {
  readonly ports: { readonly rpc: number; readonly proxy: number; readonly peers: number };
  readonly folder: string;
  /** All that it has said on its error output. */
  said(): string;
  /** Starts it, with more words on its command line if any, and waits until it answers. Throws what it said if it ends instead. */
  start(words?: readonly string[]): Promise<void>;
  /** SIGKILL, then waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. Answers its exit code. */
  stop(): Promise<number | null>;
  /** One JSON-RPC call; throws if the node is away or answers with an error. */
  call(method: string, params?: readonly unknown[]): Promise<unknown>;
  /** Of its process; 0 before the first start. */
  processId(): number;
  remove(): void;
}

export const CLI = join(root, 'build/cli.js');
/** The first account of the test phrase "test test … junk". */
export const OPERATOR_KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
export const OPERATOR = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
/** The first contract of that account. */
export const FLEET = '0x5fbdb2315678afecb367f032d93f642f64180aa3';

export const isBuilt = [CLI, 'build/firmware.js', 'build/vm.wasm', 'build/contracts/Fleet.json'].every((path) =>
  existsSync(path.startsWith('/') ? path : join(root, path)),
);

const UP_WITHIN_MS = 30_000;
/** Longer than any call may take on a busy machine. */
const ANSWER_MS = 20_000;
const LOCAL = '127.0.0.1';

/**
 * @param change What differs from a sequencer alone; the engine need not be there.
 * @param enter What its command begins with, to run on another machine.
 */
export async function nodeProcess(
  engine: string,
  change: Partial<ConfigValues> = {},
  enter: readonly string[] = [],
): Promise<NodeProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'classpad-node-'));
  const [rpc = 0, proxy = 0, peers = 0] = await freePorts(3);
  const config = join(folder, 'node.yaml');
  writeFileSync(config, configText({ engine, rpc, proxy, peers, ...change }));
  let child: ChildProcess | undefined;
  let said = '';
  const call = (method: string, params: readonly unknown[] = []) => callRpc(`${change.host ?? LOCAL}:${rpc}`, method, params);
  const gone = (end: () => void): Promise<void> => {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      ending.on('exit', () => resolve());
      end();
    });
  };
  return {
    ports: { rpc, proxy, peers },
    folder,
    said: () => said,
    start: async (words = []) => {
      const [command = '', ...args] = [...enter, process.execPath, CLI, 'node', '--config', config, ...words];
      const started = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      child = started;
      started.stderr.on('data', (chunk) => {
        said += chunk;
      });
      const endMs = Date.now() + UP_WITHIN_MS;
      while (!(await call('eth_blockNumber').then(Boolean, () => false))) {
        if (started.exitCode !== null || Date.now() > endMs) throw new Error(`the node did not come up:\n${said.slice(-2000)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    kill: () => gone(() => child?.kill('SIGKILL')),
    stop: async () => {
      await gone(() => child?.kill('SIGTERM'));
      return child?.exitCode ?? null;
    },
    call,
    processId: () => child?.pid ?? 0,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface ConfigValues {
  readonly engine: string;
  readonly rpc: number;
  readonly proxy: number;
  readonly peers: number;
  readonly name?: string;
  readonly chainId?: number;
  /** Wei per gas. */
  readonly baseFee?: number;
  readonly sequencer?: string;
  readonly engineTimeoutMs?: number;
  /** Its engine is in a Swarm, or begins one at this address. */
  readonly swarm?: string;
  /** Folder in memory for the secrets of containers. */
  readonly secrets?: string;
  readonly trafficIntervalSeconds?: number;
  /** Port of another node, on this machine or at `connectHost`. */
  readonly connect?: number;
  readonly connectHost?: string;
  /** Where it listens. Absent: for this machine alone. */
  readonly host?: string;
}

export function configText(values: ConfigValues): string {
  const host = values.host ?? LOCAL;
  return `name: ${values.name ?? 'pad-1'}
data: data
engine: ${values.engine}
${optional(values, ['engineTimeoutMs', 'secrets', 'trafficIntervalSeconds'])}${values.swarm === undefined ? '' : `swarm:\n  init: ${values.swarm}\n`}rpc:
  listen: ${host}:${values.rpc}
proxy:
  listen: ${host}:${values.proxy}
peers:
  listen: ${host}:${values.peers}
  connect: [${values.connect ? `"ws://${values.connectHost ?? LOCAL}:${values.connect}"` : ''}]
blockIntervalMs: 100
reconcileIntervalMs: 1000
fleet: "${FLEET}"
genesis:
  chainId: ${values.chainId ?? 4401}
  timestamp: 1767225600
  gasLimit: 60000000
  baseFee: ${values.baseFee ?? 0}
  sequencer: ${values.sequencer ?? 'self'}
  alloc:
    ${OPERATOR}:
      balance: "1000000000000000000000"
`;
}

/** Lines of what is given, under the same names. */
function optional(values: ConfigValues, names: readonly (keyof ConfigValues)[]): string {
  return names.map((name) => (values[name] === undefined ? '' : `${name}: ${values[name]}\n`)).join('');
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** One JSON-RPC call to `host:port`; throws if nobody is there or the answer is an error. */
export async function callRpc(at: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(`http://${at}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}
