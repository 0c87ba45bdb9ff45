import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import type { Address } from '../../runtime/ports/index.ts';
import { findAnvil, freePort } from '../anvil.ts';
import type { Case, Cases } from './cases.ts';
import type { Run } from './engines.ts';
import { type Clock, clockOf } from './measure.ts';

/** Native revm behind JSON-RPC. */
export interface Anvil {
  /** A case, and the same request to the same code behind a STOP: what a request costs without the machine's work. */
  prepare(each: Case): Promise<{ readonly work: Run; readonly idle: Run }>;
  /** CPU time of the process, where the system tells it. */
  readonly clock: Clock | undefined;
  stop(): void;
}

const IDLE: Address = '0xbe7c43a5800000000000000000000000000000ff';
const START_TRIES = 100;
const START_PAUSE_MS = 50;

/** Starts anvil from npm's @foundry-rs/anvil; `undefined` where that is not installed. */
export async function startAnvil(cases: Cases): Promise<Anvil | undefined> {
  const binary = findAnvil();
  if (!binary) return undefined;
  const port = await freePort();
  const options = ['--port', `${port}`, '--hardfork', cases.fork.toLowerCase(), '--no-mining', '--disable-code-size-limit'];
  const limits = [
    '--disable-block-gas-limit',
    '--memory-limit',
    `${2 ** 30}`,
    '--accounts',
    '1',
    '--quiet',
    '--disable-console-log',
  ];
  const child = spawn(binary, [...options, ...limits], { stdio: 'ignore' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (method: string, params: unknown[]) => call(port, agent, method, params);
  await untilReady(child, send);
  return {
    clock: clockOf(child.pid ?? 0),
    async prepare(each) {
      await send('anvil_setCode', [cases.target, each.code]);
      await send('anvil_setCode', [IDLE, `0x00${each.code.slice(2)}`]);
      const callTo = (to: Address) => {
        const parameters = [{ from: cases.sender, to, data: each.calldata, gas: `0x${each.gas.toString(16)}` }, 'latest'];
        return async () => ((await send('eth_call', parameters)) as string).slice(2);
      };
      return { work: callTo(cases.target), idle: callTo(IDLE) };
    },
    stop() {
      child.kill();
      agent.destroy();
    },
  };
}

async function untilReady(child: ChildProcess, send: (method: string, params: unknown[]) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < START_TRIES; i++) {
    try {
      await send('eth_chainId', []);
      return;
    } catch {
      if (child.exitCode !== null) throw new Error(`anvil ended with exit code ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
    }
  }
  child.kill();
  throw new Error('anvil did not answer');
}

function call(port: number, agent: Agent, method: string, params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const { result, error } = JSON.parse(text) as { result?: unknown; error?: { message: string; data?: string } };
        // A revert is an answer here: its data is the output.
        if (error && error.data === undefined) reject(new Error(`anvil: ${error.message}`));
        else resolve(error ? error.data : result);
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
