import { Agent, request } from 'node:http';

/** CometBFT's own RPC, from this machine. */
export interface EngineRpc {
  /** One call; rejects with what the engine said, or that it is not there. */
  call(method: string, params?: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

const DEADLINE_MS = 5_000;
const LONGEST_ANSWER = 16 * 1024 * 1024;
const MAX_SOCKETS = 8;

export function engineRpc(host: string, port: number): EngineRpc {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  let id = 0;
  return {
    async call(method, params = {}) {
      const text = await post(agent, host, port, JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }));
      const { result, error } = JSON.parse(text) as { result?: unknown; error?: { message: string; data?: string } };
      if (error) throw new Error(error.data ?? error.message);
      return result;
    },
    close: () => agent.destroy(),
  };
}

function post(agent: Agent, host: string, port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request({ agent, host, port, method: 'POST', path: '/', headers, timeout: DEADLINE_MS }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > LONGEST_ANSWER) asked.destroy(new Error('the engine answers without end'));
        else chunks.push(chunk);
      });
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('the engine does not answer')));
    asked.on('error', reject);
    asked.end(body);
  });
}
