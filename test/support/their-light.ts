import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Hex } from '../../runtime/ports/index.ts';
import { COMETBFT, ended, until } from './cluster.ts';

export interface TheirLight {
  /** The chain's name among engines. */
  readonly chain: string;
  /** CometBFT's RPC of whom it asks, and of another. */
  readonly primary: string;
  readonly witness: string;
  readonly trust: { readonly height: number; readonly hash: string };
  /** As `--trusting-period` takes it. */
  readonly period?: string;
  readonly isSequential?: boolean;
  /** A folder of its own. */
  readonly home: string;
  /** Whose block is asked for. */
  readonly height: number;
}

/** The hash that CometBFT's own light client (`cometbft light`) answers for a height, or nothing where it refuses. */
export async function theirLight(asked: TheirLight): Promise<Hex | undefined> {
  for (;;) {
    const answer = await askOnce(asked, await freePort());
    // Between the choice of a port and its use another may have taken it.
    if (answer !== 'port taken') return answer;
  }
}

async function askOnce(asked: TheirLight, port: number): Promise<Hex | 'port taken' | undefined> {
  const { chain, primary, witness, trust, period = '168h', isSequential = false, home, height } = asked;
  const at = `127.0.0.1:${port}`;
  const tcp = (url: string) => url.replace('http://', 'tcp://');
  const trusted = ['--height', String(trust.height), '--hash', trust.hash.replace('0x', ''), '--trusting-period', period];
  const nodes = ['--primary', tcp(primary), '--witnesses', tcp(witness), ...(isSequential ? ['--sequential'] : [])];
  const child = spawn(COMETBFT, ['light', chain, ...trusted, ...nodes, '--laddr', `tcp://${at}`, '--home-dir', home], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const keep = (chunk: Buffer) => {
    said += chunk;
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', keep);
  let answer: Hex | undefined;
  try {
    await until('an answer or an end', async () => {
      if (child.exitCode !== null) return true;
      const text = await (await fetch(`http://${at}/commit?height=${height}`)).text();
      const { result } = JSON.parse(text) as { result?: { signed_header: { commit: { block_id: { hash: string } } } } };
      if (result) answer = `0x${result.signed_header.commit.block_id.hash.toLowerCase()}`;
      return true;
    });
  } finally {
    await ended(child);
  }
  return answer === undefined && /address already in use/.test(said) ? 'port taken' : answer;
}

/** Changes what the engine's RPC answers to a method; `params` are as they were asked. */
export type Lie = (method: string, params: Readonly<Record<string, unknown>>, result: unknown) => unknown;

/** CometBFT's RPC of a node that lies, for both light clients. */
export async function liar(engineUrl: string, lie: Lie): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://liar');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const asked = body ? (JSON.parse(body) as { id: number; method: string; params: Record<string, unknown> }) : undefined;
    const method = asked?.method ?? pathname.slice(1);
    const params = asked?.params ?? Object.fromEntries(searchParams);
    const headers = { 'content-type': 'application/json' };
    const honest = await fetch(asked ? engineUrl : `${engineUrl}${request.url}`, asked ? { method: 'POST', headers, body } : {});
    const text = await honest.text();
    response.writeHead(honest.status, { 'content-type': 'application/json' }).end(text.startsWith('{') ? changed(text) : text);
    function changed(json: string): string {
      const answer = JSON.parse(json) as { result?: unknown };
      if (answer.result !== undefined) answer.result = lie(method, params, answer.result);
      return JSON.stringify(answer);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}
