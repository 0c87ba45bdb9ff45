import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';

/** What a request of the agent asks the engine to do; `undefined` for one that only looks. */
export type Deed = 'pull' | 'create' | 'start' | 'stop' | 'update' | 'remove' | 'prune' | 'connect' | 'other';

/** A request that changes something, as it reaches the gate. */
export interface Passing {
  readonly deed: Deed;
  readonly path: string;
  /** Hands it to the engine and answers what came back, without passing that on. */
  forward(): Promise<Answered>;
  /** Passes an answer on to the agent. */
  reply(answer: Answered): void;
  /** The agent's connection ends without an answer. */
  cut(): void;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A socket before the engine's: it sees each request, and may hold, cut or delay those that change something. */
export interface Gate {
  readonly url: string;
  close(): void;
}

const DEEDS: readonly (readonly [method: string, path: RegExp, deed: Deed])[] = [
  ['POST', /^\/images\/create/, 'pull'],
  ['POST', /^\/containers\/create/, 'create'],
  ['POST', /^\/containers\/[^/]+\/start/, 'start'],
  ['POST', /^\/containers\/[^/]+\/stop/, 'stop'],
  ['POST', /^\/containers\/[^/]+\/update/, 'update'],
  ['DELETE', /^\/containers\//, 'remove'],
  ['DELETE', /^\/images\//, 'prune'],
  ['POST', /^\/networks\//, 'connect'],
];

/** @param meddle Is given every request that changes something, and sees to it that it is answered, or not. */
export async function openGate(engineSocket: string, gateSocket: string, meddle: (passing: Passing) => void): Promise<Gate> {
  const server: Server = createServer((asked, answer) => {
    const deed = deedOf(asked);
    if (deed === undefined) return relay(engineSocket, asked, answer);
    const body = collect(asked);
    meddle({
      deed,
      path: pathOf(asked),
      forward: async () => send(engineSocket, asked, await body),
      reply: ({ status, headers, body: bytes }) => {
        // What is handed on whole has a length and no chunks.
        const { 'transfer-encoding': _, ...plain } = headers;
        if (!answer.destroyed) answer.writeHead(status, { ...plain, 'content-length': bytes.length }).end(bytes);
      },
      cut: () => asked.socket.destroy(),
    });
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(gateSocket, resolve));
  return {
    url: `unix://${gateSocket}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function deedOf(asked: IncomingMessage): Deed | undefined {
  if (asked.method === 'GET' || asked.method === 'HEAD') return undefined;
  const path = pathOf(asked);
  return DEEDS.find(([method, form]) => method === asked.method && form.test(path))?.[2] ?? 'other';
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/^\/v[\d.]+/, '');
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send(socketPath: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const onward = request({ socketPath, method, path: url, headers, agent: false }, (answer) => {
      collect(answer).then(
        (bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
        reject,
      );
    });
    onward.on('error', reject);
    onward.end(body);
  });
}

/** What only looks goes through as it comes: an event stream never ends. */
function relay(socketPath: string, asked: IncomingMessage, answer: ServerResponse): void {
  const onward = request({ socketPath, method: asked.method, path: asked.url, headers: asked.headers, agent: false }, (came) => {
    answer.writeHead(came.statusCode ?? 502, came.headers);
    answer.flushHeaders();
    came.pipe(answer);
    came.on('error', () => answer.destroy());
  });
  onward.on('error', () => asked.socket.destroy());
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
}
