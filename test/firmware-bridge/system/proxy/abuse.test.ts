import { createServer } from 'node:http';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { open, openProxy, type Proxied, pour, routeTo, shut } from '../../../support/proxied.ts';
import { until } from '../../../support/wait.ts';

const abuse = suite('system/proxy: abuse');
/** Request lines that the app behind the proxy has seen. */
const seen: string[] = [];
const server = createServer((request, response) => {
  seen.push(`${request.method} ${request.url}`);
  request.resume();
  request.on('end', () => response.end('from the app'));
});
let gate: Proxied;

abuse.before(async () => {
  const port = await open(server);
  gate = await openProxy();
  gate.places.set('a1', port);
  gate.proxy.serve([routeTo('a1', { limits: { bodyBytes: 1_000 } })]);
});
abuse.after(async () => {
  await gate.close();
  await shut(server);
});
abuse.before.each(() => {
  seen.length = 0;
});

const HOST = 'host: a\r\n';
const INNER = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
const post = (headers: string, body: string) => `POST / HTTP/1.1\r\n${HOST}${headers}\r\n\r\n${body}`;

/** What two servers in a row could read in two ways (RFC 9112, 11.2), and what is no HTTP at all: none reaches the app. */
const SMUGGLED: readonly [what: string, bytes: string | Buffer, status: number][] = [
  ['a length beside chunks', post('content-length: 5\r\ntransfer-encoding: chunked', `0\r\n\r\n${INNER}`), 400],
  ['chunks beside a length', post('transfer-encoding: chunked\r\ncontent-length: 5', `0\r\n\r\n${INNER}`), 400],
  ['two lengths', post('content-length: 0\r\ncontent-length: 44', INNER), 400],
  ['two lengths in one header', post('content-length: 0, 44', INNER), 400],
  ['a length with a sign', post('content-length: +5', 'hello'), 400],
  ['a length that is none', post('content-length: 0x5', 'hello'), 400],
  ['another coding', post('transfer-encoding: gzip, chunked', '0\r\n\r\n'), 501],
  ['chunked twice', post('transfer-encoding: chunked, chunked', '0\r\n\r\n'), 400],
  ['chunked, and not at the end', post('transfer-encoding: chunked, identity', `0\r\n\r\n${INNER}`), 400],
  ['an obscured coding', post('transfer-encoding: xchunked', `0\r\n\r\n${INNER}`), 501],
  ['two codings', post('transfer-encoding: chunked\r\ntransfer-encoding: identity', `0\r\n\r\n${INNER}`), 400],
  ['chunks in HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a blank before the colon', post('transfer-encoding : chunked', `0\r\n\r\n${INNER}`), 400],
  ['a folded header', `GET / HTTP/1.1\r\n${HOST}x: 1\r\n content-length: 44\r\n\r\n`, 400],
  ['a bare line feed', `GET / HTTP/1.1\n${HOST}\n`, 400],
  ['a zero byte in a header', `GET / HTTP/1.1\r\n${HOST}x: \0\r\n\r\n`, 400],
  ['two hosts', `GET / HTTP/1.1\r\n${HOST}host: b\r\n\r\n`, 400],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['a host that is no name', 'GET / HTTP/1.1\r\nhost: a/../b\r\n\r\n', 400],
  ['a host with a user', 'GET / HTTP/1.1\r\nhost: a@b\r\n\r\n', 400],
  ['a path that is none', `GET evil HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['another scheme', `GET ftp://a/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n', 405],
  ['another version', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
  ['a chunk size that is none', post('transfer-encoding: chunked', 'zz\r\nhello\r\n0\r\n\r\n'), 400],
  [
    'an upgrade with a body',
    `GET / HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: x\r\ncontent-length: 44\r\n\r\n${INNER}`,
    400,
  ],
  ['a path beyond all measure', `GET /${'a'.repeat(9_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
  ['headers beyond all measure', `GET / HTTP/1.1\r\n${HOST}x: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ['more headers than any client has', `GET / HTTP/1.1\r\n${HOST}${'x: 1\r\n'.repeat(150)}\r\n`, 431],
  [
    'a length behind a hundred others',
    `POST / HTTP/1.1\r\n${HOST}${'x: 1\r\n'.repeat(120)}content-length: 44\r\n\r\n${INNER}`,
    431,
  ],
  ['a body that says it is too long', post('content-length: 99999999999', '{'), 413],
  ['bytes that are nothing', Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 37) % 256)), 400],
];
for (const [what, bytes, status] of SMUGGLED) {
  abuse(`${what}: refused with ${status}`, async () => {
    const text = await pour(gate.port, bytes, 2_000);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.is((text.match(/HTTP\/1\.1 \d/g) ?? []).length, 1, 'one answer, and the connection ends');
    assert.equal(
      seen.filter((line) => line.includes('smuggled')),
      [],
    );
    assert.not.match(text, /from the app/);
  });
}

abuse('the absolute form is obeyed: its host, and not that of the header', async () => {
  gate.proxy.serve([routeTo('a1', { hosts: ['b'] })]);
  const text = await pour(gate.port, 'GET http://b/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(seen, ['GET /x']);
  gate.proxy.serve([routeTo('a1', { limits: { bodyBytes: 1_000 } })]);
});

abuse('a break in the middle of a chunk reaches nobody as a whole', async () => {
  const text = await pour(gate.port, post('transfer-encoding: chunked', '5\r\nhello\r\nzz\r\n'), 2_000);
  assert.not.match(text, /from the app/);
});

abuse('more requests in a row than anyone needs are refused', async () => {
  gate.proxy.serve([routeTo('a1')]);
  const text = await pour(gate.port, `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(100), 2_000);
  const statuses = (text.match(/HTTP\/1\.1 (\d+)/g) ?? []).map((line) => line.slice(9));
  assert.ok(statuses.includes('200') && statuses.includes('429'), statuses.join());
});

abuse('headers that never end are given up', async () => {
  const { server: own } = gate.proxy;
  assert.ok(own.headersTimeout > 0 && own.headersTimeout <= 10_000);
  assert.ok(own.maxConnections > 0);
});

abuse('a client that does not read does not fill the device', async () => {
  let produced = 0;
  let isGone = false;
  const endless = createServer((_request, response) => {
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(chunk)) produced += chunk.length;
    };
    response.on('drain', more);
    response.on('close', () => {
      isGone = true;
    });
    more();
  });
  gate.places.set('endless', await open(endless));
  gate.proxy.serve([routeTo('endless', { limits: { idleMs: 50 } })]);
  const socket = connect(gate.port, '127.0.0.1', () => {
    socket.pause();
    socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  });
  socket.on('error', () => {});
  await until('the stalled answer to be given up', () => isGone);
  assert.ok(produced < 64 * 1024 * 1024, `${produced} bytes were taken for a client that reads none`);
  socket.destroy();
  await shut(endless);
});

abuse('a slow client is served to the end', async () => {
  const large = createServer((_request, response) => void response.end(Buffer.alloc(8_000_000)));
  gate.places.set('large', await open(large));
  // All of it takes longer than that, and no pause comes near to it.
  const idleMs = 1_000;
  gate.proxy.serve([routeTo('large', { limits: { idleMs } })]);
  const startedMs = performance.now();
  try {
    const total = await new Promise<number>((resolve, reject) => {
      let length = 0;
      const socket = connect(gate.port, '127.0.0.1', () => socket.write(`GET / HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`));
      socket.on('data', (chunk) => {
        length += chunk.length;
        socket.pause();
        setTimeout(() => socket.resume(), 20);
      });
      socket.on('end', () => resolve(length));
      socket.on('error', reject);
    });
    assert.ok(total > 8_000_000, `${total} bytes of 8,000,000`);
    assert.ok(performance.now() - startedMs > idleMs);
  } finally {
    await shut(large);
  }
});

abuse.run();
