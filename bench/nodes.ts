import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findAnvil, freePort } from './anvil.ts';

/** A node in a process of its own, asked over one connection. */
export interface Peer {
  readonly name: string;
  readonly port: number;
  readonly processId: number;
  /** What it answers to a body, as JSON; its text where it is none. */
  post(body: string): Promise<unknown>;
  stop(): Promise<void>;
}

export const CHAIN_ID = 4401;
/** The first account of the test phrase "test test … junk". */
export const RICH_KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
export const RICH = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const RICH_ETHER = 1000;
/** No contract that is deployed here stands there: a node would ask it what to run, and anvil asks nobody. */
const NO_FLEET = '0x00000000000000000000000000000000f1ee7000';
const GENESIS_SECONDS = 1_767_225_600;
const GAS_LIMIT = 60_000_000;
const UP_WITHIN_MS = 60_000;
/** Neither node is left running for longer, whatever happens. */
const DEADLINE_MS = 240_000;
/** In KiB of address space: a node that runs away ends, and not the machine. */
const ANVIL_MEMORY_KIB = 12 * 2 ** 20;

/** How the nodes differ from a quiet ledger with one rich account. */
export interface NodeOptions {
  /** Accounts of the test phrase that are rich. */
  readonly accounts?: readonly string[];
  /** Its flags, beyond or instead of the usual ones; `true` for one without a value, `false` to leave one out. */
  readonly anvil?: Readonly<Record<string, string | number | boolean>>;
  readonly blockIntervalMs?: number;
  /** Neither node runs for longer. */
  readonly deadlineMs?: number;
}

/** `undefined` where npm's `@foundry-rs/anvil` is not installed. */
export async function startAnvil({ accounts = [RICH], anvil = {}, deadlineMs }: NodeOptions = {}): Promise<Peer | undefined> {
  const binary = findAnvil();
  if (!binary) return undefined;
  const port = await freePort();
  const flags = {
    '--port': port,
    '--chain-id': CHAIN_ID,
    '--hardfork': 'osaka',
    '--gas-limit': GAS_LIMIT,
    '--base-fee': 0,
    '--timestamp': GENESIS_SECONDS,
    '--accounts': accounts.length,
    '--balance': RICH_ETHER,
    '--memory-limit': 2 ** 28,
    '--quiet': true,
    ...anvil,
  };
  const args = Object.entries(flags).flatMap(([flag, value]) =>
    value === true ? [flag] : value === false ? [] : [flag, String(value)],
  );
  const limited = ['-c', `ulimit -v ${ANVIL_MEMORY_KIB}; exec "$0" "$@"`, binary, ...args];
  return peer('anvil', port, spawn('sh', limited, { stdio: 'ignore' }), { deadlineMs });
}

/** A sequencer alone, from `build/cli.js`. */
export async function startClasspad({ accounts = [RICH], blockIntervalMs = 10, deadlineMs }: NodeOptions = {}): Promise<Peer> {
  const cli = resolve('build/cli.js');
  if (!existsSync(cli)) throw new Error(`${cli} is not there; run: npm run build`);
  const folder = mkdtempSync(join(tmpdir(), 'classpad-compare-'));
  const [rpc, proxy] = [await freePort(), await freePort()];
  writeFileSync(join(folder, 'node.yaml'), configText(rpc, proxy, accounts, blockIntervalMs));
  const child = spawn(process.execPath, [cli, 'node', '--config', join(folder, 'node.yaml')], { stdio: 'ignore' });
  const clean = () => rmSync(folder, { recursive: true, force: true });
  return peer('classpad', rpc, child, { deadlineMs, clean });
}

function configText(rpc: number, proxy: number, accounts: readonly string[], blockIntervalMs: number): string {
  return JSON.stringify({
    name: 'compare',
    data: 'data',
    engine: 'unix:///nowhere/docker.sock',
    rpc: { listen: `127.0.0.1:${rpc}` },
    proxy: { listen: `127.0.0.1:${proxy}` },
    blockIntervalMs,
    trailingBlocks: 0,
    fleet: NO_FLEET,
    log: 'error',
    genesis: {
      chainId: CHAIN_ID,
      timestamp: GENESIS_SECONDS,
      gasLimit: GAS_LIMIT,
      baseFee: 0,
      sequencer: 'self',
      alloc: Object.fromEntries(accounts.map((of) => [of.toLowerCase(), { balance: String(BigInt(RICH_ETHER) * 10n ** 18n) }])),
    },
  });
}

interface Ends {
  readonly deadlineMs: number | undefined;
  readonly clean?: () => void;
}

async function peer(name: string, port: number, child: ChildProcess, { deadlineMs, clean }: Ends): Promise<Peer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const kill = () => void child.kill('SIGKILL');
  const deadline = setTimeout(kill, deadlineMs ?? DEADLINE_MS).unref();
  process.once('exit', kill);
  const stop = async () => {
    clearTimeout(deadline);
    kill();
    await gone;
    agent.destroy();
    clean?.();
  };
  const post = (body: string) => send(agent, port, body);
  const endMs = performance.now() + UP_WITHIN_MS;
  while (!(await post('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}').catch(() => undefined))) {
    if (child.exitCode !== null || performance.now() > endMs) {
      await stop();
      throw new Error(`${name} did not come up on port ${port}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return { name, port, processId: child.pid ?? 0, post, stop };
}

function send(agent: Agent, port: number, body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((done, fail) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/', agent, headers, timeout: 30_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => done(parsed(text)));
    });
    sent.on('error', fail);
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')));
    sent.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text: text.slice(0, 200) };
  }
}
