import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket, WebSocketServer } from 'ws';
import { open, openProxy, type Proxied, pour, routeTo, shut } from '../../../support/proxied.ts';
import { until } from '../../../support/wait.ts';

const upgrade = suite('system/proxy: upgrade');
const server = createServer((_request, response) => response.end('plain'));
const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'chat' });
const seen: (string | undefined)[] = [];
let gate: Proxied;

server.on('upgrade', (request, socket: Socket, head) => {
  seen.push(request.headers['x-forwarded-for'] as string);
  if (request.url === '/no') return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno\n');
  if (request.url === '/drop') return socket.destroy();
  if (request.url === '/echo') {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello ');
    return void socket.pipe(socket);
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) =>
    webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary })),
  );
});

upgrade.before(async () => {
  const port = await open(server);
  gate = await openProxy();
  gate.places.set('a1', port);
});
upgrade.before.each(() => {
  gate.proxy.serve([routeTo('a1')]);
  gate.exchanges.length = 0;
});
upgrade.after(async () => {
  for (const client of sockets.clients) client.terminate();
  await gate.close();
  await shut(server);
});

async function webSocket(path = '/'): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${gate.port}${path}`, ['chat']);
  await new Promise((resolve, reject) => client.on('open', resolve).on('error', reject));
  return client;
}

function echo(client: WebSocket, data: string | Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    client.once('message', (answer) => resolve(answer as Buffer));
    client.send(data);
  });
}

upgrade('a WebSocket goes through, both ways, with its protocol', async () => {
  const client = await webSocket();
  assert.is(client.protocol, 'chat');
  assert.is(String(await echo(client, 'hi')), 'hi');
  const large = Buffer.alloc(1_000_000, 7);
  assert.ok((await echo(client, large)).equals(large));
  assert.is(seen.at(-1), '127.0.0.1');
  client.close();
  await gate.proxy.drained('a1');
  assert.equal(
    gate.exchanges.map(({ status, bytes }) => [status, bytes > 1_000_000]),
    [[101, true]],
  );
});

upgrade('any protocol does, and what is sent early arrives', async () => {
  const text = await pour(
    gate.port,
    'GET /echo HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nearly bird',
    500,
  );
  assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assert.match(text, /\r\nclasspad-revision: hello r1\r\n/);
  assert.match(text, /\r\n\r\nhello early bird$/);
});

const REFUSED: readonly [path: string, what: string, status: number, body: RegExp][] = [
  ['/no', 'the container says no', 403, /no\n$/],
  ['/drop', 'the container breaks off', 502, /hello r1 on pad-1 broke off\.\n$/],
];
for (const [path, what, status, body] of REFUSED) {
  upgrade(`${what}: ${status}`, async () => {
    const text = await pour(gate.port, `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(text, body);
    await until('the exchange to be told', () => gate.exchanges.some((exchange) => exchange.status === status));
  });
}

upgrade('a container that knows no upgrade answers plainly', async () => {
  const plain = createServer((_request, response) => response.end('plain'));
  gate.places.set('plain', await open(plain));
  gate.proxy.serve([routeTo('plain')]);
  const text = await pour(gate.port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n');
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*plain/);
  await shut(plain);
});

upgrade('no HTTP/2 goes past the proxy: whoever offers it is answered plainly', async () => {
  seen.length = 0;
  const offer = 'connection: upgrade, http2-settings\r\nupgrade: H2C\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n';
  const text = await pour(gate.port, `GET /echo HTTP/1.1\r\nhost: a\r\n${offer}\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`);
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*plain$/);
  assert.equal(seen, []);
});

upgrade('without a route, or a container, there is a sentence', async () => {
  const ask = () => pour(gate.port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 2_000);
  gate.proxy.serve([]);
  assert.match(await ask(), /^HTTP\/1\.1 503 [\s\S]*serves nothing yet\.\n$/);
  gate.proxy.serve([routeTo('gone')]);
  assert.match(await ask(), /^HTTP\/1\.1 502 [\s\S]*does not answer\.\n$/);
});

upgrade('it keeps its container when the routes change, and the container is drained when it ends', async () => {
  const client = await webSocket();
  gate.proxy.serve([]);
  let isDrained = false;
  const drained = gate.proxy.drained('a1').then(() => {
    isDrained = true;
  });
  assert.is(String(await echo(client, 'still')), 'still');
  assert.not(isDrained);
  client.close();
  await drained;
});

upgrade('silence for too long ends it', async () => {
  gate.proxy.serve([routeTo('a1', { limits: { idleMs: 100 } })]);
  const client = await webSocket();
  let isClosed = false;
  client.on('close', () => {
    isClosed = true;
  });
  await until('the silent connection to end', () => isClosed);
  await gate.proxy.drained('a1');
});

upgrade('when the container ends, so does the client', async () => {
  const client = await webSocket();
  let isClosed = false;
  client.on('close', () => {
    isClosed = true;
  });
  for (const inner of sockets.clients) inner.terminate();
  await until('the client to hear of it', () => isClosed);
});

upgrade.run();
