import { Agent, request } from 'node:http';

/** CometBFT's own RPC, from this machine. */
export interface EngineRpc {
  /** One call; rejects with what the engine said, or that it is not there. */
  call(method: string, params?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Several calls of one method in one request, at most {@link MAX_BATCH}; answers what went wrong with each, if anything. */
  callAll(method: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<readonly (string | undefined)[]>;
  close(): void;
}

const DEADLINE_MS = 5_000;
const LONGEST_ANSWER = 16 * 1024 * 1024;
const MAX_SOCKETS = 8;
/** Unless it is configured otherwise CometBFT takes no more at once. */
export const MAX_BATCH = 10;

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly data?: string };
}

export function engineRpc(host: string, port: number): EngineRpc {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  let id = 0;
  return {
    async call(method, params = {}) {
      const text = await post(agent, host, port, JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }));
      const answer = JSON.parse(text) as Answer;
      if (answer.error) throw new Error(messageOf(answer));
      return answer.result;
    },
    async callAll(method, rows) {
      const body = rows.map((params) => ({ jsonrpc: '2.0', id: ++id, method, params }));
      const answers = JSON.parse(await post(agent, host, port, JSON.stringify(body))) as Answer | Answer[];
      return Array.isArray(answers) ? answers.map(messageOf) : rows.map(() => messageOf(answers));
    },
    close: () => agent.destroy(),
  };
}

function messageOf({ error }: Answer): string | undefined {
  return error && (error.data ?? error.message);
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
