import { once } from 'node:events';
import { Agent, createServer, request as openRequest } from 'node:http';
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Route } from '../../../../runtime/ports/index.ts';
import { app, ask, open, openProxy, type Proxied, pour, routeTo, shut } from '../../../support/proxied.ts';
import { until } from '../../../support/wait.ts';

const proxy = suite('system/proxy');
const server = createServer(app);
const connections = new Set<Socket>();
server.on('connection', (socket) => {
  connections.add(socket);
  socket.on('close', () => connections.delete(socket));
});
let appPort = 0;
let gate: Proxied;

proxy.before(async () => {
  appPort = await open(server);
  gate = await openProxy({
    wellKnown: async (target) => (target === '/.well-known/classpad' ? '{"device":{}}' : undefined),
  });
});
proxy.after(async () => {
  await gate.close();
  await shut(server);
});
proxy.before.each(() => {
  gate.places.clear();
  gate.places.set('a1', appPort);
  gate.proxy.serve([routeTo('a1')]);
  gate.exchanges.length = 0;
});

const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${gate.port}${path}`, init);

const ROWS: readonly [
  what: string,
  routes: readonly Route[],
  path: string,
  status: number,
  revision: string | null,
  body: RegExp,
][] = [
  ['passes on', [routeTo('a1')], '/', 200, 'hello r1', /^$/],
  ['passes the status on', [routeTo('a1', { revision: 7 })], '/missing', 404, 'hello r7', /^$/],
  ['passes on that there is no body', [routeTo('a1')], '/empty', 204, 'hello r1', /^$/],
  ['no routes', [], '/', 503, null, /^pad-1 serves nothing yet\.\n$/],
  ['no route for the path', [routeTo('a1', { path: '/shop' })], '/other', 503, null, /it serves \/shop\.\n$/],
  ['no route for the name', [routeTo('a1', { hosts: ['shop.local'] })], '/', 503, null, /it serves shop\.local\/\.\n$/],
  ['a name that fits', [routeTo('a1', { hosts: ['127.0.0.1'] })], '/', 200, 'hello r1', /^$/],
  ['a container that does not run', [routeTo('gone')], '/', 502, 'hello r1', /^hello r1 on pad-1 does not answer\.\n$/],
  ['a container that drops the request', [routeTo('a1')], '/drop', 502, 'hello r1', /^hello r1 on pad-1 broke off\.\n$/],
  [
    'a container that says nothing in time',
    [routeTo('a1', { limits: { answerMs: 50 } })],
    '/never',
    504,
    'hello r1',
    /did not answer within 0\.05 seconds\.\n$/,
  ],
  ['a container that calls itself another', [routeTo('a1')], '/impostor', 200, 'hello r1', /^$/],
];
for (const [what, routes, path, status, revision, body] of ROWS) {
  proxy(what, async () => {
    gate.proxy.serve(routes);
    const response = await get(path);
    assert.equal([response.status, response.headers.get('classpad-revision')], [status, revision]);
    assert.is(response.headers.get('classpad-device'), 'pad-1');
    assert.match(await response.text(), body);
  });
}

proxy('links to the proof of what it serves', async () => {
  const { headers } = await get('/');
  assert.is(headers.get('link'), '</.well-known/classpad/proof?app=hello>; rel="describedby"; type="application/json"');
});

const WELL_KNOWN: readonly [path: string, method: string, status: number, body: RegExp][] = [
  ['/.well-known/classpad', 'GET', 200, /device/],
  ['/.well-known/classpad', 'POST', 405, /GET/],
  ['/.well-known/classpad/nothing', 'GET', 404, /nothing to say/],
  ['/.well-known/classpads', 'GET', 200, /^$/],
];
for (const [path, method, status, body] of WELL_KNOWN) {
  proxy(`${method} ${path} is ${status}`, async () => {
    const response = await get(path, { method });
    assert.is(response.status, status);
    assert.match(await response.text(), body);
  });
}

proxy('repeated headers stay apart, and names keep their case', async () => {
  const { rawHeaders } = await ask(gate.port, '/cookies');
  const cookies = rawHeaders.filter((_, index) => rawHeaders[index - 1] === 'Set-Cookie');
  assert.equal(cookies, ['a=1', 'b=2']);
  assert.ok(rawHeaders.includes('X-Case'));
});

proxy('keeps the headers between neighbours to itself, and says who asked', async () => {
  const response = await ask(gate.port, '/', {
    connection: 'x-secret',
    'x-secret': '1',
    te: 'trailers',
    'x-kept': '2',
    host: 'pad-1.local',
    forwarded: 'for=bank',
    'x-real-ip': '8.8.8.8',
    'x-forwarded-host': 'bank',
    'x-forwarded-for': '9.9.9.9',
  });
  assert.is(response.headers['x-private'], undefined);
  const raw = JSON.parse(String(response.headers['x-seen'])) as string[];
  const seen = (name: string) => raw.filter((_, index) => index % 2 === 1 && raw[index - 1]!.toLowerCase() === name);
  assert.equal(seen('te'), ['trailers']);
  for (const name of ['x-secret', 'forwarded', 'x-real-ip']) assert.equal(seen(name), [], name);
  assert.equal([seen('x-kept'), seen('host'), seen('via')], [['2'], ['pad-1.local'], ['1.1 pad-1']]);
  assert.equal([seen('x-forwarded-for'), seen('x-forwarded-host')], [['9.9.9.9, 127.0.0.1'], ['pad-1.local']]);
  assert.equal([seen('x-forwarded-proto'), seen('x-forwarded-port')], [['http'], [String(gate.port)]]);
});

const TRAILERS: readonly [what: string, te: string, found: Record<string, string>][] = [
  ['reach a client that takes them', 'te: trailers\r\n', { 'x-sum': '42', 'x-from-client': '["X-Digest","abc"]' }],
  ['are kept from one that does not', '', {}],
];
for (const [what, te, found] of TRAILERS) {
  proxy(`fields behind a body ${what}`, async () => {
    const head = `POST /trailers HTTP/1.1\r\nhost: a\r\n${te}connection: close\r\ntransfer-encoding: chunked\r\n\r\n`;
    const text = await pour(gate.port, `${head}2\r\nok\r\n0\r\nX-Digest: abc\r\nAuthorization: me\r\n\r\n`);
    const after = text.slice(text.indexOf('\r\n0\r\n') + 5).trim();
    const fields = after === '' ? [] : after.split('\r\n').map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]);
    assert.match(text, /^HTTP\/1\.1 200 [\s\S]*body/);
    assert.equal(Object.fromEntries(fields), found);
  });
}

proxy('replicas share what comes: the least busy one is asked, of equals the next', async () => {
  const asked: string[] = [];
  const twins = ['t1', 't2', 't3'].map((id) =>
    createServer((request, response) => {
      asked.push(id);
      if (request.url === '/hold') response.write('held');
      else response.end(id);
    }),
  );
  for (const [index, twin] of twins.entries()) gate.places.set(`t${index + 1}`, await open(twin));
  gate.proxy.serve([routeTo('t1', { replicas: ['t1', 't2', 't3'] })]);
  const held = new AbortController();
  await get('/hold', { signal: held.signal });
  const [busy] = asked.splice(0);
  for (let round = 0; round < 6; round++) await (await get('/')).text();
  assert.equal(new Set(asked), new Set(['t1', 't2', 't3'].filter((id) => id !== busy)), 'not the busy one');
  held.abort();
  await gate.proxy.drained(busy!);
  asked.length = 0;
  for (let round = 0; round < 6; round++) await (await get('/')).text();
  assert.equal([...asked].sort(), ['t1', 't1', 't2', 't2', 't3', 't3']);
  gate.places.delete('t2');
  for (let round = 0; round < 4; round++)
    assert.match(await (await get('/')).text(), /^t[13]$/, 'one that is gone is passed over');
  for (const twin of twins) await shut(twin);
});

proxy('carries a body both ways, streaming', async () => {
  const body = 'x'.repeat(3_000_000);
  const response = await get('/', { method: 'POST', body });
  assert.is(await response.text(), body);
});

proxy('hands on the first part of an answer before the last', async () => {
  const response = await get('/slow');
  const chunks: string[] = [];
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk).toString());
  assert.equal(chunks, ['first', 'second']);
});

const TORN: readonly [what: string, path: string, limits: Route['limits'], failure: string][] = [
  ['breaks off', '/break', {}, 'broken'],
  ['falls silent', '/stall', { idleMs: 50 }, 'timeout'],
];
for (const [what, path, limits, failure] of TORN) {
  proxy(`an answer that ${what} is not made whole`, async () => {
    gate.proxy.serve([routeTo('a1', { ...(limits && { limits }) })]);
    const response = await get(path);
    const outcome = await response.text().then(
      () => 'whole',
      () => 'broken',
    );
    assert.is(outcome, 'broken');
    await until('the end of the request', () => gate.exchanges.length === 1);
    assert.equal([gate.exchanges[0]?.failure, gate.exchanges[0]?.status], [failure, 200]);
  });
}

proxy('connections to a container are used again, and end with its route', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const before = connections.size;
  for (let round = 0; round < 10; round++) {
    await new Promise<void>((resolve) =>
      openRequest({ host: '127.0.0.1', port: gate.port, agent }, (response) => response.resume().on('end', resolve)).end(),
    );
  }
  assert.ok(connections.size <= before + 1, `${connections.size} connections for ten requests in a row`);
  gate.proxy.serve([]);
  await until('the idle connection to end', () => connections.size === 0);
  agent.destroy();
});

proxy('what reached nobody is tried again on the routes of then, whatever its method', async () => {
  const closed = createServer();
  const closedPort = await open(closed);
  await shut(closed);
  gate.places.set('old', closedPort);
  gate.proxy.serve([routeTo('old')]);
  setTimeout(() => gate.proxy.serve([routeTo('a1', { revision: 2 })]), 30);
  const response = await get('/', { method: 'POST', body: 'once' });
  assert.equal([response.status, response.headers.get('classpad-revision'), await response.text()], [200, 'hello r2', 'once']);
});

proxy('what reached a container is not sent twice', async () => {
  let arrivals = 0;
  const dying = createServer((_, response) => {
    arrivals++;
    response.destroy();
  });
  gate.places.set('dying', await open(dying));
  gate.proxy.serve([routeTo('dying')]);
  assert.is((await get('/')).status, 502);
  assert.is(arrivals, 1);
  await shut(dying);
});

proxy('a request under way keeps its container, which is drained when it has ended', async () => {
  const response = await get('/slow');
  gate.proxy.serve([]);
  let isDrained = false;
  const drained = gate.proxy.drained('a1').then(() => {
    isDrained = true;
  });
  await Promise.resolve();
  assert.not(isDrained);
  assert.is(await response.text(), 'firstsecond');
  await drained;
});

proxy('a client that leaves frees the container', async () => {
  const leaving = new AbortController();
  const heard = once(server, 'request');
  const asked = get('/never', { signal: leaving.signal }).catch(() => 'left');
  await heard;
  leaving.abort();
  assert.is(await asked, 'left');
  await gate.proxy.drained('a1');
  assert.equal(
    gate.exchanges.map(({ status }) => status),
    [0],
  );
});

const BODIES: readonly [what: string, length: string, body: string, status: number][] = [
  ['fits', 'content-length: 10', '0123456789', 200],
  ['says that it is too long', 'content-length: 11', '', 413],
  ['turns out too long', 'transfer-encoding: chunked', 'b\r\n0123456789a\r\n0\r\n\r\n', 413],
];
for (const [what, length, body, status] of BODIES) {
  proxy(`a body that ${what} is ${status}`, async () => {
    gate.proxy.serve([routeTo('a1', { limits: { bodyBytes: 10 } })]);
    const text = await pour(gate.port, `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${length}\r\n\r\n${body}`);
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
  });
}

proxy('a client that asks whether to continue hears it when the container is there', async () => {
  const text = await pour(
    gate.port,
    'POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok',
  );
  assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*ok\r\n0\r\n/);
  gate.proxy.serve([routeTo('a1', { limits: { bodyBytes: 1 } })]);
  const refused = await pour(gate.port, 'POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n');
  assert.match(refused, /^HTTP\/1\.1 413 /);
});

proxy('a client that falls silent within its body is given up', async () => {
  gate.proxy.serve([routeTo('a1', { limits: { idleMs: 60 } })]);
  const text = await pour(gate.port, 'POST /never HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf', 3_000);
  assert.match(text, /^HTTP\/1\.1 408 /);
});

proxy('tells what it passed on, without the query', async () => {
  await (await get('/missing?token=secret')).text();
  await (await get('/', { method: 'POST', body: 'four' })).text();
  await until('both to end', () => gate.exchanges.length === 2);
  assert.equal(
    gate.exchanges.map(({ app: name, revision, method, path, status, bytes }) => [name, revision, method, path, status, bytes]),
    [
      ['hello', 1, 'GET', '/missing', 200, 0],
      ['hello', 1, 'POST', '/', 200, 4],
    ],
  );
  assert.ok(gate.exchanges.every(({ tookUs, atMs }) => tookUs > 0 && Math.abs(Date.now() - atMs) < 10_000));
});

proxy.run();
