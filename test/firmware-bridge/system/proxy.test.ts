import { createServer, type IncomingMessage, request as openRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shut } from '../../../firmware-bridge/system/listen.ts';
import { createProxy, fits, type ReverseProxy } from '../../../firmware-bridge/system/proxy.ts';
import type { Route } from '../../../runtime/ports/index.ts';

const proxy = suite('firmware-bridge/system: proxy');
let app: Server;
let gate: ReverseProxy;
let appPort = 0;
let port = 0;
/** Where `reach` leads for each container id; others do not run. */
const places = new Map<string, number>();

const PREFIXES: readonly [prefix: string, path: string, fits: boolean][] = [
  ['/', '/anything?x', true],
  ['/shop', '/shop', true],
  ['/shop', '/shop/a', true],
  ['/shop', '/shop?b', true],
  ['/shop', '/shops', false],
  ['/shop', '/', false],
  ['/shop/', '/shop/a', true],
];
for (const [prefix, path, expected] of PREFIXES) proxy(`${prefix} and ${path}`, () => assert.is(fits(prefix, path), expected));

proxy.before(async () => {
  app = createServer((request, response) => {
    if (request.url === '/break')
      return void response.writeHead(200, { 'content-length': 99 }).write('half', () => response.destroy());
    if (request.url === '/drop') return void response.destroy();
    if (request.url === '/slow') return void response.write('first', () => setTimeout(() => response.end('second'), 50));
    response.setHeader('connection', 'x-private');
    response.setHeader('x-private', 'hop');
    response.setHeader('x-seen', JSON.stringify(request.headers));
    response.writeHead(request.url === '/missing' ? 404 : 200);
    request.pipe(response);
  });
  appPort = await open(app);
  gate = createProxy({
    device: 'pad-1',
    reach: async (containerId) => {
      const at = places.get(containerId);
      if (at === undefined) throw new Error('does not run');
      return { host: '127.0.0.1', port: at };
    },
  });
  port = await open(gate.server);
});
proxy.after(async () => {
  await shut(app);
  await shut(gate.server);
});
proxy.before.each(() => {
  places.clear();
  places.set('a1', appPort);
  gate.serve([route('/', 'a1')]);
});

function route(path: string, containerId: string, revision = 1): Route {
  return { path, app: 'hello', revision, containerId, port: 8080 };
}

function open(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);

const ROWS: readonly [
  what: string,
  routes: readonly Route[],
  path: string,
  status: number,
  release: string | null,
  body: RegExp,
][] = [
  ['passes on', [route('/', 'a1')], '/', 200, 'hello r1', /^$/],
  ['passes the status on', [route('/', 'a1', 7)], '/missing', 404, 'hello r7', /^$/],
  ['no routes', [], '/', 503, null, /^pad-1 serves nothing yet\.\n$/],
  [
    'no route for the path',
    [route('/shop', 'a1')],
    '/other',
    503,
    null,
    /^pad-1 serves nothing under this path; it serves \/shop\.\n$/,
  ],
  ['a container that does not run', [route('/', 'gone')], '/', 502, 'hello r1', /^hello r1 on pad-1 does not answer\.\n$/],
  ['a container that drops the request', [route('/', 'a1')], '/drop', 502, 'hello r1', /^hello r1 on pad-1 broke off\.\n$/],
];
for (const [what, routes, path, status, release, body] of ROWS) {
  proxy(what, async () => {
    gate.serve(routes);
    const response = await ask(path);
    assert.equal([response.status, response.headers.get('x-classpad-release')], [status, release]);
    assert.is(response.headers.get('x-classpad-device'), 'pad-1');
    assert.match(await response.text(), body);
  });
}

proxy('carries a body both ways, streaming', async () => {
  const body = 'x'.repeat(3_000_000);
  const response = await ask('/', { method: 'POST', body });
  assert.is(await response.text(), body);
});

proxy('hands on the first part of an answer before the last', async () => {
  const response = await ask('/slow');
  const chunks: string[] = [];
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk).toString());
  assert.equal(chunks, ['first', 'second']);
});

proxy('an answer that breaks off is not made whole', async () => {
  const response = await ask('/break');
  const outcome = await response.text().then(
    () => 'whole',
    () => 'broken',
  );
  assert.is(outcome, 'broken');
});

proxy('keeps the headers between neighbours to itself, and says who asked', async () => {
  const response = await raw({ connection: 'x-secret', 'x-secret': '1', te: 'trailers', 'x-kept': '2', host: 'pad-1.local' });
  assert.is(response.headers['x-private'], undefined);
  const seen = JSON.parse(String(response.headers['x-seen']));
  assert.equal([seen['x-secret'], seen.te, seen['x-kept'], seen.host], [undefined, undefined, '2', 'pad-1.local']);
  assert.equal([seen['x-forwarded-for'], seen['x-forwarded-host']], ['127.0.0.1', 'pad-1.local']);
});

/** `fetch` lets nobody set such headers. */
function raw(headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = openRequest({ host: '127.0.0.1', port, path: '/', headers }, (response) => {
      response.resume();
      resolve(response);
    });
    request.on('error', reject);
    request.end();
  });
}

proxy('what reached nobody is tried again on the routes of then', async () => {
  const closed = createServer();
  const closedPort = await open(closed);
  await shut(closed);
  places.set('old', closedPort);
  gate.serve([route('/', 'old', 1)]);
  setTimeout(() => gate.serve([route('/', 'a1', 2)]), 30);
  const response = await ask('/');
  assert.equal([response.status, response.headers.get('x-classpad-release')], [200, 'hello r2']);
});

proxy('a request under way keeps its container when the routes change', async () => {
  const response = await ask('/slow');
  gate.serve([]);
  assert.is(await response.text(), 'firstsecond');
});

proxy.run();
