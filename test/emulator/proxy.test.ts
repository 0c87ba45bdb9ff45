import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Board, BoardEngine } from '../../emulator/board.ts';
import { close, listen, localServer } from '../../emulator/http.ts';
import { boardProxy } from '../../emulator/proxy.ts';
import type { Route } from '../../runtime/ports/index.ts';
import { createUnderWay } from '../../runtime/proxy/under-way.ts';
import { noContainers } from './support.ts';

const test = suite('emulator/proxy');
const route = (path: string, containerId = 'c'): Route => ({ path, app: 'hello', revision: 1, containerId, port: 80 });

/** A container that answers what it was asked, and how. */
const echo = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { host, connection, accept } = request.headers;
  response.writeHead(request.url === '/teapot' ? 418 : 200, { 'x-app': 'echo', 'keep-alive': 'timeout=9' });
  response.end(JSON.stringify({ method: request.method, url: request.url, body, host, connection, accept }));
});
echo.listen(0, '127.0.0.1');
const port = () => (echo.address() as AddressInfo).port;

interface Proxied {
  readonly url: string;
  readonly server: Server;
  readonly board: { routes: readonly Route[]; running: boolean };
}

async function proxied(engine: Partial<BoardEngine>): Promise<Proxied> {
  const board = {
    identity: { name: 'pad-01' },
    routes: [route('/')],
    running: true,
    underWay: createUnderWay(),
    observed: () => {},
    engine: { containers: noContainers, ...engine },
  };
  const server = localServer(boardProxy(board as unknown as Board, () => 0));
  return { url: `http://127.0.0.1:${await listen(server, 0, '--port')}`, server, board };
}

const reach = async () => ({ host: '127.0.0.1', port: port() });

test('a request goes to the real container as it is, without the headers of one connection', async () => {
  const { url, server } = await proxied({ reach });
  const response = await fetch(`${url}/a?b=c`, { method: 'POST', body: 'hi', headers: { accept: 'text/x' } });
  const told = (await response.json()) as Record<string, string>;
  assert.equal([told['method'], told['url'], told['body'], told['accept']], ['POST', '/a?b=c', 'hi', 'text/x']);
  assert.is(response.headers.get('x-app'), 'echo');
  assert.is.not(response.headers.get('keep-alive'), 'timeout=9');
  assert.is((await fetch(`${url}/teapot`)).status, 418);
  await close(server);
});

test('a request that meets a container just gone is tried again with the routes of then', async () => {
  let calls = 0;
  const { url, server } = await proxied({
    reach: async () => {
      calls += 1;
      if (calls === 1) throw new Error('gone');
      return { host: '127.0.0.1', port: calls === 2 ? 1 : port() };
    },
  });
  assert.is((await fetch(url)).status, 200);
  assert.is(calls, 3);
  await close(server);
});

test('what reached a container is not sent twice', async () => {
  let arrivals = 0;
  const dying = createServer((_, response) => {
    arrivals += 1;
    response.destroy();
  });
  const at = await listen(dying, 0, '--port');
  const { url, server } = await proxied({ reach: async () => ({ host: '127.0.0.1', port: at }) });
  const response = await fetch(url, { method: 'POST', body: 'x' });
  assert.equal([response.status, await response.text()], [502, 'hello r1 on pad-01 broke off.\n']);
  assert.is(arrivals, 1);
  await close(server);
  await close(dying);
});

test('without an app there is a sentence', async () => {
  const { url, server, board } = await proxied({ reach });
  const text = async () => (await fetch(url)).text();
  board.routes = [route('/other')];
  assert.is(await text(), 'pad-01 serves nothing under this name and path; it serves /other.\n');
  board.routes = [];
  assert.is(await text(), 'pad-01 serves nothing yet.\n');
  board.running = false;
  assert.is(await text(), 'pad-01 is not running.\n');
  await close(server);
});

test.after(() => {
  echo.close();
  echo.closeAllConnections();
});

test.run();
