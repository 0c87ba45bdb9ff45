/** Whatever comes over a connection, and in whichever pieces: the quick lane answers as the server behind it does by itself. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shut } from '../../../firmware-bridge/system/listen.ts';
import { quickLane } from '../../../firmware-bridge/system/quick-lane.ts';
import { pause } from '../../support/wait.ts';

const test = suite('firmware-bridge/system: quick lane');
const LONGEST = 100_000;
let byLane = 0;

const answerTo = (body: string) => `"${body.length} characters, é${body.slice(0, 8)}"`;
/** Each takes a turn, so that what comes meanwhile has to wait. */
const later = () => pause(5);
const QUIET_LOOKS = 6;

function serverOf(): Server {
  return createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => {
      body += part;
    });
    request.on('end', async () => {
      await later();
      response.writeHead(request.method === 'POST' ? 200 : 405, { 'content-type': 'application/json' }).end(answerTo(body));
    });
  });
}

const [plain, quick] = [serverOf(), serverOf()];
quickLane(quick, {
  longest: LONGEST,
  accepts: (headers) => headers.get('content-type') === 'application/json',
  async answer({ body }) {
    byLane++;
    await later();
    return { status: '200 OK', text: answerTo(body) };
  },
});

test.before(
  async () =>
    void (await Promise.all([plain, quick].map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))))),
);
test.after(async () => void (await Promise.all([plain, quick].map(shut))));

/** Statuses and bodies of all that comes back until it is quiet or closed. */
async function talk(server: Server, pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  for (const piece of pieces) {
    socket.write(piece);
    await pause(25);
  }
  // Quiet is that many looks with nothing new: a process that stands still for a while takes but one of them.
  for (let before = -1, quiet = 0; quiet < QUIET_LOOKS && !isClosed; await pause(20)) {
    quiet = before === text.length ? quiet + 1 : 0;
    before = text.length;
  }
  socket.destroy();
  const answers = text.split(/(?=HTTP\/1\.1 \d)/).map((answer) => {
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    return `${answer.slice(9, 12)} ${body.replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, '')}`;
  });
  return [...answers, isClosed ? 'closed' : 'open'].join(' | ');
}

const post = (body: string, headers = 'content-type: application/json', line = 'POST / HTTP/1.1') =>
  `${line}\r\nhost: localhost\r\n${headers}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const JSON_TYPE = 'content-type: application/json';
const chunked = `POST / HTTP/1.1\r\nhost: localhost\r\n${JSON_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;

const rows: readonly (readonly [name: string, bytes: string, quick: boolean])[] = [
  ['a request', post('{}'), true],
  ['letters of several bytes', post('{"a":"ééé"}'), true],
  ['nothing', post(''), true],
  ['names in capitals', post('{}', 'Content-Type: application/json\r\nUser-Agent: some/1.0 (x)\r\nAccept: */*'), true],
  ['a header of its own', post('{}', `${JSON_TYPE}\r\nx-own: 1`), false],
  ['an origin', post('{}', `${JSON_TYPE}\r\norigin: https://evil.example`), false],
  ['another type', post('{}', 'content-type: text/plain'), false],
  ['another path', post('{}', JSON_TYPE, 'POST /x HTTP/1.1'), false],
  ['another method', post('{}', JSON_TYPE, 'PUT / HTTP/1.1'), false],
  ['an older version', post('{}', JSON_TYPE, 'POST / HTTP/1.0'), false],
  ['a line that is none', post('{}', JSON_TYPE, 'POST  / HTTP/1.1'), false],
  ['the last of its connection', post('{}', `${JSON_TYPE}\r\nconnection: close`), false],
  ['in chunks', chunked, false],
  ['in chunks and with a length', post('{}', `${JSON_TYPE}\r\ntransfer-encoding: chunked`), false],
  ['two lengths', post('{}', `${JSON_TYPE}\r\ncontent-length: 1`), false],
  ['two hosts', post('{}', `${JSON_TYPE}\r\nhost: evil.example`), false],
  ['a length with a sign', `POST / HTTP/1.1\r\nhost: a\r\n${JSON_TYPE}\r\ncontent-length: +2\r\n\r\n{}`, false],
  ['a name with a space', post('{}', `${JSON_TYPE}\r\naccept : x`), false],
  ['a folded line', post('{}', `${JSON_TYPE}\r\naccept: x\r\n y`), false],
  ['a byte 0', post('{}', `${JSON_TYPE}\r\naccept: \0`), false],
  ['lines without returns', `POST / HTTP/1.1\nhost: a\n${JSON_TYPE}\ncontent-length: 2\n\n{}`, false],
  ['garbage', '\x00\x01\r\n\r\n', false],
  ['long', post('x'.repeat(LONGEST + 1)), false],
];

for (const [name, bytes, isQuick] of rows) {
  test(`${name}: alone, twice, in pieces, between others`, async () => {
    const half = Math.floor(Math.min(bytes.length, 60) / 2);
    const ways: readonly (readonly string[])[] = [
      [bytes],
      [bytes + bytes],
      [post('before'), bytes, post('after')],
      [bytes.slice(0, half), bytes.slice(half), post('after')],
      [post('before') + bytes.slice(0, half), bytes.slice(half) + post('after')],
    ];
    byLane = 0;
    for (const [index, way] of ways.entries()) {
      const [ours, theirs] = await Promise.all([talk(quick, way), talk(plain, way)]);
      assert.is(ours, theirs, `way ${index}`);
      if (index === 0) assert.is(byLane, isQuick ? 1 : 0);
    }
  });
}

test('a client that does not read is answered no further until it does', async () => {
  const text = JSON.stringify('x'.repeat(8_000_000));
  let answered = 0;
  const server = serverOf();
  quickLane(server, {
    longest: LONGEST,
    accepts: () => true,
    async answer() {
      answered++;
      return { status: '200 OK', text };
    },
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  for (let i = 0; i < 5; i++) {
    socket.write(post('{}'));
    await pause(30);
  }
  assert.is(answered, 1);
  let read = 0;
  const all = new Promise<void>((done) =>
    socket.on('data', ({ length }: Buffer) => {
      read += length;
      // Those that came meanwhile are a crowd, and go to the server behind.
      if (read > text.length + 500) done();
    }),
  );
  await all;
  socket.destroy();
  await shut(server);
});

test('answers that are ready together go out together; where one has taken long, each goes out before the next is worked on', async () => {
  const server = serverOf();
  const round: Socket[] = [];
  /** Of each round: how many had been written to when the last began to be worked on. */
  const written: number[] = [];
  let before = new Map<Socket, number>();
  quickLane(server, {
    longest: LONGEST,
    accepts: () => true,
    // Answered in the same turn.
    async answer({ socket, body }) {
      if (round.push(socket) === 3) written.push(round.filter((each) => each.bytesWritten > (before.get(each) ?? 0)).length);
      const endMs = performance.now() + (body === 'long' ? 20 : 0);
      while (performance.now() < endMs);
      return { status: '200 OK', text: '""' };
    },
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const clients = Array.from({ length: 3 }, () => connect((server.address() as AddressInfo).port, '127.0.0.1'));
  await Promise.all(clients.map((client) => new Promise((done) => client.once('connect', done))));
  const ask = async (body: string) => {
    before = new Map(round.splice(0).map((socket) => [socket, socket.bytesWritten]));
    const answered = clients.map((client) => new Promise((done) => client.once('data', done)));
    for (const client of clients) client.write(post(body));
    await Promise.all(answered);
  };
  for (const body of ['short', 'short', 'long', 'short']) await ask(body);
  for (const client of clients) client.destroy();
  await shut(server);
  assert.equal([written[1], written[3]], [0, 2]);
});

test('a server that shuts ends its lanes', async () => {
  const server = serverOf();
  quickLane(server, { longest: 1, accepts: () => true, answer: async () => ({ status: '200 OK', text: '' }) });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const closed = new Promise((done) => socket.once('close', done));
  socket.on('error', () => {});
  await new Promise((done) => socket.once('connect', done));
  await shut(server);
  await closed;
});

test.run();
