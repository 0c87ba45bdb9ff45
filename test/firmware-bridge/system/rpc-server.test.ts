import type { Server } from 'node:http';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { listen, shut } from '../../../firmware-bridge/system/listen.ts';
import { createRpcServer } from '../../../firmware-bridge/system/rpc-server.ts';
import { LARGEST_BACKLOG, MAX_SOCKETS } from '../../../firmware-bridge/system/rpc-socket.ts';

const rpc = suite('firmware-bridge/system: rpc server');
let server: Server;
let port = 0;
let closed = 0;
let flooded = 0;

/** Sends more and more until the session is closed. */
function flood(send: (text: string) => void): void {
  const before = closed;
  const megabyte = 'x'.repeat(1024 * 1024);
  const more = () => {
    if (closed > before) return;
    send(megabyte);
    flooded += megabyte.length;
    setImmediate(more);
  };
  more();
}

rpc.before(async () => {
  server = createRpcServer({
    rpc: async (request) => `echo ${request.length}`,
    session: (send) => {
      let isListening = false;
      return {
        receive(text) {
          isListening ||= text === 'subscribe';
          if (text === 'flood') flood(send);
          else if (text === 'much') send('x'.repeat(12 * 1024 * 1024));
          else send(`heard ${text}`);
        },
        listens: () => isListening,
        close: () => closed++,
      };
    },
    title: 'This is a node.',
    cors: ['https://app.example'],
    hosts: ['pad-1.local'],
  });
  port = (await listen(server, { host: '127.0.0.1', port: 0 }, 'rpc.listen')).port;
});
rpc.after(() => shut(server));

const JSON_TYPE = { 'content-type': 'application/json' };

const ROWS: readonly [what: string, init: RequestInit, status: number, body: RegExp][] = [
  ['a request', { method: 'POST', headers: JSON_TYPE, body: '{}' }, 200, /^echo 2$/],
  [
    'a type with a charset',
    { method: 'POST', headers: { 'content-type': 'application/json; charset=utf-8' }, body: '[]' },
    200,
    /^echo 2$/,
  ],
  ['GET gives a sentence', {}, 200, /^This is a node\. Send JSON-RPC 2\.0 requests here by POST\.\n$/],
  ['another method', { method: 'DELETE' }, 405, /by POST/],
  ['a form of a web page', { method: 'POST', body: 'x' }, 415, /"code":-32600.*application\/json/],
  [
    'too long',
    { method: 'POST', headers: JSON_TYPE, body: 'x'.repeat(2 * 1024 * 1024 + 1) },
    413,
    /"code":-32600.*longer than 2097152/,
  ],
];
for (const [what, init, status, body] of ROWS) {
  rpc(what, async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`, init);
    assert.is(response.status, status);
    assert.match(await response.text(), body);
  });
}

const ORIGINS: readonly [origin: string, allowed: string | null][] = [
  ['https://app.example', 'https://app.example'],
  ['https://evil.example', null],
];
for (const [origin, allowed] of ORIGINS) {
  rpc(`origin ${origin}`, async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'OPTIONS', headers: { origin } });
    assert.is(response.headers.get('access-control-allow-origin'), allowed);
  });
}

/** Sends bytes and answers all that comes back until the server closes. */
function raw(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', () => resolve(text));
  });
}

const head = (host: string) =>
  `POST / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`;
const RAW: readonly [what: string, bytes: string | Buffer, answer: RegExp][] = [
  ['our name', head('pad-1.local:8545'), /^HTTP\/1\.1 200 .*echo 2$/s],
  ['localhost', head('localhost:8545'), /^HTTP\/1\.1 200 /],
  ['an IPv6 address', head('[::1]:8545'), /^HTTP\/1\.1 200 /],
  ['a name that is not ours', head('evil.example'), /^HTTP\/1\.1 403 .*add it to rpc\.hosts/s],
  ['garbage', Buffer.from([0, 255, 1, 2, 13, 10, 13, 10]), /^HTTP\/1\.1 400 .*not an HTTP request/s],
  ['endless headers', `GET / HTTP/1.1\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ['two lengths', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx', /^HTTP\/1\.1 400 /],
];
for (const [what, bytes, answer] of RAW) {
  rpc(`raw: ${what}`, async () => {
    const text = await raw(bytes);
    assert.match(text, answer);
    assert.not.match(text, /at \w+.*\.ts/);
  });
}

rpc('a taken port is named with its field', async () => {
  const second = createRpcServer({ rpc: async () => '', session: () => undefined, title: '', cors: [], hosts: [] });
  const error = await listen(second, { host: '127.0.0.1', port }, 'rpc.listen').catch((reason: Error) => reason);
  assert.is(
    (error as Error).message,
    `rpc.listen: port ${port} of 127.0.0.1 is already taken; stop the other program or choose another port`,
  );
});

/** What a WebSocket hears until it is closed: texts, and why it ended. */
function talk(headers: Record<string, string>, ...texts: (string | Buffer)[]): Promise<string[]> {
  return new Promise((resolve) => {
    const heard: string[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers });
    socket.on('open', () => {
      for (const text of texts) socket.send(text);
    });
    socket.on('message', (data) => {
      heard.push(String(data));
      if (heard.length === texts.length) socket.close();
    });
    socket.on('unexpected-response', (_request, response) => {
      heard.push(`status ${response.statusCode}`);
      socket.terminate();
    });
    socket.on('error', () => {});
    socket.on('close', (code, reason) => resolve([...heard, `${code} ${reason}`.trim()]));
  });
}

const SOCKETS: readonly [what: string, headers: Record<string, string>, texts: (string | Buffer)[], heard: RegExp][] = [
  ['texts go both ways', {}, ['a', 'b'], /^heard a,heard b,1005$/],
  ['a page that may call', { origin: 'https://app.example' }, ['a'], /^heard a,/],
  ['a page that may not', { origin: 'https://evil.example' }, ['a'], /^status 403,/],
  ['a name that is not ours', { host: 'evil.example' }, ['a'], /^status 403,/],
  ['bytes', {}, [Buffer.from([1])], /^1003 JSON-RPC comes as text$/],
  ['too long', {}, ['x'.repeat(2 * 1024 * 1024 + 1)], /^1009|^1006/],
];
for (const [what, headers, texts, heard] of SOCKETS) {
  rpc(`WebSocket: ${what}`, async () => assert.match((await talk(headers, ...texts)).join(), heard));
}

rpc('WebSocket: who does not read is dropped, and the session is closed', async () => {
  const before = closed;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('open', resolve));
  (socket as unknown as { _socket: { pause(): void } })._socket.pause();
  socket.send('flood');
  while (closed === before) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(flooded > LARGEST_BACKLOG, true);
  assert.is(flooded < 4 * LARGEST_BACKLOG, true);
  socket.terminate();
});

rpc('WebSocket: of many who do not read those go that have left the most, and who reads stays', async () => {
  const before = closed;
  const opened = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('open', resolve));
      return socket;
    }),
  );
  const [reader, ...others] = opened as [WebSocket, ...WebSocket[]];
  for (const other of others) {
    (other as unknown as { _socket: { pause(): void } })._socket.pause();
    other.send('much');
  }
  // Nineteen times twelve MiB, of which five fit, and what the system itself takes in.
  while (closed - before < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  const heard = new Promise((resolve) => reader.once('message', (data) => resolve(String(data))));
  reader.send('hello');
  assert.is(await heard, 'heard hello');
  for (const socket of opened) socket.terminate();
  while (closed - before < 20) await new Promise((resolve) => setTimeout(resolve, 20));
});

rpc('a batch counts as its number of requests', async () => {
  const post = (body: string) =>
    `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const batch = `[${'{},'.repeat(99)}{}]`;
  const text = await raw(post(batch).repeat(60) + head('localhost'));
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  assert.is(statuses.filter((status) => status === '200').length < 60, true);
  assert.is(statuses.filter((status) => status === '429').length > 0, true);
  assert.match(text, /"code":-32005/);
});

/** A WebSocket from that address of this machine, once it is open; what it heard, and whether it was closed. */
async function guest(localAddress: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { localAddress });
  const heard: string[] = [];
  socket.on('message', (data) => heard.push(String(data)));
  socket.on('close', (_code, reason) => heard.push(`closed: ${reason}`));
  socket.on('error', () => {});
  await new Promise((done) => socket.once('open', done));
  const ask = async (text: string) => {
    const before = heard.length;
    socket.send(text);
    while (heard.length === before) await new Promise((done) => setTimeout(done, 5));
  };
  return { socket, heard, ask };
}

rpc('WebSocket: idle ones give way, those who listen, those who speak and those of other hosts stay', async () => {
  const other = await guest('127.0.0.2');
  const listener = await guest('127.0.0.1');
  await listener.ask('subscribe');
  const idle = await Promise.all(Array.from({ length: MAX_SOCKETS - 3 }, () => guest('127.0.0.1')));
  const speaker = await guest('127.0.0.1');
  await speaker.ask('a');
  const late = await Promise.all(Array.from({ length: 20 }, () => guest('127.0.0.1')));
  for (const one of late) await one.ask('b');
  assert.equal([other.heard, listener.heard, speaker.heard], [[], ['heard subscribe'], ['heard a']]);
  assert.ok(late.every(({ heard }) => heard.join() === 'heard b'));
  const isGone = ({ heard }: { heard: string[] }) => heard.join() === 'closed: others need the place';
  while (idle.filter(isGone).length < 20) await new Promise((done) => setTimeout(done, 5));
  assert.is(idle.filter(isGone).length, 20);
  for (const { socket } of [other, listener, speaker, ...idle, ...late]) socket.terminate();
});

rpc.run();
