/**
 * Everything at once that a hostile client may send to a real node over HTTP and WebSocket. All the while an honest one asks over
 * connections of its own and must be answered; at the end the node is the same process, not much larger, and has said nothing.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { need } from '../support/need.ts';
import { isBuilt, type NodeProcess, nodeProcess, OPERATOR } from '../support/node-process.ts';
import { seeded } from '../support/virtual-clock.ts';

const seed = Number(process.env['CLASSPAD_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const s = suite(`firmware-bridge: hostile JSON-RPC clients (CLASSPAD_SEED=${seed})`);
const random = seeded(seed);
const CONNECTIONS = 10_000;
const MORE_MEMORY_KIB = 200 * 1024;
/** Codes that an answer may carry; −32603 would be a fault of ours. */
const CODES = new Set([-32700, -32600, -32601, -32602, -32000, -32001, -32002, -32003, -32004, -32005, -32006, 3, 4]);

let node: NodeProcess;
let honest: Honest;
let residentBefore = 0;

const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');

s.before(async () => {
  if (!built) return;
  node = await nodeProcess('unix:///nowhere/docker.sock');
  await node.start();
  await post(one('eth_getBlockByNumber', ['latest', true]));
  residentBefore = residentKib();
  honest = new Honest();
});

s.after(async () => {
  honest?.stop();
  await node?.stop();
  node?.remove();
});

const one = (method: unknown, params: unknown = [], id: unknown = 1) => JSON.stringify({ jsonrpc: '2.0', id, method, params });
const many = (count: number, request: string) => `[${Array.from({ length: count }, () => request).join()}]`;
/** Code that answers with so many zero bytes. */
const bytesOf = (count: number) => `0x62${count.toString(16).padStart(6, '0')}5ff3`;
const bigCall = (bytes: number, id: unknown = 1) =>
  one('eth_call', [{ to: OPERATOR, gas: '0x1c9c380' }, 'latest', { [OPERATOR]: { code: bytesOf(bytes) } }], id);

const BODIES: readonly [what: string, body: string | Buffer, answer: RegExp][] = [
  ['no JSON', '{"jsonrpc":', /"id":null,"error":\{"code":-32700/],
  ['nothing', '', /-32700/],
  ['binary', Buffer.from(Array.from({ length: 4096 }, (_, i) => i % 256)), /-32700/],
  ['a broken surrogate', '{"jsonrpc":"2.0","id":"\ud800","method":"eth_chainId"}', /"result":"0x1131"/],
  ['a million brackets', '['.repeat(400_000), /-32600.*nested/],
  ['a million braces', '{"a":'.repeat(80_000), /-32600.*nested/],
  ['brackets in a text', one('eth_chainId', ['['.repeat(1000)]), /-32602/],
  [
    'a number of a hundred thousand digits',
    `{"jsonrpc":"2.0","id":${'9'.repeat(100_000)},"method":"eth_chainId"}`,
    /"code"|"result"/,
  ],
  ['a quantity of 100,000 digits', one('eth_getBlockByNumber', [`0x${'f'.repeat(100_000)}`, false]), /-32602/],
  ['an exponent', '{"jsonrpc":"2.0","id":1e400,"method":"eth_chainId"}', /"id":null/],
  ['a block beyond all', one('eth_getBlockByNumber', [`0x${'f'.repeat(60)}`, false]), /"result":null/],
  ['an object for a method', one({ a: 1 }), /-32600/],
  ['a method of the prototype', one('constructor'), /-32601/],
  ['another of the prototype', one('__proto__'), /-32601/],
  ['a long method', one('x'.repeat(100_000)), /-32601/],
  ['parameters of the prototype', one('eth_call', [{ __proto__: null, to: OPERATOR, constructor: 1 }]), /"result":"0x"/],
  ['an override of the prototype', one('eth_call', [{ to: OPERATOR }, 'latest', {}, { toString: '0x1' }]), /-32602/],
  ['parameters that are a text', one('eth_chainId', 'x'), /-32602/],
  ['more than the longest request', one('eth_chainId', ['x'.repeat(600_000)]), /-32600.*at most 524288/],
  ['an empty batch', '[]', /-32600/],
  ['a batch over the limit', many(101, one('eth_chainId')), /-32600.*at most 100/],
  ['a batch of batches', '[[[[]]]]', /-32600/],
  ['more logs than fit', one('eth_getLogs', [{ fromBlock: '0x0' }]), /"result":\[\]/],
  ['a batch whose answers are too large', many(20, bigCall(400_000)), /-32005.*too large/],
  ['an answer that is too large', bigCall(8_000_000), /-32005|-32000/],
  ['calls without end', one('eth_call', [{ data: '0x5b5f56', gas: '0xffffffffffffffff' }]), /out of gas/i],
  [
    'a filter of everything',
    one('eth_getLogs', [
      { fromBlock: '0x0', toBlock: '0xffffff', topics: Array(4).fill(Array(1000).fill(`0x${'11'.repeat(32)}`)) },
    ]),
    /"result":\[\]|-32600/,
  ],
  ['too many choices', one('eth_getLogs', [{ address: Array(1001).fill(OPERATOR) }]), /-32602.*at most 1000/],
  ['a proof of everything', one('eth_getProof', [OPERATOR, Array(257).fill('0x0'), 'latest']), /-32602.*at most 256/],
  ['an empty transaction', one('eth_sendRawTransaction', ['0x']), /-32000/],
  ['a transaction of lists', one('eth_sendRawTransaction', [`0x02${'f8ff'.repeat(50_000)}`]), /-32000/],
  ['lists in lists as a transaction', one('eth_sendRawTransaction', [`0x${'c1'.repeat(60_000)}`]), /-32000/],
];

for (const [what, body, answer] of built ? BODIES : []) {
  s(`HTTP: ${what}`, async () => assert.match((await post(body)).text, answer));
}

s('random parameters for every method: an answer or one of the known codes, never an internal error', async () => {
  if (!built) return;
  for (let batch = 0; batch < 60; batch++) {
    const requests = Array.from({ length: 50 }, (_, id) => one(pick(METHODS), randomParams(), id));
    const { text } = await post(`[${requests.join()}]`);
    const answers = JSON.parse(text) as { id: number; error?: { code: number; message: string } }[];
    assert.is(answers.length, 50);
    for (const { id, error } of answers) {
      if (error) assert.ok(CODES.has(error.code), `${requests[id]}: ${error.code} ${error.message}`);
    }
  }
});

s('random bytes changed in good requests', async () => {
  if (!built) return;
  for (let round = 0; round < 300; round++) {
    const body = Buffer.from(one(pick(METHODS), randomParams()));
    for (let i = 0; i <= random() * 4; i++) body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
    const { text } = await post(body);
    if (text === '') continue;
    const { error } = JSON.parse(text) as { error?: { code: number; message: string } };
    if (error) assert.ok(CODES.has(error.code), `${body.toString('latin1')}: ${error.message}`);
  }
});

s('bodies that are too long are refused before they are read', async () => {
  if (!built) return;
  const head = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
  const told = await talk(`${head}content-length: 999999999999\r\n\r\n`);
  assert.match(told, /^HTTP\/1\.1 413 .*-32600/s);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  assert.match(await talk(`${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(40)}`), /^HTTP\/1\.1 413 |^$/s);
});

s('half-open and slow ones are let go', async () => {
  if (!built) return;
  const silent = Array.from({ length: 100 }, () => talk(''));
  const halves = Array.from({ length: 100 }, () => talk('POST / HTTP/1.1\r\nhost: loc'));
  const bodies = Array.from({ length: 20 }, () =>
    talk('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'),
  );
  const dripping = Array.from({ length: 20 }, () => drip('GET / HTTP/1.1\r\nx: '));
  const startMs = Date.now();
  const told = await Promise.all([...halves, ...dripping]);
  assert.ok(Date.now() - startMs < 25_000, 'a request whose head does not come ends within seconds');
  assert.ok(told.every((text) => text === '' || /^HTTP\/1\.1 408 |^HTTP\/1\.1 400 /.test(text)));
  await Promise.all([...silent, ...bodies]);
  assert.ok(Date.now() - startMs < 50_000, 'a request whose body does not come ends within half a minute');
});

s('ten thousand connections', async () => {
  if (!built) return;
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).replace('unlimited', 'Infinity'));
  if (!need('10,000 connections', limit >= CONNECTIONS + 200, `this user may open ${limit} files at most`)) return;
  const sockets: Socket[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const socket = connect(node.ports.rpc, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    if (i % 200 === 199) await new Promise((done) => setTimeout(done, 10));
  }
  const { text } = await post(one('eth_chainId'));
  assert.match(text, /"result":"0x1131"/);
  for (const socket of sockets) socket.destroy();
});

s('a connection that asks too fast is told so, and others are not', async () => {
  if (!built) return;
  const request = one('eth_chainId');
  const batch = `[${Array.from({ length: 100 }, () => request).join()}]`;
  const text = `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${batch.length}\r\n\r\n${batch}`;
  const told = await talk(text.repeat(200) + text.replace('host', 'connection: close\r\nhost'));
  assert.match(told, /HTTP\/1\.1 429 .*-32005/s);
  assert.match((await post(request)).text, /"result"/);
});

s('WebSocket: a reader that does not read is dropped', async () => {
  if (!built) return;
  const socket = await openSocket();
  const closed = new Promise((done) => socket.once('close', done));
  (socket as unknown as { _socket: Socket })._socket.pause();
  const timer = setInterval(() => {
    for (let i = 0; i < 8 && socket.readyState === socket.OPEN; i++) socket.send(bigCall(400_000, i));
  }, 50);
  while (await isConnected(socket)) await new Promise((done) => setTimeout(done, 200));
  clearInterval(timer);
  socket.terminate();
  await closed;
});

s('WebSocket: frames too large, bytes, and broken ones end the connection', async () => {
  if (!built) return;
  for (const [frame, code] of [
    ['x'.repeat(2 * 1024 * 1024 + 1), /1009|1006/],
    [Buffer.from([1, 2, 3]), /1003/],
  ] as const) {
    const socket = await openSocket();
    const closed = new Promise<number>((done) => socket.once('close', done));
    socket.send(frame);
    assert.match(String(await closed), code);
  }
  const socket = await openSocket();
  const closed = new Promise((done) => socket.once('close', done));
  (socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  await closed;
});

s('WebSocket: a flood of subscriptions and of requests meets its limits', async () => {
  if (!built) return;
  const socket = await openSocket();
  const heard = new Map<number, { result?: unknown; error?: { code: number } }>();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { id: number; result?: unknown; error?: { code: number } };
    heard.set(message.id, message);
  });
  for (let id = 0; id < 65; id++) {
    socket.send(one('eth_subscribe', ['newHeads'], id));
    while (!heard.has(id)) await new Promise((done) => setTimeout(done, 1));
  }
  assert.is(heard.get(63)?.error, undefined);
  assert.is(heard.get(64)?.error?.code, -32005);
  for (let id = 100; id < 8000; id++) socket.send(one('eth_chainId', [], id));
  while (!heard.has(7999)) await new Promise((done) => setTimeout(done, 10));
  assert.ok([...heard.values()].some(({ error }) => error?.code === -32005));
  socket.terminate();
});

s('many idle WebSockets: the longest idle give way, and a newcomer is answered', async () => {
  if (!built) return;
  const reasons: string[] = [];
  const idle = await Promise.all(Array.from({ length: 300 }, openSocket));
  for (const socket of idle) socket.on('close', (_code, reason) => reasons.push(String(reason)));
  const newcomer = await openSocket();
  const answered = new Promise((done) => newcomer.once('message', done));
  newcomer.send(one('eth_chainId'));
  assert.match(String(await answered), /"result"/);
  const isOpen = ({ readyState }: WebSocket) => readyState === WebSocket.OPEN;
  while (idle.filter(isOpen).length > 256) await new Promise((done) => setTimeout(done, 20));
  assert.ok(idle.filter(isOpen).length > 200 && isOpen(newcomer));
  assert.ok(reasons.every((reason) => reason === 'others need the place'));
  for (const socket of [...idle, newcomer]) socket.terminate();
});

s('the node is the same process, not much larger, and has said nothing of faults', async () => {
  if (!built) return;
  await honest.stop();
  assert.ok(honest.asked > 50, `the honest client was answered ${honest.asked} times`);
  assert.equal(honest.failures, []);
  const grown = residentKib() - residentBefore;
  console.log(
    `honest client: ${honest.asked} answers, the slowest after ${honest.slowestMs.toFixed(0)} ms; memory ${residentBefore} KiB before, ${grown} KiB more after`,
  );
  assert.ok(grown < MORE_MEMORY_KIB, `${grown} KiB more than before`);
  assert.not.match(node.said(), /internal error|failed inside| at .*\.js:\d+/);
});

const METHODS = [
  ...'eth_chainId eth_getBlockByNumber eth_getBlockByHash eth_getBalance eth_getCode eth_getStorageAt eth_getTransactionCount'.split(
    ' ',
  ),
  ...'eth_call eth_estimateGas eth_createAccessList eth_simulateV1 eth_feeHistory eth_getProof eth_getLogs eth_newFilter'.split(
    ' ',
  ),
  ...'eth_getFilterChanges eth_getFilterLogs eth_uninstallFilter eth_sendRawTransaction eth_getTransactionByHash'.split(' '),
  ...'eth_getTransactionReceipt eth_getBlockReceipts eth_getTransactionByBlockNumberAndIndex debug_traceTransaction'.split(' '),
  ...'debug_traceBlockByNumber debug_traceBlockByHash debug_traceCall debug_getRawBlock debug_getRawTransaction'.split(' '),
  ...'txpool_content txpool_contentFrom web3_sha3 eth_subscribe eth_unsubscribe classpad_config classpad_node'.split(' '),
];

function pick<T>(from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

function randomParams(): unknown[] {
  return Array.from({ length: Math.floor(random() * 5) }, () => randomValue(3));
}

/** Something that could stand in a request, or not. */
function randomValue(depth: number): unknown {
  const plain: readonly (() => unknown)[] = [
    () => pick([null, true, false, 0, -1, 1.5, 1e308, 2 ** 53]),
    () => pick(['latest', 'pending', 'earliest', 'safe', '', '0x', '0x0', '0x1', '0xg', 'ffff']),
    () => `0x${Math.floor(random() * 2 ** 32).toString(16)}`,
    () => `0x${'ab'.repeat(Math.floor(random() * 70))}`,
    () => pick([OPERATOR, `0x${'00'.repeat(19)}01`, `0x${'00'.repeat(32)}`]),
  ];
  if (depth === 0 || random() < 0.5) return pick(plain)();
  if (random() < 0.3) return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(depth - 1));
  const keys =
    'to from data input gas value nonce accessList address topics fromBlock toBlock blockHash blockNumber tracer code state'.split(
      ' ',
    );
  return Object.fromEntries(Array.from({ length: Math.floor(random() * 5) }, () => [pick(keys), randomValue(depth - 1)]));
}

/** A client as it should be: asks ten times a second, each time over a new connection. */
class Honest {
  asked = 0;
  slowestMs = 0;
  readonly failures: string[] = [];
  private isStopped = false;
  private readonly done: Promise<void>;

  constructor() {
    this.done = this.run();
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return this.done;
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      const startMs = performance.now();
      // One that is lost in a crowd asks again, as clients do.
      const answer = await post(one('eth_blockNumber'))
        .catch(() => post(one('eth_blockNumber')))
        .catch((error: Error) => ({ text: error.message }));
      if (/"result":"0x/.test(answer.text)) this.asked++;
      else this.failures.push(answer.text);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startMs);
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

async function post(body: string | Buffer): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(`http://127.0.0.1:${node.ports.rpc}/`, {
    method: 'POST',
    headers,
    body: body as string,
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}

/** Sends bytes and answers all that comes back until the node closes. */
function talk(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(node.ports.rpc, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** A byte now and then, for ever. */
function drip(head: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(node.ports.rpc, '127.0.0.1', () => socket.write(head));
    const timer = setInterval(() => socket.writable && socket.write('a'), 200);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      resolve(text);
    });
  });
}

function openSocket(): Promise<WebSocket> {
  return new Promise((done, fail) => {
    const socket = new WebSocket(`ws://127.0.0.1:${node.ports.rpc}/`);
    socket.on('error', fail);
    socket.on('open', () => {
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      done(socket);
    });
  });
}

/** Whether the node still has the connection: a socket that is not read does not hear of its end. */
async function isConnected(socket: WebSocket): Promise<boolean> {
  const { localPort } = (socket as unknown as { _socket: Socket })._socket;
  if (localPort === undefined) return false;
  const ports = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  const [at, peer] = [node.ports.rpc, localPort].map((port) => port.toString(16).toUpperCase().padStart(4, '0'));
  return ports.some((line) => new RegExp(`:${at} \\w+:${peer} 01`).test(line));
}

function residentKib(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.processId()}/status`, 'utf8'))?.[1]);
}

s.run();
