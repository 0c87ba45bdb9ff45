import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { identityOf } from '../../emulator/identity.ts';
import { root } from '../support/need.ts';

const SEED = 'classpad';
const READY_MS = 120_000;

/** An emulator in a process of its own, its story told. */
export interface Emulator {
  readonly rpc: string;
  readonly page: string;
  /** Where real nodes connect, if it was asked for. */
  readonly peers: string;
  stop(): void;
}

/** The operators' keys, as `CLASSPAD_KEY` takes them. */
export function keysOf(...names: readonly string[]): string {
  return names.map((name) => identityOf(SEED, name).privateKey).join(',');
}

export async function startEmulator(devices = 4, ...more: readonly string[]): Promise<Emulator> {
  const bundle = join(root, 'build/cli.js');
  if (!existsSync(bundle)) throw new Error(`${bundle} is not there; run: npm run build`);
  const args = [bundle, 'emulate', '--seed', SEED, '--devices', `${devices}`, '--port', '0', '--rpc-port', '0', ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // A test that breaks off must not leave it behind.
  const stop = () => void child.kill('SIGTERM');
  process.once('exit', () => child.kill('SIGKILL'));
  const text = await told(child, 'Ctrl-C ends it');
  const url = (label: string) => text.match(new RegExp(`${label} +((?:http|ws)://[^\\s,]+)`))?.[1] ?? '';
  return { rpc: url('JSON-RPC'), page: url('page'), peers: url('peers'), stop };
}

function told(child: ChildProcess, last: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`the emulator is not up after ${READY_MS} ms:\n${text}`)), READY_MS);
    const collect = (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(last)) settle(() => resolve(text));
    };
    const settle = (how: () => void) => {
      clearTimeout(timer);
      how();
    };
    child.stdout!.on('data', collect);
    child.stderr!.on('data', collect);
    child.once('exit', (code) => settle(() => reject(new Error(`the emulator ended with exit code ${code}:\n${text}`))));
  });
}

type Answer = { result?: unknown } & Readonly<Record<string, unknown>>;
export type Tamper = (method: string, params: readonly unknown[], result: never) => unknown;

/** A liar between a client and its node: passes requests on and changes what comes back. */
export async function liar(rpc: string): Promise<{ readonly rpc: string; lie: Tamper | undefined; close(): void }> {
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = await fetch(rpc, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const { method, params = [] } = JSON.parse(body) as { method: string; params?: unknown[] };
    const told = (await answer.json()) as Answer;
    const result = proxy.lie ? proxy.lie(method, params, told.result as never) : told.result;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...told, result }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = {
    rpc: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: undefined as Tamper | undefined,
    close: () => void server.close(),
  };
  return proxy;
}
