import { createServer, type Server, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, open, openProxy, type Proxied, pour, routeTo } from '../../../support/proxied.ts';

const hostile = suite('system/proxy: hostile apps');
/** What the app has been sent, connection after connection. */
let heard = '';
let answer: (socket: Socket, heard: string) => void = () => {};
const sockets = new Set<Socket>();
const server: Server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1');
    answer(socket, chunk.toString('latin1'));
  });
});
const crashes: Error[] = [];
const note = (error: Error) => void crashes.push(error);
let gate: Proxied;

hostile.before(async () => {
  process.on('uncaughtException', note);
  gate = await openProxy();
  gate.places.set('a1', await open(server));
});
hostile.before.each(() => {
  heard = '';
  crashes.length = 0;
  gate.proxy.serve([routeTo('a1', { limits: { answerMs: 500, idleMs: 500 } })]);
});
hostile.after(async () => {
  await gate.close();
  for (const socket of sockets) socket.destroy();
  server.close();
  process.removeListener('uncaughtException', note);
});

const PLAIN = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';

/** An app's bytes, and the status that the client is told (0: the connection ends); the node lives on, whatever an app says. */
const ANSWERS: readonly [what: string, bytes: string, status: number][] = [
  ['a reason with a control character', 'HTTP/1.1 200 O\x01K\r\ncontent-length: 2\r\n\r\nok', 200],
  ['a reason beyond ASCII', 'HTTP/1.1 200 Gr\xfc\xdfe\r\ncontent-length: 2\r\n\r\nok', 200],
  ['a status of zeros', 'HTTP/1.1 000 Nothing\r\ncontent-length: 2\r\n\r\nok', 502],
  ['a status below all', 'HTTP/1.1 099 Less\r\ncontent-length: 2\r\n\r\nok', 502],
  ['a status above all', 'HTTP/1.1 999 More\r\ncontent-length: 2\r\n\r\nok', 999],
  ['early hints of two links', `HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload, </b>; rel=preload\r\n\r\n${PLAIN}`, 103],
  ['early hints that are none', `HTTP/1.1 103 Early Hints\r\nlink: no link at all\r\n\r\n${PLAIN}`, 200],
  ['early hints after early hints', `${'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'.repeat(3)}${PLAIN}`, 103],
  ['an interim answer nobody knows', `HTTP/1.1 155 Soon\r\n\r\n${PLAIN}`, 200],
  [
    'another protocol that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    502,
  ],
  [
    'a length beside chunks',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    502,
  ],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok', 502],
  ['a folded header', 'HTTP/1.1 200 OK\r\nx: 1\r\n y: 2\r\ncontent-length: 2\r\n\r\nok', 502],
  ['a header with a control character', 'HTTP/1.1 200 OK\r\nx: \x01\r\ncontent-length: 2\r\n\r\nok', 502],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: 1\r\ncontent-length: 2\r\n\r\nok', 502],
  ['headers beyond all measure', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}\r\ncontent-length: 2\r\n\r\nok`, 502],
  ['a trailer that is none', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx\x01: 1\r\n\r\n', 0],
  ['no HTTP', '\x00\x01\x02\x03 nothing at all', 502],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 502],
  ['an answer and one more', PLAIN + PLAIN, 200],
];
for (const [what, bytes, status] of ANSWERS) {
  hostile(`${what}: the client hears ${status}, and the node lives`, async () => {
    answer = (socket) => void socket.write(Buffer.from(bytes, 'latin1'));
    const text = await pour(gate.port, GET.replace('close', 'close, te').replace('\r\n\r\n', '\r\nte: trailers\r\n\r\n'), 3_000);
    assert.equal(crashes.map(String), []);
    assert.match(text, status === 0 ? /^(HTTP|$)/ : new RegExp(`^HTTP/1\\.1 ${status} `));
    if (status === 103) assert.match(text, /HTTP\/1\.1 200 /);
    for (const socket of sockets) socket.destroy();
    answer = (socket) => void socket.write(PLAIN);
    assert.is((await ask(gate.port, '/')).statusCode, 200, 'the next one is served');
  });
}

/** The same of apps that are asked for another protocol. */
const REPLIES: readonly [what: string, bytes: string, status: number][] = [
  ['a reason with a control character', 'HTTP/1.1 101 O\x01K\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', 101],
  ['a no with a control character', 'HTTP/1.1 403 N\x01o\r\ncontent-length: 0\r\n\r\n', 403],
  ['a status of zeros', 'HTTP/1.1 000 Nothing\r\ncontent-length: 0\r\n\r\n', 502],
  ['no HTTP', '\x00\x01 nothing', 502],
];
for (const [what, bytes, status] of REPLIES) {
  hostile(`to an upgrade, ${what}: the client hears ${status}, and the node lives`, async () => {
    answer = (socket) => void socket.end(Buffer.from(bytes, 'latin1'));
    const text = await pour(gate.port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', 3_000);
    assert.equal(crashes.map(String), []);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
  });
}

hostile('a length that a client calls its own hop’s still is one for the app', async () => {
  answer = (socket) => void socket.write(PLAIN);
  const inner = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n';
  const get = `GET / HTTP/1.1\r\nhost: a\r\nconnection: content-length, close\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`;
  const text = await pour(gate.port, get, 2_000);
  const sent = heard.slice(0, heard.indexOf('\r\n\r\n')).toLowerCase();
  assert.match(sent, new RegExp(`\r\ncontent-length: ${inner.length}(\r|$)`), text);
});

hostile.run();
